"""Gain curves: which share of the conversions is reached when a list is worked from the top.

Each list is ranked by itself, because a team works one list at a time; then the lists are pooled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.errors import ModelRefused, NotEnoughData
from models.evaluation.bootstrap import draw_lead_weights
from models.evaluation.conventions import SAMPLES

DEPTHS: NDArray[np.float64] = np.arange(101) / 100
"""0.00, 0.01, ... 1.00: shares of the list, from the top."""


def gain_curve(
    converted: ArrayLike, score: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of all conversions reached when one list is worked from the top.

    Parameters
    ----------
    converted : array-like of shape (n_leads,), 0 or 1
    score : array-like of shape (n_leads,); higher is called first

    Returns
    -------
    depth, gain : ndarrays of shape (n_distinct_scores + 1,), shares from 0 to 1
        Tied leads form one straight segment: the expected gain of calling them in random
        order. A constant score is therefore exactly the random baseline.

    Raises
    ------
    NotEnoughData
        No lead converted: there is no share to reach.
    ModelRefused
        A score is not finite.

    References
    ----------
    T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006, section
    5.1: equal scores make one segment of the curve.

    Examples
    --------
    Four leads, two of them tied in the middle; the second and the last convert.

    >>> depth, gain = gain_curve(converted=[0, 1, 0, 1], score=[0.9, 0.5, 0.5, 0.1])
    >>> depth.tolist(), gain.tolist()
    ([0.0, 0.25, 0.75, 1.0], [0.0, 0.0, 0.5, 1.0])
    """
    y, s = _validate_scores(converted, score)
    (ranked,) = _rank_lists(s, np.zeros(len(s), dtype=np.int64))
    depth, reached = _cumulate_conversions(
        _build_unit_weights(len(y)), y[ranked.rows], ranked.starts
    )
    return depth[0], reached[0] / reached[0, -1]


def pooled_gain(
    converted: ArrayLike, score: ArrayLike, lists: ArrayLike, depths: ArrayLike = DEPTHS
) -> NDArray[np.float64]:
    """Gain at each depth when every list is worked to that depth, over all lists together.

    ``sum of conversions_l * gain_l(depth) / sum of conversions_l`` over the lists l; a list
    without conversions counts nothing.

    Parameters
    ----------
    converted, score : as in ``gain_curve``, shape (n_rows,)
    lists : array-like of shape (n_rows,), which list a row stands in
    depths : shares of the list, from 0 to 1

    Returns
    -------
    ndarray of shape (n_depths,)
        A score that is constant within each list gives exactly the depths.

    Raises
    ------
    NotEnoughData, ModelRefused
        As in ``gain_curve``.

    Examples
    --------
    Two lists of two leads; the first is worked in the right order, the second in the wrong one.

    >>> pooled_gain([1, 0, 0, 1], [0.9, 0.1, 0.9, 0.1], lists=[1, 1, 2, 2], depths=[0, 0.5, 1])
    array([0. , 0.5, 1. ])
    """
    y, s = _validate_scores(converted, score)
    ranked = _rank_lists(s, pd.factorize(pd.Series(lists), sort=True)[0])
    wanted = np.asarray(depths, dtype=np.float64)
    gain: NDArray[np.float64] = _pool_gains(
        _build_unit_weights(len(y)), np.arange(len(y)), y, ranked, wanted
    )[0]
    return gain


