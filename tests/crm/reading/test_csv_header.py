import pytest

from crm.errors import DataRefused
from crm.reading.csv_header import build_missing_column_error, find_column, read_header

EXPECTED = ["lead_id", "created_at"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_by_the_header(separator: str) -> None:
    text = f"lead_id{separator}created_at{separator}note\na{separator}b{separator}c,d;e|f\n"
    assert read_header(text, EXPECTED, "leads.csv").separator == separator


def test_the_separator_that_yields_the_expected_names_wins() -> None:
    header = read_header("lead_id;created_at;a,b,c,d,e\n", EXPECTED, "leads.csv")
    assert header.names == ("lead_id", "created_at", "a,b,c,d,e")


def test_names_are_trimmed_and_may_be_quoted_or_hold_newlines() -> None:
    header = read_header('" lead_id","created_at\u00a0","two\nlines"\n', EXPECTED, "leads.csv")
    assert header.names == ("lead_id", "created_at", "two\nlines")


def test_blank_lines_before_the_header_are_skipped() -> None:
    assert read_header("\n\r\nlead_id,created_at\n", EXPECTED, "leads.csv").skip == 3


def test_a_single_column_is_refused() -> None:
    with pytest.raises(DataRefused, match="only one column was found"):
        read_header("lead_id\na\n", EXPECTED, "leads.csv")


def test_names_that_come_twice_are_refused() -> None:
    with pytest.raises(DataRefused, match=r"1 duplicate column name\(s\): 'email'"):
        read_header("lead_id,email,email\n", EXPECTED, "leads.csv")


def test_columns_without_a_name_are_no_duplicates() -> None:
    assert read_header("lead_id,created_at,,\n", EXPECTED, "leads.csv").names[2:] == ("", "")


def test_a_hundred_thousand_columns_are_refused() -> None:
    with pytest.raises(DataRefused, match="100,000 columns; leadgain reads at most 5,000"):
        read_header(",".join(f"c{i}" for i in range(100_000)), EXPECTED, "leads.csv")


def test_utf16_without_its_mark_is_refused_with_the_way_out() -> None:
    text = "lead_id,created_at\n".encode("utf-16-le").decode()
    with pytest.raises(DataRefused, match='say encoding = "utf-16-le"'):
        read_header(text, EXPECTED, "leads.csv")


def test_a_name_is_found_in_another_case_unless_two_would_fit() -> None:
    assert find_column("lead_id", ["Lead_Id", "x"]) == 0
    assert find_column("lead_id", ["Lead_Id", "LEAD_ID"]) is None
    assert find_column("lead_id", ["Lead_Id", "lead_id"]) == 1


def test_a_name_is_found_whether_its_accents_are_composed_or_apart() -> None:
    assert find_column("Zo\u00e9", ["id", "Zoe\u0301"]) == 1
    assert find_column("zoe\u0301", ["id", "ZO\u00c9"]) == 1


def test_a_missing_column_is_refused_with_what_was_found_and_what_comes_nearest() -> None:
    refusal = build_missing_column_error(
        "leads", "created_at", "created_at", ["id", "CreatedAt"], "leads.csv"
    )
    assert str(refusal) == (
        "leads.csv has no column 'created_at', which leadgain.toml names as [leads] created_at. "
        "Found: 'id', 'CreatedAt'. Nearest: 'CreatedAt'. Correct the name in leadgain.toml, or "
        "export the column."
    )


def test_a_first_line_of_data_is_not_repeated_in_the_refusal() -> None:
    names = ["ann@example.com", "2024-01-01", "lead id 5"]
    text = str(build_missing_column_error("leads", "lead_id", "lead_id", names, "leads.csv"))
    assert "Found: 3 cells that look like data, so the header seems to be missing" in text
    assert "ann" not in text
    assert "Nearest" not in text
