import pandas as pd
import pytest

from crm.reading.duckdb_session import open_duckdb_session


@pytest.fixture(scope="module")
def evaluate():
    with open_duckdb_session([], "UTC", pd.Timestamp("2030-01-01", tz="UTC")) as bench:

        def evaluate(macro: str, cell: str) -> object:
            ((value,),) = bench.rows(f"SELECT {macro}(trimmed(?::VARCHAR))", [cell])
            return value

        yield evaluate


@pytest.mark.parametrize(
    "cell", [" A1", "A1 ", "\tA1\r\n", "\u00a0A1", "A1\u200b", "\ufeffA1", "\u2060\u3000A1\u200e"]
)
def test_spaces_and_invisible_characters_around_a_cell_are_taken_off(evaluate, cell: str) -> None:
    assert evaluate("tidy", cell) == "A1"


@pytest.mark.parametrize("cell", ["A 1", "é", "É é", "日本", "👍", "x\u00a0y", ".", "N"])
def test_what_stands_inside_a_cell_stays(evaluate, cell: str) -> None:
    assert evaluate("tidy", cell) == cell


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "null", "NULL", "None", "N/A", "#N/A", "-", "(blank)", r"\N", " n/a\u00a0"),
        *("nan", "NaN", "NaT", "<NA>"),
    ],
)
def test_words_for_nothing_are_missing(evaluate, cell: str) -> None:
    assert evaluate("tidy", cell) is None


def test_na_is_namibia_in_a_category_and_missing_in_a_number(evaluate) -> None:
    assert evaluate("tidy", "NA") == "NA"
    assert evaluate("tidy_number", "NA") is None
    assert evaluate("tidy_number", "NaN") is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [("5", 5.0), ("-5", -5.0), ("+.5", 0.5), ("5.", 5.0), (" 1e3 ", 1000.0), ("007", 7.0)],
)
def test_a_number_is_read(evaluate, cell: str, number: float) -> None:
    assert evaluate("number", cell) == number


@pytest.mark.parametrize("cell", ["1,5", "1.234,56", "1_000", "0x10", "5 EUR", "5%", "", "٣"])
def test_what_only_resembles_a_number_is_none(evaluate, cell: str) -> None:
    assert evaluate("number", cell) is None
    assert evaluate("is_not_finite", cell) is False


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e400", "-1e999"])
def test_a_number_without_end_is_missing_and_told(evaluate, cell: str) -> None:
    assert evaluate("number", cell) is None
    assert evaluate("is_not_finite", cell) is True


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        *(("Yes", True), ("TRUE", True), ("1", True), ("Ja", True), ("Oui", True)),
        *(("no", False), ("False", False), ("0", False), ("Nein", False)),
        *(("maybe", None), ("", None)),
    ],
)
def test_yes_and_no_are_closed_lists(evaluate, cell: str, meaning: bool | None) -> None:
    assert evaluate("yes_no", cell) is meaning


@pytest.mark.parametrize(
    ("cell", "direction"),
    [
        *(("Inbound", "inbound"), ("INCOMING", "inbound"), ("out", "outbound")),
        *(("", "internal"), ("Internal", "internal"), ("sideways", None)),
    ],
)
def test_directions_are_known_words_or_nothing(evaluate, cell: str, direction: str | None) -> None:
    assert evaluate("direction_of", cell) == direction
