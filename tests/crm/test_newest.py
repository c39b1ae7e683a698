"""How recent each table is."""

from dataclasses import replace

import pandas as pd

from crm.export import Export, counts_frame
from crm.newest import newest_by_table


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
    counts = counts_frame([])
    last = pd.Timestamp("2012-01-20", tz="UTC")
    return Export(leads, activities, (), nothing, counts, (), last)


def newest(of: Export, as_of: str) -> dict[str, tuple[str, int]]:
    found = newest_by_table(of, as_of=pd.Timestamp(as_of, tz="UTC"))
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
