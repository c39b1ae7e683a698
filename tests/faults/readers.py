"""R4: readers while publications follow each other and old ones go.

One reads every ten milliseconds in a process of its own, whatever the publisher is at; one reads
between any two steps of the publisher. Run as a module, this file is the former.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from unittest.mock import patch

from publications.schema import MANIFEST
from publications.storage.home import Home
from publications.storage.lock import hold_home
from publications.storage.run_folders import start_run
from publications.storage.store import Provenance, delete_old_publications, open_current, publish
from tests.faults.bench import PATIENCE, Bench, Lane, in_force
from tests.faults.counts import LIBRARY, Row, Tally
from tests.faults.holes import Holes, taken_out
from tests.faults.warm import ROOT

EVERY = 0.01
SEED = 4
READS = 2
"""Reads that end between two publications: the second of them has begun after the first one."""
KEPT = 7
"""The fewest that the settings allow."""
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)

ONE_AT_A_TIME = Lock()
"""Publications are made in this process, from which the harness may take guards out."""


def follow_each_other(bench: Bench, publications: int) -> Row:
    """Publish so many times while another process reads, each as often as it is ready to."""
    tally = Tally("R4", "a reader every 10 ms while lists are published", LIBRARY)
    lane, files = _prepare_readers(bench)
    delays = random.Random(SEED)  # noqa: S311 (instants, not secrets)
    done, reads, result = (lane.folder / name for name in ("done", "reads", "read.json"))
    reads.touch()
    with ONE_AT_A_TIME:
        publish_marked(lane.home, files, 1)
        arguments = [str(path) for path in (lane.home.folder, reads, done, result)]
        command = [sys.executable, "-m", "tests.faults.readers", *arguments]
        reader = subprocess.Popen(command, cwd=ROOT)
        try:
            _wait_for_reads(reads, reader)
            for number in range(2, publications + 1):
                time.sleep(delays.random() * EVERY)  # not in step with the reader
                publish_marked(lane.home, files, number)
                _wait_for_reads(reads, reader)
        finally:
            done.touch()
            reader.wait(timeout=60)
    read = json.loads(result.read_text())
    tally.times = read["reads"]
    tally.broken = read["faults"]
    found = f"{read['seen']} of {publications} publications were seen"
    if read["seen"] < publications:
        tally.broken.append(f"only {found}")
    return tally.row(f"{found}; the longest read took {1000 * read['longest']:.0f} ms")


def between_steps(bench: Bench, publications: int, holes: Holes | None = None) -> Row:
    """Publish so many times, and read at every named instant of each."""
    tally = Tally("R4", "readers between any two steps of a publication", LIBRARY)
    lane, files = _prepare_readers(bench)
    with ONE_AT_A_TIME, taken_out(holes or {}):
        publish_marked(lane.home, files, 1)
        opened = in_force(lane.home)
        instants: Counter[str] = Counter()

        def read(name: str, of: str = "") -> None:
            with tally.trial(f"publication {number}, {name} {of}".strip()):
                instants[name] += 1
                assert read_once(lane.home) in (number - 1, number)
                opened.verify()

        for number in range(2, publications + 1):
            with called_at_failpoints(read):
                publish_marked(lane.home, files, number)
            if number - opened.number == KEPT:  # it goes with the next one, as agreed
                opened = in_force(lane.home)
    return tally.row(f"{len(instants)} named instants of {publications - 1} publications")


@contextmanager
def called_at_failpoints(read: Callable[..., None]) -> Iterator[None]:
    """Have this called at every named instant of this very process."""
    with ExitStack() as patches:
        for module in (
            *("filesystem.failpoints", "filesystem.durable_files"),
            *("storage.lock", "storage.run_folders", "storage.store"),
        ):
            patches.enter_context(patch(f"publications.{module}.failpoint", read))
        yield


def _prepare_readers(bench: Bench) -> tuple[Lane, Path]:
    """A lane without a home folder, and the files of a publication beside it."""
    lane = bench.lane("readers")
    lane.folder.mkdir()
    files = lane.folder / "files"
    shutil.copytree(in_force(Home(bench.prepare())).folder, files)
    (files / MANIFEST).unlink()
    return lane, files


def publish_marked(home: Home, files: Path, number: int) -> None:
    """A publication whose instant and files all tell the same number."""
    with hold_home(home) as held:
        run = start_run(held, f"run-{number}")
        shutil.copytree(files, run, dirs_exist_ok=True)
        (run / "data_checks.json").write_text(json.dumps({"marked": number}))
        (run / "report.html").write_text(f"<p>{number}</p>")
        as_of = AS_OF + timedelta(hours=number)
        publish(held, run, Provenance(as_of, as_of, "0.1.0", 1, "hash"), AS_OF)
        delete_old_publications(held, KEPT)


def read_once(home: Home) -> int:
    """Read the publication in force as the dashboard does; its number, once all of it agrees."""
    publication = open_current(home)
    assert publication is not None, "nothing is in force"
    marked = [
        json.loads(publication.read("data_checks.json"))["marked"],
        int(publication.read("report.html").strip(b"<>/p\n")),
        int((datetime.fromisoformat(publication.manifest["as_of"]) - AS_OF) / timedelta(hours=1)),
    ]
    assert marked == [publication.number] * 3, f"mixed: {publication.number} holds {marked}"
    assert (
        len(publication.table("worklist.csv"))
        == publication.manifest["files"]["worklist.csv"]["rows"]
    )
    publication.verify()
    return publication.number


def read_on(home: Home, reads: Path, done: Path, result: Path) -> None:
    """Read every ten milliseconds until it is done; what went wrong is told at the end.

    The file ``reads`` gets a byte for every read.
    """
    seen, faults, longest = set(), [], 0.0
    last = read_once(home)  # imports what reading needs
    with reads.open("ab", buffering=0) as ended:
        while not done.exists():
            begun = time.monotonic()
            try:
                number = read_once(home)
                assert number >= last, f"publication {number} after {last}"
                last = number
                seen.add(number)
            except Exception as error:  # every one of them is a broken promise, and is told
                faults.append(f"{type(error).__name__}: {error}")
            ended.write(b".")
            took = time.monotonic() - begun
            longest = max(longest, took)
            time.sleep(max(EVERY - took, 0))
    told = {"seen": len(seen), "faults": faults, "longest": longest}
    result.write_text(json.dumps({**told, "reads": reads.stat().st_size}))


def _wait_for_reads(reads: Path, reader: "subprocess.Popen[bytes]") -> None:
    """Wait until the reader has come by a few times more."""
    before, deadline = reads.stat().st_size, time.monotonic() + PATIENCE
    while reads.stat().st_size < before + READS:
        assert reader.poll() is None, "the reader ended"
        assert time.monotonic() < deadline, "the reader does not read"
        time.sleep(EVERY / 10)


if __name__ == "__main__":
    read_on(Home(Path(sys.argv[1])), *map(Path, sys.argv[2:5]))
