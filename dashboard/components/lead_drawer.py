"""One lead in a drawer: why this rank, its activities, its rank history, its details."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard.components import publication_cache, worklist_table
from dashboard.components.page_elements import (
    TIER_MEANING,
    escape_markup,
    format_label,
    format_value,
    show_chart,
    show_fact_table,
    show_figures,
    show_table,
    show_text,
)
from dashboard.components.page_frame import Page, catch_page_errors, is_replaced, rerun_if_replaced
from dashboard.components.worklist_query import Rows, Worklist
from publications.charts.lead_charts import (
    build_waterfall,
    draw_rank_history_chart,
    draw_timeline_chart,
    draw_waterfall_chart,
)
from publications.tables.summaries import list_records
from publications.wording.formatting import count, day, minute, percent

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 860
EFFECTS = {"raises": "raises the score", "lowers": "lowers it", "stays": ""}
DIRECTIONS = {"inbound": "the lead", "outbound": "the team", "internal": "internal"}


def show_selected_lead(listed: Worklist, rows: Rows, opened: Page) -> None:
    """Open the drawer of the lead in the address, if there is one."""
    lead_id = st.query_params.get(worklist_table.LEAD_PARAMETER)
    if lead_id is None:
        return
    place = listed.find_position(lead_id, opened.viewer)
    if place is None:
        st.info("This lead is not on your list today.")
        return
    drawer = st.dialog(
        f"Lead {escape_markup(lead_id)}",
        width=WIDTH,
        position="right",
        on_dismiss=worklist_table.close_drawer,
    )
    drawer(_show_drawer)(listed, rows, place, opened)


def _show_drawer(listed: Worklist, rows: Rows, place: int, opened: Page) -> None:
    if is_replaced(opened):
        st.rerun()
    with catch_page_errors(), rerun_if_replaced(opened):
        lead = listed.frame(_build_single_row(place)).iloc[0]
        _show_neighbour_buttons(listed, rows, place)
        _show_rank(lead, listed)
        _show_reasons(lead, opened)
        _show_timeline(lead, opened)
        _show_rank_history(lead, opened)
        _show_lead_details(lead, listed)


def _show_neighbour_buttons(listed: Worklist, rows: Rows, place: int) -> None:
    """Buttons to the leads before and after this one, among those that match the filters."""
    before, behind = rows[rows < place], rows[rows > place]
    buttons = (
        ("Previous lead", ":material/arrow_back:", before[-1:]),
        ("Next lead", ":material/arrow_forward:", behind[:1]),
    )
    with st.container(horizontal=True):
        for words, icon, other in buttons:
            if st.button(words, icon=icon, disabled=len(other) == 0, key=f"drawer {words}"):
                neighbour = listed.frame(other)["lead_id"].iloc[0]
                st.query_params[worklist_table.LEAD_PARAMETER] = neighbour
                st.rerun()


def _show_rank(lead: "pd.Series", listed: Worklist) -> None:
    cells = {"Rank": (f"{lead['rank']:,}", f"of {count(len(listed), 'lead', 'leads')}")}
    if not np.isnan(lead["score"]):
        cells["Score"] = (percent(lead["score"]), "to become a customer")
    cells["Tier"] = (lead["tier"], TIER_MEANING.get(lead["tier"], ""))
    show_figures(cells)


def _show_reasons(lead: "pd.Series", opened: Page) -> None:
    st.subheader(
        "Why this rank",
        help="Each bar is one fact about the lead. A bar to the right raises the score, a bar to "
        "the left lowers it. The last row is the lead's score.",
        anchor=False,
    )
    publication = opened.publication
    if not publication_cache.has_files(publication, "reasons.parquet", "model.json"):
        for name in worklist_table.REASONS:
            if format_value(lead[name]):
                st.markdown(f"- {escape_markup(lead[name])}")
        return
    reasons = publication.read_lead_rows("reasons.parquet", int(lead["rank"]))
    base = float(publication_cache.load_json(publication, "model.json")["base_score"])
    show_text(
        f"A typical lead has a {percent(base)} chance to convert in {opened.horizon_days} days; "
        f"the facts below make it **{percent(lead['score'])}** for this one."
    )
    show_chart(draw_waterfall_chart(reasons, score=lead["score"], base=base, theme=opened.theme))
    with st.expander("Facts as a table"):
        rows = [
            {
                "Fact": escape_markup(step["fact"]),
                "": EFFECTS[step["way"]],
                "Score after it": percent(step["after"]),
            }
            for step in list_records(build_waterfall(reasons, score=lead["score"], base=base))
        ]
        show_table(rows)


def _show_timeline(lead: "pd.Series", opened: Page) -> None:
    st.subheader("Activities", anchor=False)
    if not publication_cache.has_files(opened.publication, "timeline.parquet"):
        st.caption(f"Last activity: {minute(lead['last_activity_at'])}.")
        return
    timeline = opened.publication.read_lead_rows("timeline.parquet", int(lead["rank"]))
    if timeline.empty:
        st.caption(f"No activity since it was created on {day(lead['created_at'])}.")
        return
    show_chart(draw_timeline_chart(timeline, theme=opened.theme))
    with st.expander(f"Latest {count(len(timeline), 'activity', 'activities')} as a table"):
        st.dataframe(
            timeline.assign(direction=timeline["direction"].map(DIRECTIONS)),
            hide_index=True,
            column_order=["occurred_at", "type", "direction"],
            column_config={
                "occurred_at": st.column_config.DatetimeColumn(
                    "When (UTC)", format="D MMM YYYY, HH:mm", width=170
                ),
                "type": st.column_config.TextColumn("Activity"),
                "direction": st.column_config.TextColumn("By", width=120),
            },
        )


def _show_rank_history(lead: "pd.Series", opened: Page) -> None:
    st.subheader("Rank history", anchor=False)
    history = publication_cache.load_lead_history(opened.home, opened.publication, lead["lead_id"])
    if len(history) < 2:
        st.caption("First appearance; its history starts with the next list.")
        return
    show_chart(draw_rank_history_chart(history, theme=opened.theme))


def _show_lead_details(lead: "pd.Series", listed: Worklist) -> None:
    st.subheader("Lead details", anchor=False)
    facts = {
        format_label(name.removeprefix("profile_")): format_value(lead[name])
        for name in listed.profile
    }
    show_fact_table(
        {
            "Owner": format_value(lead["owner_id"]),
            "Created": minute(lead["created_at"]),
            "Last activity": minute(lead["last_activity_at"]),
            **facts,
        }
    )


def _build_single_row(place: int) -> Rows:
    return np.array([place], dtype=np.int64)
