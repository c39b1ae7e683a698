"""Charts of one lead: why this score, its activities, its rank history.

Every function takes frames and a theme and gives a chart; nothing is read or written.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from publications.charts.theme import (
    BAR_OFFSET,
    NAMED_ROW_HEIGHT,
    PALETTES,
    Palette,
    Theme,
    apply_theme,
    build_names_axis,
    build_percent_axis,
    build_time_axis,
    draw_names_above,
)
from publications.wording.formatting import count, minute, percent

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

BASE_LABEL, LEAD_LABEL = "Typical lead", "This lead"
EFFECTS = {"raises": "raises the score", "lowers": "lowers the score"}
TICK_CHOICES = (
    (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999),
    (0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 0.997, 0.999),
    tuple(np.arange(1, 20) / 20),
    tuple(np.arange(1, 100) / 100),
)
"""Tick values of the waterfall's axis: the first choice that gives it three labels."""
ROW_HEIGHT, MOST_TYPES, MOST_FIGURES = 26, 12, 8
OTHER_TYPES = "Other kinds"
DIRECTIONS = {"inbound": "circle", "outbound": "diamond", "internal": "cross"}
"""Direction of an activity -> its mark, so that the chart can be read without colours."""


def build_waterfall(reasons: "pd.DataFrame", *, score: float, base: float) -> "pd.DataFrame":
    """Line up the steps from the average lead's score to this lead's, fact after fact.

    Parameters
    ----------
    reasons : DataFrame as in reasons.parquet, the rows of one lead; contributions of 0 drop out
    score : float, the lead's probability
    base : float, the probability of a lead with no fact for or against it

    Returns
    -------
    DataFrame with columns fact, before, after (probabilities), way ("raises", "lowers" or
    "stays"), one row a step; the first is at ``base``, the last at ``score``.

    Contributions add up in log odds of the uncalibrated score; calibration stretches them all
    by the same factor, which follows from the two ends.

    >>> import pandas as pd
    >>> one = pd.DataFrame({"fact": ["Offer returned 2 days ago"], "contribution": [0.7]})
    >>> build_waterfall(one, score=0.5, base=0.2)[["before", "after", "way"]].values.tolist()
    [[0.2, 0.2, 'stays'], [0.2, 0.5, 'raises'], [0.5, 0.5, 'stays']]
    """
    import pandas as pd

    moving = reasons[reasons["contribution"] != 0]
    moved = moving["contribution"].to_numpy(dtype=np.float64)
    first, last = (_log_odds(share) for share in (base, score))
    total = moved.sum()
    stretch = (last - first) / total if abs(total) > 1e-9 else 1.0
    reached = first + stretch * np.concatenate([[0.0], np.cumsum(moved)])
    shares = 1 / (1 + np.exp(-reached))
    return pd.DataFrame(
        {
            "fact": [BASE_LABEL, *moving["fact"], LEAD_LABEL],
            "before": [base, *shares[:-1].round(9), score],
            "after": [base, *shares[1:].round(9), score],
            "way": ["stays", *np.where(stretch * moved > 0, "raises", "lowers"), "stays"],
        }
    )


def draw_waterfall_chart(
    reasons: "pd.DataFrame",
    *,
    score: float,
    base: float,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 640,
) -> "alt.LayerChart":
    """Draw the steps from the average lead's score to this lead's.

    The axis is stretched towards 0 and 100 %, so that equally strong facts have equally long bars
    at every score.

    Parameters
    ----------
    reasons, score, base : as for ``build_waterfall``
    theme : "light" or "dark"
    title : str, optional
    width : pixels of the plot, the facts' words included
    """
    import altair as alt

    palette = PALETTES[theme]
    steps = build_waterfall(reasons, score=score, base=base)
    rows = steps.assign(
        row=range(len(steps)),
        start=[_log_odds(share) for share in steps["before"]],
        end=[_log_odds(share) for share in steps["after"]],
        says=[percent(share, digits=int(share < 0.1)) for share in steps["after"]],
        effect=steps["way"].map(EFFECTS),
    )
    rows["right"] = rows[["start", "end"]].max(axis=1)
    base_chart = alt.Chart(rows).encode(y=alt.Y("row:O", axis=None))  # two may say the same
    x = alt.X("start:Q", **_build_log_odds_axis([*rows["start"], *rows["end"]]))
    tooltip = [alt.Tooltip("fact:N", title="Fact"), alt.Tooltip("says:N", title="Score after it")]
    moving, staying = ("datum.way != 'stays'", "datum.way == 'stays'")
    colours = alt.Color(
        "effect:N",
        title=None,
        scale=alt.Scale(domain=list(EFFECTS.values()), range=[palette.model, palette.random]),
    )
    layers = alt.layer(
        alt.Chart(rows.head(1)).mark_rule(color=palette.random, strokeDash=[4, 4]).encode(x=x),
        base_chart.transform_filter(moving)
        .mark_bar(height=12, cornerRadius=2, yOffset=BAR_OFFSET)
        .encode(x=x, x2="end:Q", color=colours),
        base_chart.transform_filter(staying)
        .mark_point(
            shape="diamond", filled=True, size=90, opacity=1, color=palette.ink, yOffset=BAR_OFFSET
        )
        .encode(x=x),
        base_chart.mark_text(
            align="left", dx=9, dy=BAR_OFFSET, fontSize=12, color=palette.ink
        ).encode(x="right:Q", text="says:N"),
        draw_names_above(base_chart, "fact", palette),
    )
    layers = layers.encode(tooltip=tooltip).properties(
        width=width, height=NAMED_ROW_HEIGHT * len(rows)
    )
    return apply_theme(layers, theme, title)


