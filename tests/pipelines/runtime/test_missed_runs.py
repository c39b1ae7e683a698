import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from crm.errors import ConfigurationError, DataRefused
from pipelines.config.run_context import RunContext
from pipelines.config.sections import ScheduleSection
from pipelines.runtime import missed_runs as turns
from pipelines.runtime.missed_runs import (
    SkippedRun,
    find_last_due,
    find_missed_run,
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


@pytest.mark.parametrize(
    "timezone", ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 3 * * *", "15 0 * * *"])
def test_there_is_one_run_a_local_day_through_two_years_with_a_leap_day(cron, timezone):
    start, end = utc("2027-01-01 12:00"), utc("2029-01-01 12:00")
    dues = [due for year in ("2027", "2028") for due in _list_due_in_year(cron, timezone, year)]
    days = Counter(due.astimezone(ZoneInfo(timezone)).date() for due in dues)
    expected = pd.date_range(start.date(), end.date(), inclusive="neither")
    assert {day.date() for day in expected} <= set(days)
    assert set(days.values()) == {1}


def _list_due_in_year(cron: str, timezone: str, year: str) -> list[pd.Timestamp]:
    return list_due_instants(
        cron, timezone, utc(f"{year}-01-01 12:00"), utc(f"{int(year) + 1}-01-01 11:59")
    )


def test_the_night_that_skips_an_hour_and_the_one_that_repeats_it_have_one_run_each():
    spring = list_due_instants(
        **NIGHTLY, start=utc("2026-03-28 12:00"), end=utc("2026-03-29 12:00")
    )
    autumn = list_due_instants(
        **NIGHTLY, start=utc("2026-10-24 12:00"), end=utc("2026-10-25 12:00")
    )
    assert (spring, autumn) == ([utc("2026-03-29 00:30")], [utc("2026-10-25 00:30")])


def test_a_schedule_that_cron_does_not_understand_is_refused():
    with pytest.raises(ConfigurationError, match=r"'every night' is no schedule\. Write five"):
        list_due_instants("every night", "UTC", utc("2026-01-01"), utc("2026-02-01"))


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(ConfigurationError, match=r"'0 5 30 2 \*' is never due: no such day comes"):
        list_due_instants("0 5 30 2 *", "UTC", utc("2026-01-01"), utc("2026-02-01"))


def test_the_last_turn_of_a_yearly_schedule_is_found():
    assert find_last_due("0 0 29 2 *", "UTC", utc("2028-06-01")) == utc("2028-02-29")
    assert find_last_due("0 0 29 2 *", "UTC", utc("2027-06-01")) is None


def test_the_last_turn_of_a_schedule_of_every_minute_is_this_minute():
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
    assert "ERROR score: still at work after 0.000138889 hours (max_hours), so it is" in log
    with hold_home(place):
        pass


def test_a_run_that_is_done_in_time_is_not_ended(place):
    before = set(list_timers())
    with limit_run_hours(1, "score", place):
        (late,) = set(list_timers()) - before
        assert late.is_alive()
    late.join(60)  # a timer that was called off ends at once, and not after its hour
    assert not late.is_alive()


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


def test_a_night_is_not_worked_twice(place):
    record_score_run(place, "2026-11-19 01:30")
    why = find_skip_reason(
        place, "score", utc("2026-11-19 01:30"), **NIGHTLY, now=utc("2026-11-19 02:00")
    )
    assert why == "The score of 2026-11-19 01:30 UTC was done already."


def test_a_turn_of_a_night_still_to_come_was_taken_while_the_clock_was_wrong(place):
    """One run with the clock in 2036 must not silence the schedule for ten years."""
    record_score_run(place, "2036-11-19 01:30")
    due, now = utc("2026-11-20 01:30"), utc("2026-11-20 02:00")
    assert find_skip_reason(place, "score", due, **NIGHTLY, now=now) is None
    assert find_missed_run(place, "score", **NIGHTLY, now=now) == due
    record_score_run(place, "2026-11-20 01:30")
    assert find_missed_run(place, "score", **NIGHTLY, now=now) is None


def test_a_later_night_makes_up_an_earlier_one(place):
    why = find_skip_reason(
        place, "score", utc("2026-11-18 01:30"), **NIGHTLY, now=utc("2026-11-19 02:00")
    )
    assert why == "The score of 2026-11-18 01:30 UTC is made up by that of 2026-11-19 01:30."


@pytest.fixture
def planned(monkeypatch) -> None:
    """Every run was planned for 5:30 of the day."""
    monkeypatch.setattr(turns, "_find_planned_instant", lambda now: utc("2026-11-19 05:30"))


def build_context_at(place: Home, now: str) -> RunContext:
    settings = SimpleNamespace(schedule=ScheduleSection())
    return RunContext(settings, place, utc(now))  # type: ignore[arg-type]


def test_a_run_that_failed_has_had_its_turn_and_one_that_was_ended_has_not(place, planned):
    context = build_context_at(place, "2026-11-19 05:31")

    def work(lock: HomeLock, error: BaseException | None) -> SkippedRun | None:
        with track_scheduled_run(lock, "score", context) as skipped:
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
        done = SkippedRun("The score of 2026-11-19 05:30 UTC was done already.")
        assert work(lock, None) == done


def test_a_run_that_is_killed_is_begun_once_more_and_not_a_third_time(place, planned):
    record_score_run(place, "2026-11-18 05:30")
    context = build_context_at(place, "2026-11-19 05:31")
    nightly = {"cron": "30 5 * * *", "timezone": "UTC", "now": context.now}
    for again in (True, False):
        with (
            hold_home(place) as lock,
            suppress(KeyboardInterrupt),
            track_scheduled_run(lock, "score", context) as skipped,
        ):
            assert skipped is None
            raise KeyboardInterrupt
        assert (find_missed_run(place, "score", **nightly) is not None) == again
    with hold_home(place) as lock, track_scheduled_run(lock, "score", context) as skipped:
        assert skipped == SkippedRun("The score of 2026-11-19 05:30 UTC was done already.")


def test_a_damaged_record_of_turns_is_begun_anew(place):
    place.folder.joinpath("schedule.json").write_text("{")
    assert read_last_run(place, "score") is None
    assert read_last_run(record_score_run(place, "2026-11-18 05:30"), "score") == utc(
        "2026-11-18 05:30"
    )


def test_a_run_that_somebody_asked_for_takes_no_turn_and_does_not_wait(place):
    context = build_context_at(place, "2026-11-19 05:31")
    with hold_home(place) as lock, track_scheduled_run(lock, "", context) as skipped:
        assert skipped is None
    assert read_last_run(place, "score") is None
    assert (get_wait_seconds("", context), get_wait_seconds("score", context)) == (0, 3600)


def test_turns_of_scoring_and_training_are_kept_apart(place):
    record_score_run(place, "2026-11-19 01:30")
    assert read_last_run(place, "train") is None
    assert read_last_run(place, "score") == utc("2026-11-19 01:30")


def test_a_home_without_any_turn_and_a_schedule_that_is_never_due_have_missed_nothing(place):
    now = utc("2026-11-19 09:00")
    assert find_missed_run(place, "score", **NIGHTLY, now=now) is None
    record_score_run(place, "2026-11-14 01:30")
    assert find_missed_run(place, "score", cron="", timezone="UTC", now=now) is None
