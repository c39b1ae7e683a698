"""Published frames to Altair charts, for the report, the dashboard and the PNG files.

Every function takes frames and a theme and gives a chart; nothing is read or written.
"""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from publications.charts.theme import (
    LINES,
    PALETTES,
    Palette,
    Theme,
    apply_theme,
    build_percent_axis,
    encode_colour,
    encode_dash,
    encode_line_width,
)
from publications.tables.summaries import interpolate_gains
from publications.wording.formatting import percent, percent_interval

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

KEY_LEFT, KEY_SAMPLE, KEY_WORDS, KEY_FIGURE, KEY_INTERVAL = 0.525, 0.575, 0.59, 0.875, 0.89
KEY_BOTTOM, KEY_STEP = 0.05, 0.068
"""Places of the gain chart's key, in the chart's own units: the corner below random is empty."""


def draw_gain_chart(
    gains: "pd.DataFrame",
    *,
    depth: float = 0.30,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 640,
    height: int = 400,
) -> "alt.LayerChart":
    """Draw the share of the customers reached over the share of the list called.

    Intervals are shaded for the model and for most fresh first. A vertical line marks one depth,
    and the key in the empty corner names every line with its gain there.

    Parameters
    ----------
    gains : DataFrame as in gains.csv
    depth : float
        The share of the list that is marked, such as that of tier A.
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of the plot
    """
    import altair as alt

    palette = PALETTES[theme]
    base = alt.Chart(gains).encode(
        x=alt.X("depth:Q", **build_percent_axis("Share of the list called")),
        color=encode_colour(palette),
    )
    with_interval = [name for name, line in LINES.items() if line.interval]
    intervals = (
        base.transform_filter(alt.FieldOneOfPredicate(field="ranking", oneOf=with_interval))
        .mark_area(opacity=0.16)
        .encode(
            y=alt.Y("gain_low:Q", **build_percent_axis("Share of the customers reached")),
            y2="gain_high:Q",
        )
    )
    lines = base.mark_line(strokeCap="round", clip=True).encode(
        y="gain:Q",
        strokeDash=encode_dash(),
        strokeWidth=encode_line_width(),
        tooltip=[
            alt.Tooltip("ranking:N", title="Ranking"),
            alt.Tooltip("depth:Q", title="Share of the list", format=".0%"),
            alt.Tooltip("gain:Q", title="Share of the customers", format=".1%"),
        ],
    )
    key = interpolate_gains(gains, depth)
    layers = alt.layer(
        intervals, lines, *_draw_depth_mark(key, palette), *_draw_key(key, depth, palette)
    )
    return apply_theme(layers.properties(width=width, height=height), theme, title)


def _draw_depth_mark(key: "pd.DataFrame", palette: Palette) -> "list[alt.Chart]":
    import altair as alt

    depth = alt.Chart(key.head(1)).encode(x="depth:Q")
    rule = depth.mark_rule(color=palette.quiet, strokeWidth=1, opacity=0.6)
    dots = alt.Chart(key).mark_point(
        size=60, filled=True, opacity=1, stroke=palette.paper, strokeWidth=1.5
    )
    return [rule, dots.encode(x="depth:Q", y="gain:Q", color=encode_colour(palette))]


