"""Two exports are the same if every cell is."""

from dataclasses import replace

import pandas as pd
import pytest

from crm.export import Export, build_counts, compute_content_sha256

AT = pd.Timestamp("2026-11-01", tz="UTC")


@pytest.fixture
def export() -> Export:
    leads = pd.DataFrame({"lead_id": ["a", "b"], "created_at": [AT, AT], "amount": [1.0, None]})
    activities = pd.DataFrame(
        {"lead": [0, 1], "occurred_at": [AT, AT], "type": pd.Categorical(["call", "visit"])}
    )
    counts = build_counts([("leads", 2, 2, 0, 0)])
    return Export(leads, activities, (), pd.DataFrame({"line": []}), counts, (), AT)


def test_equal_content_gives_equal_bytes(export):
    copy = replace(export, leads=export.leads.copy(), activities=export.activities.copy())
    assert compute_content_sha256(copy) == compute_content_sha256(export)


def test_how_categories_are_numbered_does_not_matter(export):
    kinds = export.activities["type"].cat.reorder_categories(["visit", "call"])
    other = replace(export, activities=export.activities.assign(type=kinds))
    assert compute_content_sha256(other) == compute_content_sha256(export)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": [1.0, 0.0]},
        {"amount": [None, 1.0]},
        {"lead_id": ["a", "c"]},
        {"created_at": [AT, AT + pd.Timedelta(microseconds=1)]},
        {"another": [1, 2]},
    ],
)
def test_another_cell_another_hash(export, change):
    other = replace(export, leads=export.leads.assign(**change))
    assert compute_content_sha256(other) != compute_content_sha256(export)


def test_a_column_that_moved_to_another_name_is_another_content(export):
    other = replace(export, leads=export.leads.rename(columns={"amount": "price"}))
    assert compute_content_sha256(other) != compute_content_sha256(export)


def test_rows_in_another_order_are_another_content(export):
    other = replace(export, leads=export.leads.iloc[::-1].reset_index(drop=True))
    assert compute_content_sha256(other) != compute_content_sha256(export)
