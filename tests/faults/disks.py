"""R5: a full disk, a limit on files, a read-only or closed folder: said clearly, nothing broken.

The disks are mounted in a mount namespace of this module's own process, so that they are gone with
it, whatever happens. Run as a module, this file is that process.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from publications.filesystem.failpoints import VARIABLE
from tests.faults.bench import SECOND, Bench, Lane, content, in_force
from tests.faults.counts import FORKED, Row, Tally, row_of
from tests.faults.holes import Holes
from tests.faults.warm import Ended, Warm

OUR_FAULT = 1
NO_GUARD = {"pipelines.runtime.environment:MIN_FREE_BYTES": 0}
"""Without it a run begins only where 32 MB are free, and a disk would never be full in between."""
SIZE = 96 * 2**20
FREE = tuple(2**10 * kib for kib in (0, 8, 32, 64, 128, 192, 256, 384, 512, 768))
LARGEST = tuple(2**10 * kib for kib in (16, 32, 64, 128))
WRITING = (
    "run.started",
    "files.written",
    "manifest.written",
    "folder.synced/publications",
    "folder.moved",
    "file.drafted/CURRENT",
    "current.replaced",
    "old.set_aside",
    "old.removed",
)
"""Failpoints within what is written; the others stand between two writings."""
CLOSED = ("runs", "publications", "models", ".", "")
"""The last is the home folder once more, closed to readers too."""
READ_ONLY = ("models", "runs", ".")
"""Moving a run into a publications folder that is another mount is refused for that already."""


def _namespace() -> list[str]:
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", "--propagation", "private", *mapped]


def full_or_closed(bench: Bench) -> list[Row]:
    """A case of each kind that needs no disk of its own."""
    lane = bench.lane("disks").prepare()
    return [full_at_steps(lane, WRITING[1:2]), closed_to_us(lane, CLOSED[:1])]


def refusing_disks(bench: Bench) -> list[Row]:
    """Score on disks that refuse."""
    folder = bench.folder / "disks"
    folder.mkdir()
    result = folder / "rows.json"
    arguments = [str(folder), str(bench.config), str(result)]
    inner = [sys.executable, "-m", "tests.faults.disks", *arguments]
    done = subprocess.run(
        [*_namespace(), *inner],
        env={**os.environ, **bench.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [row_of(row) for row in json.loads(result.read_text())]


def inside(folder: Path, config: Path) -> list[Row]:
    """The rows, from within the namespace."""
    disk = folder / "disk"
    disk.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "tmpfs", disk)
    names = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_HOME")
    environment = {name: os.environ[name] for name in names}
    warm = Warm(folder / "warm", environment, whole=True)
    try:
        bench = Bench(disk, config, {}, warm)
        lane = bench.lane("lane").prepare()
        return [
            full_disk(lane, FREE, disk),
            full_at_steps(lane, WRITING),
            limited_files(lane, LARGEST),
            read_only(lane, READ_ONLY),
            closed_to_us(lane, CLOSED),
        ]
    finally:
        warm.stop()


def full_disk(lane: Lane, free: tuple[int, ...], disk: Path) -> Row:
    """Score with less and less room."""
    tally = Tally("R5", "a small tmpfs that fills up during a scoring", FORKED)
    for room in free:
        with tally.trial(f"{room} bytes are free"), ballast(disk, room):
            _try(lane, "No space left on device", replaced=NO_GUARD)
        lane.put_back()
    with tally.trial("too little room to begin with"), ballast(disk, 20 * 2**20):
        _try(lane, "No space left on device")
    lane.put_back()
    with tally.trial("with room again"):
        ended = lane.run("score", SECOND)
        assert ended.code == 0, ended.said
        in_force(lane.home)
    lane.put_back()
    return tally.row("with room again the same command publishes")


def full_at_steps(lane: Lane, names: tuple[str, ...], holes: Holes | None = None) -> Row:
    """Let the disk be full at each step of the writing."""
    tally = Tally("R5", "no space left at each step of writing", FORKED)
    for name in names:
        with tally.trial(name):
            place = {VARIABLE: f"{name}:error"}
            done = name in ("current.replaced", "old.set_aside", "old.removed")
            _try(
                lane,
                "No space left on device",
                environment=place,
                may_be_done=done,
                replaced=holes,
            )
            again = lane.run("score", SECOND)
            assert again.code == 0, again.said
            in_force(lane.home)
        lane.put_back()
    return tally.row("the same command succeeds afterwards")


def limited_files(lane: Lane, sizes: tuple[int, ...]) -> Row:
    """Let no file grow beyond a size."""
    tally = Tally("R5", "files limited in size (RLIMIT_FSIZE)", FORKED)
    for size in sizes:
        with tally.trial(f"{size} bytes at most"):
            _try(lane, "File too large", file_size=size)
        lane.put_back()
    return tally.row()


def read_only(lane: Lane, folders: tuple[str, ...]) -> Row:
    """Mount folders of the home read-only, which holds for root too."""
    tally = Tally("R5", "folders of the home mounted read-only", FORKED)
    for name in folders:
        folder = lane.home.folder / name
        with tally.trial(name):
            _mount("--bind", folder, folder)
            try:
                _mount("-o", "remount,bind,ro", folder, folder)
                _try(lane, "Read-only file system")
            finally:
                subprocess.run(["umount", str(folder)], check=True)
        lane.put_back()
    return tally.row()


def closed_to_us(lane: Lane, folders: tuple[str, ...]) -> Row:
    """Take the right to write; a process that is root gives up its power to write all the same."""
    tally = Tally("R5", "folders of the home closed to the user", FORKED)
    for name in folders:
        folder = lane.home.folder / name
        with tally.trial(name or "all"):
            folder.chmod(0o555 if name else 0)
            try:
                _try(lane, "Permission denied", as_anybody=True)
            finally:
                folder.chmod(0o755)
        lane.put_back()
    return tally.row()


def _try(lane: Lane, reason: str, *, may_be_done: bool = False, **how: Any) -> None:
    """Score, which must be refused by one clear sentence; what was published must be as before."""
    before = content(in_force(lane.home))
    refused(lane.run("score", SECOND, **how), lane, reason)
    after = content(in_force(lane.home))
    assert may_be_done or after == before, "another publication is in force"


def refused(ended: Ended, lane: Lane, reason: str) -> None:
    """The sentence names the path, the reason and the free space, and the exit code is 1."""
    assert ended.code == OUR_FAULT, f"exit {ended.code}: {ended.said}"
    sentence = (
        rf"Cannot write {re.escape(str(lane.home.folder))}\S*: {reason}; "
        r"[\d.,]+ (?:bytes|.?B) are free there"
    )
    assert re.search(sentence, ended.said), ended.err
    assert "Traceback" not in ended.said, ended.said


@contextmanager
def ballast(disk: Path, room: int) -> Iterator[None]:
    """Leave only so much room on a disk."""
    file = disk / "ballast"
    found = os.statvfs(disk)
    with file.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, max(found.f_bavail * found.f_frsize - room, 1))
    try:
        yield
    finally:
        file.unlink()


def _mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


if __name__ == "__main__":
    told = inside(Path(sys.argv[1]), Path(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps([asdict(row) for row in told]))
