"""Charts of a model since its training: its gains, and the drift of its inputs.

Every function takes frames and a theme and gives a chart; nothing is read or written.
"""

from typing import TYPE_CHECKING

import numpy as np

from publications.charts.theme import (
    BAR_OFFSET,
    LINES,
    NAMED_ROW_HEIGHT,
    PALETTES,
    Palette,
    Theme,
    apply_theme,
    build_names_axis,
    build_percent_axis,
    draw_names_above,
)
from publications.wording.formatting import decimal, percent, points, points_interval
from publications.wording.monitoring import select_largest_drift

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


def draw_gain_since_training_chart(
    periods: "pd.DataFrame",
    *,
    depth: float,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 520,
) -> "alt.LayerChart":
    """Draw what the model and most fresh first reach, at the training and on the lists since.

    The line between the two dots is the difference.

    Parameters
    ----------
    periods : DataFrame with columns period, gain, most_fresh, difference, low, high
        As from ``monitoring.compare_periods``.
    depth : float, share of each list that is called, for the axis' title
    theme : "light" or "dark"
    title : str, optional
    width : pixels of the plot
    """
    import altair as alt

    palette = PALETTES[theme]
    order = periods["period"].tolist()
    shown = periods.assign(
        ahead=[points(value) for value in periods["difference"]],
        interval=[
            points_interval(*ends) for ends in zip(periods["low"], periods["high"], strict=True)
        ],
        model=[percent(value, 1) for value in periods["gain"]],
        fresh=[percent(value, 1) for value in periods["most_fresh"]],
        left=periods[["gain", "most_fresh"]].min(axis=1),
        right=periods[["gain", "most_fresh"]].max(axis=1),
    )
    shown = shown.assign(says=shown["ahead"] + ", 95 % range " + shown["interval"])
    base = alt.Chart(shown).encode(
        y=alt.Y("period:N", title=None, sort=order, axis=build_names_axis(palette)),
        tooltip=[
            alt.Tooltip("period:N", title="Period"),
            alt.Tooltip("model:N", title=LINES["model"].label),
            alt.Tooltip("fresh:N", title=LINES["most_fresh"].label),
            alt.Tooltip("ahead:N", title="Difference"),
            alt.Tooltip("interval:N", title="95 % range"),
        ],
    )
    axis = build_percent_axis(
        f"Share of the customers reached by calling {percent(depth)}", ticks=5
    )
    dot = {"filled": True, "size": 110, "opacity": 1}
    words = {"dy": 20, "fontSize": 12, "color": palette.ink}
    layers = alt.layer(
        base.mark_rule(color=palette.model, strokeWidth=4, opacity=0.35).encode(
            x=alt.X("left:Q", **axis), x2="right:Q"
        ),
        base.mark_point(color=palette.most_fresh, **dot).encode(x="most_fresh:Q"),
        base.mark_point(color=palette.model, **dot).encode(x="gain:Q"),
        *_draw_dot_names(shown, palette),
        base.transform_filter("datum.right <= 0.6")
        .mark_text(align="left", **words)
        .encode(x="left:Q", text="says:N"),
        base.transform_filter("datum.right > 0.6")
        .mark_text(align="right", **words)
        .encode(x="right:Q", text="says:N"),
    )
    return apply_theme(layers.properties(width=width, height=72 * max(len(shown), 1)), theme, title)


def _draw_dot_names(shown: "pd.DataFrame", palette: Palette) -> "list[alt.Chart]":
    """The names of the two dots, outside of them, above the first row."""
    import altair as alt

    first = alt.Chart(shown.head(1)).encode(
        y=alt.Y("period:N", sort=shown["period"].tolist()),
    )
    ahead = bool(shown["gain"].iloc[0] >= shown["most_fresh"].iloc[0]) if len(shown) else True
    look = {"dy": -17, "fontSize": 12, "color": palette.ink}
    return [
        first.mark_text(align="left" if right else "right", dx=-6 if right else 6, **look).encode(
            x=f"{field}:Q", text=alt.value(LINES[ranking].label)
        )
        for field, ranking, right in (
            ("most_fresh", "most_fresh", not ahead),
            ("gain", "model", ahead),
        )
    ]


def draw_drift_chart(
    drift: "pd.DataFrame",
    *,
    most: int = 10,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 640,
) -> "alt.LayerChart":
    """Draw the drift of the inputs, the largest first; a mark is the limit.

    Bars beyond their mark are in the accent colour, the others are quiet.

    Parameters
    ----------
    drift : DataFrame as in drift.csv
    most : int
        So many bars.
    theme : "light" or "dark"
    title : str, optional
    width : pixels of the plot, the names included
    """
    import altair as alt

    palette = PALETTES[theme]
    shown = select_largest_drift(drift, most)
    shown = shown.assign(
        figure=[decimal(value) for value in shown["psi"]],
        bound=[decimal(value) for value in shown["limit"]],
        right=shown[["psi", "limit"]].max(axis=1),
    )
    top = float(np.nanmax([*shown["right"], 0.01])) * 1.15
    scale = alt.Scale(domain=[0, top], nice=False)
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=None, axis=None),
        tooltip=[
            alt.Tooltip("name:N", title="Input"),
            alt.Tooltip("figure:N", title="PSI"),
            alt.Tooltip("bound:N", title="Limit"),
            alt.Tooltip("status:N", title="Status"),
        ],
    )
    colour = alt.condition("datum.drifted", alt.value(palette.model), alt.value(palette.random))
    layers = alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height=12, yOffset=BAR_OFFSET).encode(
            x=alt.X(
                "psi:Q",
                title="Drift since the training, PSI (mark: limit)",
                scale=scale,
                axis=alt.Axis(tickCount=5),
            ),
            color=colour,
        ),
        base.mark_tick(color=palette.ink, thickness=2, size=18, yOffset=BAR_OFFSET).encode(
            x="limit:Q"
        ),
        base.mark_text(align="left", dx=8, dy=BAR_OFFSET, fontSize=12, color=palette.ink).encode(
            x="right:Q", text="figure:N"
        ),
        draw_names_above(base, "name", palette),
    )
    sized = layers.properties(width=width, height=NAMED_ROW_HEIGHT * max(len(shown), 1))
    return apply_theme(sized, theme, title)
