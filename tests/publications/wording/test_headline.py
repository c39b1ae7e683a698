"""What the head of sales reads first."""

from dataclasses import fields

import pandas as pd
import pytest

from publications.wording.headline import Headline, build_headline, find_depth_for_gain
from tests.publications.conftest import made_up_gain_table, made_up_gains


def build_made_up_headline(**changes: float) -> Headline:
    figures = dict(
        zip(
            (field.name for field in fields(Headline)),
            (0.3, 0.55, 0.52, 0.58, 0.41, 0.38, 0.44, 0.14, 0.1, 0.18, 0.44),
            strict=True,
        )
    )
    return Headline(**{**figures, **changes})


def test_the_headline_says_what_calling_to_a_depth_reaches() -> None:
    assert build_made_up_headline().sentence == (
        "Calling the first 30 % of each list reaches 55 % of the customers; "
        "most fresh first reaches 41 %."
    )


def test_the_headline_is_translated_into_calls() -> None:
    sentence = build_made_up_headline().describe_calls(400)
    assert "400 leads that is 120 calls" in sentence
    assert "176 calls (44 %)" in sentence


def test_better_is_claimed_only_where_the_whole_interval_is_better() -> None:
    assert build_made_up_headline().verdict == "better"
    better = build_made_up_headline().certainty
    assert "+10.0 to +18.0 points" in better
    assert "leadgain's order is better" in better
    unsure = build_made_up_headline(difference=0.02, difference_low=-0.02, difference_high=0.06)
    assert unsure.verdict == "not proven"
    assert "do not prove" in unsure.certainty
    worse = build_made_up_headline(difference=-0.1, difference_low=-0.15, difference_high=-0.05)
    assert worse.verdict == "worse"
    assert "most fresh first is the better order" in worse.certainty


def test_it_is_read_off_the_published_figures_at_the_nearest_published_depth() -> None:
    read = build_headline(made_up_gains(), made_up_gain_table(), 0.28)
    assert read.depth == pytest.approx(0.3)
    assert read.model == pytest.approx(1 - 0.7**2)
    assert read.most_fresh == pytest.approx(1 - 0.7**1.4)
    assert read.difference_low == pytest.approx(read.model - read.most_fresh - 0.04)
    # 1 - (1 - d) ** 1.4 = 0.51 at d = 1 - 0.49 ** (1 / 1.4)
    assert read.most_fresh_depth == pytest.approx(1 - 0.49 ** (1 / 1.4), abs=0.002)


def test_a_table_without_the_model_is_refused() -> None:
    table = made_up_gain_table()
    with pytest.raises(ValueError, match="gain_table lacks model"):
        build_headline(made_up_gains(), table[table["ranking"] != "model"], 0.3)


def test_a_gain_beyond_the_curve_is_reached_by_the_whole_list() -> None:
    curve = pd.DataFrame({"ranking": "random", "depth": [0.0, 1.0], "gain": [0.0, 1.0]})
    assert find_depth_for_gain(curve, "random", 1.0) == 1.0
