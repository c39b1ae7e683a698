"""The tiers over time, their expected conversions and the first contact, as text in charts."""

import pandas as pd
import pytest

from publications.charts.gain_charts import render_svg
from publications.charts.theme import PALETTES, Theme
from publications.charts.tier_charts import (
    draw_expected_conversions_chart,
    draw_first_contact_chart,
    draw_tier_sizes_chart,
)
from tests.publications.charts.test_gain_charts import contrast, read_words

THEMES: tuple[Theme, ...] = ("light", "dark")
FIRST_CONTACT = pd.DataFrame(
    {
        "tier": ["A", "A", "B"],
        "delay": ["0-3 h", "no contact yet", "3-48 h"],
        "leads": [320, 12, 1000],
        "conversions": [192, 2, 300],
        "base_rate": [0.6, 0.1667, 0.3],
        "base_rate_low": [0.55, 0.0, 0.28],
        "base_rate_high": [0.65, 0.4, 0.33],
    }
)


def sizes(*instants: str) -> pd.DataFrame:
    as_of = pd.to_datetime(list(instants), utc=True)
    return pd.DataFrame(
        {
            "as_of": as_of.repeat(3),
            "tier": list("ABC") * len(as_of),
            "leads": [30, 40, 30] * len(as_of),
        }
    )


@pytest.mark.parametrize("theme", THEMES)
def test_the_sizes_chart_has_a_bar_for_each_list_and_a_key_to_the_tiers(theme: Theme) -> None:
    chart = draw_tier_sizes_chart(sizes("2012-03-07", "2012-03-14"), theme=theme)
    assert {"7 March 2012", "14 March 2012", "A", "B", "C"} <= set(read_words(render_svg(chart)))


def test_two_lists_of_one_day_differ_by_their_hour() -> None:
    chart = draw_tier_sizes_chart(sizes("2012-03-07 06:00", "2012-03-07 18:30"))
    assert {"7 March 2012, 06:00 UTC", "7 March 2012, 18:30 UTC"} <= set(
        read_words(render_svg(chart))
    )


@pytest.mark.parametrize("theme", THEMES)
def test_tiers_differ_by_lightness(theme: Theme) -> None:
    a, b, c = PALETTES[theme].tiers
    assert contrast(a, b) > 1.5
    assert contrast(b, c) > 1.2
    assert contrast(a, c) > 2


def test_the_expected_chart_has_actual_and_predicted_conversions() -> None:
    table = pd.DataFrame(
        {"tier": ["A"], "expected": [690.4], "actual": [1708], "low": [1660.0], "high": [1745.0]}
    )
    assert "1,708 actual, 690 predicted" in read_words(
        render_svg(draw_expected_conversions_chart(table))
    )


def test_the_first_contact_chart_shows_rate_and_count_tier_by_tier() -> None:
    written = read_words(render_svg(draw_first_contact_chart(FIRST_CONTACT)))
    assert {"Tier A", "Tier B", "60 %", "n = 320", "17 %", "n = 1,000"} <= set(written)
    assert "Tier C" not in written
