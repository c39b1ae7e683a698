"""One lead's story in a drawer: why it stands where it stands, what happened, how it moved."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard.components import reading, worklist_table
from dashboard.components.look import (
    TIER_MEANING,
    chart,
    fact_table,
    figures,
    label,
    plain,
    records,
    written,
)
from dashboard.components.page_frame import Page, carefully, is_replaced, unless_replaced
from dashboard.components.worklist_query import Rows, Worklist
from publications.charts.lead_charts import (
    rank_history_chart,
    timeline_chart,
    waterfall,
    waterfall_chart,
)
from publications.wording.formatting import count, day, minute, percent

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 860
WAYS = {"raises": "raises the score", "lowers": "lowers it", "stands": ""}
DIRECTIONS = {"inbound": "by the lead", "outbound": "by the team", "internal": "in house"}


def show_chosen(listed: Worklist, rows: Rows, opened: Page) -> None:
    """Open the drawer of the lead that the address names, if it names one."""
    lead_id = st.query_params.get(worklist_table.LEAD)
    if lead_id is None:
        return
    place = listed.place_of(lead_id, opened.viewer)
    if place is None:
        st.info("The lead that this address names is not on your list today.")
        return
    drawer = st.dialog(
        f"Lead {plain(lead_id)}",
        width=WIDTH,
        position="right",
        on_dismiss=worklist_table.leave_story,
    )
    drawer(_story)(listed, rows, place, opened)


def _story(listed: Worklist, rows: Rows, place: int, opened: Page) -> None:
    if is_replaced(opened):
        st.rerun()
    with carefully(), unless_replaced(opened):
        lead = listed.frame(_one(place)).iloc[0]
        _neighbours(listed, rows, place)
        _place(lead, listed)
        _why(lead, opened)
        _happened(lead, opened)
        _moved(lead, opened)
        _known(lead, listed)


def _neighbours(listed: Worklist, rows: Rows, place: int) -> None:
    """Buttons to the leads before and after this one, among those that passed the filters."""
    before, behind = rows[rows < place], rows[rows > place]
    buttons = (
        ("Previous", ":material/arrow_back:", before[-1:]),
        ("Next lead", ":material/arrow_forward:", behind[:1]),
    )
    with st.container(horizontal=True):
        for words, icon, other in buttons:
            if st.button(words, icon=icon, disabled=len(other) == 0, key=f"story {words}"):
                neighbour = listed.frame(other)["lead_id"].iloc[0]
                st.query_params[worklist_table.LEAD] = neighbour
                st.rerun()


def _place(lead: "pd.Series", listed: Worklist) -> None:
    cells = {"Place": (f"{lead['rank']:,}", f"of {count(len(listed), 'lead', 'leads')}")}
    if not np.isnan(lead["score"]):
        cells["Score"] = (percent(lead["score"]), "to become a customer")
    cells["Tier"] = (lead["tier"], TIER_MEANING.get(lead["tier"], ""))
    figures(cells)


def _why(lead: "pd.Series", opened: Page) -> None:
    st.subheader(
        "Why it stands here",
        help="Each bar is one thing that is known about the lead. To the right it raises the "
        "score, to the left it lowers it; the longer, the more. At the end stands the score.",
        anchor=False,
    )
    publication = opened.publication
    if not reading.has(publication, "reasons.parquet", "model.json"):
        for name in worklist_table.REASONS:
            if written(lead[name]):
                st.markdown(f"- {plain(lead[name])}")
        return
    reasons = publication.of_lead("reasons.parquet", int(lead["rank"]))
    base = float(reading.facts(publication, "model.json")["base_score"])
    st.markdown(
        f"A typical lead stands at {percent(base)}; what is known of this "
        f"one takes it to **{percent(lead['score'])}** within {opened.horizon_days} days."
    )
    chart(waterfall_chart(reasons, score=lead["score"], base=base, theme=opened.theme))
    with st.expander("The facts as a table"):
        rows = [
            {
                "Fact": plain(step["fact"]),
                "": WAYS[step["way"]],
                "Score after it": percent(step["after"]),
            }
            for step in records(waterfall(reasons, score=lead["score"], base=base))
        ]
        st.table(rows, border="horizontal", hide_index=True)


def _happened(lead: "pd.Series", opened: Page) -> None:
    st.subheader("What happened", anchor=False)
    if not reading.has(opened.publication, "timeline.parquet"):
        st.caption(f"Last activity: {minute(lead['last_activity_at'])}.")
        return
    timeline = opened.publication.of_lead("timeline.parquet", int(lead["rank"]))
    if timeline.empty:
        st.caption(f"Nothing yet since it came in on {day(lead['created_at'])}.")
        return
    chart(timeline_chart(timeline, theme=opened.theme))
    with st.expander(f"The latest {count(len(timeline), 'activity', 'activities')} as a table"):
        st.dataframe(
            timeline.assign(direction=timeline["direction"].map(DIRECTIONS)),
            hide_index=True,
            column_order=["occurred_at", "type", "direction"],
            column_config={
                "occurred_at": st.column_config.DatetimeColumn(
                    "When (UTC)", format="D MMM YYYY, HH:mm", width=170
                ),
                "type": st.column_config.TextColumn("What"),
                "direction": st.column_config.TextColumn("Who", width=120),
            },
        )


def _moved(lead: "pd.Series", opened: Page) -> None:
    st.subheader("How it moved", anchor=False)
    history = reading.lead_moves(opened.home, opened.publication, lead["lead_id"])
    if len(history) < 2:
        st.caption("This is the first list on which it stands; the next ones will show its way.")
        return
    chart(rank_history_chart(history, theme=opened.theme))


def _known(lead: "pd.Series", listed: Worklist) -> None:
    st.subheader("Known about it", anchor=False)
    facts = {label(name.removeprefix("profile_")): written(lead[name]) for name in listed.profile}
    fact_table(
        {
            "Owner": written(lead["owner_id"]),
            "Came in": minute(lead["created_at"]),
            "Last activity": minute(lead["last_activity_at"]),
            **facts,
        }
    )


def _one(place: int) -> Rows:
    return np.array([place], dtype=np.int64)
