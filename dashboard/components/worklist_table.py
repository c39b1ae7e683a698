"""The worklist as a table: a badge, a bar, three reasons. A click on a row opens its story."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components.look import label, tier_column
from dashboard.components.page_frame import Page
from dashboard.components.worklist_query import Rows, Worklist
from publications.wording.formatting import NOTHING

if TYPE_CHECKING:
    import pandas as pd

KEY = "leads"
LEAD = "lead"
"""Names the open story in the address."""
PAGE_ROWS = 500
"""Leads on one page; never more than 5,000."""
ROW, HEAD = 40, 38
MOST_ROWS = 16
REASONS = ("reason_1", "reason_2", "reason_3")
SHOWN_PROFILE = 4
"""So many profile columns are shown at first; the table's own menu shows the others."""


def show(listed: Worklist, rows: Rows, opened: Page) -> None:
    """Draw these leads; a click on one of them names it in the address."""
    frame = listed.frame(rows)
    ids = tuple(frame["lead_id"])
    st.dataframe(
        _shown(frame, opened.as_of),
        key=KEY,
        hide_index=True,
        row_height=ROW,
        height=HEAD + ROW * min(max(len(rows), 1), MOST_ROWS) + 2,
        column_order=_order(listed),
        column_config=_columns(listed, opened),
        on_select=partial(_choose, ids),
        selection_mode="single-cell",
        placeholder=NOTHING,
        alt="Leads in calling order",
    )


def leave_story() -> None:
    """Close the story and forget which cell was clicked, so that a second click works."""
    st.query_params.pop(LEAD, None)
    st.session_state[KEY] = {"selection": {"rows": [], "columns": [], "cells": []}}


def _choose(ids: Sequence[str]) -> None:
    cells = st.session_state[KEY]["selection"]["cells"]
    if cells and cells[0][0] < len(ids):
        st.query_params[LEAD] = ids[cells[0][0]]


def _shown(frame: "pd.DataFrame", as_of: datetime) -> "pd.DataFrame":
    """The published columns in the form in which the table draws them."""
    import pandas as pd

    badges = pd.Series([[tier] for tier in frame["tier"]], index=frame.index, dtype=object)
    quiet = (pd.Timestamp(as_of) - frame["last_activity_at"]).dt.days
    return frame.assign(tier=badges, score=frame["score"] * 100, days_quiet=quiet.astype("Int64"))


def _order(listed: Worklist) -> list[str]:
    score = ["score"] if listed.has("score") else []
    owner = ["owner_id"] if listed.has("owner_id") else []
    profile = listed.profile[:SHOWN_PROFILE]
    head = ["rank", "tier", *score, "lead_id", *owner, "days_quiet"]
    return [*head, *REASONS, *profile, "created_at"]


def _columns(listed: Worklist, opened: Page) -> dict[str, Any]:
    column = st.column_config
    within = f"within {opened.horizon_days} days"
    named: dict[str, Any] = {
        "rank": column.NumberColumn("Rank", width=56, help="1 is called first."),
        "tier": tier_column(opened.theme),
        "score": column.ProgressColumn(
            "Score",
            width=116,
            format="%.0f %%",
            min_value=0,
            max_value=100,
            help=f"How likely the lead becomes a customer {within}.",
        ),
        "lead_id": column.TextColumn("Lead", width=100),
        "days_quiet": column.NumberColumn(
            "Days quiet", width=90, help="Whole days from the last activity to this list."
        ),
        "owner_id": column.TextColumn("Owner", width=110),
        "created_at": column.DatetimeColumn("Came in", format="D MMM YYYY", width=110),
        "last_activity_at": column.DatetimeColumn("Last activity", format="D MMM YYYY, HH:mm"),
    }
    for name, words in zip(REASONS, ("Why", "Second reason", "Third reason"), strict=True):
        named[name] = column.TextColumn(words, width=290)
    for name in listed.profile:
        words = label(name.removeprefix("profile_"))
        numeric = listed.is_number(name)
        named[name] = column.NumberColumn(words, format="localized") if numeric else words
    return named
