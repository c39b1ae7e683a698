"""So many calls a list, read off curves that can be done by hand."""

import pandas as pd
import pytest

from publications.wording.capacity import AverageList, compute_capacity

LIST = AverageList(lists=4, leads=200.0, customers=50.0)


def build_curves(model: float, most_fresh: float) -> pd.DataFrame:
    """Two bent lines that reach these shares at half of the list."""
    return pd.concat(
        pd.DataFrame(
            {
                "ranking": ranking,
                "depth": [0.0, 0.5, 1.0],
                "gain": [0.0, gain, 1.0],
                "gain_low": [0.0, gain - 0.1, 1.0],
                "gain_high": [0.0, gain + 0.1, 1.0],
            }
        )
        for ranking, gain in (("model", model), ("most_fresh", most_fresh))
    )


def test_half_a_list_reaches_what_the_curves_say_at_half_depth() -> None:
    found = compute_capacity(build_curves(0.8, 0.6), LIST, 100)
    assert found.depth == pytest.approx(0.5)
    model, fresh = found.results_by_ranking["model"], found.results_by_ranking["most_fresh"]
    assert (model.customers, fresh.customers) == (40, 30)
    assert (model.customers_low, model.customers_high) == (35, 45)


def test_the_same_result_most_fresh_first_takes_more_calls() -> None:
    # 80 % of the customers: halfway between 60 % at 100 calls and 100 % at 200 calls.
    found = compute_capacity(build_curves(0.8, 0.6), LIST, 100)
    assert found.most_fresh_calls == 150


def test_most_fresh_first_takes_fewer_calls_than_a_model_that_is_worse() -> None:
    found = compute_capacity(build_curves(0.6, 0.8), LIST, 100)
    assert found.most_fresh_calls == 75


def test_equal_rankings_take_equal_calls() -> None:
    assert compute_capacity(build_curves(0.7, 0.7), LIST, 100).most_fresh_calls == 100


def test_the_sentence_names_leads_share_and_customers() -> None:
    assert compute_capacity(build_curves(0.8, 0.6), LIST, 100).sentence == (
        "Working 100 leads of each list (50 %) in leadgain's order reaches 40 of its "
        "50 customers; most fresh first reaches 30."
    )


def test_more_calls_than_leads_reach_everybody() -> None:
    found = compute_capacity(build_curves(0.8, 0.6), LIST, 500)
    assert found.depth == 1.0
    assert found.results_by_ranking["most_fresh"].customers == 50
