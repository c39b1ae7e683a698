"""Today's list in calling order, as it is published."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from publications.schema import WORKLIST_COLUMNS, require_columns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


def build_worklist(
    listed: "pd.DataFrame",
    *,
    order: "npt.NDArray[np.integer]",
    score: "npt.NDArray[np.float64]",
    tier: "npt.NDArray[np.object_]",
    reasons: "npt.NDArray[np.object_]",
    last_activity_at: "pd.Series",
    profile: Sequence[str],
) -> "pd.DataFrame":
    """Put the listed leads into calling order, with their tier, score and reasons.

    Parameters
    ----------
    listed : DataFrame of n rows with lead_id, owner_id, created_at and the profile columns
    order : ndarray of shape (n,)
        Row positions, the first to call first.
    score, tier : ndarrays of shape (n,), in the rows' order; NaN scores where there is no model
    reasons : ndarray of shape (n, 3), texts; empty where there are fewer
    last_activity_at : Series of n instants; missing where there was none
    profile : names of the profile columns, in the order in which they are shown; those that
        bear the name of a column of the worklist are shown as ``profile_<name>``

    Returns
    -------
    DataFrame with the columns of ``worklist.csv``; ``rank`` is 1 .. n. No leads, no rows.

    Raises
    ------
    ValueError
        A column is of another kind than agreed.

    >>> import numpy as np, pandas as pd
    >>> at = pd.Series(pd.to_datetime(["2012-01-01", "2012-01-02"], utc=True))
    >>> listed = pd.DataFrame({"lead_id": ["a", "b"], "owner_id": ["o", "o"], "created_at": at,
    ...     "amount": [1.0, 2.0]})
    >>> texts = np.array([["x", "", ""], ["y", "", ""]], dtype=object)
    >>> list_ = build_worklist(listed, order=np.array([1, 0]), score=np.array([0.1, 0.9]),
    ...     tier=np.array(["B", "A"], dtype=object), reasons=texts, last_activity_at=at,
    ...     profile=["amount"])
    >>> list_[["rank", "lead_id", "tier", "amount"]].values.tolist()
    [[1, 'b', 'A', 2.0], [2, 'a', 'B', 1.0]]
    """
    import numpy as np

    agreed = listed[["lead_id", "owner_id", "created_at"]].assign(
        tier=tier,
        score=score,
        **{f"reason_{i + 1}": reasons[:, i] for i in range(3)},
        last_activity_at=last_activity_at.array,
    )
    agreed = agreed.iloc[order].reset_index(drop=True).assign(rank=np.arange(1, len(listed) + 1))
    own = listed[list(profile)].iloc[order].set_axis(_choose_profile_names(profile), axis="columns")
    worklist = agreed[[c.name for c in WORKLIST_COLUMNS]].join(own.reset_index(drop=True))
    require_columns(worklist, "worklist.parquet")
    return worklist


def _choose_profile_names(profile: Sequence[str]) -> list[str]:
    """What the profile columns are called beside the worklist's own.

    >>> _choose_profile_names(["amount", "score", "profile_score"])
    ['amount', 'profile_score', 'profile_profile_score']
    """
    taken = {column.name for column in WORKLIST_COLUMNS}
    shown = []
    for column in profile:
        name = column
        while name in taken:
            name = f"profile_{name}"
        taken.add(name)
        shown.append(name)
    return shown


def mark_reasons(
    sentences: "npt.NDArray[np.object_]", signs: "npt.NDArray[np.integer]"
) -> "npt.NDArray[np.object_]":
    """Mark the reasons against a lead; where there is no reason the text is empty.

    Parameters
    ----------
    sentences : ndarray of shape (n, k), texts
    signs : ndarray of shape (n, k): 1 raises the score, -1 lowers it, 0 no reason

    >>> import numpy as np
    >>> sentences = np.array([["Offer returned 2 days ago", "No call yet", "-"]], dtype=object)
    >>> mark_reasons(sentences, np.array([[1, -1, 0]])).tolist()
    [['Offer returned 2 days ago', 'Against: no call yet', '']]
    """
    import numpy as np

    lowered = np.frompyfunc(lambda text: f"Against: {text[:1].lower()}{text[1:]}", 1, 1)(sentences)
    return np.where(signs > 0, sentences, np.where(signs < 0, lowered, ""))
