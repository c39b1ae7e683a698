from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from models.errors import NotEnoughData
from models.evaluation.gain_curves import DEPTHS, pooled_gain
from models.evaluation.gain_tables import (
    RANKINGS,
    MeasuredGains,
    build_curve_table,
    build_gain_table,
    choose_table_depths,
    sample_gains,
)
from tests.models.frames import draw_scored_lists


@pytest.fixture(scope="module")
def backtest() -> pd.DataFrame:
    return draw_scored_lists(n_lists=4, n_leads=150, digits=3)


@pytest.fixture(scope="module")
def measured(backtest: pd.DataFrame) -> MeasuredGains:
    return sample_gains(backtest, samples=200)


def test_the_curves_hold_four_rankings_at_every_hundredth_of_the_list(
    measured: MeasuredGains,
) -> None:
    frame = build_curve_table(measured)
    assert list(frame.columns) == ["ranking", "depth", "gain", "gain_low", "gain_high"]
    assert frame["ranking"].unique().tolist() == list(RANKINGS)
    assert frame.index.is_unique
    for _, curve in frame.groupby("ranking"):
        assert curve["depth"].tolist() == DEPTHS.tolist()
        assert (curve["gain"].iloc[0], curve["gain"].iloc[-1]) == (0, 1)
        assert all(a <= b + 1e-12 for a, b in pairwise(curve["gain"]))


def test_random_order_is_the_diagonal_without_a_band(measured: MeasuredGains) -> None:
    """Its gain is an expectation, which does not depend on the leads that are drawn."""
    curve = build_curve_table(measured).query("ranking == 'random'")
    for column in ("gain", "gain_low", "gain_high"):
        assert curve[column].tolist() == DEPTHS.tolist()


def test_perfect_reaches_everyone_at_the_base_rate(backtest: pd.DataFrame) -> None:
    one_list = backtest[backtest["list_date"] == backtest["list_date"].min()]
    base_rate = one_list["converted"].mean()
    measured = sample_gains(one_list, depths=[base_rate / 2, base_rate], samples=10)
    assert measured.gain["perfect"].tolist() == pytest.approx([0.5, 1])


def test_bands_lie_around_the_gain(measured: MeasuredGains) -> None:
    model = build_curve_table(measured).query("ranking == 'model' and 0 < depth < 0.9")
    assert (model["gain_low"] < model["gain"]).all()
    assert (model["gain"] < model["gain_high"]).all()


def test_the_table_says_what_the_curves_say(measured: MeasuredGains) -> None:
    table, curves = build_gain_table(measured), build_curve_table(measured)
    assert table.columns.tolist() == [
        "depth",
        "ranking",
        "gain",
        "gain_low",
        "gain_high",
        "difference_to_most_fresh",
        "difference_low",
        "difference_high",
    ]
    both = table.merge(curves, on=["ranking", "depth"], validate="one_to_one")
    assert len(both) == len(table) == 16
    assert (both["gain_x"] == both["gain_y"]).all()
    assert (both["gain_low_x"] == both["gain_low_y"]).all()


def test_differences_are_paired_so_the_most_fresh_differs_from_itself_by_nothing(
    measured: MeasuredGains,
) -> None:
    fresh = build_gain_table(measured).query("ranking == 'most_fresh'")
    differences = fresh[["difference_to_most_fresh", "difference_low", "difference_high"]]
    assert (differences == 0).all(axis=None)


def test_a_copy_of_the_most_fresh_has_a_band_of_width_zero(backtest: pd.DataFrame) -> None:
    """Two bands side by side would overlap widely; the paired difference is exactly 0."""
    copied = backtest.assign(score=2 * backtest["most_fresh"])
    model = build_gain_table(sample_gains(copied, samples=50)).query("ranking == 'model'")
    assert (model[["difference_low", "difference_high"]] == 0).all(axis=None)


def test_equal_input_gives_equal_figures_in_any_row_order(backtest: pd.DataFrame) -> None:
    shuffled = backtest.sample(frac=1, random_state=1).reset_index(drop=True)
    first, second = (
        build_curve_table(sample_gains(frame, samples=50)) for frame in (backtest, shuffled)
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_the_bands_are_drawn_with_the_seed_1_unless_another_is_asked_for(
    backtest: pd.DataFrame,
) -> None:
    """As every published file was, on every machine."""
    usual, asked = (
        build_curve_table(sample_gains(backtest, samples=50, **seed)) for seed in ({}, {"seed": 1})
    )
    pd.testing.assert_frame_equal(usual, asked)


def test_depths_may_be_whole_numbers(backtest: pd.DataFrame) -> None:
    measured = sample_gains(backtest, depths=[0, 1], samples=10)
    assert measured.depths.dtype == np.float64
    assert measured.gain["model"].tolist() == [0, 1]


def test_another_seed_moves_the_bands_and_nothing_else(backtest: pd.DataFrame) -> None:
    first, second = (build_curve_table(sample_gains(backtest, samples=50, seed=s)) for s in (1, 2))
    assert (first["gain"] == second["gain"]).all()
    assert not np.allclose(first["gain_low"], second["gain_low"])


def test_bands_are_wider_where_one_lead_stands_in_all_lists(backtest: pd.DataFrame) -> None:
    """The same rows, said to be of one lead each, or of leads that come again and again."""
    alone = backtest.assign(lead_id=[f"R{i:05d}" for i in range(len(backtest))])
    again = pd.concat([backtest.iloc[:200]] * 4, ignore_index=True)
    widths = []
    for frame in (alone.iloc[:200], again):
        model = build_curve_table(sample_gains(frame, samples=200)).query(
            "ranking == 'model' and depth == 0.3"
        )
        widths.append((model["gain_high"] - model["gain_low"]).item())
    assert widths[1] > 0.8 * widths[0]  # four times the rows, and hardly more knowledge


@pytest.mark.parametrize(
    ("tier_a", "depths"),
    [
        (0.15, [0.1, 0.15, 0.2, 0.3, 0.5]),
        (1 / 3, [0.1, 0.2, 0.3, 0.33, 0.5]),
        (0.3, [0.1, 0.2, 0.3, 0.5]),
        (1.0, [0.1, 0.2, 0.3, 0.5]),
        (0.0, [0.1, 0.2, 0.3, 0.5]),
    ],
)
def test_the_table_tells_the_depth_at_which_the_proof_was_judged(
    measured: MeasuredGains, tier_a: float, depths: list[float]
) -> None:
    table = build_gain_table(measured, choose_table_depths(tier_a))
    assert table["depth"].unique().tolist() == depths


def test_a_backtest_without_conversions_has_no_gains(backtest: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughData, match="None of"):
        sample_gains(backtest.assign(converted=0))


def test_gains_follow_from_the_published_columns_alone(backtest: pd.DataFrame) -> None:
    published = backtest[["list_date", "lead_id", "score", "most_fresh", "converted"]]
    again = pooled_gain(published["converted"], published["score"], published["list_date"])
    curve = build_curve_table(sample_gains(backtest, samples=10)).query("ranking == 'model'")
    assert curve["gain"].tolist() == again.tolist()


def test_progress_is_told_until_all_samples_are_drawn(backtest: pd.DataFrame) -> None:
    told: list[tuple[int, int]] = []
    sample_gains(backtest, samples=20, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20, 20)
