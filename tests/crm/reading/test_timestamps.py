from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.reading.duckdb_session import open_duckdb_session

LATEST = pd.Timestamp("2030-01-01", tz="UTC")
Reader = Callable[[str], tuple[str, str | None, str | None]]


@contextmanager
def reader(zone: str) -> Iterator[Reader]:
    with open_duckdb_session([], zone, LATEST) as bench:

        def read(cell: str) -> tuple[str, str | None, str | None]:
            (told,) = bench.rows(
                """SELECT s, strftime(timezone('UTC', instant(x, s)), '%Y-%m-%dT%H:%M:%S.%f'),
                    clock_change(x, s)
                FROM (SELECT x, instant_shape(x) AS s FROM (SELECT ?::VARCHAR AS x))""",
                [cell],
            )
            return told

        yield read


@pytest.fixture(scope="module")
def utc() -> Iterator[Reader]:
    with reader("UTC") as read:
        yield read


@pytest.fixture(scope="module")
def amsterdam() -> Iterator[Reader]:
    with reader("Europe/Amsterdam") as read:
        yield read


@pytest.mark.parametrize(
    ("cell", "shape", "instant"),
    [
        ("2024-03-01T10:00:00Z", "zoned", "2024-03-01T10:00:00.000000"),
        ("2024-03-01T10:00:00.5+02:00", "zoned", "2024-03-01T08:00:00.500000"),
        ("2024-03-01 10:00:00 +0200", "zoned", "2024-03-01T08:00:00.000000"),
        ("2024-03-01 10:00-05", "zoned", "2024-03-01T15:00:00.000000"),
        ("2024-03-01 10:00:00 UTC", "zoned", "2024-03-01T10:00:00.000000"),
        ("2024-03-01T10:00:00,25Z", "zoned", "2024-03-01T10:00:00.250000"),
        ("2024-03-01T10:00:00.123456789Z", "zoned", "2024-03-01T10:00:00.123456"),
        ("2024-03-01 10:00", "naive", "2024-03-01T10:00:00.000000"),
        ("2024-03-01T10:00:00,5", "naive", "2024-03-01T10:00:00.500000"),
        ("2024-02-29", "date", "2024-02-29T00:00:00.000000"),
        ("1709287200", "seconds", "2024-03-01T10:00:00.000000"),
        ("1709287200.25", "seconds", "2024-03-01T10:00:00.250000"),
        ("1709287200000", "milliseconds", "2024-03-01T10:00:00.000000"),
        ("1709287200000000", "microseconds", "2024-03-01T10:00:00.000000"),
        ("315532800", "seconds", "1980-01-01T00:00:00.000000"),
    ],
)
def test_a_time_stamp_is_told_by_its_shape(
    utc: Reader, cell: str, shape: str, instant: str
) -> None:
    assert utc(cell) == (shape, instant, None)


@pytest.mark.parametrize(
    "cell", ["0001-01-01", "1900-01-01 00:00:00", "9999-12-31T23:59:59Z", "0000-00-00 00:00:00"]
)
def test_dates_that_stand_for_none_are_missing(utc: Reader, cell: str) -> None:
    assert utc(cell) == ("sentinel", None, None)


@pytest.mark.parametrize("cell", ["44927", "0", "20240301", "1709287200000000000000"])
def test_a_number_that_is_no_time_since_1970_is_told_as_a_number(utc: Reader, cell: str) -> None:
    assert utc(cell) == ("number", None, None)


@pytest.mark.parametrize(
    "cell", ["yesterday", "01/02/2024", "2024-1-1", "epoch", "infinity", "2024-01-01 10h", "1e9"]
)
def test_what_has_no_known_shape_is_not_guessed_at(utc: Reader, cell: str) -> None:
    assert utc(cell) == ("text", None, None)


@pytest.mark.parametrize("cell", ["2023-02-29", "2024-13-01", "2024-01-01T25:00:00Z"])
def test_a_day_that_does_not_exist_is_no_instant(utc: Reader, cell: str) -> None:
    assert utc(cell)[1] is None


def test_a_time_stamp_without_zone_is_read_in_the_configured_one(amsterdam: Reader) -> None:
    assert amsterdam("2024-01-15 12:00")[1] == "2024-01-15T11:00:00.000000"
    assert amsterdam("2024-07-15")[1] == "2024-07-14T22:00:00.000000"
    assert amsterdam("2024-07-15T12:00Z")[1] == "2024-07-15T12:00:00.000000"


def test_an_hour_that_summer_time_skipped_moves_forward(amsterdam: Reader) -> None:
    # At 02:00 on 31 March 2024 the clocks went to 03:00: 02:30 never was; 03:30 is 01:30 UTC.
    assert amsterdam("2024-03-31 02:30") == ("naive", "2024-03-31T01:30:00.000000", "skipped")
    assert amsterdam("2024-03-31 03:30") == ("naive", "2024-03-31T01:30:00.000000", None)


def test_of_an_hour_that_came_twice_the_earlier_is_taken(amsterdam: Reader) -> None:
    # 02:30 on 27 October 2024 was 00:30 UTC in summer time, and 01:30 UTC an hour later.
    assert amsterdam("2024-10-27 02:30") == ("naive", "2024-10-27T00:30:00.000000", "repeated")
    assert amsterdam("2024-10-27 03:30") == ("naive", "2024-10-27T02:30:00.000000", None)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Lord_Howe", "America/Sao_Paulo"])
def test_clock_times_equal_those_of_the_standard_library(zone: str) -> None:
    with reader(zone) as read:

        @settings(max_examples=60, deadline=None, database=None)
        @given(st.datetimes(datetime(1990, 1, 1), datetime(2029, 1, 1)))  # noqa: DTZ001
        def equal(clock: datetime) -> None:
            told = read(clock.isoformat(timespec="microseconds"))[1]
            # fold=0: the earlier of two, and the offset before a gap: the same promise.
            twin = clock.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
            assert told == twin.strftime("%Y-%m-%dT%H:%M:%S.%f")

        equal()


@pytest.mark.parametrize("minute", range(0, 5 * 60, 20))
@pytest.mark.parametrize("day", ["2024-03-31", "2024-10-27"])
def test_each_minute_of_the_nights_of_change_equals_the_standard_library(
    amsterdam: Reader, day: str, minute: int
) -> None:
    cell = f"{day} {minute // 60:02}:{minute % 60:02}"
    twin = datetime.fromisoformat(cell).replace(tzinfo=ZoneInfo("Europe/Amsterdam")).astimezone(UTC)
    assert amsterdam(cell)[1] == twin.strftime("%Y-%m-%dT%H:%M:%S.%f")
