"""The worklist as a table: which columns it shows, and what a click on it does."""

from datetime import UTC, datetime

import pandas as pd
import pytest
import streamlit as st

from dashboard.components import worklist_table
from dashboard.components.worklist_query import Worklist
from publications.storage.home import Home
from publications.tables.read_write import encode_table
from tests.dashboard.made_up_publications import owned_worklist, publish_made_up, run_page

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


def listed(frame: pd.DataFrame) -> Worklist:
    return Worklist(encode_table(frame, "worklist.parquet"))


def test_what_a_rep_needs_to_call_comes_first_and_the_profile_behind_the_reasons() -> None:
    order = worklist_table._list_column_order(listed(owned_worklist()))
    assert order[:6] == ["rank", "tier", "score", "lead_id", "owner_id", "days_quiet"]
    assert order[6:9] == ["reason_1", "reason_2", "reason_3"]
    assert order[-1] == "created_at"
    assert {"source", "newsletter"} < set(order[9:-1])


def test_a_column_without_a_single_value_is_not_shown() -> None:
    bare = owned_worklist().assign(score=float("nan"), owner_id=None).astype({"owner_id": "str"})
    order = worklist_table._list_column_order(listed(bare))
    assert "score" not in order
    assert "owner_id" not in order


def test_of_many_profile_columns_the_first_four_are_shown() -> None:
    many = owned_worklist().assign(**{f"fact_{n}": float(n) for n in range(9)})
    found = listed(many)
    shown = [name for name in worklist_table._list_column_order(found) if name in found.profile]
    assert shown == [*found.profile[:4]]


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (23.9, 0), (24, 1), (47.9, 1), (24 * 40, 40)])
def test_days_quiet_are_whole_days_that_have_passed(hours: float, days: int) -> None:
    as_of = datetime(2012, 3, 14, 15, tzinfo=UTC)
    last = pd.Series([pd.Timestamp(as_of) - pd.Timedelta(hours=hours)])
    frame = pd.DataFrame({"tier": ["A"], "score": [0.5], "last_activity_at": last})
    assert worklist_table._prepare_columns(frame, as_of)["days_quiet"].tolist() == [days]


def test_a_lead_without_any_activity_has_no_days_quiet() -> None:
    never = pd.Series(pd.to_datetime([None], utc=True))
    frame = pd.DataFrame({"tier": ["C"], "score": [0.25], "last_activity_at": never})
    shown = worklist_table._prepare_columns(frame, datetime(2012, 3, 14, tzinfo=UTC))
    assert shown["days_quiet"].isna().all()
    assert (shown["tier"].iloc[0], shown["score"].iloc[0]) == (["C"], 25)


@pytest.mark.parametrize(
    ("cells", "chosen"),
    [([(1, "score")], {"lead": "b"}), ([], {}), ([(5, "score")], {})],
    ids=["a click", "no click", "a click on a row that a filter has taken away"],
)
def test_a_click_names_the_lead_in_the_address(
    cells: list[tuple[int, str]], chosen: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address: dict[str, str] = {}
    state = {worklist_table.TABLE_KEY: {"selection": {"rows": [], "columns": [], "cells": cells}}}
    monkeypatch.setattr(st, "query_params", address)
    monkeypatch.setattr(st, "session_state", state)
    worklist_table._select_lead(("a", "b"))
    assert address == chosen


def test_a_closed_story_leaves_no_click_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    address = {"lead": "b", "tier": "A"}
    state = {worklist_table.TABLE_KEY: {"selection": {"cells": [(1, "score")]}}}
    monkeypatch.setattr(st, "query_params", address)
    monkeypatch.setattr(st, "session_state", state)
    worklist_table.close_drawer()
    worklist_table._select_lead(("a", "b"))
    assert address == {"tier": "A"}


def test_a_profile_column_that_bears_a_name_of_the_table_is_shown_under_its_own(
    home: Home,
) -> None:
    publish_made_up(home, worklist=owned_worklist().assign(profile_tier=1.0))
    table = run_page("worklist").dataframe[0]
    assert "profile_tier" in table.value
    assert "Tier" in table.proto.columns
