"""A run that hangs is ended after [schedule] max_hours; the next night shall work."""

import subprocess
import sys
import threading

import pytest

from pipelines.max_hours import given_up_after
from publications.home import Home, hold


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path)


def timers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_run_that_hangs_is_ended_and_the_log_says_so(place):
    script = (
        "import time, sys\n"
        "from pathlib import Path\n"
        "from pipelines.max_hours import given_up_after\n"
        "from publications.home import Home, hold\n"
        "home = Home(Path(sys.argv[1]))\n"
        "with hold(home), given_up_after(0.5 / 3600, 'score', home):\n"
        "    time.sleep(3600)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(place.folder)], timeout=600, check=False
    )
    assert ended.returncode == 1
    log = (place.logs / "leadgain.log").read_text()
    assert "ERROR score: still at work after 0.000138889 hours (max_hours), so it is" in log
    with hold(place):
        pass


def test_a_run_that_is_done_in_time_is_not_ended(place):
    before = set(timers())
    with given_up_after(1, "score", place):
        (late,) = set(timers()) - before
        assert late.is_alive()
    late.join(60)  # a timer that was called off ends at once, and not after its hour
    assert not late.is_alive()
