"""One run a local day, whatever the clocks do."""

from collections import Counter
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.due import due_instants, last_due

NIGHTLY = {"cron": "30 2 * * *", "timezone": "Europe/Amsterdam"}


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


@pytest.mark.parametrize(
    "timezone", ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 3 * * *", "15 0 * * *"])
def test_there_is_one_run_a_local_day_through_two_years_with_a_leap_day(cron, timezone):
    start, end = utc("2027-01-01 12:00"), utc("2029-01-01 12:00")
    dues = [due for year in ("2027", "2028") for due in _year(cron, timezone, year)]
    days = Counter(due.astimezone(ZoneInfo(timezone)).date() for due in dues)
    expected = pd.date_range(start.date(), end.date(), inclusive="neither")
    assert {day.date() for day in expected} <= set(days)
    assert set(days.values()) == {1}


def _year(cron: str, timezone: str, year: str) -> list[pd.Timestamp]:
    return due_instants(
        cron, timezone, utc(f"{year}-01-01 12:00"), utc(f"{int(year) + 1}-01-01 11:59")
    )


def test_the_night_that_skips_an_hour_and_the_one_that_repeats_it_have_one_run_each():
    spring = due_instants(**NIGHTLY, start=utc("2026-03-28 12:00"), end=utc("2026-03-29 12:00"))
    autumn = due_instants(**NIGHTLY, start=utc("2026-10-24 12:00"), end=utc("2026-10-25 12:00"))
    assert (spring, autumn) == ([utc("2026-03-29 00:30")], [utc("2026-10-25 00:30")])


def test_a_schedule_that_cron_does_not_understand_is_refused():
    with pytest.raises(ConfigurationError, match=r"'every night' is no schedule\. Write five"):
        due_instants("every night", "UTC", utc("2026-01-01"), utc("2026-02-01"))


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(ConfigurationError, match=r"'0 5 30 2 \*' is never due: no such day comes"):
        due_instants("0 5 30 2 *", "UTC", utc("2026-01-01"), utc("2026-02-01"))


def test_the_last_turn_of_a_yearly_schedule_is_found():
    assert last_due("0 0 29 2 *", "UTC", utc("2028-06-01")) == utc("2028-02-29")
    assert last_due("0 0 29 2 *", "UTC", utc("2027-06-01")) is None


def test_the_last_turn_of_a_schedule_of_every_minute_is_this_minute():
    assert last_due("* * * * *", "UTC", utc("2026-11-20 09:00:30")) == utc("2026-11-20 09:00")
