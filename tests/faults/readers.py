"""R4: a reader every ten milliseconds while publications follow each other and old ones go.

Run as a module, this file is the reader.
"""

import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from publications.home import Home, hold, start_run
from publications.layout import MANIFEST
from publications.store import Provenance, current, keep_latest, publish
from tests.faults.bench import Bench, in_force
from tests.faults.counts import LIBRARY, Row, Tally
from tests.faults.holes import Holes, taken_out
from tests.faults.warm import ROOT

EVERY = 0.01
KEPT = 7
"""The fewest that the settings allow."""
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)

ONE_AT_A_TIME = Lock()
"""Publications are made in this process, from which the harness may take guards out."""


def follow_each_other(bench: Bench, publications: int, holes: Holes | None = None) -> Row:
    """Publish so many times while another process reads."""
    tally = Tally("R4", "a reader every 10 ms while lists are published", LIBRARY)
    lane = bench.lane("readers")
    lane.folder.mkdir()
    files = lane.folder / "files"
    shutil.copytree(in_force(Home(bench.done_up())).folder, files)
    (files / MANIFEST).unlink()
    done, ready, result = (lane.folder / name for name in ("done", "ready", "read.json"))
    with ONE_AT_A_TIME, taken_out(holes or {}):
        publish_marked(lane.home, files, 1)
        arguments = [str(path) for path in (lane.home.folder, ready, done, result)]
        command = [sys.executable, "-m", "tests.faults.readers", *arguments]
        reader = subprocess.Popen(command, cwd=ROOT)
        try:
            _wait_for(ready, reader)
            for number in range(2, publications + 1):
                publish_marked(lane.home, files, number)
        finally:
            done.touch()
            reader.wait(timeout=60)
    read = json.loads(result.read_text())
    tally.times = read["reads"]
    tally.broken = read["faults"]
    found = f"{read['seen']} of {publications} publications were seen"
    return tally.row(f"{found}; the longest read took {1000 * read['longest']:.0f} ms")


def publish_marked(home: Home, files: Path, number: int) -> None:
    """A publication whose instant and files all tell the same number."""
    with hold(home) as held:
        run = start_run(held, f"run-{number}")
        shutil.copytree(files, run, dirs_exist_ok=True)
        (run / "data_checks.json").write_text(json.dumps({"marked": number}))
        (run / "report.html").write_text(f"<p>{number}</p>")
        as_of = AS_OF + timedelta(hours=number)
        publish(held, run, Provenance(as_of, as_of, "0.1.0", 1, "hash"), AS_OF)
        keep_latest(held, KEPT)


def read_once(home: Home) -> int:
    """Read the publication in force as the dashboard does; its number, once all of it agrees."""
    publication = current(home)
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


def read_on(home: Home, ready: Path, done: Path, result: Path) -> None:
    """Read every ten milliseconds until it is done; what went wrong is told at the end."""
    seen, faults, reads, longest = set(), [], 0, 0.0
    last = read_once(home)  # imports what reading needs
    while not done.exists():
        begun = time.monotonic()
        try:
            number = read_once(home)
            assert number >= last, f"publication {number} after {last}"
            last = number
            seen.add(number)
        except Exception as error:  # every one of them is a broken promise, and is told
            faults.append(f"{type(error).__name__}: {error}")
        reads += 1
        took = time.monotonic() - begun
        longest = max(longest, took)
        ready.touch()
        time.sleep(max(EVERY - took, 0))
    told = {"reads": reads, "seen": len(seen), "faults": faults, "longest": longest}
    result.write_text(json.dumps(told))


def _wait_for(file: Path, process: "subprocess.Popen[bytes]") -> None:
    while not file.exists():
        assert process.poll() is None, "the reader ended"
        time.sleep(EVERY)


if __name__ == "__main__":
    read_on(Home(Path(sys.argv[1])), *map(Path, sys.argv[2:5]))
