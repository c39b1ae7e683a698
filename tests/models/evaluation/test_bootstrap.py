import numpy as np
import pytest

from models.evaluation import bootstrap as bands
from models.evaluation.bootstrap import compute_interval, draw_lead_weights, resample_rates


def test_each_sample_draws_as_many_leads_as_there_are() -> None:
    weights = np.concatenate(list(draw_lead_weights(n_leads=50, samples=30, seed=1)))
    assert weights.shape == (30, 50)
    assert weights.dtype == np.uint8
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


@pytest.mark.parametrize(("n_leads", "sizes"), [(1, [200, 50]), (80, [2] * 125), (500, [1] * 250)])
def test_as_many_samples_are_held_at_a_time_as_fit_and_one_at_least(
    monkeypatch: pytest.MonkeyPatch, n_leads: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(bands, "BLOCK_BYTES", 200)
    assert [len(block) for block in draw_lead_weights(n_leads, samples=250)] == sizes


def test_the_usual_draws_are_500_from_seed_1() -> None:
    lead, group, converted = np.arange(9), np.zeros(9, dtype=int), np.arange(9) % 2.0
    (usual,), (said,) = draw_lead_weights(9), draw_lead_weights(9, samples=500, seed=1)
    assert (usual == said).all()
    for options in ({}, {"samples": 20, "seed": 3}):
        (weights,) = draw_lead_weights(9, **options)
        rates = resample_rates(lead, group, converted, **options)[:, 0]
        assert rates == pytest.approx(weights @ converted / 9)


def test_each_column_of_samples_has_its_own_band() -> None:
    low, high = compute_interval(np.arange(101.0)[:, None] * [1, 10])
    assert low.tolist() == pytest.approx([2.5, 25])
    assert high.tolist() == pytest.approx([97.5, 975])


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


def test_a_rate_counts_the_rows_of_its_group_only() -> None:
    """Lead 0 stands twice in group 1 and converts once; lead 1 stands in group 0 and never does."""
    lead, group, converted = np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([1.0, 0, 0])
    rates = resample_rates(lead, group, converted, samples=20)
    assert set(rates[~np.isnan(rates[:, 0]), 0]) == {0.0}
    assert set(rates[~np.isnan(rates[:, 1]), 1]) == {0.5}
