"""Whether a model that leads still earns it, by the lists that have matured since its training."""

import math

import pandas as pd

from models.evaluation.conventions import SAMPLES
from models.evaluation.verdicts import Difference, ProofVerdict, prove

FALL_STANDARD_ERRORS = 3.0
"""So many standard errors below what was proven: a fall that chance hardly brings."""
MIN_NEW_CUSTOMER_SHARE = 0.25
"""New customers, as a share of those of the proof, before the proof is judged again."""
MIN_NEW_LISTS = 2
"""One bad week alone takes no model down."""


def is_worse(since: Difference) -> bool:
    """Whether a model ranks worse than most fresh first, beyond the band.

    >>> is_worse(Difference(gain=0.3, other_gain=0.4, low=-0.15, high=-0.02))
    True
    """
    return since.high < 0


def has_fallen(proven: Difference, since: Difference) -> bool:
    """Whether a model's lead over most fresh is clearly below what was proven.

    Parameters
    ----------
    proven, since : model less most fresh, on different lists

    Examples
    --------
    Fifteen points with a band of ten points either way became none: a fall of 2.1 standard errors.

    >>> proven = Difference(gain=0.55, other_gain=0.40, low=0.05, high=0.25)
    >>> has_fallen(proven, Difference(gain=0.40, other_gain=0.40, low=-0.10, high=0.10))
    False
    >>> has_fallen(proven, Difference(gain=0.40, other_gain=0.40, low=-0.01, high=0.01))
    False
    >>> has_fallen(proven, Difference(gain=0.25, other_gain=0.40, low=-0.25, high=-0.05))
    True
    """
    error = math.hypot(_standard_error(proven), _standard_error(since))
    return proven.value - since.value > FALL_STANDARD_ERRORS * error


def prove_again(
    backtest: pd.DataFrame,
    since: pd.DataFrame,
    *,
    depth: float,
    samples: int = SAMPLES,
    seed: int = 1,
) -> ProofVerdict | None:
    """Judge the proof again with the lists that have matured since; None with too little new.

    Parameters
    ----------
    backtest : the rows of the proof
    since : rows of later lists, with the same columns: list_date, lead_id, score, most_fresh and
        converted
    depth, samples, seed : as in :func:`models.evaluation.verdicts.prove`
    """
    if not has_enough_outcomes(backtest, since):
        return None
    rows = pd.concat([backtest, since], ignore_index=True)
    return prove(rows, depth=depth, samples=samples, seed=seed)


def has_enough_outcomes(backtest: pd.DataFrame, since: pd.DataFrame) -> bool:
    """Whether the lists since bring enough customers to judge a proof again."""
    lists = since["list_date"].nunique()
    return lists >= MIN_NEW_LISTS and _count_customers(
        since
    ) >= MIN_NEW_CUSTOMER_SHARE * _count_customers(backtest)


def _count_customers(rows: pd.DataFrame) -> int:
    return int(rows.loc[rows["converted"] == 1, "lead_id"].nunique())


def _standard_error(difference: Difference) -> float:
    from scipy.stats import norm

    return (difference.high - difference.low) / (2 * float(norm.ppf(0.975)))
