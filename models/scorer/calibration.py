"""From a raw score to a probability, without changing the order of the leads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.errors import ModelRefused, NotEnoughData

SMALLEST_SLOPE = 1e-3
"""Keeps the map strictly increasing where raw scores order the leads no better than chance."""


@dataclass(frozen=True)
class Calibration:
    """``probability = 1 / (1 + exp(-(slope * raw_score + intercept)))``, with a slope above 0.

    >>> Calibration(slope=2.0, intercept=0.0).probability([-1.0, 0.0, 1.0]).round(2).tolist()
    [0.12, 0.5, 0.88]
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.intercept) and self.slope > 0):
            raise ModelRefused(
                f"A calibration needs finite numbers and a slope above 0, found slope "
                f"{self.slope} and intercept {self.intercept}."
            )

    def probability(self, raw_score: ArrayLike) -> NDArray[np.float64]:
        """The calibrated probability of each raw score; the order of the leads is kept."""
        from scipy.special import expit

        margin = self.slope * np.asarray(raw_score, dtype=np.float64) + self.intercept
        return np.asarray(expit(margin), dtype=np.float64)

    def to_dict(self) -> dict[str, float]:
        """The two numbers, for JSON.

        >>> Calibration(1.0, 0.0).to_dict()
        {'slope': 1.0, 'intercept': 0.0}
        """
        return {"slope": self.slope, "intercept": self.intercept}

    @classmethod
    def from_dict(cls, numbers: Mapping[str, float]) -> "Calibration":
        """The inverse of ``to_dict``."""
        return cls(slope=float(numbers["slope"]), intercept=float(numbers["intercept"]))


IDENTITY = Calibration(slope=1.0, intercept=0.0)
"""LightGBM's own probability, for a scorer that has no out-of-sample scores yet."""


def fit_calibration(raw_score: ArrayLike, converted: ArrayLike) -> Calibration:
    """Logistic map from out-of-sample raw scores to the share that converted.

    Parameters
    ----------
    raw_score : array-like of shape (n_rows,), log odds; from lists that the model had not seen
    converted : array-like of shape (n_rows,), 0 or 1

    Returns
    -------
    Calibration
        The mean probability over these rows equals their base rate. Where higher raw scores
        convert no more often, the slope is the smallest allowed: nearly the base rate for
        everyone, in the given order. Its numbers have nine decimals, so that they do not
        depend on the order in which a processor sums.

    Raises
    ------
    NotEnoughData
        All rows have the same outcome, or there is none.
    ModelRefused
        A raw score is not finite.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", 1999.

    Examples
    --------
    One in four converts at a raw score of -1, three in four at 1: log odds of -+ log 3.

    >>> fit = fit_calibration([-1, -1, -1, -1, 1, 1, 1, 1], [1, 0, 0, 0, 1, 1, 1, 0])
    >>> round(fit.slope, 4), fit.intercept
    (1.0986, 0.0)
    """
    raw = np.asarray(raw_score, dtype=np.float64)
    y = np.asarray(converted, dtype=np.float64)
    if not np.isfinite(raw).all():
        raise ModelRefused(f"{(~np.isfinite(raw)).sum()} of {raw.size} raw scores are not finite.")
    if y.size == 0 or y.min() == y.max():
        raise NotEnoughData(
            f"Scores cannot be calibrated: {int(y.sum())} of {y.size} out-of-sample rows "
            "converted, and both outcomes are needed."
        )
    slope, intercept = _fit_logistic(raw, y)
    if slope < SMALLEST_SLOPE:
        slope = SMALLEST_SLOPE
        intercept = float(np.log(y.mean() / (1 - y.mean())) - slope * raw.mean())
    return Calibration(slope=round(slope, 9), intercept=round(intercept, 9))


def _fit_logistic(raw: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Maximum likelihood; the penalty only keeps the slope finite where the classes separate."""
    from sklearn.linear_model import LogisticRegression

    centre, scale = raw.mean(), raw.std()
    if scale == 0:
        return 0.0, 0.0
    fit = LogisticRegression(C=1e6, solver="newton-cholesky", tol=1e-10, max_iter=100)
    fit.fit(((raw - centre) / scale)[:, None], y)
    slope = float(fit.coef_[0, 0] / scale)
    return slope, float(fit.intercept_[0] - slope * centre)
