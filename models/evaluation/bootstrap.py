"""How sure a figure is: leads are drawn again with replacement, and the figure is taken anew.

A lead stands in several lists, so its rows are not independent; a lead that is drawn brings all
its rows along. Every ranking sees the same draws, which makes differences between them paired.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.evaluation.conventions import SAMPLES

LEVEL = 0.95
BLOCK_BYTES = 2_000_000
"""Weights held at a time, in bytes: it bounds memory and keeps the work in the cache."""


def draw_lead_weights(
    n_leads: int, samples: int = SAMPLES, seed: int = 1
) -> Iterator[NDArray[np.uint8]]:
    """How often each lead is drawn, in blocks of samples.

    Parameters
    ----------
    n_leads : leads to draw from; each sample draws as many, with replacement
    samples : how many times
    seed : the same seed gives the same draws

    Yields
    ------
    ndarray of shape (samples in the block, n_leads)
        Each row sums to ``n_leads``; all blocks together have ``samples`` rows. A lead that was
        drawn 255 times or more counts 255 times, which is out of reach for a fair draw.

    References
    ----------
    B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 6.

    Examples
    --------
    >>> [block.sum(axis=1).tolist() for block in draw_lead_weights(n_leads=4, samples=3)]
    [[4, 4, 4]]
    """
    generator = np.random.default_rng(seed)
    size = max(1, BLOCK_BYTES // max(n_leads, 1))
    for start in range(0, samples, size):
        block = np.empty((min(size, samples - start), n_leads), dtype=np.uint8)
        for row in block:
            drawn = generator.integers(0, n_leads, size=n_leads)
            row[:] = np.minimum(np.bincount(drawn, minlength=n_leads), 255)
        yield block


def compute_interval(
    samples: NDArray[np.float64], level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middle ``level`` of the samples along the first axis: low and high.

    A figure that a sample does not have (no conversion was drawn) is NaN there and left out.

    >>> low, high = compute_interval(np.arange(101.0))
    >>> round(float(low), 1), round(float(high), 1)
    (2.5, 97.5)
    """
    tail = (1 - level) / 2
    low, high = np.nanquantile(samples, [tail, 1 - tail], axis=0)
    return low, high


def resample_rates(
    lead: NDArray[np.int64],
    group: NDArray[np.int64],
    converted: NDArray[np.float64],
    *,
    samples: int = SAMPLES,
    seed: int = 1,
) -> NDArray[np.float64]:
    """The conversion rate of each group of rows in each sample of leads.

    Parameters
    ----------
    lead, group : ndarrays of shape (n_rows,), numbered from 0
    converted : ndarray of shape (n_rows,), 0 or 1
    samples, seed : as in ``draw_lead_weights``

    Returns
    -------
    ndarray of shape (samples, n_groups); NaN where a sample drew no row of a group

    Examples
    --------
    A lead alone is always drawn, so its rate is always its own.

    >>> rates = resample_rates(np.array([0, 0]), np.array([0, 0]), np.array([1.0, 0.0]), samples=3)
    >>> rates.tolist()
    [[0.5], [0.5], [0.5]]
    """
    n_leads, n_groups = lead.max() + 1, group.max() + 1
    cell = lead * n_groups + group
    rows = np.bincount(cell, minlength=n_leads * n_groups).reshape(n_leads, n_groups)
    wins = np.bincount(cell, weights=converted, minlength=n_leads * n_groups).reshape(rows.shape)
    parts = []
    for weights in draw_lead_weights(n_leads, samples, seed):
        drawn = weights.astype(np.float64)
        with np.errstate(invalid="ignore"):
            parts.append((drawn @ wins) / (drawn @ rows))
    return np.concatenate(parts)
