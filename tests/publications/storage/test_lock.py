"""One process at a time in a home folder."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from publications.filesystem.durable_files import CannotWrite, move_durably
from publications.storage.home import Home
from publications.storage.lock import Busy, hold_home, refuse_busy
from publications.storage.run_folders import start_run

HOLDER = """
import sys, time
from pathlib import Path
from publications.storage.home import Home
from publications.storage.lock import hold_home
with hold_home(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other_process(home: Home) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_is_at_work(
    home: Home, other_process: "subprocess.Popen[str]"
) -> None:
    with (
        pytest.raises(Busy, match=rf"Process {other_process.pid} is at work in {home.folder}"),
        hold_home(home),
    ):
        pass


def test_the_lock_goes_with_a_process_that_is_killed(
    home: Home, other_process: "subprocess.Popen[str]"
) -> None:
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    with hold_home(home):
        pass


def test_waiting_ends_when_the_patience_ends(
    home: Home, other_process: "subprocess.Popen[str]"
) -> None:
    begin = time.monotonic()
    with pytest.raises(Busy), hold_home(home, wait_seconds=0.2):
        pass
    assert time.monotonic() - begin >= 0.2


def test_within_one_process_the_home_is_held_once(home: Home) -> None:
    with hold_home(home), pytest.raises(Busy), hold_home(home):
        pass
    with hold_home(home):
        pass


def test_the_lock_is_freed_when_the_work_fails(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), hold_home(home):
        raise ZeroDivisionError
    with hold_home(home):
        pass


def test_a_home_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(CannotWrite, match=r"Cannot write .*file.*Not a directory; .* free there"),
        hold_home(Home(tmp_path / "file" / "home")),
    ):
        pass


def test_what_killed_runs_left_behind_is_cleared_away(home: Home) -> None:
    with hold_home(home) as lock:
        (start_run(lock, "first") / "half.csv").write_text("half")
        (home.runs / "stray").write_text("file")
        second = start_run(lock, "second")
    assert list(home.runs.iterdir()) == [second]
    assert list(second.iterdir()) == []


def test_a_finished_folder_never_replaces_another(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match="is there already"):
        move_durably(tmp_path / "new", tmp_path / "old")


def test_two_who_only_look_are_not_in_each_others_way(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with hold_home(home):
        pass
    with home.lock.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        refuse_busy(home)


def test_a_look_ends_before_it_refuses_anybody(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with hold_home(home):
        pass
    looking = home.lock.open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.05, looking.close).start()
    with hold_home(home), pytest.raises(Busy, match=f"Process {os.getpid()} is at work in"):
        refuse_busy(home)
