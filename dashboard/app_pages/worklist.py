"""Today's leads in calling order."""

import streamlit as st

from dashboard.components import (
    lead_drawer,
    list_warnings,
    publication_cache,
    worklist_filters,
    worklist_table,
)
from dashboard.components.list_age import compute_list_age
from dashboard.components.page_frame import Page, open_page
from dashboard.components.worklist_query import Rows, Worklist
from publications.wording.formatting import count, day, keep_units


def show_age_warning(opened: Page) -> None:
    """A banner once the list is older than a day."""
    age = compute_list_age(opened.as_of, opened.now)
    if age.level == "fresh":
        return
    say = st.error if age.level == "red" else st.warning
    say(
        keep_units(
            f"This list is {age.words} old and does not include anything after "
            f"{day(opened.as_of)}. Export again and run `leadgain run` for a new one."
        ),
        icon=":material/history:",
    )


def show_selection(listed: Worklist, rows: Rows, opened: Page) -> None:
    """How many leads match the filters, and their download."""
    everything = listed.find_visible_rows(opened.viewer)
    of = len(listed) if everything is None else len(everything)
    with st.container(horizontal=True, vertical_alignment="center"):
        matching = (
            count(of, "lead", "leads") if len(rows) == of else f"{count(len(rows))} of {of:,} leads"
        )
        st.markdown(keep_units(f"**{matching}**  ·  click one to open it"), width="stretch")
        if len(rows) < of:
            st.button(
                "Clear filters",
                on_click=worklist_filters.clear_filters,
                type="tertiary",
                icon=":material/filter_alt_off:",
            )
        st.download_button(
            "Download CSV",
            data=publication_cache.prepare_worklist_csv(opened.publication, listed, rows),
            file_name=f"worklist-{opened.as_of:%Y-%m-%d}.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            key="download_csv",
            help="These leads with all columns, safe to open in a spreadsheet.",
        )


def show_leads_page(listed: Worklist, rows: Rows, opened: Page) -> None:
    """One page of the leads, and the links to the others."""
    size = worklist_table.PAGE_ROWS
    pages = -(-len(rows) // size)
    table = st.container()
    number = 1
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            number = st.pagination(pages, key=worklist_filters.PAGE_KEY, bind="query-params")
    with table:
        worklist_table.show_worklist(listed, rows[(number - 1) * size : number * size], opened)


with open_page("Worklist", wide=True) as opened:
    show_age_warning(opened)
    list_warnings.show_warnings_briefly(opened)
    listed = publication_cache.load_worklist(opened.publication)
    if len(listed) == 0:
        st.info("There are no open leads on this list.")
    else:
        wanted = worklist_filters.show_filters(listed, opened)
        rows = listed.find_matching_rows(wanted, as_of=opened.as_of, viewer=opened.viewer)
        show_selection(listed, rows, opened)
        if len(rows):
            show_leads_page(listed, rows, opened)
        else:
            st.info("No lead matches these filters. Remove one to see more.")
        lead_drawer.show_selected_lead(listed, rows, opened)
