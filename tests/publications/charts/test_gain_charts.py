"""Charts take frames; what they say can be read off their text."""

import re

import pandas as pd
import pytest

from publications.charts.gain_charts import (
    draw_calibration_chart,
    draw_gain_chart,
    draw_lists_chart,
    draw_tiers_chart,
    render_png,
    render_svg,
)
from publications.charts.theme import LINES, PALETTES, Theme
from publications.tables.summaries import interpolate_gains
from tests.publications.conftest import made_up_gains, made_up_tiers

LISTS = pd.DataFrame(
    {
        "list_date": pd.to_datetime(["2012-01-14", "2012-01-14", "2012-01-21"], utc=True),
        "ranking": ["model", "most_fresh", "model"],
        "gain": [0.56, 0.40, 0.53],
    }
)
CALIBRATION = pd.DataFrame(
    {
        "predicted": [0.1, 0.5],
        "observed": [0.12, 0.47],
        "observed_low": [0.09, 0.40],
        "observed_high": [0.16, 0.55],
    }
)


def read_words(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]+)</text>", svg)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_gain_chart_names_every_ranking_with_its_gain_and_interval(theme: Theme) -> None:
    written = read_words(render_svg(draw_gain_chart(made_up_gains(), depth=0.3, theme=theme)))
    for expected in (
        *("Share of the list called", "Share of the customers reached"),
        "Reached by calling 30 %",
        *("Perfect order", "leadgain", "Most fresh first", "Random order"),
        *("51 %", "46 to 56 %", "39 %"),
        *("0 %", "100 %"),
    ):
        assert expected in written
    names = ("Perfect order", "leadgain", "Random order")
    assert [word for word in written if word in names] == [*names]


def test_a_chart_without_some_ranking_leaves_it_out() -> None:
    gains = made_up_gains()
    svg = render_svg(draw_gain_chart(gains[gains["ranking"] != "perfect"]))
    assert "Perfect order" not in read_words(svg)


def test_gains_between_two_published_depths_lie_on_the_straight_line() -> None:
    gains = pd.DataFrame({"ranking": "model", "depth": [0.2, 0.4], "gain": [0.4, 0.6]})
    read = interpolate_gains(gains.assign(gain_low=0.0, gain_high=1.0), 0.3)
    assert read["gain"].tolist() == pytest.approx([0.5])


def test_the_tiers_chart_shows_rates_and_shares_in_percent() -> None:
    written = read_words(render_svg(draw_tiers_chart(made_up_tiers())))
    assert {"A", "B", "C", "56 %", "28 %", "55 %", "36 %"} <= set(written)


def test_the_lists_chart_has_one_place_a_list_and_names_both_lines() -> None:
    written = read_words(render_svg(draw_lists_chart(LISTS, depth=0.3)))
    assert {"14 Jan 2012", "21 Jan 2012", "Customers reached by calling 30 %", "leadgain"} <= set(
        written
    )


def test_the_calibration_chart_compares_observed_and_predicted_rates() -> None:
    written = read_words(render_svg(draw_calibration_chart(CALIBRATION)))
    assert "Predicted conversion rate" in written
    assert "Observed conversion rate" in written


def test_equal_frames_give_equal_pictures_whatever_was_drawn_before() -> None:
    def both() -> tuple[str, bytes]:
        chart = draw_tiers_chart(made_up_tiers())
        return render_svg(chart), render_png(chart, scale=1)

    before = both()
    render_svg(draw_gain_chart(made_up_gains()))
    assert both() == before
    assert before[1].startswith(b"\x89PNG\r\n")


def test_several_drawings_on_one_page_share_no_internal_name() -> None:
    first, second = (
        render_svg(draw_gain_chart(made_up_gains()), name=name) for name in ("one", "two")
    )
    names = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert names[0].isdisjoint(names[1])
    assert set(re.findall(r"url\(#([^)]+)\)", first)) <= names[0]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_and_lines_stand_out_from_the_paper(theme: Theme) -> None:
    palette = PALETTES[theme]
    assert contrast(palette.ink, palette.paper) > 7
    assert contrast(palette.quiet, palette.paper) > 4.5
    for ranking in LINES:
        assert contrast(getattr(palette, ranking), palette.paper) > 3


def test_no_two_rankings_differ_by_colour_alone() -> None:
    assert len({(line.dash, line.width) for line in LINES.values()}) == len(LINES)
