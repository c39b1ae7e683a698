"""Importance and volumes, as text in charts."""

import pandas as pd
import pytest

from publications.charts.data_charts import (
    draw_importance_chart,
    draw_volumes_chart,
    select_importance,
)
from publications.charts.gain_charts import render_svg
from publications.charts.theme import Theme
from tests.publications.charts.test_gain_charts import read_words

IMPORTANCE = pd.DataFrame(
    {
        "level": ["group", "group", "group", "feature", "feature"],
        "group": ["Call", "Mail", "Age of the lead", "Call", "Mail"],
        "feature": [None, None, None, "in 7 days", "ever"],
        "share": [0.5, 0.3, 0.2, 0.6, 0.4],
    }
).astype({"feature": "str"})
VOLUMES = pd.DataFrame(
    {
        "day": pd.to_datetime(["2012-03-01", "2012-03-01", "2012-03-20"], utc=True),
        "type": ["Call", "Mail", "Call"],
        "activities": [3, 10, 5],
    }
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_importance_chart_names_groups_with_their_share(theme: Theme) -> None:
    written = read_words(render_svg(draw_importance_chart(IMPORTANCE, theme=theme)))
    assert {"Call", "50.0 %", "Mail", "Age of the lead", "20.0 %"} <= set(written)
    assert "in 7 days" not in " ".join(written)


def test_a_feature_is_named_with_its_group() -> None:
    assert "Call: in 7 days" in read_words(
        render_svg(draw_importance_chart(IMPORTANCE, level="feature"))
    )


def test_what_does_not_fit_is_in_the_axis_title() -> None:
    written = read_words(render_svg(draw_importance_chart(IMPORTANCE, most=1)))
    assert "Share of what moves the scores; 2 others have 50.0 % together" in written
    assert "Mail" not in written


def test_the_most_important_comes_first() -> None:
    found = select_importance(IMPORTANCE.iloc[::-1], level="group")
    assert found["name"].tolist() == ["Call", "Mail", "Age of the lead"]
    assert select_importance(IMPORTANCE, level="feature")["share"].tolist() == [0.6, 0.4]


def test_the_volumes_chart_begins_with_all_activities_then_the_most_frequent_type() -> None:
    written = read_words(render_svg(draw_volumes_chart(VOLUMES)))
    rows = [word for word in written if word in ("All activities", "Call", "Mail")]
    assert rows == ["All activities", "Mail", "Call"]


def test_rare_types_have_no_row_of_their_own() -> None:
    assert "Call" not in read_words(render_svg(draw_volumes_chart(VOLUMES, most=1)))


def test_an_export_without_activities_can_be_drawn() -> None:
    assert render_svg(draw_volumes_chart(VOLUMES.head(0)))
