import numpy as np
import pytest

from models.evaluation import bootstrap as bands
from models.evaluation.bootstrap import compute_interval, draw_lead_weights, resample_rates


def test_each_sample_draws_as_many_leads_as_there_are() -> None:
    weights = np.concatenate(list(draw_lead_weights(n_leads=50, samples=30, seed=1)))
    assert weights.shape == (30, 50)
    assert (weights.sum(axis=1, dtype=int) == 50).all()


def test_a_lead_is_left_out_of_about_one_sample_in_e() -> None:
    """(1 - 1/n) ** n tends to 1/e = 0.368."""
    weights = np.concatenate(list(draw_lead_weights(n_leads=500, samples=200, seed=1)))
    assert (weights == 0).mean() == pytest.approx(0.368, abs=0.01)


def test_the_draws_do_not_depend_on_how_many_are_held_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = np.concatenate(list(draw_lead_weights(n_leads=50, samples=30, seed=1)))
    monkeypatch.setattr(bands, "BLOCK_BYTES", 200)
    blocks = list(draw_lead_weights(n_leads=50, samples=30, seed=1))
    assert max(map(len, blocks)) == 4
    assert (np.concatenate(blocks) == at_once).all()


def test_a_band_leaves_samples_without_the_figure_out() -> None:
    samples = np.append(np.arange(101.0), np.nan)
    low, high = compute_interval(samples)
    assert (low, high) == pytest.approx((2.5, 97.5))


def test_a_band_holds_the_truth_about_as_often_as_it_says() -> None:
    """The mean of 60 draws around 0; 200 times; 95 % of the bands should hold 0."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        values = rng.normal(size=60)
        weights = np.concatenate(
            list(draw_lead_weights(60, samples=300, seed=int(rng.integers(1e6))))
        )
        low, high = compute_interval(weights @ values / 60)
        held += low <= 0 <= high
    assert 180 <= held <= 198


def test_a_group_that_a_sample_did_not_draw_has_no_rate_there() -> None:
    lead, group = np.array([0, 1]), np.array([0, 1])
    rates = resample_rates(lead, group, np.array([1.0, 0.0]), samples=20, seed=1)
    weights = np.concatenate(list(draw_lead_weights(2, 20, 1)))
    assert (np.isnan(rates) == (weights == 0)).all()
    assert set(rates[~np.isnan(rates[:, 0]), 0]) == {1.0}
