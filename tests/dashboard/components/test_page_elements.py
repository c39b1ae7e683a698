"""Texts, badges and charts as the pages show them."""

import math
from itertools import pairwise

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from dashboard.components.page_elements import (
    BADGES,
    TIER_MEANING,
    escape_markup,
    format_label,
    format_value,
)
from publications.charts.theme import Theme

ATTACKS = [
    "![x](http://evil.example)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "**bold** _it_ `code` ~~gone~~",
    "# heading",
    "- item",
    "1. one",
    "$x^2$",
    ":red[alarm]",
    "a\n\n# b",
    "&lt;b&gt;",
    "http://evil.example",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_strangers_text_comes_out_as_it_was_written(attack: str) -> None:
    tokens = MarkdownIt("commonmark").parse(escape_markup(attack))
    kinds = {token.type for token in tokens}
    inside = tokens[1].children or []
    assert kinds == {"paragraph_open", "inline", "paragraph_close"}
    assert {token.type for token in inside} <= {"text", "text_special"}
    assert "".join(token.content for token in inside) == " ".join(attack.split())


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_letter_stands_out_on_every_badge_and_badges_differ_in_lightness(theme: Theme) -> None:
    lights = [luminance(colour) for colour in BADGES[theme]]
    # Streamlit writes black on colours lighter than 0.5, white on the others.
    contrasts = [(x + 0.05) / 0.05 if x > 0.5 else 1.05 / (x + 0.05) for x in lights]
    assert min(contrasts) > 4.5
    assert len(lights) == len(TIER_MEANING)
    assert min(abs(a - b) for a, b in pairwise(lights)) > 0.03


def test_values_are_written_with_their_separators_and_missing_ones_are_empty() -> None:
    values = [15000.0, 0.123456789, True, "web", None, math.nan, pd.NaT]
    assert [format_value(value) for value in values] == [
        *("15,000", "0.123457", "yes", "web", "", "", "")
    ]
    assert format_value(pd.Timestamp("2012-03-14T05:00Z")) == "14 March 2012, 05:00 UTC"


def test_column_names_become_words() -> None:
    assert format_label("company_size") == "Company size"
    assert format_label("  UTM__source ") == "UTM source"
    assert format_label("") == ""
