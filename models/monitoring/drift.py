"""Drift: how far what a model sees today lies from what it was trained on.

The population stability index (PSI) of two samples over the same bins is
``sum((p - q) * ln(p / q))`` of their shares. It is 0 for equal shares and never negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

LARGE_SHIFT_PSI = 0.25
"""From here on a shift is customarily called large, however many leads show it."""
FALSE_ALARM_RATE = 0.01
"""Chance that any of all features looked at together lies beyond its limit without a shift."""
DECILES = np.arange(1, 10) / 10
SAMPLE_ROWS = 20_000
"""Rows that are looked at: they tell a share to half a percent, in a second for all columns."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """How one column was spread over its bins; the edges are its deciles.

    Every edge is a bin of its own between the two beside it, because counts and codes fall on
    edges more often than not. The last bin holds what is missing.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Reference:
    """How the inputs of a model were spread on lists that it was trained on."""

    leads: int
    """Different leads behind the counts: a lead stands on several lists."""
    columns: Mapping[str, Bins]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        columns = {n: [list(b.edges), list(b.counts)] for n, b in self.columns.items()}
        return {"leads": self.leads, "columns": columns}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The way back from :meth:`to_dict`."""
        columns = {n: Bins(tuple(e), tuple(c)) for n, (e, c) in content["columns"].items()}
        return cls(content["leads"], columns)


def learn_reference(X: pd.DataFrame, *, leads: int) -> Reference:
    """Learn the bins of every column and how many rows fall into each.

    Parameters
    ----------
    X : numeric frame of shape (n_rows, n_columns); codes are numbers, NaN is missing
    leads : how many different leads the rows are about

    Examples
    --------
    >>> X = pd.DataFrame({"calls": [0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 5, None]})
    >>> bins = learn_reference(X, leads=12).columns["calls"]
    >>> bins.edges, bins.counts  # below 0; 0; between 0 and 2; 2; above 2; missing
    ((0.0, 2.0), (0, 8, 0, 2, 1, 1))
    """
    columns = {}
    for name in X.columns:
        values = X[name].to_numpy(dtype=np.float64, na_value=np.nan)
        edges = _compute_edges(values)
        columns[str(name)] = Bins(tuple(edges.tolist()), tuple(_count_rows(values, edges).tolist()))
    return Reference(leads, columns)


def build_drift_table(reference: Reference, X: pd.DataFrame, *, leads: int) -> pd.DataFrame:
    """PSI and limit of every column that the reference knows.

    Parameters
    ----------
    reference : from :func:`learn_reference`
    X : frame with the reference's columns, today's rows
    leads : how many different leads they are about

    Returns
    -------
    DataFrame
        column, psi, limit and drifted (whether psi exceeds limit), in the reference's order; no
        row where X has none.
    """
    found = []
    for name, bins in reference.columns.items() if len(X) else ():
        values = X[name].to_numpy(dtype=np.float64, na_value=np.nan)
        before, now = np.asarray(bins.counts), _count_rows(values, np.asarray(bins.edges))
        index = stability_index(before, now)
        limit = compute_psi_limit(
            before, now, reference.leads, leads, features=len(reference.columns)
        )
        found.append((name, index, limit, index > limit))
    return pd.DataFrame(found, columns=["column", "psi", "limit", "drifted"])


def stability_index(reference: ArrayLike, found: ArrayLike) -> float:
    """The population stability index of two samples, from their counts in the same bins.

    Parameters
    ----------
    reference, found : array-likes of shape (n_bins,), counts; either may come first

    Returns
    -------
    float
        A share below half a row of the smaller sample counts as half a row, so an empty bin does
        not make the index infinite.

    References
    ----------
    B. Yurdakul, J. Naranjo, "Statistical properties of the population stability index", Journal of
    Risk Model Validation 14, 2020.

    Examples
    --------
    Half and half became one and three quarters: 2 * 0.25 * ln(0.75 / 0.25) / 2.

    >>> round(stability_index([50, 50], [25, 75]), 4)
    0.2747
    >>> stability_index([10, 30], [20, 60])
    0.0
    """
    p, q = (np.asarray(counts, dtype=np.float64) for counts in (reference, found))
    least = 0.5 / min(p.sum(), q.sum())
    p, q = (np.maximum(counts / counts.sum(), least) for counts in (p, q))
    return float(((p - q) * np.log(p / q)).sum())


def compute_psi_limit(
    reference: ArrayLike, found: ArrayLike, n: int, m: int, *, features: int = 1
) -> float:
    """The index that two samples of one population hardly exceed, at least ``LARGE_SHIFT_PSI``.

    Without a shift the index is about ``(1 / n + 1 / m)`` times a chi-square variable with one
    degree of freedom less than there are bins (Yurdakul and Naranjo 2020).

    Parameters
    ----------
    reference, found : counts as in :func:`stability_index`; bins that both leave empty are no bins
    n, m : independent observations behind either
    features : how many are looked at together; the more, the larger the limit of each

    Examples
    --------
    >>> compute_psi_limit([500, 500], [500, 500], n=1000, m=1000)
    0.25
    >>> round(compute_psi_limit([25, 25], [25, 25], n=50, m=20), 2)
    0.46
    """
    from scipy.stats import chi2

    bins = int(((np.asarray(reference) > 0) | (np.asarray(found) > 0)).sum())
    if bins < 2:
        return LARGE_SHIFT_PSI
    by_chance = (1 / n + 1 / m) * chi2.ppf(1 - FALSE_ALARM_RATE / features, bins - 1)
    return max(LARGE_SHIFT_PSI, float(by_chance))


def _compute_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    present = values[~np.isnan(values)]
    if present.size == 0:
        return np.empty(0)
    edges: NDArray[np.float64] = np.unique(np.quantile(present, DECILES))
    return edges


def _count_rows(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Counts:
    """Rows below the first edge, on it, between it and the next, ..., above the last; missing."""
    present = values[~np.isnan(values)]
    place = np.searchsorted(edges, present, "left") + np.searchsorted(edges, present, "right")
    counts = np.bincount(place, minlength=2 * len(edges) + 1)
    return np.append(counts, values.size - present.size)


def compute_drifted_share(table: pd.DataFrame, importance: Sequence[float]) -> float:
    """The share of the importance that lies in columns which have drifted.

    >>> table = pd.DataFrame({"drifted": [True, False]})
    >>> compute_drifted_share(table, [0.2, 0.6])
    0.25
    """
    weight = np.asarray(importance, dtype=np.float64)
    total = weight.sum()
    return float(weight[table["drifted"].to_numpy(dtype=bool)].sum() / total) if total else 0.0
