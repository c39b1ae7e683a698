"""Charts of the data: importance of the inputs, volumes of activities.

Every function takes frames and a theme and gives a chart; nothing is read or written.
"""

from typing import TYPE_CHECKING, Literal

from publications.charts.theme import (
    PALETTES,
    Theme,
    apply_theme,
    build_names_axis,
    build_percent_axis,
    build_time_axis,
)
from publications.wording.formatting import count, day, percent

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

ROW_HEIGHT = 24
ALL_TYPES = "All activities"


def draw_importance_chart(
    importance: "pd.DataFrame",
    *,
    level: Literal["group", "feature"] = "group",
    most: int = 12,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 360,
) -> "alt.LayerChart":
    """Draw how much each group of facts, or each fact, moves the scores.

    Parameters
    ----------
    importance : DataFrame as in importance.csv
    level : "group" or "feature"
    most : int
        So many bars; the axis title gives the sum of the others.
    theme : "light" or "dark"
    title : str, optional
    width : pixels of the plot, the names left out
    """
    import altair as alt

    palette = PALETTES[theme]
    shown = select_importance(importance, level=level)
    others = shown.iloc[most:]
    shown = shown.head(most)
    shown = shown.assign(says=[percent(share, digits=1) for share in shown["share"]])
    axis_title = "Share of what moves the scores"
    if len(others):
        rest = percent(float(others["share"].sum()), digits=1)
        axis_title += f"; {count(len(others), 'other has', 'others have')} {rest} together"
    top = max([*shown["share"], 0.01]) * 1.2
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=build_names_axis(palette)),
        x=alt.X("share:Q", **build_percent_axis(axis_title, top=top, ticks=5)),
        tooltip=[alt.Tooltip("name:N", title="Fact"), alt.Tooltip("says:N", title="Share")],
    )
    bars = base.mark_bar(color=palette.model, cornerRadiusEnd=2, height=14)
    words = base.mark_text(align="left", dx=6, fontSize=12, color=palette.ink).encode(text="says:N")
    layers = alt.layer(bars, words).properties(width=width, height=ROW_HEIGHT * max(len(shown), 1))
    return apply_theme(layers, theme, title)


def select_importance(
    importance: "pd.DataFrame", *, level: Literal["group", "feature"]
) -> "pd.DataFrame":
    """Name the groups or the features, most important first; features with their group.

    Returns
    -------
    DataFrame with columns name, share

    >>> import pandas as pd
    >>> table = pd.DataFrame({"level": "feature", "group": ["Mail", "Call"],
    ...                       "feature": ["total count", "in 7 days"],
    ...                       "share": [0.25, 0.75]})
    >>> select_importance(table, level="feature").values.tolist()
    [['Call: in 7 days', 0.75], ['Mail: total count', 0.25]]
    """
    import pandas as pd

    rows = importance[importance["level"] == level]
    rows = rows.sort_values("share", ascending=False, kind="stable", ignore_index=True)
    names = rows["group"].astype("str")
    if level == "feature":
        names = names + ": " + rows["feature"].astype("str")
    return pd.DataFrame({"name": names, "share": rows["share"]})


def draw_volumes_chart(
    volumes: "pd.DataFrame",
    *,
    most: int = 8,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 520,
) -> "alt.FacetChart":
    """Draw activities per day: all together, then the most frequent types, each on its own scale.

    So a type that has stopped shows, however rare it is.

    Parameters
    ----------
    volumes : DataFrame as in volumes.csv
    most : int
        So many types get a row of their own.
    theme : "light" or "dark"
    title : str, optional
    width : pixels of a row's plot
    """
    import altair as alt
    import pandas as pd

    palette = PALETTES[theme]
    together = volumes.groupby("day", as_index=False)["activities"].sum().assign(type=ALL_TYPES)
    totals = volumes.groupby("type", sort=True)["activities"].sum()
    kept = totals.sort_values(ascending=False, kind="stable").index[:most].tolist()
    shown = pd.concat([together, volumes[volumes["type"].isin(kept)]], ignore_index=True)
    shown = shown.assign(
        ends=shown["day"] + pd.Timedelta(days=1),
        date=[day(instant) for instant in shown["day"]],
        says=[count(n, "activity", "activities") for n in shown["activities"]],
    )
    header = alt.Header(
        labelAngle=0, labelAlign="left", labelLimit=220, labelFontSize=12, labelColor=palette.ink
    )
    bars = (
        alt.Chart(shown)
        .mark_rect(color=palette.model, stroke=palette.paper, strokeWidth=0.5)
        .encode(
            x=alt.X("day:T", **build_time_axis(shown["day"], "Days")),
            x2="ends:T",
            y=alt.Y("activities:Q", title=None, axis=alt.Axis(tickCount=2, tickMinStep=1)),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("type:N", title="Type"),
                alt.Tooltip("date:N", title="Day"),
                alt.Tooltip("says:N", title="Volume"),
            ],
        )
        .properties(width=width, height=38)
    )
    rows = bars.facet(
        row=alt.Row("type:N", title=None, sort=[ALL_TYPES, *kept], header=header), spacing=8
    )
    return apply_theme(rows.resolve_scale(y="independent"), theme, title)
