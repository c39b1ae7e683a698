from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelRefused, NotEnoughData
from models.scorer.calibration import IDENTITY, SMALLEST_SLOPE, Calibration, fit_calibration


def test_the_mean_probability_is_the_base_rate() -> None:
    rng = np.random.default_rng(1)
    raw = rng.normal(-2, 1, 50_000)
    converted = rng.random(50_000) < 1 / (1 + np.exp(-(1.3 * raw + 0.5)))
    fit = fit_calibration(raw, converted)
    assert fit.probability(raw).mean() == pytest.approx(converted.mean(), rel=1e-8)
    assert (fit.slope, fit.intercept) == pytest.approx((1.3, 0.5), abs=0.1)


def test_numbers_of_half_the_digits_are_read_as_they_are_and_nine_decimals_are_kept() -> None:
    raw = np.array([-1.1, -0.3, 0.2, 1.7, 2.3], dtype=np.float32)
    fit = fit_calibration(raw, [0, 1, 0, 1, 1])
    assert fit == fit_calibration(raw.astype(np.float64), [0, 1, 0, 1, 1])
    assert (fit.slope, fit.intercept) == (round(fit.slope, 9), round(fit.intercept, 9))
    assert fit.probability(raw).tolist() == fit.probability(raw.astype(np.float64)).tolist()


def test_a_model_that_is_too_sure_of_itself_is_toned_down() -> None:
    """One in four converts where it said 1 in 21 (log odds -3), three in four where 20 in 21."""
    fit = fit_calibration([-3, -3, -3, -3, 3, 3, 3, 3], [1, 0, 0, 0, 1, 1, 1, 0])
    assert fit.probability([-3, 3]) == pytest.approx([0.25, 0.75], abs=1e-5)


@given(st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=50, unique=True))
def test_calibration_never_changes_the_order_of_the_leads(raw: list[float]) -> None:
    probability = Calibration(slope=0.7, intercept=-3.0).probability(sorted(raw))
    assert all(low <= high for low, high in pairwise(probability))
    apart = sorted({round(r, 2) for r in raw})
    probability = Calibration(slope=0.7, intercept=-3.0).probability(apart)
    assert all(low < high for low, high in pairwise(probability))


@pytest.mark.parametrize("raw", [[-1, -1, 1, 1], [0, 0, 0, 0], [99, 99, 101, 101]])
def test_scores_that_order_no_better_than_chance_keep_their_order_and_say_the_base_rate(
    raw: list[int],
) -> None:
    fit = fit_calibration(raw, [1, 1, 0, 0])
    assert fit.slope == SMALLEST_SLOPE
    assert fit.probability(raw) == pytest.approx([0.5] * 4, abs=1e-3)


def test_perfectly_separated_scores_give_finite_numbers() -> None:
    fit = fit_calibration([-2, -1, 1, 2], [0, 0, 1, 1])
    assert 0 < fit.slope < 100
    assert np.diff(fit.probability([-2, -1, 1, 2])).min() > 0


def test_one_outcome_alone_cannot_calibrate() -> None:
    with pytest.raises(NotEnoughData, match="0 of 3 out-of-sample rows converted"):
        fit_calibration([1, 2, 3], [0, 0, 0])
    with pytest.raises(NotEnoughData, match="0 of 0"):
        fit_calibration([], [])


def test_raw_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ModelRefused, match="1 of 3 raw scores are not finite"):
        fit_calibration([1, np.nan, 2], [0, 1, 1])


@pytest.mark.parametrize("slope", [0, -1, np.nan, np.inf])
def test_a_map_that_does_not_rise_is_no_calibration(slope: float) -> None:
    with pytest.raises(ModelRefused, match="slope above 0"):
        Calibration(slope=slope, intercept=0)


def test_calibration_travels_as_two_numbers() -> None:
    fit = fit_calibration([-1, 0, 1, 2], [0, 1, 0, 1])
    assert Calibration.from_dict(fit.to_dict()) == fit
    assert IDENTITY.probability([0.0]).tolist() == [0.5]
