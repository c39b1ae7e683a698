"""The look that charts share can be read by everybody, in light and in dark."""

import pandas as pd
import pytest

from publications.charts.theme import (
    LINES,
    PALETTES,
    Theme,
    apply_theme,
    build_percent_axis,
    build_time_axis,
)
from tests.publications.charts.test_gain_charts import contrast

THEMES: tuple[Theme, ...] = ("light", "dark")


def instants(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True))


@pytest.mark.parametrize("theme", THEMES)
def test_words_stand_out_from_the_paper(theme: Theme) -> None:
    """4.5 is what WCAG asks of text, 3 of lines that mean something."""
    palette = PALETTES[theme]
    assert contrast(palette.ink, palette.paper) >= 7
    assert contrast(palette.quiet, palette.paper) >= 4.5
    assert contrast(palette.model, palette.paper) >= 4.5
    assert contrast(palette.most_fresh, palette.paper) >= 3
    assert contrast(palette.random, palette.paper) >= 3


def test_two_lines_never_differ_by_their_colour_alone() -> None:
    looks = [(line.dash, line.width) for line in LINES.values()]
    assert len(set(looks)) == len(looks)


def test_the_model_is_the_strongest_line_and_only_what_was_measured_has_an_interval() -> None:
    assert max(LINES, key=lambda name: LINES[name].width) == "model"
    assert {name for name, line in LINES.items() if line.interval} == {"model", "most_fresh"}


def test_an_axis_of_shares_begins_at_nothing_and_ends_at_its_top() -> None:
    axis = build_percent_axis("Share", top=0.4)
    assert axis["title"] == "Share"
    assert axis["scale"].to_dict() == {"domain": [0, 0.4], "nice": False}


def test_a_single_instant_has_half_a_day_of_room_on_both_sides() -> None:
    domain = build_time_axis(instants("2012-03-14"), "Lists")["scale"].to_dict()["domain"]
    assert domain == ["2012-03-13T12:00:00+00:00", "2012-03-14T12:00:00+00:00"]


@pytest.mark.parametrize(
    ("last", "title", "label"),
    [
        ("2012-03-03 12:00", "Lists of 2012, UTC", "%-d %b %H:%M"),
        ("2012-04-20 00:00", "Lists of 2012, UTC", "%-d %b"),
        ("2012-12-26 00:00", "Lists of 2012, UTC", "%-d %b"),
        ("2013-03-01 00:00", "Lists, UTC", "%b %Y"),
    ],
)
def test_the_labels_of_time_suit_its_length(last: str, title: str, label: str) -> None:
    axis = build_time_axis(instants("2012-03-01 00:00", last), "Lists")
    assert (axis["title"], axis["axis"].to_dict()["format"]) == (title, label)


def test_a_stretch_over_new_year_names_both_years() -> None:
    axis = build_time_axis(instants("2011-12-20", "2012-01-10"), "Lists")
    assert axis["title"] == "Lists of 2011 and 2012, UTC"


def test_no_instants_have_an_axis_all_the_same() -> None:
    assert build_time_axis(instants(), "Lists")["title"] == "Lists, UTC"


def test_a_chart_without_a_title_gets_none() -> None:
    import altair as alt

    bare = alt.Chart(pd.DataFrame({"x": [1]})).mark_point().encode(x="x:Q")
    assert "title" not in apply_theme(bare, "light", None).to_dict()
    assert apply_theme(bare, "dark", "Gains").to_dict()["title"] == "Gains"
