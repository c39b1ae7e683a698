"""How texts, tables and figures look here: each with its unit, tiers as badges, charts to size."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import streamlit as st

from dashboard.components import publication_cache
from dashboard.components.page_frame import Page
from publications.charts.theme import Theme
from publications.wording.formatting import NO_VALUE, keep_units, minute

BADGES: dict[Theme, tuple[str, str, str]] = {
    "light": ("#0b62c4", "#c4daf5", "#e4e8ec"),
    "dark": ("#9ccaff", "#2f6fb5", "#4b5561"),
}
"""Of A, B and C: the charts' colours, but light or dark enough for the letter to be readable."""
TIER_MEANING = {"A": "call first", "B": "call next", "C": "call last"}
FONT = '"Source Sans", sans-serif'
"""Streamlit's own, also for the charts here."""
COMMAND = re.compile(r"(`leadgain[a-z -]*`)")
MARKUP = re.compile(r"([!-/:-@\[-`{-~])")


def escape_markup(text: str) -> str:
    r"""Escape text from the CRM, so that it is not read as markup, links and pictures included.

    >>> escape_markup("![x](http://y)")
    '\\!\\[x\\]\\(http\\:\\/\\/y\\)'
    """
    return _escape_part(" ".join(text.split()))


def format_sentence(text: str) -> str:
    r"""Escape a sentence of leadgain that may quote the CRM, but leave commands as code.

    >>> format_sentence("80 * 2 are too few. `leadgain train` may help.")
    '80 \\* 2 are too few\\. `leadgain train` may help\\.'
    """
    parts = COMMAND.split(text)
    return "".join(part if place % 2 else _escape_part(part) for place, part in enumerate(parts))


def _escape_part(text: str) -> str:
    return MARKUP.sub(r"\\\1", keep_units(re.sub(r"\s+", " ", text)))


def show_text(text: str) -> None:
    """Markdown in which numbers keep to their units."""
    st.markdown(keep_units(text))


def show_caption(text: str) -> None:
    """Small text in which numbers keep to their units."""
    st.caption(keep_units(text))


def show_table(rows: Sequence[Mapping[str, str]]) -> None:
    """A table without lines between its columns; numbers keep to their units."""
    kept = [{name: keep_units(text) for name, text in row.items()} for row in rows]
    st.table(kept, border="horizontal", hide_index=True)


def format_label(name: str) -> str:
    """Write a column's name as words.

    >>> format_label("amount_requested")
    'Amount requested'
    """
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def format_value(value: Any) -> str:
    """Write one value of the worklist; empty where there is none.

    >>> format_value(15000.0), format_value(True), format_value(float("nan"))
    ('15,000', 'yes', '')
    """
    if is_missing(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return minute(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.6g}"
    return str(value)


def is_missing(value: Any) -> bool:
    """Whether one value of a table is none, of whichever kind.

    >>> is_missing(float("nan")), is_missing(False), is_missing("")
    (True, False, False)
    """
    import pandas as pd

    return bool(pd.isna(value))


def explain_if_missing(opened: Page, needed: Sequence[str], what: str) -> bool:
    """Explain an empty page; False where the publication has all it needs.

    Parameters
    ----------
    opened : Page
    needed : files of the publication that the page reads
    what : what the page would show, such as "the gain curves"
    """
    if publication_cache.has_files(opened.publication, *needed):
        return False
    if opened.no_model_reason:
        st.info(
            f"{format_sentence(opened.no_model_reason)} Once a model is in use, this page shows "
            f"{what}.",
            title="This list was made without a model",
            icon=":material/info:",
        )
    else:
        st.info(f"This list does not include {what}. The next one will.")
    return True


def build_tier_column(theme: Theme) -> Any:
    """A tier as a coloured badge; the cells are lists of one letter."""
    return st.column_config.MultiselectColumn(
        "Tier",
        width=56,
        options=list(TIER_MEANING),
        color=list(BADGES[theme]),
        help=" ".join(f"{tier}: {meaning}." for tier, meaning in TIER_MEANING.items()),
    )


def show_chart(drawn: Any, *, alt: str | None = None) -> None:
    """Show one of the published charts in the app's font, as wide as its place.

    Charts side by side keep their own width. All keep their background: after a change of the
    theme in the menu, a chart is redrawn only with the next interaction.
    """
    composed = hasattr(drawn, "hconcat") or (hasattr(drawn, "facet") and hasattr(drawn, "spec"))
    shown = drawn.copy(deep=True)
    shown.config["font"] = FONT
    shown.autosize = {"type": "pad" if composed else "fit-x", "contains": "padding"}
    width: Any = "content" if composed else "stretch"
    st.altair_chart(shown, theme=None, alt=alt, width=width)


def show_figures(cells: Mapping[str, tuple[str, str]]) -> None:
    """A row of figures: name -> the figure, and the range or remark below it."""
    for column, (name, (value, remark)) in zip(st.columns(len(cells)), cells.items(), strict=True):
        column.metric(
            keep_units(name),
            keep_units(value),
            keep_units(remark) or None,
            delta_color="off",
            delta_arrow="off",
            border=True,
        )


def show_fact_table(facts: Mapping[str, str]) -> None:
    """Facts as two columns; the ones without a value are left out."""
    rows = {
        escape_markup(name): escape_markup(value)
        for name, value in facts.items()
        if value not in ("", NO_VALUE)
    }
    st.table(rows, border="horizontal", hide_header=True)
