"""The tiers as charts: their sizes over time, predicted conversions, the first contact.

Every function takes frames and a theme and gives a chart; nothing is read or written.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from models.evaluation.conventions import DELAYS, TIERS
from publications.charts.theme import PALETTES, Palette, Theme, apply_theme, build_percent_axis
from publications.wording.formatting import count, day, minute, percent

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


def draw_tier_sizes_chart(
    sizes: "pd.DataFrame",
    *,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 560,
    height: int = 220,
) -> "alt.Chart":
    """Draw how many leads each tier had, list by list.

    Parameters
    ----------
    sizes : DataFrame with columns as_of (instant), tier, leads
        As from ``summaries.collect_tier_sizes``, one row a list and tier.
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of the plot
    """
    import altair as alt

    palette = PALETTES[theme]
    instants = sorted(sizes["as_of"].unique())
    days = [day(instant) for instant in instants]
    worded = days if len(set(days)) == len(days) else [minute(instant) for instant in instants]
    names = dict(zip(instants, worded, strict=True))
    shown = sizes.assign(
        list=sizes["as_of"].map(names), says=[count(n, "lead", "leads") for n in sizes["leads"]]
    )
    bars = (
        alt.Chart(shown)
        .mark_bar(
            stroke=palette.paper, strokeWidth=1, size=min(60, 0.8 * width / len(names or "-"))
        )
        .encode(
            x=alt.X(
                "list:N",
                title="List of",
                sort=worded,
                axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=8),
            ),
            y=alt.Y("leads:Q", title="Open leads", axis=alt.Axis(tickCount=5, tickMinStep=1)),
            color=_encode_tier(palette),
            order=alt.Order("tier:N", sort="descending"),
            tooltip=[
                alt.Tooltip("list:N", title="List of"),
                alt.Tooltip("tier:N", title="Tier"),
                alt.Tooltip("says:N", title="Size"),
            ],
        )
    )
    return apply_theme(bars.properties(width=width, height=height), theme, title)


def draw_expected_conversions_chart(
    expected: "pd.DataFrame",
    *,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 480,
) -> "alt.LayerChart":
    """Draw the conversions of each tier beside those that its scores predicted.

    The dot is the actual number, the line its 95 % interval, the upright mark the prediction.

    Parameters
    ----------
    expected : DataFrame with columns tier, expected, actual, low, high
        As from ``summaries.compare_expected_conversions``.
    theme : "light" or "dark"
    title : str, optional
    width : pixels of the plot
    """
    import altair as alt

    palette = PALETTES[theme]
    shown = expected.assign(
        predicted=[count(round(number)) for number in expected["expected"]],
        seen=[count(int(number)) for number in expected["actual"]],
        words=[
            f"{count(int(seen))} actual, {count(round(predicted))} predicted"
            for seen, predicted in zip(expected["actual"], expected["expected"], strict=True)
        ],
        right=expected[["expected", "actual", "high"]].max(axis=1),
    )
    top = float(np.nanmax([*shown["right"], 1.0])) * 1.5
    x_axis = {
        "title": "Conversions in the backtest",
        "scale": alt.Scale(domain=[0, top]),
        "axis": alt.Axis(tickCount=6),
    }
    base = alt.Chart(shown).encode(
        y=alt.Y("tier:N", title=None, axis=_build_tier_axis(palette)),
        tooltip=[
            alt.Tooltip("tier:N", title="Tier"),
            alt.Tooltip("seen:N", title="Actual"),
            alt.Tooltip("predicted:N", title="Predicted"),
        ],
    )
    layers = alt.layer(
        base.mark_rule(color=palette.model, strokeWidth=7, opacity=0.28, strokeCap="round").encode(
            x=alt.X("low:Q", **x_axis), x2="high:Q"
        ),
        base.mark_point(filled=True, size=80, opacity=1, color=palette.model).encode(x="actual:Q"),
        base.mark_tick(color=palette.ink, thickness=2, size=28).encode(x="expected:Q"),
        base.mark_text(align="left", dx=12, fontSize=13, color=palette.ink).encode(
            x="right:Q", text="words:N"
        ),
    )
    return apply_theme(layers.properties(width=width, height=50 * max(len(shown), 1)), theme, title)


def draw_first_contact_chart(
    first_contact: "pd.DataFrame",
    *,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 190,
    height: int = 190,
) -> "alt.HConcatChart":
    """Draw, tier by tier, the conversion rate by the delay of the first contact, with its interval.

    The chart shows what was observed, not a proven effect: reps choose whom they call first.

    Parameters
    ----------
    first_contact : DataFrame as in first_contact.csv
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of one tier's plot
    """
    import altair as alt

    palette = PALETTES[theme]
    shown = first_contact.assign(
        rate=[percent(value) for value in first_contact["base_rate"]],
        leads_in_words=[count(n, "lead", "leads") for n in first_contact["leads"]],
        many=[f"n = {count(n)}" for n in first_contact["leads"]],
    )
    top = min(float(np.nanmax([*shown["base_rate_high"], *shown["base_rate"], 0.01])) * 1.2, 1.2)
    plots = []
    for place, tier in enumerate(sorted(shown["tier"].unique())):
        title_of_axis = None if place else "Leads that converted"
        y = alt.Y("base_rate:Q", **build_percent_axis(title_of_axis, top=top, ticks=5))
        plot = _draw_rates_by_delay(shown[shown["tier"] == tier], y, palette)
        plots.append(plot.properties(width=width, height=height, title=f"Tier {tier}"))
    return apply_theme(alt.hconcat(*plots, spacing=20), theme, title)


def _draw_rates_by_delay(shown: "pd.DataFrame", y: Any, palette: Palette) -> Any:
    import altair as alt

    axis = alt.Axis(labelAngle=0, labelExpr="split(datum.label, ' yet')[0]", grid=False)
    base = alt.Chart(shown).encode(
        x=alt.X(
            "delay:N",
            title="First contact after",
            sort=list(DELAYS),
            scale=alt.Scale(domain=list(DELAYS)),
            axis=axis,
        ),
        tooltip=[
            alt.Tooltip("delay:N", title="First contact"),
            alt.Tooltip("leads_in_words:N", title="Leads on the lists"),
            alt.Tooltip("rate:N", title="Converted"),
        ],
    )
    text = {"fontSize": 11, "color": palette.quiet}
    return alt.layer(
        base.mark_rule(color=palette.model, strokeWidth=7, opacity=0.28, strokeCap="round").encode(
            y="base_rate_low:Q", y2="base_rate_high:Q"
        ),
        base.mark_point(filled=True, size=70, opacity=1, color=palette.model).encode(y=y),
        base.mark_text(align="left", dx=9, fontSize=12, color=palette.ink).encode(
            y="base_rate:Q", text="rate:N"
        ),
        base.mark_text(baseline="top", **text).encode(y=alt.value(0), text="many:N"),
    )


def _encode_tier(palette: Palette) -> Any:
    import altair as alt

    scale = alt.Scale(domain=list(TIERS), range=list(palette.tiers))
    return alt.Color("tier:N", title="Tier", scale=scale)


def _build_tier_axis(palette: Palette) -> Any:
    import altair as alt

    return alt.Axis(labelFontSize=15, labelFontWeight="bold", labelColor=palette.ink, ticks=False)
