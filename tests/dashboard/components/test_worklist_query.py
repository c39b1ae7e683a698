"""Filters over Arrow's columns against the obvious way over rows, and the escaped download."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.access.access_rules import LOCAL_VIEWER, Viewer
from dashboard.components.worklist_query import Worklist, WorklistFilter
from publications.tables.read_write import encode_table
from publications.tables.safe_csv import encode_csv
from tests.dashboard.made_up_publications import AS_OF, owned_worklist

BEN = Viewer("ben@example.com", frozenset(["ben"]))


def build_published_worklist(frame: pd.DataFrame) -> Worklist:
    return Worklist(encode_table(frame, "worklist.parquet"))


FRAME = owned_worklist()
FRAME.loc[[3, 8], "last_activity_at"] = pd.NaT
LISTED = build_published_worklist(FRAME)


def matching_one_by_one(
    frame: pd.DataFrame, wanted: WorklistFilter, viewer: Viewer = LOCAL_VIEWER
) -> list[int]:
    """The slow and obvious twin: ask every lead every question."""

    def passes(lead: dict[str, object]) -> bool:
        seen = viewer.owners is None or lead["owner_id"] in viewer.owners
        touched = lead["last_activity_at"]
        touched = lead["created_at"] if pd.isna(touched) else touched
        days = wanted.untouched_days
        return bool(
            seen
            and (not wanted.tiers or lead["tier"] in wanted.tiers)
            and (not wanted.owners or lead["owner_id"] in wanted.owners)
            and all(
                format_choice(lead[name]) in values
                for name, values in wanted.categories.items()
                if values
            )
            and wanted.search.strip().lower() in str(lead["lead_id"]).lower()
            and (days is None or touched < AS_OF - timedelta(days=days))
        )

    return [place for place, lead in enumerate(frame.to_dict("records")) if passes(lead)]


def format_choice(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


FILTERS = st.builds(
    WorklistFilter,
    tiers=st.sets(st.sampled_from(["A", "B", "C", "Z"])).map(tuple),
    owners=st.sets(st.sampled_from(["ann", "ben", "cara", "nobody"])).map(tuple),
    categories=st.fixed_dictionaries(
        {},
        optional={
            "source": st.sets(st.sampled_from(["web", "fair", "partner", "other"])).map(tuple),
            "newsletter": st.sets(st.sampled_from(["yes", "no"])).map(tuple),
        },
    ),
    search=st.sampled_from(["", " ", "17", "0001", "x", "%", "17000A"]),
    untouched_days=st.sampled_from([None, 1, 7, 14, 30, 41]),
)


@settings(max_examples=150, deadline=None)
@given(wanted=FILTERS, viewer=st.sampled_from([LOCAL_VIEWER, BEN, Viewer("x", frozenset())]))
def test_a_filter_finds_the_leads_that_asking_one_by_one_finds(
    wanted: WorklistFilter, viewer: Viewer
) -> None:
    found = LISTED.find_matching_rows(wanted, as_of=AS_OF, viewer=viewer)
    assert found.tolist() == matching_one_by_one(FRAME, wanted, viewer)


def test_rows_come_back_as_they_were_published_whatever_row_groups_they_lie_in(
    tmp_path: Path,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = owned_worklist()
    path = tmp_path / "worklist.parquet"
    whole = pq.read_table(pa.BufferReader(encode_table(frame, "worklist.parquet")))
    pq.write_table(whole, path, row_group_size=7)
    listed = Worklist(path.read_bytes())
    for rows in ([], [0], [6, 7], [29], list(range(30)), [0, 8, 15, 29]):
        found = listed.frame(np.array(rows, dtype=np.int64))
        expected = whole.take(pa.array(rows, pa.int64())).to_pandas()
        pd.testing.assert_frame_equal(found, expected)
    assert listed.choices("owner_id") == ["ann", "ben", "cara"]


def test_the_download_of_some_leads_is_what_a_publication_would_write_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboard.components.worklist_query.CSV_ROWS", 4)
    frame = owned_worklist()
    frame.loc[2, "source"] = "=HYPERLINK(1)"
    listed = build_published_worklist(frame)
    for rows in ([], [2], [0, 1, 2, 3], [0, 1, 2, 3, 4], list(range(30))):
        expected = encode_csv(frame.iloc[rows])
        assert listed.build_csv(np.array(rows, dtype=np.int64)) == expected
    assert b"'=HYPERLINK" in listed.build_csv(np.array([2], dtype=np.int64))


def test_only_columns_with_few_different_values_are_filters() -> None:
    frame = owned_worklist(130).assign(
        note=[f"note {place}" for place in range(130)],
        always="same",
        never=pd.Series([None] * 130, dtype="str"),
    )
    assert build_published_worklist(frame).categories == ("source", "newsletter")


def test_an_empty_list_has_no_choices_and_no_matches() -> None:
    listed = build_published_worklist(owned_worklist().head(0))
    assert len(listed) == 0
    assert listed.choices("tier") == []
    assert listed.categories == ()
    assert not listed.has_values("owner_id")
    wanted = WorklistFilter(tiers=("A",), search="1", untouched_days=1)
    assert listed.find_matching_rows(wanted, as_of=AS_OF).tolist() == []
    assert listed.frame(np.array([], dtype=np.int64)).columns[0] == "rank"


def test_a_lead_is_found_by_its_whole_id_only() -> None:
    listed = build_published_worklist(owned_worklist())
    assert listed.find_position("170004") == 4
    assert listed.find_position("17000") is None
    assert listed.find_position("") is None


def test_a_lead_of_somebody_else_has_no_place() -> None:
    listed = build_published_worklist(owned_worklist())
    assert listed.find_position("170001", BEN) == 1
    assert listed.find_position("170002", BEN) is None


def test_owners_whose_name_is_an_address_are_matched_whatever_its_case() -> None:
    frame = owned_worklist().assign(owner_id="Ben@Example.com")
    frame.loc[0, "owner_id"] = "ann@example.com"
    ben = Viewer("ben@example.com", frozenset(), "ben@example.com")
    assert build_published_worklist(frame).find_matching_rows(
        WorklistFilter(), as_of=AS_OF, viewer=ben
    ).tolist() == [*range(1, 30)]


def test_a_lead_without_an_owner_is_for_managers_only() -> None:
    frame = owned_worklist().assign(owner_id=None).astype({"owner_id": "str"})
    assert (
        build_published_worklist(frame)
        .find_matching_rows(WorklistFilter(), as_of=AS_OF, viewer=BEN)
        .tolist()
        == []
    )
    assert (
        len(build_published_worklist(frame).find_matching_rows(WorklistFilter(), as_of=AS_OF)) == 30
    )
