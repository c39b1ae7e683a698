"""Which facts move a model's scores, over many leads."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.scorer.explanations import sum_by_topic

SAMPLE_ROWS = 5_000
"""So many leads tell the shares to about a percent of themselves."""


def build_importance_table(
    contributions: NDArray[np.float64],
    topics: Sequence[str],
    groups: Sequence[str],
    features: Sequence[str],
) -> pd.DataFrame:
    """The share of each fact, and of each column, in what moves the scores.

    Parameters
    ----------
    contributions : ndarray of shape (n_leads, n_columns + 1), the last column being the base,
        as ``LeadScorer.contributions`` returns them
    topics : the topic of each column: columns of one topic tell one fact
    groups, features : what the topic and the column of each column are called

    Returns
    -------
    DataFrame
        level ("group", then "feature"), group, feature (missing on the level "group"), share: the
        mean absolute contribution over the leads as a share of its sum on that level, the largest
        first; equal ones in the order of the columns. A model that nothing moves has shares of 0.

    Contributions of a topic are summed for each lead before the mean is taken, so columns that
    cancel out do not make their topic important.

    References
    ----------
    S. Lundberg et al., "From local explanations to global understanding with explainable AI for
    trees", Nature Machine Intelligence, 2020.

    Examples
    --------
    >>> contributions = np.array([[0.5, 0.25, -0.25, 9.0], [0.5, -0.5, 0.25, 9.0]])
    >>> table = build_importance_table(contributions, ["call", "call", "age"],
    ...     ["Call", "Call", "Age"],
    ...                          ["in 7 days", "ever", "days"])
    >>> table["group"].tolist()
    ['Call', 'Age', 'Call', 'Call', 'Age']
    >>> table["share"].round(3).tolist()
    [0.6, 0.4, 0.444, 0.333, 0.222]
    """
    summed = sum_by_topic(contributions, topics)
    named = dict(zip(topics, groups, strict=True))
    of_groups = pd.DataFrame(
        {"group": [named[topic] for topic in summed.columns], "feature": None}
    ).assign(share=_compute_shares(summed.to_numpy()))
    of_features = pd.DataFrame({"group": list(groups), "feature": list(features)}).assign(
        share=_compute_shares(contributions[:, :-1])
    )
    levels = {"group": of_groups, "feature": of_features}
    parts = [
        rows.sort_values("share", ascending=False, kind="stable").assign(level=level)
        for level, rows in levels.items()
    ]
    table = pd.concat(parts, ignore_index=True)[["level", "group", "feature", "share"]]
    return table.astype({"level": "str", "group": "str", "feature": "str"})


def pick_evenly_spaced(n_rows: int, most: int = SAMPLE_ROWS) -> NDArray[np.int64]:
    """Positions of at most so many rows, spread over all of them.

    >>> pick_evenly_spaced(10, 4).tolist(), pick_evenly_spaced(3, 4).tolist()
    ([0, 2, 5, 7], [0, 1, 2])
    """
    kept = min(n_rows, most)
    return np.arange(kept) * n_rows // max(kept, 1)


def _compute_shares(moved: NDArray[np.float64]) -> NDArray[np.float64]:
    reach = np.abs(moved).mean(axis=0) if len(moved) else np.zeros(moved.shape[1])
    total = reach.sum()
    return reach / total if total > 0 else reach
