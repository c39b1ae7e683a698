from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelRefused, NotEnoughData
from models.evaluation import bootstrap
from models.evaluation.baselines import score_random_order
from models.evaluation.gain_curves import DEPTHS, gain_curve, pooled_gain, resample_gains
from tests.models import twins
from tests.models.frames import draw_scored_lists

SOME_DEPTHS = [Fraction(d, 10) for d in (0, 1, 3, 5, 9, 10)]

leads = st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=1, max_size=30)
lists_of_leads = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 3)), min_size=1, max_size=40
)


def columns(rows: list[tuple[int, ...]]) -> list[list[int]]:
    rows = [(1, *rows[0][1:]), *rows]  # somebody converts
    return [list(column) for column in zip(*rows, strict=True)]


def test_the_best_lead_called_first_reaches_its_conversion_at_once() -> None:
    depth, gain = gain_curve(converted=[0, 1, 0, 1], score=[0.2, 0.9, 0.1, 0.8])
    assert depth.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert gain.tolist() == [0, 0.5, 1, 1, 1]


def test_whole_numbers_without_a_sign_are_called_in_the_same_order() -> None:
    _, gain = gain_curve(converted=[1, 0, 0], score=np.array([2, 1, 0], dtype=np.uint8))
    assert gain.tolist() == [0, 1, 1, 1]


def test_a_constant_score_is_exactly_the_random_baseline() -> None:
    depth, gain = gain_curve(converted=[1, 0, 0], score=[0.7, 0.7, 0.7])
    assert depth.tolist() == gain.tolist() == [0, 1]


def test_a_constant_score_pooled_over_lists_is_exactly_the_diagonal() -> None:
    backtest = draw_scored_lists(n_lists=7, n_leads=33)
    gain = pooled_gain(
        backtest["converted"], score_random_order(len(backtest)), backtest["list_date"]
    )
    assert gain.tolist() == DEPTHS.tolist()


def test_without_a_conversion_there_is_no_gain_to_show() -> None:
    with pytest.raises(NotEnoughData, match="None of 2 rows converted"):
        gain_curve([0, 0], [0.1, 0.2])
    with pytest.raises(NotEnoughData, match="None of 0 rows converted"):
        pooled_gain([], [], [])


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_score_that_is_no_number_cannot_be_ranked(odd: float) -> None:
    with pytest.raises(ModelRefused, match="1 of 2 scores are not finite"):
        gain_curve([0, 1], [0.1, odd])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=5))
def test_ties_count_as_the_mean_over_all_orders_of_calling(rows: list[tuple[int, int]]) -> None:
    converted, score = columns(rows)
    depth, gain = gain_curve(converted, score)
    every_call = np.arange(len(score) + 1) / len(score)
    by_hand = twins.average_gain_over_orders(converted, score)
    np.testing.assert_allclose(np.interp(every_call, depth, gain), by_hand, atol=1e-12)


@given(leads)
def test_a_gain_curve_rises_from_nobody_to_everybody(rows: list[tuple[int, int]]) -> None:
    converted, score = columns(rows)
    depth, gain = gain_curve(converted, score)
    assert (depth[0], gain[0], depth[-1], gain[-1]) == (0, 0, 1, 1)
    assert all(a < b for a, b in pairwise(depth))
    assert all(a <= b for a, b in pairwise(gain))
    assert len(depth) == len(set(score)) + 1


@given(lists_of_leads)
def test_only_the_order_of_the_scores_counts(rows: list[tuple[int, int, int]]) -> None:
    converted, score, lists = columns(rows)
    stretched = [np.exp(3 * s) - 5 for s in score]
    same = pooled_gain(converted, stretched, lists)
    assert pooled_gain(converted, score, lists).tolist() == same.tolist()


