"""Where an export ends, and what only seems to come after it."""

import numpy as np
import pandas as pd
import pytest

from crm.ending import last_instant

LATEST = pd.Timestamp("2024-07-01", tz="UTC")


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True)).astype("datetime64[us, UTC]")


@pytest.fixture
def leads() -> pd.DataFrame:
    """The last lead came in on 30 May; the last one that ended did on 31 May."""
    return pd.DataFrame(
        {
            "created_at": days("2024-03-01", "2024-05-30"),
            "converted_at": days("2024-05-31", None),
            "closed_at": days(None, None),
        }
    )


def ten_a_day(until: str, *further: str) -> pd.DataFrame:
    begin = pd.Timestamp("2024-04-01", tz="UTC")
    n = int((pd.Timestamp(until, tz="UTC") - begin) / pd.Timedelta(hours=2.4))
    usual = pd.Series(begin + pd.to_timedelta(np.arange(n + 1) * 2.4, unit="h"))
    at = pd.concat([usual, days(*further)], ignore_index=True) if further else usual
    return pd.DataFrame({"occurred_at": at.astype("datetime64[us, UTC]")})


def test_the_last_activity_is_the_end_where_work_goes_on(leads) -> None:
    """No lead came in for ten days, but the team called as ever."""
    end, findings = last_instant(leads, ten_a_day("2024-06-10"), LATEST)
    assert end == pd.Timestamp("2024-06-10", tz="UTC")
    assert findings == []


def test_meetings_planned_ahead_do_not_move_the_end(leads) -> None:
    activities = ten_a_day("2024-05-31 12:00", "2024-06-14", "2024-06-20", "2024-09-01")
    end, (finding,) = last_instant(leads, activities, LATEST)
    assert end == pd.Timestamp("2024-05-31 12:00", tz="UTC")
    assert (finding.rule, finding.severity, finding.rows) == ("planned_ahead", "warning", 2)
    assert "The export ends at 2024-05-31 12:00 UTC" in finding.message
    assert "2 activities up to 2024-06-20 00:00 are too few" in finding.message


def test_a_day_more_of_activities_is_no_plan(leads) -> None:
    end, findings = last_instant(leads, ten_a_day("2024-05-31", "2024-05-31 23:00"), LATEST)
    assert end == pd.Timestamp("2024-05-31 23:00", tz="UTC")
    assert findings == []


def test_few_activities_are_taken_at_their_word(leads) -> None:
    """One activity a week: two weeks without a lead say nothing."""
    activities = pd.DataFrame({"occurred_at": days("2024-05-10", "2024-05-24", "2024-06-14")})
    assert last_instant(leads, activities, LATEST) == (pd.Timestamp("2024-06-14", tz="UTC"), [])


def test_without_activities_the_leads_tell_the_end(leads) -> None:
    nothing = pd.DataFrame({"occurred_at": days()})
    assert last_instant(leads, nothing, LATEST) == (pd.Timestamp("2024-05-31", tz="UTC"), [])