def draw_timeline_chart(
    timeline: "pd.DataFrame", *, theme: Theme = "light", title: str | None = None, width: int = 460
) -> "alt.Chart":
    """Draw a lead's activities over time, one row a kind, the latest kind on top.

    Parameters
    ----------
    timeline : DataFrame as in timeline.parquet, the rows of one lead
        Beyond twelve kinds the least recent ones share a row.
    theme : "light" or "dark"
    title : str, optional
    width : pixels of the plot, the kinds' names left out
    """
    import altair as alt

    palette = PALETTES[theme]
    shown = timeline.sort_values("occurred_at", ascending=False, kind="stable")
    kinds = list(dict.fromkeys(shown["type"].astype("str")))
    kept = kinds if len(kinds) <= MOST_TYPES else kinds[: MOST_TYPES - 1]
    rows = [*kept, OTHER_TYPES] if len(kept) < len(kinds) else kept
    shown = shown.assign(
        kind=shown["type"].astype("str").where(shown["type"].isin(kept), OTHER_TYPES),
        when=[minute(instant) for instant in shown["occurred_at"]],
    )
    colours = [palette.model, palette.ink, palette.random]
    domain = list(DIRECTIONS)
    marks = (
        alt.Chart(shown)
        .mark_point(filled=True, size=70, opacity=0.85)
        .encode(
            x=alt.X("occurred_at:T", **build_time_axis(shown["occurred_at"], "Activities")),
            y=alt.Y("kind:N", title=None, sort=rows, axis=build_names_axis(palette)),
            color=alt.Color(
                "direction:N", title=None, scale=alt.Scale(domain=domain, range=colours)
            ),
            shape=alt.Shape(
                "direction:N",
                title=None,
                scale=alt.Scale(domain=domain, range=list(DIRECTIONS.values())),
            ),
            tooltip=[
                alt.Tooltip("type:N", title="Activity"),
                alt.Tooltip("direction:N", title="Direction"),
                alt.Tooltip("when:N", title="When"),
            ],
        )
    )
    sized = marks.properties(width=width, height=ROW_HEIGHT * max(len(rows), 2))
    return apply_theme(sized, theme, title)


def draw_rank_history_chart(
    history: "pd.DataFrame",
    *,
    theme: Theme = "light",
    title: str | None = None,
    width: int = 290,
    height: int = 170,
) -> "alt.HConcatChart":
    """Draw a lead's rank and score over the last publications.

    Parameters
    ----------
    history : DataFrame with columns as_of (instant), rank, leads (on that list), score, tier
        One row a publication. Without scores, as on lists made without a model, only the rank
        is drawn.
    theme : "light" or "dark"
    title : str, optional
    width, height : pixels of one of the two plots
    """
    import altair as alt

    palette = PALETTES[theme]
    shown = history.assign(
        when=[minute(instant) for instant in history["as_of"]],
        place=[
            f"{rank} of {count(leads)}"
            for rank, leads in zip(history["rank"], history["leads"], strict=True)
        ],
        percent=[percent(score) for score in history["score"]],
        named=_select_labelled_points(len(history)),
        text=history["rank"].astype("str"),
    )
    base = alt.Chart(shown).encode(
        x=alt.X("as_of:T", **build_time_axis(shown["as_of"], "Lists")),
        tooltip=[
            alt.Tooltip("when:N", title="List of"),
            alt.Tooltip("place:N", title="Rank"),
            alt.Tooltip("percent:N", title="Score"),
            alt.Tooltip("tier:N", title="Tier"),
        ],
    )
    lowest = int(max(history["rank"].max() * 1.15, 5)) if len(history) else 5
    place = alt.Y(
        "rank:Q",
        title="Rank",
        scale=alt.Scale(domain=[1, lowest], reverse=True, nice=False),
        axis=alt.Axis(tickMinStep=1, tickCount=5),
    )
    plots = [_draw_labelled_line(base, place, "text", palette)]
    if history["score"].notna().any():
        top = min(float(history["score"].max()) * 1.25 + 0.01, 1.0)
        rate = alt.Y("score:Q", **build_percent_axis("Score", top=top, ticks=5))
        plots.append(_draw_labelled_line(base, rate, "percent", palette))
    sized = [plot.properties(width=width, height=height) for plot in plots]
    return apply_theme(alt.hconcat(*sized), theme, title)


def _draw_labelled_line(base: Any, y: Any, words: str, palette: Palette) -> Any:
    import altair as alt

    line = base.mark_line(color=palette.model, strokeWidth=2).encode(y=y)
    dots = base.mark_point(filled=True, size=60, opacity=1, color=palette.model).encode(y=y)
    text = base.transform_filter("datum.named").mark_text(dy=-13, fontSize=12, color=palette.ink)
    return alt.layer(line, dots, text.encode(y=y, text=f"{words}:N"))


def _select_labelled_points(points: int) -> list[bool]:
    """The points of a line that are labelled: all of a few, else the two ends."""
    return [points <= MOST_FIGURES or place in (0, points - 1) for place in range(points)]


def _log_odds(share: float) -> float:
    within = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(within / (1 - within)))


def _build_log_odds_axis(values: list[float]) -> dict[str, Any]:
    """Log odds, labelled with their shares."""
    import altair as alt

    room = max(0.12 * (max(values) - min(values)), 0.1)
    low, high = min(values) - room, max(values) + 1.8 * room
    ticks: list[float] = []
    for shares in TICK_CHOICES:
        ticks = [tick for tick in map(_log_odds, shares) if low < tick < high]
        if len(ticks) >= 3:
            break
    percents = "format(100 / (1 + exp(-datum.value)), '.2~f') + ' %'"
    return {
        "title": "Score",
        "scale": alt.Scale(domain=[low, high], nice=False),
        "axis": alt.Axis(values=ticks, labelExpr=percents, labelOverlap="greedy"),
    }