@given(lists_of_leads, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_count(rows: list[tuple[int, int, int]], shuffle) -> None:
    converted, score, lists = columns(rows)
    order = list(range(len(score)))
    shuffle.shuffle(order)
    shuffled = [np.array(column)[order] for column in (converted, score, lists)]
    assert pooled_gain(converted, score, lists).tolist() == pooled_gain(*shuffled).tolist()


@given(lists_of_leads)
def test_pooled_gains_equal_the_slow_twin(rows: list[tuple[int, int, int]]) -> None:
    converted, score, lists = columns(rows)
    slow = twins.pooled_gain(converted, score, lists, SOME_DEPTHS)
    fast = pooled_gain(converted, score, lists, SOME_DEPTHS)
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_each_list_is_ranked_by_itself_before_the_lists_are_pooled() -> None:
    """In list 2 everyone scores higher, and nobody converts: a common ranking would start there."""
    converted, score = [1, 0, 0, 0], [0.2, 0.1, 0.9, 0.8]
    assert pooled_gain(converted, score, [1, 1, 2, 2], [0.5]).tolist() == [1]
    assert pooled_gain(converted, score, [1, 1, 1, 1], [0.5]).tolist() == [0]


def test_a_list_weighs_as_much_as_it_has_conversions() -> None:
    """First half: list 1 reaches 0 of 1, list 2 reaches 2 of 2; together 2 of 3."""
    converted, score = [0, 1, 1, 1, 0, 0], [2, 1, 4, 3, 2, 1]
    gain = pooled_gain(converted, score, [1, 1, 2, 2, 2, 2], [0.5])
    assert gain[0] == pytest.approx(2 / 3)


def test_lists_may_be_named_by_their_dates() -> None:
    dates = pd.Series(pd.to_datetime(["2024-01-06", "2024-01-13"], utc=True)).repeat(2)
    assert pooled_gain([1, 0, 1, 0], [2, 1, 2, 1], dates, [0.5]).tolist() == [1]


@pytest.mark.parametrize("ranking", ["score", "most_fresh"])
def test_resampled_gains_equal_drawing_leads_one_by_one(ranking: str) -> None:
    backtest = draw_scored_lists(n_lists=3, n_leads=12)
    scores = {ranking: backtest[ranking].to_numpy()}
    fast = resample_gains(backtest, scores, SOME_DEPTHS, samples=20, seed=3)[ranking]
    slow = twins.resample_gains(backtest, ranking, SOME_DEPTHS, samples=20, seed=3)
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_a_list_of_which_a_sample_drew_nobody_counts_nothing_there() -> None:
    backtest = draw_scored_lists(n_lists=1, n_leads=12)
    alone = backtest.tail(1).assign(list_date=pd.Timestamp("2030-01-05", tz="UTC"), converted=1)
    backtest = pd.concat([backtest.iloc[:-1], alone], ignore_index=True)
    scores = {"score": backtest["score"].to_numpy()}
    fast = resample_gains(backtest, scores, SOME_DEPTHS, samples=20, seed=3)["score"]
    slow = twins.resample_gains(backtest, "score", SOME_DEPTHS, samples=20, seed=3)
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_resampled_gains_come_block_by_block_and_the_caller_hears_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backtest = draw_scored_lists(n_lists=3, n_leads=40)
    scores = {"model": backtest["score"].to_numpy()}
    at_once = resample_gains(backtest, scores, [0.3], samples=5)["model"]
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 2 * backtest["lead_id"].nunique())
    steps: list[tuple[int, int]] = []
    blocks = resample_gains(
        backtest, scores, [0.3], samples=5, seed=1, progress=lambda *step: steps.append(step)
    )["model"]
    assert blocks.tolist() == at_once.tolist()
    assert steps == [(2, 5), (4, 5), (5, 5)]


def test_the_order_of_the_rows_moves_no_digit_of_a_resampled_gain() -> None:
    backtest = draw_scored_lists(n_lists=7, n_leads=33)
    shuffled = backtest.sample(frac=1, random_state=1)
    first, second = (
        resample_gains(rows, {"model": rows["score"].to_numpy()}, DEPTHS, samples=20)["model"]
        for rows in (backtest, shuffled)
    )
    assert first.tolist() == second.tolist()


def test_a_sample_that_drew_no_conversion_has_no_gain() -> None:
    backtest = pd.DataFrame(
        {"list_date": 1, "lead_id": ["a", "b", "c"], "score": [3, 2, 1], "converted": [1, 0, 0]}
    )
    scores = {"model": backtest["score"].to_numpy()}
    drawn = resample_gains(backtest, scores, [0.0, 1.0], samples=50, seed=1)["model"]
    none = np.isnan(drawn[:, 0])
    assert 0 < none.sum() < 50
    assert (drawn[~none] == [0, 1]).all()
