"""What must be said beside a list: that no model ranked it, that the model is worn, and more."""

import streamlit as st

from dashboard.components import model_watch, reading
from dashboard.components.look import sentence
from dashboard.components.page_frame import Page
from publications.wording import monitoring as watch_words
from publications.wording.formatting import count
from publications.wording.headline import FRESH_BY


def tell_in_short(opened: Page) -> None:
    """On top of the list: who ranked it, and all the rest behind one line that opens."""
    _tell_missing_model(opened)
    worn = _tell_worn(opened)
    others = [*worn[1:], *(told for told in opened.warnings if told not in worn)]
    if others:
        things = (
            count(len(others), "more thing", "more things")
            if worn
            else count(len(others), "thing", "things")
        )
        with st.expander(f"{things} worth knowing about this list", icon=":material/info:"):
            st.markdown(_bullets(others))


def tell_in_full(opened: Page, told: set[str]) -> None:
    """Every warning that the page has not told yet."""
    others = [warning for warning in opened.warnings if warning not in told]
    if others:
        st.warning(
            _bullets(others), title="Worth knowing about this list", icon=":material/warning:"
        )


def _tell_missing_model(opened: Page) -> None:
    if not opened.no_model_reason:
        return
    freshness = opened.publication.manifest["settings"].get("freshness") or {}
    by = FRESH_BY.get(freshness.get("by", ""), "last activity")
    st.warning(
        f"{sentence(opened.no_model_reason)} The leads stand most fresh first, by {by}.",
        title="Ranked most fresh first, without a model",
        icon=":material/info:",
    )


def _tell_worn(opened: Page) -> list[str]:
    """Say that the model is worn, with the first of its reasons, and give all of them."""
    if not reading.has(opened.publication, model_watch.WATCH):
        return []
    reasons = watch_words.told_first(reading.facts(opened.publication, model_watch.WATCH))
    if reasons:
        st.warning(
            sentence(reasons[0]),
            title="The model is worn: its order may be worth less than was proven",
            icon=":material/warning:",
        )
    return reasons


def _bullets(sentences: list[str]) -> str:
    return "\n".join(f"- {sentence(told)}" for told in sentences)
