"""A missed night is made up once, and no night is worked twice."""

from contextlib import suppress
from types import SimpleNamespace

import pandas as pd
import pytest

from crm.errors import DataRefused
from pipelines import turns
from pipelines.due import due_instants
from pipelines.job import Job
from pipelines.sections import ScheduleSection
from pipelines.turns import (
    Skipped,
    last_turn,
    missed,
    patience,
    take_turn,
    turn,
    why_not_now,
)
from publications.home import Hold, Home, hold

NIGHTLY = {"cron": "30 2 * * *", "timezone": "Europe/Amsterdam"}


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path)


def taken(place: Home, due: str) -> Home:
    with hold(place) as held:
        take_turn(held, "score", utc(due))
    return place


def test_of_five_missed_nights_one_is_made_up(place):
    taken(place, "2026-11-14 01:30")
    now = utc("2026-11-19 09:00")
    assert missed(place, "score", **NIGHTLY, now=now) == utc("2026-11-19 01:30")
    late = due_instants(**NIGHTLY, start=utc("2026-11-15"), end=now)
    assert len(late) == 5
    worked = []
    for due in late:  # as a Prefect server would hand them out
        if why_not_now(place, "score", due, **NIGHTLY, now=now) is None:
            taken(place, str(due.tz_localize(None)))
            worked.append(due)
    assert worked == [utc("2026-11-19 01:30")]
    assert missed(place, "score", **NIGHTLY, now=now) is None


def test_a_night_is_not_worked_twice(place):
    taken(place, "2026-11-19 01:30")
    why = why_not_now(
        place, "score", utc("2026-11-19 01:30"), **NIGHTLY, now=utc("2026-11-19 02:00")
    )
    assert why == "The score of 2026-11-19 01:30 UTC was done already."


def test_a_turn_of_a_night_still_to_come_was_taken_while_the_clock_was_wrong(place):
    """One run with the clock in 2036 must not silence the schedule for ten years."""
    taken(place, "2036-11-19 01:30")
    due, now = utc("2026-11-20 01:30"), utc("2026-11-20 02:00")
    assert why_not_now(place, "score", due, **NIGHTLY, now=now) is None
    assert missed(place, "score", **NIGHTLY, now=now) == due
    taken(place, "2026-11-20 01:30")
    assert missed(place, "score", **NIGHTLY, now=now) is None


def test_a_later_night_makes_up_an_earlier_one(place):
    why = why_not_now(
        place, "score", utc("2026-11-18 01:30"), **NIGHTLY, now=utc("2026-11-19 02:00")
    )
    assert why == "The score of 2026-11-18 01:30 UTC is made up by that of 2026-11-19 01:30."


@pytest.fixture
def planned(monkeypatch) -> None:
    """Every run was planned for 5:30 of the day."""
    monkeypatch.setattr(turns, "_planned_for", lambda now: utc("2026-11-19 05:30"))


def job_at(place: Home, now: str) -> Job:
    settings = SimpleNamespace(schedule=ScheduleSection())
    return Job(settings, place, utc(now))  # type: ignore[arg-type]


def test_a_run_that_failed_has_had_its_turn_and_one_that_was_ended_has_not(place, planned):
    job = job_at(place, "2026-11-19 05:31")

    def work(held: Hold, error: BaseException | None) -> Skipped | None:
        with turn(held, "score", job) as skipped:
            if skipped is None and error is not None:
                raise error
            return skipped

    with hold(place) as held:
        with pytest.raises(KeyboardInterrupt):
            work(held, KeyboardInterrupt())
        assert last_turn(place, "score") is None
        with pytest.raises(DataRefused):
            work(held, DataRefused("No lead is left."))
        assert last_turn(place, "score") == utc("2026-11-19 05:30")
        done = Skipped("The score of 2026-11-19 05:30 UTC was done already.")
        assert work(held, None) == done


def test_a_run_that_is_killed_is_begun_once_more_and_not_a_third_time(place, planned):
    taken(place, "2026-11-18 05:30")
    job = job_at(place, "2026-11-19 05:31")
    nightly = {"cron": "30 5 * * *", "timezone": "UTC", "now": job.now}
    for again in (True, False):
        with hold(place) as held, suppress(KeyboardInterrupt), turn(held, "score", job) as skipped:
            assert skipped is None
            raise KeyboardInterrupt
        assert (missed(place, "score", **nightly) is not None) == again
    with hold(place) as held, turn(held, "score", job) as skipped:
        assert skipped == Skipped("The score of 2026-11-19 05:30 UTC was done already.")


def test_a_damaged_record_of_turns_is_begun_anew(place):
    place.folder.joinpath("schedule.json").write_text("{")
    assert last_turn(place, "score") is None
    assert last_turn(taken(place, "2026-11-18 05:30"), "score") == utc("2026-11-18 05:30")


def test_a_run_that_somebody_asked_for_takes_no_turn_and_does_not_wait(place):
    job = job_at(place, "2026-11-19 05:31")
    with hold(place) as held, turn(held, "", job) as skipped:
        assert skipped is None
    assert last_turn(place, "score") is None
    assert (patience("", job), patience("score", job)) == (0, 3600)


def test_turns_of_scoring_and_training_are_kept_apart(place):
    taken(place, "2026-11-19 01:30")
    assert last_turn(place, "train") is None
    assert last_turn(place, "score") == utc("2026-11-19 01:30")


def test_a_home_without_any_turn_and_a_schedule_that_is_never_due_have_missed_nothing(place):
    now = utc("2026-11-19 09:00")
    assert missed(place, "score", **NIGHTLY, now=now) is None
    taken(place, "2026-11-14 01:30")
    assert missed(place, "score", cron="", timezone="UTC", now=now) is None
