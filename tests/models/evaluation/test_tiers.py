from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.bootstrap import compute_interval, draw_lead_weights
from models.evaluation.tiers import (
    UNREACHABLE_CUTOFF,
    assign_frozen,
    assign_relative,
    build_tier_table,
    compute_call_order,
    learn_cutoffs,
)
from tests.models import twins
from tests.models.frames import draw_scored_lists

SHARES = {"A": 0.3, "B": 0.4, "C": 0.3}

leads = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 10**6)),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[2],
)


def one_list(
    rows: list[tuple[int, int, int]],
) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    score, fresh, number = np.array(rows, dtype=float).T
    return score, fresh, [f"L{int(n)}" for n in number], np.zeros(len(rows))


def test_equal_scores_are_called_by_freshness_and_then_by_lead_id() -> None:
    order = compute_call_order(
        score=[0.5, 0.9, 0.5, 0.5], most_fresh=[-1, -9, -1, -0.5], lead_id=["b", "x", "a", "z"]
    )
    assert order.tolist() == [1, 3, 2, 0]


def test_whole_numbers_without_a_sign_are_called_in_the_same_order() -> None:
    counts = np.array([0, 2, 1, 2], dtype=np.uint8)
    assert compute_call_order(counts, [0, 0, 0, 1], list("abcd")).tolist() == [3, 1, 2, 0]
    assert compute_call_order([0, 0, 0, 1], counts, list("abcd")).tolist() == [3, 1, 2, 0]


@given(leads, st.randoms(use_true_random=False))
def test_a_lead_has_the_same_tier_in_whatever_order_the_file_comes(
    rows: list[tuple[int, int, int]], shuffle
) -> None:
    shuffled = rows.copy()
    shuffle.shuffle(shuffled)
    tiers = []
    for ordered in (rows, shuffled):
        columns = one_list(ordered)
        tiers.append(dict(zip(columns[2], assign_relative(*columns, SHARES), strict=True)))
    assert tiers[0] == tiers[1]


@given(leads)
def test_relative_tiers_equal_the_slow_twin(rows: list[tuple[int, int, int]]) -> None:
    score, fresh, lead_id, lists = one_list(rows)
    tiers = assign_relative(score, fresh, lead_id, lists, SHARES)
    slow = twins.assign_one_list(list(zip(score, fresh, lead_id, strict=True)), SHARES)
    assert dict(zip(lead_id, tiers, strict=True)) == slow


@pytest.mark.parametrize(
    ("n_leads", "sizes"),
    [(10, (3, 4, 3)), (7, (2, 3, 2)), (5, (2, 2, 1)), (2, (1, 0, 1)), (1, (0, 1, 0))],
)
def test_tiers_end_at_the_nearest_whole_lead(n_leads: int, sizes: tuple[int, int, int]) -> None:
    """Of 7 leads the first 2.1 and the first 4.9 are asked for: 2 and 5."""
    rows = [(n_leads - i, 0, i) for i in range(n_leads)]
    tiers = assign_relative(*one_list(rows), SHARES).tolist()
    assert tiers == sorted(tiers)
    assert tuple(Counter(tiers)[tier] for tier in "ABC") == sizes


def test_each_list_has_its_own_tiers() -> None:
    """The best lead of a bad week is in tier A of its list."""
    tiers = assign_relative([9, 8, 2, 1], [0] * 4, list("abcd"), [1, 1, 2, 2], {"A": 0.5, "B": 0.5})
    assert tiers.tolist() == ["A", "B", "A", "B"]


def test_a_tier_without_a_share_has_nobody() -> None:
    shares = {"A": 0.0, "B": 1.0, "C": 0.0}
    score = np.linspace(0, 1, 10)
    assert set(assign_relative(*one_list([(1, 0, i) for i in range(10)]), shares)) == {"B"}
    cutoffs = learn_cutoffs(score, shares)
    assert cutoffs["A"] == UNREACHABLE_CUTOFF
    assert set(assign_frozen(score, cutoffs)) == {"B"}


def test_a_tier_of_one_lead_is_cut_off_at_its_score() -> None:
    cutoffs = learn_cutoffs([0.1, 0.4, 0.2, 0.3], {"A": 0.25, "B": 0.5, "C": 0.25})
    assert cutoffs == {"A": 0.4, "B": 0.2, "C": 0.0}


@given(st.lists(st.floats(0, 1), min_size=10, max_size=200, unique=True))
def test_frozen_cut_offs_give_the_shares_on_the_scores_they_were_learned_from(
    score: list[float],
) -> None:
    tiers = Counter(assign_frozen(score, learn_cutoffs(score, SHARES)))
    for tier, share in SHARES.items():
        assert abs(tiers[tier] - share * len(score)) <= 1


def test_frozen_tiers_do_not_depend_on_the_other_leads() -> None:
    cutoffs = {"A": 0.4, "B": 0.1, "C": 0.0}
    assert assign_frozen([0.4], cutoffs).tolist() == ["A"]
    assert assign_frozen([0.0, 0.1, 0.39], cutoffs).tolist() == ["C", "B", "B"]
    assert assign_frozen([], cutoffs).tolist() == []


def test_the_table_of_tiers_counts_rows_and_conversions() -> None:
    backtest = pd.DataFrame(
        {
            "lead_id": ["a", "b", "c", "d", "e"],
            "converted": [1, 1, 0, 1, 0],
            "tier": ["A", "A", "B", "B", "C"],
        }
    )
    table = build_tier_table(backtest, samples=20)
    assert table["tier"].tolist() == ["A", "B", "C"]
    assert table["leads"].tolist() == [2, 2, 1]
    assert table["share"].tolist() == [0.4, 0.4, 0.2]
    assert table["base_rate"].tolist() == [1, 0.5, 0]
    assert table["share_of_conversions"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])


def test_bands_of_base_rates_equal_drawing_leads_one_by_one() -> None:
    backtest = draw_scored_lists(n_lists=4, n_leads=60)
    backtest["tier"] = np.where(backtest["score"] > 0.5, "A", "B")
    table = build_tier_table(backtest, samples=30, seed=7)
    lead_ids = sorted(backtest["lead_id"].unique())
    rates = []
    for weights in np.concatenate(list(draw_lead_weights(len(lead_ids), 30, 7))):
        drawn = pd.DataFrame({"lead_id": np.repeat(lead_ids, weights)}).merge(backtest)
        rates.append(drawn.groupby("tier")["converted"].mean()[["A", "B"]])
    low, high = compute_interval(np.array(rates))
    assert table["base_rate_low"].tolist() == pytest.approx(low.tolist())
    assert table["base_rate_high"].tolist() == pytest.approx(high.tolist())


def test_the_table_does_not_depend_on_the_order_of_the_rows() -> None:
    backtest = draw_scored_lists().assign(tier="A")
    shuffled = backtest.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        build_tier_table(backtest),
        build_tier_table(shuffled, samples=500, seed=1),
        check_exact=True,
    )
