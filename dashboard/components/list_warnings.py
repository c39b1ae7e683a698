"""Warnings about a list: that no model ranked it, that the model is degraded."""

import streamlit as st

from dashboard.components import model_monitoring, publication_cache
from dashboard.components.page_elements import format_sentence
from dashboard.components.page_frame import Page
from publications.wording.formatting import count
from publications.wording.headline import FRESHNESS_WORDS
from publications.wording.monitoring import collect_first_warnings


def show_warnings_briefly(opened: Page) -> None:
    """Above the list: how it was ranked, and all other warnings behind one line that opens."""
    _show_missing_model(opened)
    degraded = _show_degraded_model(opened)
    others = [*degraded[1:], *(text for text in opened.warnings if text not in degraded)]
    if others:
        more = "more note" if degraded else "note"
        notes = count(len(others), more, f"{more}s")
        with st.expander(f"{notes} on this list", icon=":material/info:"):
            st.markdown(_format_bullets(others))


def show_further_warnings(opened: Page, shown: set[str]) -> None:
    """Every warning that the page has not shown yet."""
    others = [warning for warning in opened.warnings if warning not in shown]
    if others:
        st.warning(
            _format_bullets(others),
            title="Notes on this list",
            icon=":material/warning:",
        )


def _show_missing_model(opened: Page) -> None:
    if not opened.no_model_reason:
        return
    by = FRESHNESS_WORDS[opened.publication.manifest["settings"]["freshness"]["by"]]
    st.warning(
        f"{format_sentence(opened.no_model_reason)} The order is most fresh first, by {by}.",
        title="No model: sorted most fresh first",
        icon=":material/info:",
    )


def _show_degraded_model(opened: Page) -> list[str]:
    """Warn that the model is degraded, with the first of its reasons; return all of them."""
    if not publication_cache.has_files(opened.publication, model_monitoring.WATCH):
        return []
    reasons = collect_first_warnings(
        publication_cache.load_json(opened.publication, model_monitoring.WATCH)
    )
    if reasons:
        st.warning(
            format_sentence(reasons[0]),
            title="The model is degraded: it may now rank worse than proven",
            icon=":material/warning:",
        )
    return reasons


def _format_bullets(sentences: list[str]) -> str:
    return "\n".join(f"- {format_sentence(sentence)}" for sentence in sentences)
