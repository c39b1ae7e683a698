"""The worklist as a table: a badge, a bar, three reasons. A click on a row opens the lead."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components.page_elements import build_tier_column, format_label
from dashboard.components.page_frame import Page
from dashboard.components.worklist_query import Rows, Worklist
from publications.wording.formatting import NO_VALUE

if TYPE_CHECKING:
    import pandas as pd

TABLE_KEY = "leads"
LEAD_PARAMETER = "lead"
"""The open lead in the address."""
PAGE_ROWS = 500
"""Leads on one page; never more than 5,000."""
ROW_HEIGHT, HEAD_HEIGHT = 40, 38
MOST_ROWS = 16
REASONS = ("reason_1", "reason_2", "reason_3")
SHOWN_PROFILE_COLUMNS = 4
"""Profile columns shown at first; the table's own menu shows the others."""


def show_worklist(listed: Worklist, rows: Rows, opened: Page) -> None:
    """Draw these leads; a click on one puts it into the address."""
    frame = listed.frame(rows)
    ids = tuple(frame["lead_id"])
    st.dataframe(
        _prepare_columns(frame, opened.as_of),
        key=TABLE_KEY,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=HEAD_HEIGHT + ROW_HEIGHT * min(max(len(rows), 1), MOST_ROWS) + 2,
        column_order=_list_column_order(listed),
        column_config=_build_column_config(listed, opened),
        on_select=partial(_select_lead, ids),
        selection_mode="single-cell",
        placeholder=NO_VALUE,
        alt="Leads in calling order",
    )


def close_drawer() -> None:
    """Close the drawer and clear the clicked cell, so that a second click works."""
    st.query_params.pop(LEAD_PARAMETER, None)
    st.session_state[TABLE_KEY] = {"selection": {"rows": [], "columns": [], "cells": []}}


def _select_lead(ids: Sequence[str]) -> None:
    cells = st.session_state[TABLE_KEY]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.query_params[LEAD_PARAMETER] = ids[cells[0][0]]


def _prepare_columns(frame: "pd.DataFrame", as_of: datetime) -> "pd.DataFrame":
    """The published columns in the form in which the table draws them."""
    import pandas as pd

    badges = pd.Series([[tier] for tier in frame["tier"]], index=frame.index, dtype=object)
    quiet = (pd.Timestamp(as_of) - frame["last_activity_at"]).dt.days
    return frame.assign(tier=badges, score=frame["score"] * 100, days_quiet=quiet.astype("Int64"))


def _list_column_order(listed: Worklist) -> list[str]:
    score = ["score"] if listed.has_values("score") else []
    owner = ["owner_id"] if listed.has_values("owner_id") else []
    profile = listed.profile[:SHOWN_PROFILE_COLUMNS]
    head = ["rank", "tier", *score, "lead_id", *owner, "days_quiet"]
    return [*head, *REASONS, *profile, "created_at"]


def _build_column_config(listed: Worklist, opened: Page) -> dict[str, Any]:
    column = st.column_config
    within = f"within {opened.horizon_days} days"
    named: dict[str, Any] = {
        "rank": column.NumberColumn("Rank", width=56, help="1 is called first."),
        "tier": build_tier_column(opened.theme),
        "score": column.ProgressColumn(
            "Score",
            width=116,
            format="%.0f %%",
            min_value=0,
            max_value=100,
            help=f"Probability that the lead becomes a customer {within}.",
        ),
        "lead_id": column.TextColumn("Lead", width=100),
        "days_quiet": column.NumberColumn(
            "Days quiet", width=90, help="Full days from the last activity to this list."
        ),
        "owner_id": column.TextColumn("Owner", width=110),
        "created_at": column.DatetimeColumn("Created", format="D MMM YYYY", width=110),
        "last_activity_at": column.DatetimeColumn("Last activity", format="D MMM YYYY, HH:mm"),
    }
    for name, words in zip(REASONS, ("Why", "Second reason", "Third reason"), strict=True):
        named[name] = column.TextColumn(words, width=290)
    for name in listed.profile:
        words = format_label(name.removeprefix("profile_"))
        numeric = listed.is_number(name)
        named[name] = column.NumberColumn(words, format="localized") if numeric else words
    return named
