"""What must be said beside a list: that no model ranked it, that the model is degraded."""

import streamlit as st

from dashboard.components import model_monitoring, publication_cache
from dashboard.components.page_elements import format_sentence
from dashboard.components.page_frame import Page
from publications.wording import monitoring as watch_words
from publications.wording.formatting import count
from publications.wording.headline import FRESHNESS_WORDS


def show_warnings_briefly(opened: Page) -> None:
    """On top of the list: who ranked it, and all the rest behind one line that opens."""
    _show_missing_model(opened)
    degraded = _show_degraded_model(opened)
    others = [*degraded[1:], *(told for told in opened.warnings if told not in degraded)]
    if others:
        things = (
            count(len(others), "more thing", "more things")
            if degraded
            else count(len(others), "thing", "things")
        )
        with st.expander(f"{things} worth knowing about this list", icon=":material/info:"):
            st.markdown(_format_bullets(others))


def show_further_warnings(opened: Page, told: set[str]) -> None:
    """Every warning that the page has not told yet."""
    others = [warning for warning in opened.warnings if warning not in told]
    if others:
        st.warning(
            _format_bullets(others),
            title="Worth knowing about this list",
            icon=":material/warning:",
        )


def _show_missing_model(opened: Page) -> None:
    if not opened.no_model_reason:
        return
    freshness = opened.publication.manifest["settings"].get("freshness") or {}
    by = FRESHNESS_WORDS.get(freshness.get("by", ""), "last activity")
    st.warning(
        f"{format_sentence(opened.no_model_reason)} The leads stand most fresh first, by {by}.",
        title="Ranked most fresh first, without a model",
        icon=":material/info:",
    )


def _show_degraded_model(opened: Page) -> list[str]:
    """Say that the model is degraded, with the first of its reasons, and give all of them."""
    if not publication_cache.has_files(opened.publication, model_monitoring.WATCH):
        return []
    reasons = watch_words.collect_first_warnings(
        publication_cache.load_json(opened.publication, model_monitoring.WATCH)
    )
    if reasons:
        st.warning(
            format_sentence(reasons[0]),
            title="The model is degraded: its order may be worth less than was proven",
            icon=":material/warning:",
        )
    return reasons


def _format_bullets(sentences: list[str]) -> str:
    return "\n".join(f"- {format_sentence(told)}" for told in sentences)
