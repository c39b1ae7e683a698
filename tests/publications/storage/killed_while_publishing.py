"""Publish in a child process that is killed at its n-th line, for every n; run by test_store.

Usage: killed_while_publishing.py FILES FOLDER, where FILES holds a publication's files. Every
kill happens in a home folder of its own below FOLDER that has one publication in force. Prints
how many kills left the old and the new publication in force.
"""

import os
import shutil
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet  # noqa: F401  (imported once, before the children are forked)

from publications.filesystem import durable_files
from publications.storage import lock, run_folders, store
from publications.storage.store import Home, Provenance

INSTANT = datetime(2026, 11, 20, tzinfo=UTC)
WATCHED = {module.__file__ for module in (durable_files, lock, run_folders, store)}


def publish_once(home: Home, files: Path) -> None:
    with store.hold_home(home) as held:
        run = store.start_run(held, "run")
        shutil.copytree(files, run, dirs_exist_ok=True)
        store.publish(held, run, Provenance(INSTANT, INSTANT, "0.1.0", 1, "hash"), INSTANT)
        store.delete_old_publications(held, 0)


def is_killed_at(line: int, home: Home, files: Path) -> bool:
    """Whether the child was killed; False once it has fewer lines than that."""
    child = os.fork()
    if child == 0:
        lines_left = [line]

        def trace(frame, event, argument):
            if frame.f_code.co_filename not in WATCHED:
                return None
            if event == "line":
                lines_left[0] -= 1
                if lines_left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        publish_once(home, files)
        sys.settrace(None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert status == 0
    return False


def main() -> None:
    os.fsync = lambda descriptor: None  # a killed process loses nothing that the kernel has
    files, folder = Path(sys.argv[1]), Path(sys.argv[2])
    first = Home(folder / "first")
    publish_once(first, files)
    seen: Counter[int] = Counter()
    for line in range(100_000):
        home = Home(folder / "tried")
        shutil.copytree(first.folder, home.folder)
        killed = is_killed_at(line, home, files)
        publication = store.open_current(home)
        publication.verify()
        seen[publication.number] += killed
        publish_once(home, files)
        after = store.open_current(home)
        after.verify()
        assert after.number > publication.number, "a number was used twice"
        assert not list(home.runs.iterdir()), "the killed run was not cleared away"
        shutil.rmtree(home.folder)
        if not killed:
            break
    sys.stdout.write(f"{seen[1]} {seen[2]} {sum(seen.values())}\n")


if __name__ == "__main__":
    main()