def resample_gains(
    backtest: pd.DataFrame,
    scores: Mapping[str, NDArray[np.float64]],
    depths: ArrayLike,
    *,
    samples: int = SAMPLES,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Pooled gains over draws of the leads, the same draws for every score.

    Parameters
    ----------
    backtest : frame with list_date, lead_id and converted; its row order does not matter
    scores : name -> array of shape (n_rows,), higher is called first
    depths : shares of the list, from 0 to 1
    samples : bootstrap samples over leads
    seed : the same seed gives the same draws
    progress : called with (samples done, samples in all)

    Returns
    -------
    dict of name -> ndarray of shape (samples, n_depths)
        NaN in a sample that drew no conversion.
    """
    y = backtest["converted"].to_numpy() != 0
    leads = pd.factorize(backtest["lead_id"], sort=True)[0]
    lists = pd.factorize(backtest["list_date"], sort=True)[0]
    wanted = np.asarray(depths, dtype=np.float64)
    ranked = {name: _rank_lists(score, lists) for name, score in scores.items()}
    gains = {name: np.empty((samples, len(wanted))) for name in scores}
    done = 0
    for weights in draw_lead_weights(int(leads.max()) + 1, samples, seed):
        stop = done + len(weights)
        for name in scores:
            gains[name][done:stop] = _pool_gains(weights, leads, y, ranked[name], wanted)
        done = stop
        if progress is not None:
            progress(done, samples)
    return gains


@dataclass(frozen=True)
class _RankedList:
    """One list in call order: row positions, and where each group of equal scores begins."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]


def _rank_lists(score: NDArray[np.float64], lists: NDArray[np.int64]) -> list[_RankedList]:
    order = np.lexsort((-score, lists))
    first_of_list = np.flatnonzero(np.diff(lists[order], prepend=-1))
    ranked = []
    for rows in np.split(order, first_of_list[1:]):
        new_score = np.diff(score[rows], prepend=np.inf) != 0
        ranked.append(_RankedList(rows, np.flatnonzero(new_score)))
    return ranked


def _build_unit_weights(n_leads: int) -> NDArray[np.uint8]:
    return np.ones((1, n_leads), dtype=np.uint8)


def _cumulate_conversions(
    weights: NDArray[np.uint8], converted: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Depth and weighted conversions after each group of equal scores, from (0, 0) on.

    ``weights`` has shape (samples, rows in call order); both results (samples, groups + 1). A
    sample that drew nobody from the list has depth NaN.
    """
    shape = (len(weights), len(starts) + 1)
    depth, reached = np.zeros(shape), np.zeros(shape)
    np.cumsum(_sum_groups(weights, starts), axis=1, dtype=np.float64, out=depth[:, 1:])
    np.cumsum(
        _sum_groups(weights * converted, starts), axis=1, dtype=np.float64, out=reached[:, 1:]
    )
    with np.errstate(invalid="ignore"):
        depth /= depth[:, -1:]
    return depth, reached


def _sum_groups(values: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.integer]:
    if len(starts) == values.shape[1]:
        return values
    return np.add.reduceat(values, starts, axis=1, dtype=np.int64)


def _pool_gains(
    weights: NDArray[np.uint8],
    leads: NDArray[np.int64],
    converted: NDArray[np.bool_],
    ranked_lists: Sequence[_RankedList],
    depths: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Pooled gain of each sample, shape (samples, n_depths).

    What is summed is the excess over random order, which is exactly 0 for a constant score.
    """
    excess = np.zeros((len(weights), len(depths)))
    conversions = np.zeros((len(weights), 1))
    for ranked in ranked_lists:
        drawn = np.take(weights, leads[ranked.rows], axis=1)
        depth, reached = _cumulate_conversions(drawn, converted[ranked.rows], ranked.starts)
        conversions += reached[:, -1:]
        for sample in np.flatnonzero(reached[:, -1]):
            expected = depths * reached[sample, -1]
            excess[sample] += np.interp(depths, depth[sample], reached[sample]) - expected
    with np.errstate(invalid="ignore"):
        gain: NDArray[np.float64] = depths + excess / conversions
    return gain


def _validate_scores(
    converted: ArrayLike, score: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    y, s = np.asarray(converted) != 0, np.asarray(score, dtype=np.float64)
    unordered = s.size - int(np.isfinite(s).sum())
    if unordered:
        raise ModelRefused(f"{unordered} of {s.size} scores are not finite and cannot be ranked.")
    if not y.any():
        raise NotEnoughData(
            f"None of {y.size} rows converted, so there is no share of conversions to reach."
        )
    return y, s
