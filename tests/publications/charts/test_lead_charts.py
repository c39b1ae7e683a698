"""One lead's story: what the charts say can be read off their text."""

import numpy as np
import pandas as pd
import pytest

from publications.charts.gain_charts import render_png, render_svg
from publications.charts.lead_charts import (
    MOST_FIGURES,
    MOST_TYPES,
    OTHER_TYPES,
    build_waterfall,
    draw_rank_history_chart,
    draw_timeline_chart,
    draw_waterfall_chart,
)
from publications.charts.theme import Theme
from tests.publications.charts.test_gain_charts import read_words

REASONS = pd.DataFrame(
    {
        "fact": ["Offer returned 2 days ago", "No call yet", "Everything else"],
        "contribution": [1.0, -0.5, 0.1],
    }
)
TIMELINE = pd.DataFrame(
    {
        "occurred_at": pd.to_datetime(
            ["2012-03-14 09:00", "2012-03-10 11:30", "2012-03-02 00:05"], utc=True
        ),
        "type": ["Offer returned", "Offer sent", "Offer returned"],
        "direction": ["inbound", "outbound", "internal"],
    }
)


def history(lists: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "as_of": pd.date_range("2012-03-01", periods=lists, freq="D", tz="UTC", unit="us"),
            "rank": range(40, 40 + lists),
            "leads": 399,
            "score": 0.5,
            "tier": "A",
        }
    )


def log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def test_the_steps_lead_from_the_typical_lead_to_this_one() -> None:
    steps = build_waterfall(REASONS, score=0.6, base=0.3)
    assert steps["before"].tolist()[1:] == steps["after"].tolist()[:-1]
    assert (steps["before"].iloc[0], steps["after"].iloc[-1]) == (0.3, 0.6)
    assert steps["way"].tolist() == ["stays", "raises", "lowers", "raises", "stays"]


def test_steps_are_in_proportion_to_the_contributions_however_the_score_was_calibrated() -> None:
    steps = build_waterfall(REASONS, score=0.6, base=0.3)
    ends = np.array([log_odds(share) for share in steps["after"]])
    # 0.6 of log odds before calibration span the whole way from 0.3 to 0.6.
    stretch = (log_odds(0.6) - log_odds(0.3)) / 0.6
    assert np.diff(ends[:4]) == pytest.approx(stretch * REASONS["contribution"], abs=1e-6)


def test_facts_that_move_nothing_have_no_step() -> None:
    nothing = REASONS.assign(contribution=[1.0, 0.0, 0.0])
    assert len(build_waterfall(nothing, score=0.6, base=0.3)) == 3


def test_a_lead_that_nothing_moves_has_the_typical_score() -> None:
    steps = build_waterfall(REASONS.assign(contribution=0.0), score=0.3, base=0.3)
    assert steps["after"].tolist() == [0.3, 0.3]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_waterfall_names_every_fact_and_the_score_after_it(theme: Theme) -> None:
    written = read_words(
        render_svg(draw_waterfall_chart(REASONS, score=0.6, base=0.3, theme=theme))
    )
    for expected in ("Typical lead", *REASONS["fact"], "This lead", "30 %", "60 %"):
        assert expected in written
    assert "raises the score" in written
    assert "lowers the score" in written


@pytest.mark.parametrize(("base", "score"), [(0.22, 0.18), (0.22, 0.01), (0.2, 0.99), (0.5, 0.5)])
def test_the_axis_carries_at_least_three_percentages(base: float, score: float) -> None:
    written = read_words(render_svg(draw_waterfall_chart(REASONS, score=score, base=base)))
    axis = written[: written.index("Score")]
    assert len([word for word in axis if word.endswith(" %")]) >= 3


def test_two_facts_that_read_the_same_have_a_bar_each() -> None:
    twice = REASONS.assign(fact="Amount unknown")
    assert (
        read_words(render_svg(draw_waterfall_chart(twice, score=0.6, base=0.3))).count(
            "Amount unknown"
        )
        == 3
    )


def test_the_timeline_has_a_row_for_each_kind_the_latest_on_top() -> None:
    written = read_words(render_svg(draw_timeline_chart(TIMELINE)))
    assert written.index("Offer returned") < written.index("Offer sent")
    assert {"inbound", "outbound", "internal", "Activities of 2012, UTC"} <= set(written)


def test_kinds_that_lie_furthest_back_share_a_row_where_there_are_many() -> None:
    many = pd.DataFrame(
        {
            "occurred_at": pd.date_range("2012-03-01", periods=20, freq="D", tz="UTC")[::-1],
            "type": [f"Kind {n}" for n in range(20)],
            "direction": "inbound",
        }
    )
    written = read_words(render_svg(draw_timeline_chart(many)))
    kinds = [word for word in written if word.startswith("Kind ")]
    assert kinds == [f"Kind {n}" for n in range(MOST_TYPES - 1)]
    assert OTHER_TYPES in written


def test_a_lead_without_activities_has_an_empty_timeline() -> None:
    assert render_svg(draw_timeline_chart(TIMELINE.head(0)))


def test_the_history_has_rank_and_score_list_by_list() -> None:
    written = read_words(render_svg(draw_rank_history_chart(history(3))))
    assert {"Rank", "Score", "40", "42", "50 %", "Lists of 2012, UTC"} <= set(written)


def test_of_many_lists_only_the_first_and_the_last_carry_a_figure() -> None:
    written = read_words(render_svg(draw_rank_history_chart(history(MOST_FIGURES + 1))))
    assert {"40", "48"} <= set(written)
    assert "43" not in written


def test_a_single_list_and_lists_without_a_model_can_be_drawn() -> None:
    written = read_words(render_svg(draw_rank_history_chart(history(1).assign(score=np.nan))))
    assert "Rank" in written
    assert "Score" not in written


def test_equal_frames_give_equal_pictures() -> None:
    charts = [draw_waterfall_chart(REASONS, score=0.6, base=0.3, theme="dark") for _ in range(2)]
    assert render_png(charts[0], scale=1) == render_png(charts[1], scale=1)
