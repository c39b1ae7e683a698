"""Why a lead has its score: the topics that moved it most.

A topic is one fact that several columns tell (all columns about one activity type). The
contributions of its columns are summed, so that three reasons are three facts.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.scorer.scorer import ROWS_AT_ONCE, LeadScorer

NO_TOPIC = ""
DECIMALS = 6
"""Of published contributions: what lies behind may depend on the machine."""


def sum_by_topic(contributions: NDArray[np.float64], topics: Sequence[str]) -> pd.DataFrame:
    """Sum the contributions of the columns that tell one fact.

    Parameters
    ----------
    contributions : ndarray of shape (n_leads, n_columns + 1), the last column being the base,
        as ``LeadScorer.contributions`` returns them
    topics : the topic of each column, shape (n_columns,)

    Returns
    -------
    DataFrame of shape (n_leads, n_topics), in log odds
        Topics in the order of their first column. A row sums to the lead's raw score less the
        base.

    Raises
    ------
    ValueError
        There are not as many topics as columns.

    Examples
    --------
    >>> sum_by_topic(np.array([[0.5, 0.25, -1.0, -3.0]]), ["offer", "offer", "age"])
       offer  age
    0   0.75 -1.0
    """
    codes, names = pd.factorize(pd.Series(topics, dtype="str"))
    if len(codes) != contributions.shape[1] - 1:
        raise ValueError(
            f"{len(codes)} topics were given for {contributions.shape[1] - 1} columns."
        )
    belongs = np.zeros((len(codes), len(names)))
    belongs[np.arange(len(codes)), codes] = 1
    return pd.DataFrame(contributions[:, :-1] @ belongs, columns=names)


def compute_topic_contributions(
    scorer: LeadScorer,
    X: pd.DataFrame,
    topics: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """``sum_by_topic`` of a whole list, a chunk of leads at a time so that memory stays bounded.

    Parameters
    ----------
    scorer : fitted
    X : float32 frame of shape (n_leads, n_columns)
    topics : the topic of each column
    progress : called with (leads done, leads in all) after each chunk

    Returns
    -------
    DataFrame of shape (n_leads, n_topics), RangeIndex
    """
    parts = [sum_by_topic(scorer.contributions(X.iloc[:0]), topics)]
    for start in range(0, len(X), ROWS_AT_ONCE):
        chunk = X.iloc[start : start + ROWS_AT_ONCE]
        parts.append(sum_by_topic(scorer.contributions(chunk), topics))
        if progress is not None:
            progress(start + len(chunk), len(X))
    return pd.concat(parts, ignore_index=True)


def find_strongest_topics(
    topic_contributions: pd.DataFrame, k: int = 3
) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
    """The topics that explain each lead best, strongest first.

    A lead above the base is explained first by what raises it, a lead at or below the base first by
    what lowers it; where fewer than ``k`` topics pull that way, the strongest of the others
    follow. Equal topics come in the order of the columns. The list is worked in parts: beside the
    result, a million leads take no more memory than a few thousand.

    Parameters
    ----------
    topic_contributions : DataFrame of shape (n_leads, n_topics), in log odds
    k : reasons per lead

    Returns
    -------
    topics : ndarray of text, shape (n_leads, k); empty text where no further topic moves the lead
    signs : ndarray of shape (n_leads, k): 1 raises the score, -1 lowers it, 0 no topic

    Examples
    --------
    >>> moved = pd.DataFrame({"offer": [0.9, -0.2], "age": [-0.3, -0.7], "calls": [0.1, 0.4]})
    >>> topics, signs = find_strongest_topics(moved, k=2)
    >>> topics.tolist()
    [['offer', 'calls'], ['age', 'offer']]
    >>> signs.tolist()
    [[1, 1], [-1, -1]]
    """
    values = topic_contributions.to_numpy()
    names = np.array([*topic_contributions.columns, *[NO_TOPIC] * k], dtype=object)
    topics, signs = np.empty((len(values), k), dtype=object), np.empty((len(values), k), np.int8)
    for rows in _split_rows(len(values)):
        # NumPy adds a row up in an order that depends on how it lies in memory.
        part = np.asfortranarray(values[rows]) if values.flags.fnc else values[rows]
        topics[rows], signs[rows] = _find_strongest_topics(part, names, k)
    return topics, signs


def _split_rows(n_rows: int) -> Iterator[slice]:
    """Parts of nearly equal length; a single row alone would lie in memory in both ways at once."""
    ends = np.linspace(0, n_rows, -(-n_rows // ROWS_AT_ONCE) + 1).astype(int).tolist()
    return (slice(first, end) for first, end in itertools.pairwise(ends))


def _find_strongest_topics(
    values: NDArray[np.float64], names: NDArray[np.object_], k: int
) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
    values = np.pad(values, ((0, 0), (0, k)))
    way = np.where(values.sum(axis=1) > 0, 1, -1)[:, None]
    reach = np.abs(values).max(axis=1, keepdims=True, initial=0)
    rank = np.abs(values) + np.where(values * way > 0, reach, 0)
    first = np.argsort(-rank, axis=1, kind="stable")[:, :k]
    signs = np.sign(np.take_along_axis(values, first, axis=1)).astype(np.int8)
    return np.where(signs == 0, NO_TOPIC, names[first]), signs


def find_largest_contributions(
    topic_contributions: pd.DataFrame, k: int = 12
) -> tuple[NDArray[np.object_], NDArray[np.float64], NDArray[np.float64]]:
    """The topics that move each lead's score most, whichever way, and what all others come to.

    Parameters
    ----------
    topic_contributions : DataFrame of shape (n_leads, n_topics), in log odds
    k : topics per lead

    Returns
    -------
    topics : ndarray of text, shape (n_leads, k); empty text where no further topic moves the lead
    contributions : ndarray of shape (n_leads, k), in log odds to six decimals, 0 where no topic
    others : ndarray of shape (n_leads,), the sum of all further topics
        Equal contributions come in the order of the columns.

    Examples
    --------
    >>> moved = pd.DataFrame({"offer": [0.5], "age": [-0.75], "calls": [0.25], "mails": [0.125]})
    >>> topics, contributions, others = find_largest_contributions(moved, k=2)
    >>> topics.tolist(), contributions.tolist(), others.tolist()
    ([['age', 'offer']], [[-0.75, 0.5]], [0.375])
    """
    names = np.array([*topic_contributions.columns, *[NO_TOPIC] * k], dtype=object)
    values = np.pad(topic_contributions.to_numpy().round(DECIMALS), ((0, 0), (0, k)))
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    chosen = ordered[:, :k]
    topics = np.where(chosen == 0, NO_TOPIC, names[order[:, :k]])
    return topics, chosen, ordered[:, k:].sum(axis=1).round(DECIMALS)


def base_score(scorer: LeadScorer) -> float:
    """The probability of a lead of which nothing speaks for or against: where contributions begin.

    Parameters
    ----------
    scorer : fitted
    """
    anyone = pd.DataFrame(np.nan, index=[0], columns=list(scorer.columns_), dtype=np.float32)
    base = scorer.contributions(anyone)[0, -1]
    return float(scorer.calibration_.probability(np.array([base]))[0])