def _draw_key(key: "pd.DataFrame", depth: float, palette: Palette) -> "list[alt.Chart]":
    """Sample, name, figure and interval of every line, in the corner below random."""
    import altair as alt
    import pandas as pd

    head_row = KEY_BOTTOM + KEY_STEP * len(key)
    key = key.assign(
        row=[KEY_BOTTOM + KEY_STEP * place for place in reversed(range(len(key)))],
        value=[percent(gain) for gain in key["gain"]],
        interval=[
            percent_interval(low, high) if LINES[ranking].interval else ""
            for ranking, low, high in zip(
                key["ranking"], key["gain_low"], key["gain_high"], strict=True
            )
        ],
    )
    paper = pd.DataFrame({"x": [0.51], "x2": [0.995], "y": [0.012], "y2": [head_row + 0.035]})
    head = pd.DataFrame({"row": [head_row], "text": [f"Reached by calling {percent(depth)}"]})
    rows = alt.Chart(key).encode(y="row:Q")

    def text(of: Any, field: str, x: float, **mark: Any) -> Any:
        look = {"baseline": "middle", "align": "left", "fontSize": 13, "color": palette.ink}
        return of.mark_text(**{**look, **mark}).encode(x=alt.datum(x), text=f"{field}:N")

    return [
        alt.Chart(paper)
        .mark_rect(color=palette.paper, opacity=0.85)
        .encode(x="x:Q", x2="x2:Q", y="y:Q", y2="y2:Q"),
        rows.mark_rule(strokeCap="round").encode(
            x=alt.datum(KEY_LEFT),
            x2=alt.datum(KEY_SAMPLE),
            color=encode_colour(palette),
            strokeDash=encode_dash(),
            strokeWidth=encode_line_width(),
        ),
        text(rows, "label", KEY_WORDS),
        text(rows, "value", KEY_FIGURE, align="right", fontWeight="bold"),
        text(rows, "interval", KEY_INTERVAL, fontSize=11, color=palette.quiet),
        text(alt.Chart(head).encode(y="row:Q"), "text", KEY_LEFT, fontSize=12, color=palette.quiet),
    ]


def draw_tiers_chart(
    tiers: "pd.DataFrame",
    *,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 290,
    height: int = 150,
) -> "alt.HConcatChart":
    """Draw, for every tier, the share of its leads that converted and its share of all customers.

    Left: the conversion rate with its interval. Right: the share of all conversions as a bar, the
    tier's share of the leads as a tick; a tier that is no better than chance ends at its tick.

    Parameters
    ----------
    tiers : DataFrame as in tiers.csv
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of one of the two plots
    """
    import altair as alt

    palette = PALETTES[theme]
    labelled = tiers.assign(
        rate=[percent(value) for value in tiers["base_rate"]],
        part=[percent(value) for value in tiers["share_of_conversions"]],
    )
    axis = alt.Axis(title=None, labelFontSize=15, labelFontWeight="bold", labelColor=palette.ink)
    base = alt.Chart(labelled).encode(
        y=alt.Y("tier:N", sort=None, axis=axis.copy(), scale=alt.Scale(paddingInner=0.4))
    )
    text = {"align": "left", "dx": 8, "fontSize": 13, "fontWeight": "bold", "color": palette.ink}
    top = min(float(np.nanmax([*tiers["base_rate_high"], *tiers["base_rate"], 0.01])) * 1.3, 1.2)
    rate_axis = build_percent_axis("Leads of the tier that converted", top=top, ticks=5)
    rate = alt.layer(
        base.mark_rule(color=palette.model, strokeWidth=7, opacity=0.28, strokeCap="round").encode(
            x=alt.X("base_rate_low:Q", **rate_axis), x2="base_rate_high:Q"
        ),
        base.mark_point(filled=True, size=80, opacity=1, color=palette.model).encode(
            x="base_rate:Q"
        ),
        base.mark_text(**{**text, "dx": 10}).encode(x="base_rate_high:Q", text="rate:N"),
    )
    part_axis = build_percent_axis(
        "Share of all customers (mark: share of leads)", top=1.0, ticks=5
    )
    part = alt.layer(
        base.mark_bar(color=palette.model, cornerRadiusEnd=3, height=16).encode(
            x=alt.X("share_of_conversions:Q", **part_axis)
        ),
        base.mark_tick(color=palette.ink, thickness=2, size=30).encode(x="share:Q"),
        base.mark_text(**text).encode(x=alt.X("label_at:Q"), text="part:N"),
    ).transform_calculate(label_at="max(datum.share_of_conversions, datum.share)")
    plots = [plot.properties(width=width, height=height) for plot in (rate, part)]
    return apply_theme(alt.hconcat(*plots), theme, title)


