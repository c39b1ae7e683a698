"""List dates are the same whatever the export holds."""

import pandas as pd
import pytest

from crm.list_dates import GRID_ORIGIN, build_list_dates, find_list_date_before


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_weekly_lists_stand_on_saturdays_at_midnight() -> None:
    dates = build_list_dates(at("2012-01-01"), at("2012-03-01"), 7)
    assert set(dates.day_name()) == {"Saturday"}
    assert (dates == dates.normalize()).all()


def test_an_export_that_begins_a_day_later_has_the_same_lists() -> None:
    early = build_list_dates(at("2012-01-01"), at("2012-03-01"), 7)
    later = build_list_dates(at("2012-01-08"), at("2012-03-01"), 7)
    assert later.tolist() == early[1:].tolist()


def test_both_ends_of_the_interval_are_in_it() -> None:
    assert build_list_dates(at("2012-01-14"), at("2012-01-21"), 7).tolist() == [
        at("2012-01-14"),
        at("2012-01-21"),
    ]


@pytest.mark.parametrize("every_days", [1, 7, 14, 30])
def test_lists_before_the_grid_began_lie_on_it_as_well(every_days: int) -> None:
    dates = build_list_dates(at("1999-06-01"), at("2000-06-01"), every_days)
    assert GRID_ORIGIN in dates
    assert dates[0] < at("1999-06-01") + pd.Timedelta(days=every_days)


def test_no_time_has_no_lists() -> None:
    assert build_list_dates(at("2012-01-21"), at("2012-01-14"), 7).empty


def test_lists_less_than_a_day_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="every_days must be at least 1, got 0"):
        build_list_dates(at("2012-01-14"), at("2012-01-21"), 0)


@pytest.mark.parametrize("every_days", [1, 7, 30])
def test_the_calling_period_is_the_last_list_before(every_days: int) -> None:
    """The slow twin: the last of all dates that does not lie after the instant."""
    instants = pd.Series(pd.date_range("1999-12-20", "2000-02-10", freq="17h", tz="UTC"))
    dates = build_list_dates(at("1999-11-01"), at("2000-02-10"), every_days)
    expected = [dates[dates <= instant][-1] for instant in instants]
    assert find_list_date_before(instants, every_days).tolist() == expected
