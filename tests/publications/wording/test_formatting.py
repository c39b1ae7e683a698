"""How figures are written: with their unit, and with a dash where there is none."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

from publications.wording.formatting import (
    MINUS_SIGN,
    NO_VALUE,
    count,
    day,
    decimal,
    keep_units,
    minute,
    percent,
    percent_interval,
    points,
    points_interval,
    signed_points,
)

NAN = float("nan")


@pytest.mark.parametrize(
    "written",
    [
        *(percent(NAN), percent_interval(NAN, 0.5), percent_interval(0.5, NAN), points(NAN)),
        *(points_interval(NAN, 0.1), signed_points(NAN), decimal(NAN), day(None), minute(None)),
        *(day(pd.NaT), minute(pd.NaT)),
    ],
)
def test_a_missing_figure_is_a_dash(written: str) -> None:
    assert written == NO_VALUE


def test_a_loss_is_written_with_a_true_minus_and_nothing_with_both_signs() -> None:
    assert signed_points(-0.142) == f"{MINUS_SIGN}14.2"
    assert signed_points(0.0004) == signed_points(-0.0004) == signed_points(0.0) == "±0.0"
    assert points_interval(-0.02, 0.1) == f"{MINUS_SIGN}2.0 to +10.0 points"


@pytest.mark.parametrize(
    "text",
    ["95 % range", "+6.0 to +16.0 points", "in 1 day", "1,282 rows", "15:04 UTC", "39 calls"],
)
def test_a_number_keeps_to_its_unit(text: str) -> None:
    assert re.search(r"\d\xa0[%a-zA-Z]", keep_units(text))


@pytest.mark.parametrize("text", ["List 2 leadership", "2 of 4", "2012 and", "a days"])
def test_other_spaces_still_break(text: str) -> None:
    assert keep_units(text) == text


def test_counts_have_their_noun_in_the_right_number() -> None:
    assert count(0, "lead", "leads") == "0 leads"
    assert count(1, "lead", "leads") == "1 lead"
    assert count(1_234_567) == "1,234,567"


def test_days_are_those_of_utc() -> None:
    late = datetime(2012, 3, 4, 23, 30, tzinfo=timezone(timedelta(hours=-1)))
    assert day(late) == "5 March 2012"
    assert minute(late) == "5 March 2012, 00:30 UTC"
    assert minute(pd.Timestamp("2012-03-04 05:06:59.9", tz="UTC")) == "4 March 2012, 05:06 UTC"
    assert day(datetime(2024, 2, 29, tzinfo=UTC)) == "29 February 2024"
