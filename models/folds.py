"""The fits of a backtest, one row each: what each learned from and what it reached."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.backtest import Fold
from models.gains import pooled_gain


def fold_table(
    folds: Sequence[Fold], tested: pd.DataFrame, converted: ArrayLike, *, depth: float
) -> pd.DataFrame:
    """What each fit learned from, was tested on and reached.

    Parameters
    ----------
    folds : as ``rolling_origin`` made them
    tested : frame as ``backtest`` returned it for these folds
    converted : array-like of shape (n_snapshots,), the labels of all matured rows
    depth : share of each list, such as that of tier A

    Returns
    -------
    DataFrame
        origin, train_rows, train_conversions, test_rows, test_conversions, gain and most_fresh:
        the share of the fold's conversions that the model and most fresh first reach at
        ``depth``; NaN where no tested row converted.
    """
    y = np.asarray(converted)
    rows = np.sort(np.concatenate([fold.test for fold in folds]))
    found = []
    for fold in folds:
        test = tested.iloc[np.searchsorted(rows, fold.test)]
        reached = [_gain(test, column, depth) for column in ("score", "most_fresh")]
        learned = (len(fold.train), int(y[fold.train].sum()))
        found.append((fold.origin, *learned, len(test), int(test["converted"].sum()), *reached))
    columns = ["origin", "train_rows", "train_conversions", "test_rows", "test_conversions"]
    return pd.DataFrame(found, columns=[*columns, "gain", "most_fresh"])


def _gain(test: pd.DataFrame, column: str, depth: float) -> float:
    if not test["converted"].any():
        return float("nan")
    return float(pooled_gain(test["converted"], test[column], test["list_date"], [depth])[0])
