import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from prefect.server.schemas.schedules import CronSchedule
from prefect.utilities.asyncutils import run_coro_as_sync

from crm.errors import ConfigurationError, DataRefused
from pipelines.config.run_request import RunRequest
from pipelines.runtime import missed_runs
from pipelines.runtime.missed_runs import (
    SkippedRun,
    find_last_due,
    find_missed_run,
    find_next_due,
    find_skip_reason,
    get_wait_seconds,
    limit_run_hours,
    list_due_instants,
    read_last_run,
    record_run,
    track_scheduled_run,
)
from publications.storage.home import Home
from publications.storage.lock import HomeLock, hold_home

NIGHTLY = {"cron": "30 2 * * *", "timezone": "Europe/Amsterdam"}


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


ZONES = ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
YEAR = utc("2028-01-01 12:00"), utc("2029-01-01 11:59")
"""With a leap day."""


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 3 * * *", "15 0 * * *"])
def test_there_is_one_run_a_local_day_through_a_leap_year(cron, timezone):
    instants = list_due_instants(cron, timezone, *YEAR)
    days = Counter(due.astimezone(ZoneInfo(timezone)).date() for due in instants)
    expected = pd.date_range(*(at.date() for at in YEAR), inclusive="neither")
    assert {day.date() for day in expected} <= set(days)
    assert set(days.values()) == {1}


