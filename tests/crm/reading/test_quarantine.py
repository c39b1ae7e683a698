import numpy as np
import pandas as pd
import pytest

from crm.export import QUARANTINE_COLUMNS, build_counts, check_conservation
from crm.reading.duckdb_session import open_duckdb_session
from crm.reading.files import RawTable
from crm.reading.quarantine import account_for_rows, join_quarantines
from crm.reading.row_rules import EMPTY_ID, EXACT_DUPLICATE

RULES = (EXACT_DUPLICATE, EMPTY_ID)


@pytest.fixture
def settled():
    """Six rows on lines 2, 4, 5, 9, 10, 11: one repeated, two without an id; line 7 unreadable."""
    lines = np.array([2, 4, 5, 9, 10, 11], np.int64)
    raw = RawTable(
        *("leads", "leads.csv", ("id",), {"lead_id": "id"}, 7, lines),
        rejects=((7, "ragged_row", "has fewer cells than the header"),),
    )
    with open_duckdb_session([], "UTC", pd.Timestamp("2024-01-01", tz="UTC")) as bench:
        bench.run("CREATE TEMP TABLE judged (row BIGINT, rule USMALLINT)")
        bench.run(
            "INSERT INTO judged VALUES (5, 1), (0, NULL), (1, 0), (2, NULL), (3, 1), (4, NULL)"
        )
        yield account_for_rows(bench, raw, 3, "judged", RULES, raw.shown)


def test_every_row_is_counted_once(settled) -> None:
    assert settled.counts == ("leads", 7, 3, 3, 1)
    check_conservation(build_counts([settled.counts]))


def test_the_quarantine_is_in_the_order_of_the_file_with_the_exports_own_names(settled) -> None:
    assert settled.quarantine[["line", "column", "rule"]].values.tolist() == [
        [7, "", "ragged_row"],
        [9, "id", "empty_id"],
        [11, "id", "empty_id"],
    ]
    assert settled.quarantine["reason"].tolist()[1] == EMPTY_ID.reason


def test_rows_left_out_are_told_as_findings(settled) -> None:
    (finding,) = settled.findings
    assert (finding.rule, finding.rows) == ("exact_duplicate", 1)
    assert finding.message == (
        "1 row(s) of leads.csv left out: each equals an earlier row in every column."
    )


def test_the_quarantine_of_a_sound_export_is_empty_and_typed(settled) -> None:
    empty = join_quarantines([settled.quarantine.head(0), settled.quarantine.head(0)])
    assert list(empty.columns) == list(QUARANTINE_COLUMNS)
    assert {str(kind) for kind in empty.dtypes} == {"str", "Int64"}


def test_a_row_that_is_missing_in_the_account_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="leads: 7 rows in, but 3 kept"):
        check_conservation(build_counts([("leads", 7, 3, 2, 1)]))
