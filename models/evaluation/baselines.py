"""What the model has to beat, in the same form: higher is called first."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def most_fresh(days_since_fresh: ArrayLike) -> NDArray[np.float64]:
    """The team's present practice: the lead that stirred last is called first.

    Parameters
    ----------
    days_since_fresh : array-like of shape (n_rows,), days since the lead last stirred

    Returns
    -------
    ndarray of shape (n_rows,), higher is called first

    Examples
    --------
    >>> most_fresh([3.5, 0.25]).tolist()
    [-3.5, -0.25]
    """
    return -np.asarray(days_since_fresh, dtype=np.float64)


def score_random_order(n_rows: int) -> NDArray[np.float64]:
    """No order at all: one score for everyone, whose gain is the expectation of random order.

    >>> score_random_order(3).tolist()
    [0.0, 0.0, 0.0]
    """
    return np.zeros(n_rows)
