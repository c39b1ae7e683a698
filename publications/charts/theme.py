"""The look that all charts share: palette, font, axes in percent.

One accent colour marks the model. The other rankings differ in lightness and dashes, so that the
charts can be read without seeing colours.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from publications.schema import RANKING_NAMES

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

Theme = Literal["light", "dark"]

FONT = "Liberation Sans, Helvetica, Arial, sans-serif"
"""The renderer includes the first one, so that every machine draws the same picture."""


@dataclass(frozen=True)
class Palette:
    """The colours of one theme."""

    paper: str
    ink: str
    quiet: str
    grid: str
    model: str
    most_fresh: str
    random: str
    perfect: str
    tiers: tuple[str, str, str]
    """A, B and C, which differ in lightness: A is the accent, C the quietest."""


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        paper="#ffffff",
        ink="#1c2733",
        quiet="#55616e",
        grid="#e6e9ed",
        model="#0b62c4",
        most_fresh="#4a5561",
        random="#8a94a0",
        perfect="#8a94a0",
        tiers=("#0b62c4", "#7aaee8", "#b9c2cc"),
    ),
    "dark": Palette(
        paper="#161b22",
        ink="#e8ecf1",
        quiet="#a3aebb",
        grid="#2b333d",
        model="#5aa9ff",
        most_fresh="#c3ccd6",
        random="#7f8a96",
        perfect="#7f8a96",
        tiers=("#5aa9ff", "#2f6fb5", "#4b5561"),
    ),
}


@dataclass(frozen=True)
class Line:
    """How one ranking is drawn, and its name on every page."""

    label: str
    dash: tuple[float, ...]
    width: float
    interval: bool


LINES = {
    "perfect": Line(RANKING_NAMES["perfect"], (1.5, 3), 2.0, interval=False),
    "model": Line(RANKING_NAMES["model"], (1, 0), 3.0, interval=True),
    "most_fresh": Line(RANKING_NAMES["most_fresh"], (1, 0), 2.0, interval=True),
    "random": Line(RANKING_NAMES["random"], (5, 4), 1.5, interval=False),
}
"""Ranking of gains.csv -> its line."""


def encode_colour(palette: Palette) -> "alt.Color":
    """Colour by the column ``ranking``."""
    return _encode_ranking("Color", [getattr(palette, name) for name in LINES])


def encode_dash() -> "alt.StrokeDash":
    """Dash by the column ``ranking``."""
    return _encode_ranking("StrokeDash", [list(line.dash) for line in LINES.values()])


def encode_line_width() -> "alt.StrokeWidth":
    """Thickness by the column ``ranking``."""
    return _encode_ranking("StrokeWidth", [line.width for line in LINES.values()])


def _encode_ranking(channel: str, values: list[Any]) -> Any:
    import altair as alt

    scale = alt.Scale(type="ordinal", domain=list(LINES), range=values)
    return getattr(alt, channel)("ranking:N", legend=None, scale=scale)


def build_percent_axis(
    title: str | None = None, *, top: float = 1.0, ticks: int = 10
) -> dict[str, Any]:
    """Give a channel of shares its title, its scale from 0 to ``top`` and labels in percent."""
    import altair as alt

    return {
        "title": title,
        "scale": alt.Scale(domain=[0, top], nice=False),
        "axis": alt.Axis(
            labelExpr="format(datum.value * 100, '.0f') + ' %'", tickCount=ticks, labelFlush=False
        ),
    }


def build_names_axis(palette: Palette, **more: Any) -> "alt.Axis":
    """Give a channel of names an axis that is nothing but their words."""
    import altair as alt

    look = {"labelLimit": 340, "labelFontSize": 12, "labelPadding": 8, "labelColor": palette.ink}
    return alt.Axis(ticks=False, domain=False, **{**look, **more})


NAMED_ROW_HEIGHT, NAME_OFFSET, BAR_OFFSET = 38, -9, 8
"""Pixels of a row with its name above its bar, and the offsets of both."""


def draw_names_above(rows: "alt.Chart", field: str, palette: Palette) -> "alt.Chart":
    """Write each row's name above its bar, from the left: a phone has no room for both abreast.

    The rows are ``NAMED_ROW_HEIGHT`` high and have no axis of their own; their marks are offset by
    ``BAR_OFFSET``.
    """
    import altair as alt

    words = rows.mark_text(align="left", dy=NAME_OFFSET, fontSize=12, color=palette.ink)
    return words.encode(x=alt.value(0), text=f"{field}:N")


def build_time_axis(instants: "pd.Series", what: str) -> dict[str, Any]:
    """Give a channel of instants a title, a scale in UTC and labels that suit its length.

    A single instant gets half a day of room on both sides. ``what`` is "Lists" or the like.
    """
    import altair as alt
    import pandas as pd

    if instants.empty:
        return {"title": f"{what}, UTC", "scale": alt.Scale(type="utc")}
    first, last = instants.min(), instants.max()
    room = max((last - first) * 0.04, pd.Timedelta(hours=12))
    # As text: newer releases of the renderer, such as the dashboard's, do not take numbers here.
    ends = [end.isoformat() for end in (first - room, last + room)]
    span, title = last - first, f"{what}, UTC"
    if span > pd.Timedelta(days=300):
        label = "%b %Y"
    else:
        label = "%-d %b" if span > pd.Timedelta(days=3) else "%-d %b %H:%M"
        years = " and ".join(str(year) for year in sorted({first.year, last.year}))
        title = f"{what} of {years}, UTC"
    look = {"format": label, "tickCount": 5, "labelOverlap": "greedy", "labelSeparation": 8}
    return {
        "title": title,
        "scale": alt.Scale(type="utc", domain=ends, nice=False),
        "axis": alt.Axis(**look),
    }


def apply_theme(chart: Any, theme: Theme, title: str | None) -> Any:
    """Give a finished chart its title, font and colours."""
    palette = PALETTES[theme]
    if title is not None:
        chart = chart.properties(title=title)
    return (
        chart.configure(font=FONT, background=palette.paper, padding=12, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=palette.quiet,
            titleColor=palette.ink,
            titleFontWeight="normal",
            titleFontSize=13,
            labelFontSize=12,
            titlePadding=10,
            gridColor=palette.grid,
            domainColor=palette.grid,
            tickColor=palette.grid,
        )
        .configure_title(
            color=palette.ink, anchor="start", fontSize=16, fontWeight="bold", offset=14
        )
        .configure_legend(
            labelColor=palette.ink, titleColor=palette.quiet, labelFontSize=12, orient="bottom"
        )
        .configure_concat(spacing=36)
    )
