"""The row of filters above the worklist. They are kept in the address, so a reload keeps them."""

import streamlit as st

from dashboard.components.page_elements import format_label
from dashboard.components.page_frame import Page
from dashboard.components.worklist_query import Worklist, WorklistFilter

PAGE_KEY = "page"
CATEGORY_PREFIX = "with_"
"""Precedes a profile column's name in the address, so that it is no other filter's."""
INLINE_CATEGORIES = 2
"""Categories in the row; the others are one click away."""
UNTOUCHED_CHOICES = {
    1: "a day",
    2: "2 days",
    3: "3 days",
    7: "a week",
    14: "2 weeks",
    30: "30 days",
}


def show_filters(listed: Worklist, opened: Page) -> WorklistFilter:
    """Draw the filters that fit this list, and return what is selected."""
    owners = _list_owners(listed, opened)
    with st.container(horizontal=True, gap="small", key="filters"):
        search = st.text_input(
            "Lead",
            key="search",
            placeholder="Part of the ID",
            type="search",
            width=190,
            bind="query-params",
            on_change=_go_to_first_page,
        )
        tiers = st.segmented_control(
            "Tier",
            listed.choices("tier"),
            key="tier",
            selection_mode="multi",
            bind="query-params",
            on_change=_go_to_first_page,
        )
        untouched = st.selectbox(
            "No activity for",
            list(UNTOUCHED_CHOICES),
            index=None,
            key="untouched",
            format_func=UNTOUCHED_CHOICES.__getitem__,
            placeholder="Any time",
            width=150,
            bind="query-params",
            on_change=_go_to_first_page,
            help="Only leads without any activity in that time before the list.",
        )
        wanted = _show_multiselect("Owner", "owner", owners) if len(owners) > 1 else ()
        near, further = listed.categories[:INLINE_CATEGORIES], listed.categories[INLINE_CATEGORIES:]
        categories = {name: _show_category_filter(name, listed) for name in near}
        if further:
            with st.popover("More filters", icon=":material/tune:"):
                categories |= {name: _show_category_filter(name, listed) for name in further}
    return WorklistFilter(
        tiers=tuple(tiers),
        owners=wanted,
        categories={name: values for name, values in categories.items() if values},
        search=search,
        untouched_days=untouched,
    )


def clear_filters() -> None:
    """Clear all filters, before the next run draws them."""
    for key in list(st.session_state):
        if key in ("search", "tier", "untouched", "owner") or str(key).startswith(CATEGORY_PREFIX):
            st.session_state[key] = _EMPTY_VALUES.get(str(key), [])
    _go_to_first_page()


_EMPTY_VALUES = {"search": "", "untouched": None}


def _list_owners(listed: Worklist, opened: Page) -> list[str]:
    """The owners whose leads the viewer may see."""
    if opened.viewer.has_full_access:
        return listed.choices("owner_id")
    return listed.list_owners(opened.viewer)


def _show_multiselect(name: str, key: str, choices: list[str]) -> tuple[str, ...]:
    return tuple(
        st.multiselect(
            name,
            choices,
            key=key,
            placeholder="Any",
            width=200,
            bind="query-params",
            on_change=_go_to_first_page,
        )
    )


def _show_category_filter(name: str, listed: Worklist) -> tuple[str, ...]:
    return _show_multiselect(format_label(name), f"{CATEGORY_PREFIX}{name}", listed.choices(name))


def _go_to_first_page() -> None:
    if PAGE_KEY in st.session_state:
        st.session_state[PAGE_KEY] = 1
