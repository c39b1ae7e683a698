"""Tiers: the list cut into A, B and C, by shares of each list or by fixed cut-offs on the score."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.evaluation.bootstrap import compute_interval, resample_rates
from models.evaluation.conventions import SAMPLES

UNREACHABLE_CUTOFF = 2.0
"""A cut-off above every probability."""


def compute_call_order(
    score: ArrayLike, most_fresh: ArrayLike, lead_id: ArrayLike
) -> NDArray[np.int64]:
    """Row positions in the order in which the leads are called.

    Higher scores first; among equal scores the more fresh first; among those the lead_id that
    comes first as text. So the order never depends on the order of a file.

    Parameters
    ----------
    score, most_fresh : array-likes of shape (n_leads,); higher is called first
    lead_id : array-like of text, shape (n_leads,)

    Examples
    --------
    >>> compute_call_order([0.1, 0.9, 0.9], [-1.0, -5.0, -2.0], ["a", "b", "c"]).tolist()
    [2, 1, 0]
    """
    text_rank = pd.factorize(pd.Series(lead_id), sort=True)[0]
    keys = (text_rank, -np.asarray(most_fresh, float), -np.asarray(score, float))
    return np.lexsort(keys)


def assign_relative(
    score: ArrayLike,
    most_fresh: ArrayLike,
    lead_id: ArrayLike,
    lists: ArrayLike,
    shares: Mapping[str, float],
) -> NDArray[np.object_]:
    """The tier of each lead: shares of its list, in call order.

    Parameters
    ----------
    score, most_fresh, lead_id : as in ``compute_call_order``
    lists : array-like of shape (n_rows,), which list a row stands in
    shares : tier -> share of the list, from the top; they sum to 1

    Returns
    -------
    ndarray of text, shape (n_rows,)
        Tiers end at the nearest whole lead, halves going up: with A = 0.30 a list of 7 has
        2 in tier A, a list of 5 has 2 (1.5 rounded up), and a list of one lead has none.

    Examples
    --------
    >>> assign_relative([0.1, 0.9, 0.5], [0, 0, 0], ["a", "b", "c"], [1, 1, 1],
    ...                 {"A": 1/3, "B": 1/3, "C": 1/3}).tolist()
    ['C', 'A', 'B']
    """
    order = compute_call_order(score, most_fresh, lead_id)
    tiers = np.empty(len(order), dtype=object)
    of_list = pd.Series(pd.factorize(pd.Series(lists))[0]).iloc[order]
    for rows in of_list.groupby(of_list).groups.values():
        tiers[rows] = np.repeat(list(shares), _compute_tier_sizes(len(rows), shares))
    return tiers


def learn_cutoffs(score: ArrayLike, shares: Mapping[str, float]) -> dict[str, float]:
    """Cut-offs that would have given these shares on the lists of the backtest.

    Parameters
    ----------
    score : array-like of shape (n_rows,), calibrated out-of-sample scores of all lists
    shares : tier -> share, from the top; they sum to 1

    Returns
    -------
    dict of tier -> the smallest score that belongs to it
        The last tier takes everyone, its cut-off is 0. A first tier without a share has a
        cut-off that nobody reaches.

    Examples
    --------
    >>> learn_cutoffs([0.1, 0.2, 0.3, 0.4], {"A": 0.25, "B": 0.5, "C": 0.25})
    {'A': 0.4, 'B': 0.2, 'C': 0.0}
    """
    falling = np.sort(np.asarray(score, dtype=np.float64))[::-1]
    last = np.cumsum(_compute_tier_sizes(len(falling), shares)) - 1
    cutoffs = {
        tier: float(falling[at]) if at >= 0 else UNREACHABLE_CUTOFF
        for tier, at in zip(shares, last, strict=True)
    }
    return {**cutoffs, list(shares)[-1]: 0.0}


def assign_frozen(score: ArrayLike, cutoffs: Mapping[str, float]) -> NDArray[np.object_]:
    """The tier of each lead by cut-offs on its score, whatever the other leads are.

    Parameters
    ----------
    score : array-like of shape (n_leads,), calibrated probabilities
    cutoffs : tier -> the smallest score that belongs to it, falling; the last is 0

    Examples
    --------
    >>> assign_frozen([0.05, 0.4, 0.2], {"A": 0.4, "B": 0.1, "C": 0.0}).tolist()
    ['C', 'A', 'B']
    """
    values = np.asarray(score, dtype=np.float64)
    names = np.array(list(cutoffs), dtype=object)
    reached = values[:, None] >= np.fromiter(cutoffs.values(), dtype=np.float64)
    return np.asarray(names[reached.argmax(axis=1)], dtype=object)


def build_tier_table(
    backtest: pd.DataFrame, *, samples: int = SAMPLES, seed: int = 1
) -> pd.DataFrame:
    """What each tier was worth on the lists of the backtest.

    Parameters
    ----------
    backtest : frame with lead_id, converted and tier
    samples, seed : bootstrap samples over leads, and their seed

    Returns
    -------
    DataFrame
        tier, leads (rows of lists: a lead that stood in three lists counts three times), share
        of those rows, base_rate with base_rate_low and base_rate_high (95 %), and
        share_of_conversions; one row per tier, in order of the tier's name.

    Notes
    -----
    The band comes from a bootstrap over leads and not from Wilson's formula, which takes the rows
    of one lead for independent and would be too narrow.
    """
    leads = pd.factorize(backtest["lead_id"], sort=True)[0]
    codes, tiers = pd.factorize(backtest["tier"], sort=True)
    converted = backtest["converted"].to_numpy(dtype=np.float64)
    rows = np.bincount(codes)
    conversions = np.bincount(codes, weights=converted)
    low, high = compute_interval(
        resample_rates(leads, codes, converted, samples=samples, seed=seed)
    )
    return pd.DataFrame(
        {
            "tier": np.asarray(tiers, dtype=object),
            "leads": rows,
            "share": rows / rows.sum(),
            "base_rate": conversions / rows,
            "base_rate_low": low,
            "base_rate_high": high,
            "share_of_conversions": conversions / conversions.sum(),
        }
    ).astype({"tier": "str"})


def _compute_tier_sizes(n_leads: int, shares: Mapping[str, float]) -> NDArray[np.int64]:
    ends = np.floor(np.cumsum(list(shares.values())) * n_leads + 0.5 + 1e-9).astype(np.int64)
    ends[-1] = n_leads
    return np.diff(ends, prepend=0)