def draw_lists_chart(
    lists: "pd.DataFrame",
    *,
    depth: float = 0.30,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 640,
    height: int = 220,
) -> "alt.LayerChart":
    """Draw the gain at one depth, list by list, for the model and for most fresh first.

    Parameters
    ----------
    lists : DataFrame with columns list_date, ranking (model, most_fresh), gain
        As from ``summaries.compute_gain_by_list``.
    depth : float, for the axis' title
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of the plot
    """
    import altair as alt

    palette = PALETTES[theme]
    days = lists.assign(day=lists["list_date"].dt.strftime("%-d %b %Y"))
    order = days.drop_duplicates("list_date").sort_values("list_date")["day"].tolist()
    base = alt.Chart(days).encode(
        x=alt.X(
            "day:N",
            sort=order,
            title="List of",
            axis=alt.Axis(labelAngle=0, grid=False, labelOverlap=True),
        ),
        y=alt.Y(
            "gain:Q",
            **build_percent_axis(f"Customers reached by calling {percent(depth)}", ticks=5),
        ),
        color=encode_colour(palette),
    )
    line = base.mark_line(strokeCap="round").encode(
        strokeWidth=encode_line_width(), detail="ranking:N"
    )
    dots = base.mark_point(filled=True, opacity=1, size=55)
    names = days[days["day"] == order[-1]] if order else days
    names = names.assign(label=[LINES[name].label for name in names["ranking"]])
    words = (
        alt.Chart(names)
        .mark_text(align="left", dx=10, fontSize=13)
        .encode(
            x=alt.X("day:N", sort=order), y="gain:Q", text="label:N", color=alt.value(palette.ink)
        )
    )
    layers = alt.layer(line, dots, words).properties(width=width - 100, height=height)
    return apply_theme(layers, theme, title)


def draw_calibration_chart(
    calibration: "pd.DataFrame",
    *,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 300,
    height: int = 300,
) -> "alt.LayerChart":
    """Draw the observed over the predicted conversion rate, in groups of the score.

    Points on the dashed diagonal mean that the score can be read as a probability.

    Parameters
    ----------
    calibration : DataFrame with columns predicted, observed, observed_low, observed_high
        As from ``summaries.compute_calibration``.
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of the plot
    """
    import altair as alt
    import pandas as pd

    palette = PALETTES[theme]
    highest = [*calibration["predicted"], *calibration["observed_high"], 0.05]
    top = min(float(np.nanmax(highest)) * 1.05, 1.0)
    predicted = build_percent_axis("Predicted conversion rate", top=top, ticks=5)
    observed = build_percent_axis("Observed conversion rate", top=top, ticks=5)
    base = alt.Chart(calibration).encode(x=alt.X("predicted:Q", **predicted))
    diagonal = (
        alt.Chart(pd.DataFrame({"predicted": [0, top], "observed": [0, top]}))
        .mark_line(color=palette.random, strokeWidth=1.5, strokeDash=[5, 4])
        .encode(x="predicted:Q", y="observed:Q")
    )
    intervals = base.mark_rule(color=palette.model, strokeWidth=2, opacity=0.5, clip=True).encode(
        y=alt.Y("observed_low:Q", **observed), y2="observed_high:Q"
    )
    dots = base.mark_point(color=palette.model, filled=True, opacity=1, size=60).encode(
        y="observed:Q"
    )
    layers = alt.layer(intervals, diagonal, dots).properties(width=width, height=height)
    return apply_theme(layers, theme, title)


def render_svg(chart: Any, *, name: str = "chart") -> str:
    """Draw a chart as SVG, without a network; equal charts give equal text.

    ``name`` goes before the drawing's internal names, which several drawings on one page must
    not share.
    """
    import vl_convert

    svg = str(vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[]))
    # The renderer numbers them through all that the process has drawn so far.
    old_names = dict.fromkeys(re.findall(r'\bid="(\w+)"', svg))
    for place, old in enumerate(old_names):
        svg = re.sub(rf'(id="|url\(#){old}\b', rf"\g<1>{name}-{place}", svg)
    return svg


def render_png(chart: Any, scale: float = 2.0) -> bytes:
    """Draw a chart as PNG, ``scale`` pixels a point, without a network; equal bytes."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=scale, allowed_base_urls=[]))
