from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.export import Export, build_counts
from crm.time_coverage import find_export_end, find_newest_by_table

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


def build_daily_activities(until: str, *further: str) -> pd.DataFrame:
    begin = pd.Timestamp("2024-04-01", tz="UTC")
    n = int((pd.Timestamp(until, tz="UTC") - begin) / pd.Timedelta(hours=2.4))
    usual = pd.Series(begin + pd.to_timedelta(np.arange(n + 1) * 2.4, unit="h"))
    at = pd.concat([usual, days(*further)], ignore_index=True) if further else usual
    return pd.DataFrame({"occurred_at": at.astype("datetime64[us, UTC]")})


def test_the_last_activity_is_the_end_where_work_goes_on(leads) -> None:
    """No lead came in for ten days, but the team called as ever."""
    end, findings = find_export_end(leads, build_daily_activities("2024-06-10"), LATEST)
    assert end == pd.Timestamp("2024-06-10", tz="UTC")
    assert findings == []


def test_meetings_planned_ahead_do_not_move_the_end(leads) -> None:
    activities = build_daily_activities(
        "2024-05-31 12:00", "2024-06-14", "2024-06-20", "2024-09-01"
    )
    end, (finding,) = find_export_end(leads, activities, LATEST)
    assert end == pd.Timestamp("2024-05-31 12:00", tz="UTC")
    assert (finding.rule, finding.severity, finding.rows) == ("planned_ahead", "warning", 2)
    assert "The export ends at 2024-05-31 12:00 UTC" in finding.message
    assert "2 activities up to 2024-06-20 00:00 are too few" in finding.message


def test_a_day_more_of_activities_is_no_plan(leads) -> None:
    end, findings = find_export_end(
        leads, build_daily_activities("2024-05-31", "2024-05-31 23:00"), LATEST
    )
    assert end == pd.Timestamp("2024-05-31 23:00", tz="UTC")
    assert findings == []


def test_few_activities_are_taken_at_their_word(leads) -> None:
    """One activity a week: two weeks without a lead say nothing."""
    activities = pd.DataFrame({"occurred_at": days("2024-05-10", "2024-05-24", "2024-06-14")})
    assert find_export_end(leads, activities, LATEST) == (pd.Timestamp("2024-06-14", tz="UTC"), [])


def test_without_activities_the_leads_tell_the_end(leads) -> None:
    nothing = pd.DataFrame({"occurred_at": days()})
    assert find_export_end(leads, nothing, LATEST) == (pd.Timestamp("2024-05-31", tz="UTC"), [])


def stamps(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601").as_unit("us"))


def export() -> Export:
    leads = pd.DataFrame(
        {
            "created_at": stamps("2012-01-01", "2012-01-05", "2012-01-20"),
            "converted_at": stamps("2012-01-08", None, None),
            "closed_at": stamps("2012-01-30", "2012-01-09", None),
        }
    )
    activities = pd.DataFrame({"occurred_at": stamps("2012-01-02", "2012-01-10", "2012-03-01")})
    nothing = pd.DataFrame()
    counts = build_counts([])
    last = pd.Timestamp("2012-01-20", tz="UTC")
    return Export(leads, activities, (), nothing, counts, (), last)


def newest(of: Export, as_of: str) -> dict[str, tuple[str, int]]:
    found = find_newest_by_table(of, as_of=pd.Timestamp(as_of, tz="UTC"))
    days = found["newest_at"].dt.strftime("%m-%d").fillna("none")
    return {
        table: (day, rows)
        for table, day, rows in zip(found["table"], days, found["rows"], strict=True)
    }


def test_each_table_tells_its_latest_time_stamp_and_its_rows_up_to_the_list() -> None:
    assert newest(export(), "2012-01-20") == {
        "leads": ("01-20", 3),  # a lead of that very instant included
        "activities": ("01-10", 2),
        "outcomes": ("01-09", 2),
    }


def test_planned_activities_make_no_table_fresh() -> None:
    assert newest(export(), "2012-02-15")["activities"] == ("01-10", 2)


def test_a_lead_that_converted_and_was_closed_is_one_outcome_of_the_later_day() -> None:
    assert newest(export(), "2012-02-15")["outcomes"] == ("01-30", 2)


def test_an_empty_table_has_no_latest_time_stamp() -> None:
    empty = replace(export(), activities=export().activities.head(0))
    assert newest(empty, "2012-02-15")["activities"] == ("none", 0)
