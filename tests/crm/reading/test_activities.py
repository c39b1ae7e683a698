import pandas as pd
import pytest

from crm.errors import DataRefused
from crm.reading.activities import build_empty_activities

HEADER = "lead_id,occurred_at,type\n"


def stamp(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


DTYPES = {
    "lead": "int32",
    "occurred_at": "datetime64[us, UTC]",
    "type": "category",
    "direction": "category",
    "rep_id": "category",
}


def test_activities_are_sorted_by_lead_then_instant_then_order_in_the_file(read) -> None:
    export = read(
        activities=HEADER + "b,2024-01-06T10:00Z,later\nb,2024-01-05T10:00Z,second\n"
        "b,2024-01-05T10:00Z,again\na,2024-01-07T10:00Z,first\n"
    )
    assert export.activities["lead"].tolist() == [0, 1, 1, 1]
    assert export.activities["type"].tolist() == ["first", "second", "again", "later"]
    assert {name: str(kind) for name, kind in export.activities.dtypes.items()} == DTYPES
    assert export.activities["type"].cat.categories.tolist() == sorted(export.activities["type"])
    assert export.activities["type"].cat.categories.dtype == "str"


def test_without_activities_the_frame_is_empty_and_has_the_same_types(read) -> None:
    for frame in (build_empty_activities(), read().activities):
        assert frame.empty
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == DTYPES
        assert frame["direction"].cat.categories.tolist() == ["inbound", "outbound", "internal"]


def test_a_file_with_a_header_and_no_activity_is_a_warning(read) -> None:
    export = read(activities=HEADER)
    assert [(f.rule, f.severity) for f in export.findings] == [("no_activities", "warning")]
    assert export.counts.loc[1].tolist() == ["activities", 0, 0, 0, 0]


def test_an_activities_file_without_even_a_header_is_refused(read) -> None:
    with pytest.raises(DataRefused, match=r"activities\.csv is empty"):
        read(activities="")


def test_bad_activities_are_set_aside_by_line(read, set_aside) -> None:
    export = read(
        activities=HEADER + "a,2024-01-05T10:00Z,call\n,2024-01-05T10:00Z,call\n"
        "nobody,2024-01-05T10:00Z,call\na,soon,call\na,,call\na,2024-01-05T10:00Z,\n"
        "a,2024-01-05T10:00Z\na,1969-01-05T10:00Z,call\n"
    )
    assert set_aside(export, "activities") == [
        (3, "lead_id", "empty_id"),
        (4, "lead_id", "unknown_lead"),
        (5, "occurred_at", "occurred_at_is_no_date"),
        (6, "occurred_at", "occurred_at_is_missing"),
        (7, "type", "type_is_missing"),
        (8, "", "ragged_row"),
        (9, "occurred_at", "occurred_at_out_of_range"),
    ]


def test_activities_of_a_lead_that_was_set_aside_are_left_out_not_quarantined(read, found) -> None:
    export = read(
        "lead_id,created_at,converted_at\na,2024-01-01,\nb,never,\n",
        activities=HEADER + "a,2024-01-05T10:00Z,call\nb,2024-01-05T10:00Z,call\n",
    )
    assert export.counts.loc[1].tolist() == ["activities", 2, 1, 0, 1]
    assert found(export, "activities") == {"lead_set_aside": 1}


def test_an_activity_before_the_creation_is_dated_to_it_and_counted(read, found) -> None:
    export = read(activities=HEADER + "a,2023-12-31T10:00Z,call\na,2024-01-05T10:00Z,call\n")
    assert export.activities["occurred_at"].tolist() == [
        stamp("2024-01-01 10:00"),
        stamp("2024-01-05 10:00"),
    ]
    assert found(export, "activities") == {"before_creation": 1}


def test_a_date_without_a_time_on_the_day_of_creation_does_not_lie_before_it(read, found) -> None:
    """Salesforce dates its tasks by the day only."""
    dates = HEADER + "a,2024-01-01,call\nb,2024-01-01,call\na,2024-01-05,call\n"
    export = read(activities=dates)
    assert export.activities["occurred_at"].tolist() == [
        stamp("2024-01-01 10:00"),
        stamp("2024-01-05"),
        stamp("2024-01-02 10:00"),
    ]
    assert found(export, "activities") == {"on_day_of_creation": 1, "before_creation": 1}


def test_an_activity_in_the_future_stays_and_does_not_move_the_last_instant(read, found) -> None:
    export = read(activities=HEADER + "a,2025-01-01T10:00Z,meeting\na,2024-05-01T10:00Z,call\n")
    assert len(export.activities) == 2
    assert export.last_instant == stamp("2024-05-01 10:00")
    assert found(export, "activities") == {"in_the_future": 1}


def test_exact_duplicates_and_repeated_headers_are_left_out(read, found) -> None:
    row = "a,2024-01-05T10:00Z,call\n"
    export = read(activities=HEADER + row + HEADER + row + "a,2024-01-05T10:00Z,mail\n" + row)
    assert export.counts.loc[1].tolist() == ["activities", 5, 2, 0, 3]
    assert found(export, "activities") == {"repeated_header": 1, "exact_duplicate": 2}


def test_two_activities_told_apart_by_a_column_that_is_not_read_are_two(read) -> None:
    text = "lead_id,occurred_at,type,id\na,2024-01-05T10:00Z,open,1\na,2024-01-05T10:00Z,open,2\n"
    assert len(read(activities=text).activities) == 2


def test_a_direction_column_is_read_by_known_words(read, set_aside) -> None:
    text = "lead_id,occurred_at,type,way\n" + "".join(
        f"a,2024-01-0{day}T10:00Z,call,{word}\n"
        for day, word in enumerate(["INCOMING", "out", "", "sideways"], start=5)
    )
    export = read(activities=text, activities_toml={"direction": "way"})
    assert export.activities["direction"].tolist() == ["inbound", "outbound", "internal"]
    assert set_aside(export, "activities") == [(5, "way", "unknown_direction")]


def test_a_table_gives_each_type_its_direction_and_others_are_internal(read) -> None:
    text = HEADER + "a,2024-01-05,open\na,2024-01-06,call\na,2024-01-07,note\n"
    export = read(
        activities=text,
        activities_toml={"direction": {"open": "inbound", "call": "outbound", "fax": "outbound"}},
    )
    assert export.activities["direction"].tolist() == ["inbound", "outbound", "internal"]
    (finding,) = [f for f in export.findings if f.rule == "unseen_type"]
    assert (finding.severity, "'fax'" in finding.message) == ("warning", True)


def test_reps_are_categories_and_may_be_missing(read) -> None:
    text = "lead_id,occurred_at,type,rep\na,2024-01-05,call,112\na,2024-01-06,call,\n"
    export = read(activities=text, activities_toml={"rep_id": "rep"})
    assert export.activities["rep_id"].isna().tolist() == [False, True]
    assert export.activities["rep_id"].cat.categories.tolist() == ["112"]


def test_padded_ids_of_activities_find_their_leads(read, found) -> None:
    export = read(activities=HEADER + "\u200ba ,2024-01-05T10:00Z,call\n")
    assert export.activities["lead"].tolist() == [0]
    assert found(export, "activities") == {"padded_id": 1}


def test_a_named_column_that_is_missing_is_refused(read) -> None:
    with pytest.raises(DataRefused, match=r"no column 'rep'.*\[activities\] rep_id"):
        read(activities=HEADER, activities_toml={"rep_id": "rep"})
