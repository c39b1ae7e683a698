"""The model since its training, as text in charts."""

import pandas as pd
import pytest

from publications.charts.gain_charts import render_svg
from publications.charts.monitoring_charts import draw_drift_chart, draw_gain_since_training_chart
from publications.charts.theme import PALETTES, Theme
from publications.wording.monitoring import compare_periods
from tests.publications.charts.test_gain_charts import read_words
from tests.publications.conftest import made_up_gain_table
from tests.publications.made_up_monitoring import (
    made_up_degraded_watch,
    made_up_drift,
    made_up_watch,
)

THEMES: tuple[Theme, ...] = ("light", "dark")


def compare_made_up_periods(watch: dict[str, object]) -> pd.DataFrame:
    return compare_periods(watch, made_up_gain_table())


@pytest.mark.parametrize("theme", THEMES)
def test_the_two_periods_have_a_row_each_with_the_difference(theme: Theme) -> None:
    written = read_words(
        render_svg(
            draw_gain_since_training_chart(
                compare_made_up_periods(made_up_degraded_watch()), depth=0.3, theme=theme
            )
        )
    )
    assert [word for word in written if word in ("In the backtest", "Since then")] == [
        *("In the backtest", "Since then"),
    ]
    assert "+11.7 points, 95 % range +7.7 to +15.7 points" in written
    assert "+2.1 points, 95 % range \N{MINUS SIGN}1.9 to +6.1 points" in written
    assert "Share of the customers reached by calling 30 %" in written
    assert {"leadgain", "Most fresh first"} <= set(written)


def read_alignments(chart: object) -> dict[str, str]:
    """Where the names of the two dots stand: before or behind the dot."""
    layers = chart.to_dict()["layer"]  # type: ignore[attr-defined]
    named = [layer for layer in layers if "value" in layer["encoding"].get("text", {})]
    return {layer["encoding"]["text"]["value"]: layer["mark"]["align"] for layer in named}


def test_the_names_stand_outside_of_their_dots_whoever_is_ahead() -> None:
    ahead = compare_made_up_periods(made_up_watch())
    behind = ahead.assign(gain=0.2)
    assert read_alignments(draw_gain_since_training_chart(ahead, depth=0.3)) == {
        "Most fresh first": "right",
        "leadgain": "left",
    }
    assert read_alignments(draw_gain_since_training_chart(behind, depth=0.3)) == {
        "Most fresh first": "left",
        "leadgain": "right",
    }


@pytest.mark.parametrize("theme", THEMES)
def test_the_inputs_that_moved_are_in_the_accent_colour(theme: Theme) -> None:
    svg = render_svg(draw_drift_chart(made_up_drift(), theme=theme))
    accent, quiet = (
        svg.count(f'fill="{colour}"') for colour in (PALETTES[theme].model, PALETTES[theme].random)
    )
    assert (accent, quiet) == (2, 8)
    assert {"Offer returned: days since the last one", "0.90"} <= set(read_words(svg))


def test_only_the_farthest_inputs_have_a_bar() -> None:
    written = read_words(render_svg(draw_drift_chart(made_up_drift(), most=1)))
    assert "Offer returned: days since the last one" in written
    assert "Offer returned: count in the last 7 days" not in written


def test_a_model_without_inputs_can_be_drawn() -> None:
    assert render_svg(draw_drift_chart(made_up_drift().head(0)))
