"""Drift: the stability index, its limit, and what the bins make of counts, codes and gaps."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.monitoring.drift import (
    LARGE_SHIFT_PSI,
    Reference,
    build_drift_table,
    compute_drifted_share,
    compute_psi_limit,
    learn_reference,
    stability_index,
)

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any)
TWO_COUNTS = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.integers(0, 500), min_size=n, max_size=n).filter(any) for _ in range(2)]
    )
)


def slow_index(reference: list[int], found: list[int]) -> float:
    """Bin by bin, as the textbooks have it."""
    least = 0.5 / min(sum(reference), sum(found))
    total = 0.0
    for before, now in zip(reference, found, strict=True):
        p, q = max(before / sum(reference), least), max(now / sum(found), least)
        total += (p - q) * math.log(p / q)
    return total


def slow_bin(value: float, edges: tuple[float, ...]) -> int:
    """Below the first edge, on it, between it and the second, and so on; missing is the last."""
    if math.isnan(value):
        return 2 * len(edges) + 1
    for n, edge in enumerate(edges):
        if value < edge:
            return 2 * n
        if value == edge:
            return 2 * n + 1
    return 2 * len(edges)


@given(TWO_COUNTS)
def test_the_index_is_the_sum_over_the_bins(counts):
    assert stability_index(*counts) == pytest.approx(slow_index(*counts))


@given(TWO_COUNTS)
def test_the_index_is_never_negative_and_the_same_both_ways(counts):
    assert stability_index(*counts) >= 0
    assert stability_index(*counts) == pytest.approx(stability_index(*reversed(counts)))


@given(COUNTS)
def test_equal_lists_have_an_index_of_zero(counts):
    assert stability_index(counts, counts) == 0


def test_a_bin_that_was_never_filled_does_not_make_the_index_infinite():
    assert 0.25 < stability_index([100, 0], [50, 50]) < 3


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, -3.0, 40.0, math.nan]), min_size=1, max_size=40))
def test_every_row_falls_into_its_bin(values):
    bins = learn_reference(pd.DataFrame({"x": values}), leads=len(values)).columns["x"]
    expected = np.bincount(
        [slow_bin(value, bins.edges) for value in values], minlength=2 * len(bins.edges) + 2
    )
    assert list(bins.counts) == expected.tolist()
    assert sum(bins.counts) == len(values)


def compute_drift(before: object, now: object) -> pd.Series:
    X, today = pd.DataFrame({"x": before}), pd.DataFrame({"x": now})
    reference = learn_reference(X, leads=len(X))
    return build_drift_table(reference, today, leads=len(today)).iloc[0]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (np.zeros(500), np.ones(500)),
        (np.full(500, 3.0), np.full(500, 2.0)),
        (np.zeros(500), np.full(500, np.nan)),
        (np.full(500, np.nan), np.zeros(500)),
        (np.repeat([2.0, 3.0], 250), np.repeat([2.0, 3.0], [480, 20])),
        (np.repeat([2.0, 3.0], 250), np.repeat([2.0, 7.0], 250)),  # a code of its own
        (np.random.default_rng(1).normal(size=500), np.random.default_rng(2).normal(1, 1, 500)),
    ],
    ids=["0 to 1", "3 to 2", "lost", "found", "rarer", "unknown code", "one spread further up"],
)
def test_what_has_clearly_changed_has_drifted(before, now):
    row = compute_drift(before, now)
    assert row["drifted"]
    assert row["psi"] > row["limit"] == LARGE_SHIFT_PSI


def test_the_same_list_has_not_drifted():
    values = np.random.default_rng(1).normal(size=500)
    row = compute_drift(values, values)
    assert (row["psi"], row["drifted"]) == (0, False)


SPREADS = {
    "amounts": lambda rng, n: rng.normal(size=n),
    "counts, mostly 0": lambda rng, n: rng.poisson(0.3, n).astype(float),
    "often missing": lambda rng, n: np.where(rng.random(n) < 0.6, np.nan, rng.exponential(size=n)),
    "twenty codes": lambda rng, n: rng.choice(20, n).astype(float),
    "rare": lambda rng, n: (rng.random(n) < 0.01).astype(float),
}


@pytest.mark.parametrize("leads", [(50, 20), (400, 60), (2_000, 400)])
def test_small_lists_of_one_kind_of_lead_hardly_ever_drift(leads):
    """Two hundred pairs of lists, five inputs each: one pair in a hundred may alarm."""
    n, m = leads
    alarms = customary = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        before = pd.DataFrame({name: draw(rng, n) for name, draw in SPREADS.items()})
        now = pd.DataFrame({name: draw(rng, m) for name, draw in SPREADS.items()})
        table = build_drift_table(learn_reference(before, leads=n), now, leads=m)
        alarms += table["drifted"].any()
        customary += (table["psi"] > LARGE_SHIFT_PSI).any()
    assert alarms <= 6  # 1 % of 200, and what chance adds
    if m < 100:
        assert customary > 100, "a fixed limit alarms for every other small list"


def test_the_limit_grows_with_the_bins_and_the_features_and_falls_with_the_leads():
    few, many = [25, 25], [5] * 10
    assert compute_psi_limit(few, few, 50, 20) < compute_psi_limit(many, many, 50, 20)
    assert compute_psi_limit(many, many, 50, 20) < compute_psi_limit(
        many, many, 50, 20, features=100
    )
    assert compute_psi_limit(many, many, 5_000, 2_000) == LARGE_SHIFT_PSI


def test_the_limit_is_the_quantile_of_what_chance_does():
    """Chi-square with one degree of freedom exceeds 6.635 in one case of a hundred."""
    assert compute_psi_limit([25, 25], [25, 25], 50, 20) == pytest.approx(6.635 * 0.07, rel=1e-3)


def test_a_reference_comes_back_from_json_as_it_was():
    X = pd.DataFrame({"calls": [0, 1, 2, None], "amount": [0.1, 0.25, 7e9, -3.0]})
    reference = learn_reference(X.astype("float32"), leads=4)
    again = Reference.from_dict(json.loads(json.dumps(reference.to_dict())))
    assert again == reference


def test_a_column_without_any_value_and_a_list_without_any_lead():
    X = pd.DataFrame({"x": [np.nan, np.nan]})
    reference = learn_reference(X, leads=2)
    assert build_drift_table(reference, X, leads=2)["psi"].tolist() == [0]
    assert build_drift_table(reference, X.iloc[:0], leads=0).empty


def test_the_weight_of_what_has_drifted_is_a_share_of_all():
    table = pd.DataFrame({"drifted": [True, False, True]})
    assert compute_drifted_share(table, [0.1, 0.5, 0.4]) == pytest.approx(0.5)
    assert compute_drifted_share(table, [0, 0, 0]) == 0
