"""Whether a model still earns its lead: by how much it fell, and its proof judged again."""

import pandas as pd
import pytest

from models.evaluation.verdicts import Difference
from models.monitoring.decay import has_enough_outcomes, has_fallen, is_worse, prove_again
from tests.models.frames import draw_scored_lists

LISTS = draw_scored_lists(n_lists=12, n_leads=120)
FIRST = sorted(LISTS["list_date"].unique())


def select_lists(first: int, last: int, rows: pd.DataFrame = LISTS) -> pd.DataFrame:
    """The lists from the first (counted from 0) up to, but not with, the last."""
    return rows[rows["list_date"].isin(FIRST[first:last])].reset_index(drop=True)


def build_difference(value: float, width: float) -> Difference:
    return Difference(gain=0.4 + value, other_gain=0.4, low=value - width, high=value + width)


@pytest.mark.parametrize(
    ("proven", "since", "expected"),
    [
        (build_difference(0.15, 0.05), build_difference(0.15, 0.05), False),
        (build_difference(0.15, 0.05), build_difference(0.08, 0.05), False),  # 1.9 standard errors
        (build_difference(0.15, 0.05), build_difference(0.02, 0.05), True),  # 3.6
        (
            build_difference(0.15, 0.05),
            build_difference(0.02, 0.20),
            False,
        ),  # few customers since: 1.2
        (build_difference(0.05, 0.05), build_difference(0.30, 0.05), False),  # better than proven
    ],
)
def test_a_fall_is_told_from_chance_by_both_bands(proven, since, expected):
    assert has_fallen(proven, since) is expected


def test_worse_than_most_fresh_is_a_band_below_zero():
    assert is_worse(build_difference(-0.10, 0.08))
    assert not is_worse(build_difference(-0.10, 0.12))


def test_one_new_list_is_not_enough_to_judge_again():
    assert not has_enough_outcomes(select_lists(0, 4), select_lists(4, 5))
    assert has_enough_outcomes(select_lists(0, 4), select_lists(4, 8))
    assert prove_again(select_lists(0, 4), select_lists(4, 5), depth=0.3, samples=100) is None


def test_few_new_customers_are_not_enough_to_judge_again():
    since = select_lists(4, 8)
    few = since.assign(converted=since["converted"].where(since.index == 3, 0))
    assert not has_enough_outcomes(select_lists(0, 4), few)


def test_a_model_that_ranks_as_well_as_before_is_proven_again():
    again = prove_again(select_lists(0, 6), select_lists(6, 12), depth=0.3, samples=100)
    assert again is not None
    assert again.passed


def test_a_model_that_ranks_the_wrong_way_round_by_now_is_not():
    since = select_lists(6, 12)
    again = prove_again(
        select_lists(0, 6), since.assign(score=1 - since["score"]), depth=0.3, samples=100
    )
    assert again is not None
    assert not again.passed
    assert again.difference is not None
