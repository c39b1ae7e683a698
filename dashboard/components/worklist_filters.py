"""The row of filters above the worklist. They live in the address, so a reload keeps them."""

import streamlit as st

from dashboard.components.look import label
from dashboard.components.page_frame import Page
from dashboard.components.worklist_query import Worklist, WorklistFilter

PAGE_KEY = "page"
CATEGORY = "with_"
"""Goes before a profile column's name in the address, so that it takes no other filter's."""
INLINE = 2
"""So many categories stand in the row; the others are one click away."""
UNTOUCHED = {1: "a day", 2: "2 days", 3: "3 days", 7: "a week", 14: "2 weeks", 30: "30 days"}


def ask(listed: Worklist, opened: Page) -> WorklistFilter:
    """Draw the filters that fit this list, and tell what they ask for."""
    owners = _owners(listed, opened)
    with st.container(horizontal=True, gap="small", key="filters"):
        search = st.text_input(
            "Lead",
            key="search",
            placeholder="Part of the id",
            type="search",
            width=190,
            bind="query-params",
            on_change=_first_page,
        )
        tiers = st.segmented_control(
            "Tier",
            listed.choices("tier"),
            key="tier",
            selection_mode="multi",
            bind="query-params",
            on_change=_first_page,
        )
        untouched = st.selectbox(
            "Not touched for",
            list(UNTOUCHED),
            index=None,
            key="untouched",
            format_func=UNTOUCHED.__getitem__,
            placeholder="Any time",
            width=150,
            bind="query-params",
            on_change=_first_page,
            help="Only leads without any activity in so many days before the list.",
        )
        wanted = _some("Owner", "owner", owners) if len(owners) > 1 else ()
        near, further = listed.categories[:INLINE], listed.categories[INLINE:]
        categories = {name: _category(name, listed) for name in near}
        if further:
            with st.popover("More filters", icon=":material/tune:"):
                categories |= {name: _category(name, listed) for name in further}
    return WorklistFilter(
        tiers=tuple(tiers),
        owners=wanted,
        categories={name: values for name, values in categories.items() if values},
        search=search,
        untouched_days=untouched,
    )


def clear() -> None:
    """Take all filters away, before the next run draws them."""
    for key in list(st.session_state):
        if key in ("search", "tier", "untouched", "owner") or str(key).startswith(CATEGORY):
            st.session_state[key] = _NOTHING.get(str(key), [])
    _first_page()


_NOTHING = {"search": "", "untouched": None}


def _owners(listed: Worklist, opened: Page) -> list[str]:
    """The owners whose leads the viewer may see."""
    if opened.viewer.sees_everything:
        return listed.choices("owner_id")
    return listed.owners_of(opened.viewer)


def _some(name: str, key: str, choices: list[str]) -> tuple[str, ...]:
    return tuple(
        st.multiselect(
            name,
            choices,
            key=key,
            placeholder="Any",
            width=200,
            bind="query-params",
            on_change=_first_page,
        )
    )


def _category(name: str, listed: Worklist) -> tuple[str, ...]:
    return _some(label(name), f"{CATEGORY}{name}", listed.choices(name))


def _first_page() -> None:
    if PAGE_KEY in st.session_state:
        st.session_state[PAGE_KEY] = 1