@pytest.mark.parametrize("timezone", [*ZONES, "America/Santiago", "Europe/Dublin"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 0 * * *", "0 4 * * 6", "0 1,2,3 1,15 * *"])
def test_a_run_is_due_when_prefect_starts_it(cron, timezone):
    """Prefect starts the runs; a night counts as missed by our own due times."""
    schedule = CronSchedule(cron=cron, timezone=timezone)
    start, end = (at.to_pydatetime() for at in YEAR)
    dates = run_coro_as_sync(schedule.get_dates(n=1000, start=start, end=end))
    assert list_due_instants(cron, timezone, *YEAR) == [pd.Timestamp(date) for date in dates]


@pytest.mark.parametrize("minutes", range(0, 180, 10))
def test_the_last_due_time_is_found_at_every_minute_around_a_change_of_the_clocks(minutes):
    for night in ("2026-03-29", "2026-10-25"):
        now = utc(f"{night} 00:00") + pd.Timedelta(minutes=minutes)
        for cron in ("30 2 * * *", "*/20 * * * *"):
            instants = list_due_instants(cron, "Europe/Amsterdam", now - pd.Timedelta(days=2), now)
            assert find_last_due(cron, "Europe/Amsterdam", now) == instants[-1]


def test_the_night_that_skips_an_hour_and_the_one_that_repeats_it_have_one_run_each():
    spring = list_due_instants(
        **NIGHTLY, start=utc("2026-03-28 12:00"), end=utc("2026-03-29 12:00")
    )
    autumn = list_due_instants(
        **NIGHTLY, start=utc("2026-10-24 12:00"), end=utc("2026-10-25 12:00")
    )
    assert (spring, autumn) == ([utc("2026-03-29 00:30")], [utc("2026-10-25 00:30")])


@pytest.mark.parametrize(
    "cron",
    ["every night", "5 * * *", "0 0 5 * * *", "0 5 30 2 *", "0 25 * * *", "0 5 L * *", "@daily"],
)
def test_what_is_no_schedule_or_never_due_is_refused(cron):
    with pytest.raises(ConfigurationError, match="is not a schedule, or its day never comes"):
        find_next_due(cron, "UTC", utc("2026-01-01"))


def test_a_yearly_schedule_is_found_before_and_after():
    leap_day, now = "0 0 29 2 *", utc("2027-06-01")
    assert find_last_due(leap_day, "UTC", now) == utc("2024-02-29")
    assert find_next_due(leap_day, "UTC", now) == utc("2028-02-29")


def test_a_schedule_of_every_minute_was_due_this_minute():
    assert find_last_due("* * * * *", "UTC", utc("2026-11-20 09:00:30")) == utc("2026-11-20 09:00")


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path)


def list_timers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_run_that_hangs_is_ended_and_the_log_says_so(place):
    script = (
        "import time, sys\n"
        "from pathlib import Path\n"
        "from pipelines.runtime.missed_runs import limit_run_hours\n"
        "from publications.storage.home import Home\n"
        "from publications.storage.lock import hold_home\n"
        "home = Home(Path(sys.argv[1]))\n"
        "with hold_home(home), limit_run_hours(0.5 / 3600, 'score', home):\n"
        "    time.sleep(3600)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(place.folder)], timeout=600, check=False
    )
    assert ended.returncode == 1
    log = (place.logs / "leadgain.log").read_text()
    assert "ERROR score: still running after 0.000138889 hours (max_hours)" in log
    with hold_home(place):
        pass


def test_a_run_that_is_done_in_time_is_not_ended(place):
    before = set(list_timers())
    with limit_run_hours(1, "score", place):
        (timer,) = set(list_timers()) - before
        assert timer.is_alive()
    timer.join(60)  # once cancelled it ends at once, and not after its hour
    assert not timer.is_alive()


def record_score_run(place: Home, due: str) -> Home:
    with hold_home(place) as lock:
        record_run(lock, "score", utc(due))
    return place


def test_of_five_missed_nights_one_is_made_up(place):
    record_score_run(place, "2026-11-14 01:30")
    now = utc("2026-11-19 09:00")
    assert find_missed_run(place, "score", **NIGHTLY, now=now) == utc("2026-11-19 01:30")
    late = list_due_instants(**NIGHTLY, start=utc("2026-11-15"), end=now)
    assert len(late) == 5
    worked = []
    for due in late:  # as a Prefect server would hand them out
        if find_skip_reason(place, "score", due, **NIGHTLY, now=now) is None:
            record_score_run(place, str(due.tz_localize(None)))
            worked.append(due)
    assert worked == [utc("2026-11-19 01:30")]
    assert find_missed_run(place, "score", **NIGHTLY, now=now) is None


def test_a_run_is_not_done_twice(place):
    record_score_run(place, "2026-11-19 01:30")
    reason = find_skip_reason(
        place, "score", utc("2026-11-19 01:30"), **NIGHTLY, now=utc("2026-11-19 02:00")
    )
    assert "2026-11-19 01:30 UTC is already done" in reason


def test_a_run_recorded_in_the_future_does_not_count(place):
    """One run with the clock in 2036 must not silence the schedule for ten years."""
    record_score_run(place, "2036-11-19 01:30")
    due, now = utc("2026-11-20 01:30"), utc("2026-11-20 02:00")
    assert find_skip_reason(place, "score", due, **NIGHTLY, now=now) is None
    assert find_missed_run(place, "score", **NIGHTLY, now=now) == due
    record_score_run(place, "2026-11-20 01:30")
    assert find_missed_run(place, "score", **NIGHTLY, now=now) is None


def test_a_later_run_covers_an_earlier_one(place):
    reason = find_skip_reason(
        place, "score", utc("2026-11-18 01:30"), **NIGHTLY, now=utc("2026-11-19 02:00")
    )
    assert "Skipped the score run for 2026-11-18 01:30" in reason
    assert "2026-11-19 01:30 covers it" in reason


@pytest.fixture
def planned(monkeypatch) -> None:
    """Every run was planned for 5:30 of the day."""
    monkeypatch.setattr(missed_runs, "_find_planned_instant", lambda now: utc("2026-11-19 05:30"))


def build_request(place: Home, scheduled: str = "score") -> RunRequest:
    """A request of one minute after it was due."""
    config = place.folder / "leadgain.toml"
    config.write_text('[leads]\nfile = "leads.csv"\n')
    return RunRequest(config=config, home=place, now="2026-11-19T05:31Z", scheduled=scheduled)


def test_a_run_that_failed_is_finished_and_one_that_was_ended_is_not(place, planned):
    request = build_request(place)

    def work(lock: HomeLock, error: BaseException | None) -> SkippedRun | None:
        with track_scheduled_run(lock, request) as skipped:
            if skipped is None and error is not None:
                raise error
            return skipped

    with hold_home(place) as lock:
        with pytest.raises(KeyboardInterrupt):
            work(lock, KeyboardInterrupt())
        assert read_last_run(place, "score") is None
        with pytest.raises(DataRefused):
            work(lock, DataRefused("No lead is left."))
        assert read_last_run(place, "score") == utc("2026-11-19 05:30")
        assert isinstance(work(lock, None), SkippedRun)


def test_a_run_that_was_killed_is_started_once_more_and_not_a_third_time(place, planned):
    record_score_run(place, "2026-11-18 05:30")
    request = build_request(place)
    nightly = {"cron": "30 5 * * *", "timezone": "UTC", "now": request.now}
    for again in (True, False):
        with (
            hold_home(place) as lock,
            suppress(KeyboardInterrupt),
            track_scheduled_run(lock, request) as skipped,
        ):
            assert skipped is None
            raise KeyboardInterrupt
        assert (find_missed_run(place, "score", **nightly) is not None) == again
    with hold_home(place) as lock, track_scheduled_run(lock, request) as skipped:
        assert isinstance(skipped, SkippedRun)


def test_a_damaged_record_starts_anew(place):
    place.folder.joinpath("schedule.json").write_text("{")
    assert read_last_run(place, "score") is None
    assert read_last_run(record_score_run(place, "2026-11-18 05:30"), "score") == utc(
        "2026-11-18 05:30"
    )


def test_a_run_by_hand_is_not_recorded_and_does_not_wait(place):
    request = build_request(place, scheduled="")
    with hold_home(place) as lock, track_scheduled_run(lock, request) as skipped:
        assert skipped is None
    assert read_last_run(place, "score") is None
    assert [get_wait_seconds(one) for one in (request, build_request(place))] == [0, 3600]


def test_runs_of_scoring_and_training_are_recorded_apart(place):
    record_score_run(place, "2026-11-19 01:30")
    assert read_last_run(place, "train") is None
    assert read_last_run(place, "score") == utc("2026-11-19 01:30")


def test_without_an_earlier_run_or_a_schedule_nothing_is_missed(place):
    now = utc("2026-11-19 09:00")
    assert find_missed_run(place, "score", **NIGHTLY, now=now) is None
    record_score_run(place, "2026-11-14 01:30")
    assert find_missed_run(place, "score", cron="", timezone="UTC", now=now) is None
