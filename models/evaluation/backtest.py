"""Rolling-origin backtest: each list is scored by a model that knew only the labels of its day."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.errors import NotEnoughData
from models.evaluation.conventions import TIER_SHARES
from models.evaluation.gain_curves import pooled_gain
from models.evaluation.tiers import assign_frozen, assign_relative, learn_cutoffs
from models.scorer.calibration import fit_calibration


@dataclass(frozen=True, eq=False)
class Fold:
    """One fit of the backtest: row positions to learn from and to be tested on."""

    origin: pd.Timestamp
    train: NDArray[np.int64]
    test: NDArray[np.int64]


class Scorer(Protocol):
    """What the backtest needs of a scorer."""

    def fit(self, X: pd.DataFrame, converted: ArrayLike, categorical: Sequence[str] = ()) -> Self:
        """Learn."""

    def raw_score(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Order."""


BuildMatrices = Callable[
    [pd.Timestamp, NDArray[np.int64], NDArray[np.int64]],
    tuple[pd.DataFrame, pd.DataFrame, Sequence[str]],
]
"""(origin, training rows, test rows) -> the two matrices and the names of categorical columns.

A function, because even the vocabulary may only be learned from what was known at the origin.
"""


def refuse_too_little_data(snapshots: pd.DataFrame, *, min_conversions: int) -> None:
    """Say no to lists from which no model should be learned.

    Parameters
    ----------
    snapshots : matured rows with lead and converted
    min_conversions : leads that must have converted; a lead counts once, however many lists it
        stood in

    Raises
    ------
    NotEnoughData
        There is no row, fewer leads than that converted, or every row did.

    Examples
    --------
    >>> rows = pd.DataFrame({"lead": [0, 0, 1], "converted": [1, 1, 0]})
    >>> refuse_too_little_data(rows, min_conversions=1)
    >>> refuse_too_little_data(rows, min_conversions=2)
    Traceback (most recent call last):
    models.errors.NotEnoughData: 1 of 2 leads on lists with known outcomes converted; at least 2 \
conversions are needed to learn from, so 1 are missing.
    """
    leads = snapshots["lead"].nunique()
    if leads == 0:
        raise NotEnoughData(
            "No outcomes are known yet: a list can be used for training once its whole horizon has "
            "passed."
        )
    conversions = snapshots.loc[snapshots["converted"] == 1, "lead"].nunique()
    if conversions < min_conversions:
        raise NotEnoughData(
            f"{conversions} of {leads} leads on lists with known outcomes converted; at least "
            f"{min_conversions} conversions are needed to learn from, so "
            f"{min_conversions - conversions} are missing."
        )
    if snapshots["converted"].all():
        raise NotEnoughData(
            f"All {leads} leads on lists with known outcomes converted; others are needed too."
        )


def split_rolling_origin(
    snapshots: pd.DataFrame, *, horizon: pd.Timedelta, share: float, max_fits: int
) -> list[Fold]:
    """Split matured rows into folds, the latest lists being tested.

    Parameters
    ----------
    snapshots : frame with as_of and list_date (aware UTC instants), one row per (lead, as_of)
    horizon : what a label needs to be complete
    share : of the lists, the latest ones, rounded up: they are tested
    max_fits : consecutive test lists share a fit where there are more lists than this

    Returns
    -------
    list of Fold, by origin
        The origin is the date of the fold's first list. It is tested on the rows of its lists,
        and learns from the rows with ``as_of + horizon <= origin``.

    Raises
    ------
    NotEnoughData
        Before the first origin no row has matured.

    References
    ----------
    L. Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of
    Forecasting 16, 2000.

    Examples
    --------
    Four weekly lists of one lead, a horizon of one week, the latest half is tested:

    >>> dates = pd.date_range("2024-01-06", periods=4, freq="7D", tz="UTC")
    >>> rows = pd.DataFrame({"as_of": dates, "list_date": dates})
    >>> for fold in split_rolling_origin(rows, horizon=pd.Timedelta(days=7), share=0.5, max_fits=8):
    ...     print(fold.origin.date(), fold.train, fold.test)
    2024-01-20 [0 1] [2]
    2024-01-27 [0 1 2] [3]
    """
    as_of, list_date = snapshots["as_of"], snapshots["list_date"]
    dates = pd.DatetimeIndex(list_date.drop_duplicates().sort_values())
    tested = math.ceil(share * len(dates) - 1e-9)
    if len(dates) < 2:
        raise NotEnoughData(
            f"{len(dates)} lists have known outcomes; a backtest needs lists to train on and later "
            "ones to test on."
        )
    folds = []
    for group in np.array_split(np.arange(len(dates) - tested, len(dates)), min(max_fits, tested)):
        origin = dates[group[0]]
        train = np.flatnonzero(as_of + horizon <= origin)
        test = np.flatnonzero(list_date.between(origin, dates[group[-1]]))
        folds.append(Fold(origin, train, test))
    if folds[0].train.size == 0:
        raise NotEnoughData(_describe_too_few_lists(dates, tested, horizon, share))
    return folds


def backtest_folds(
    snapshots: pd.DataFrame,
    converted: ArrayLike,
    most_fresh: ArrayLike,
    *,
    folds: Sequence[Fold],
    build_matrices: BuildMatrices,
    make_scorer: Callable[[], Scorer],
    shares: Mapping[str, float] = TIER_SHARES,
    frozen: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Scores of all test rows, each by the model that was fitted at its fold's origin.

    Parameters
    ----------
    snapshots : frame with lead, lead_id, as_of and list_date, shape (n_rows, ...)
    converted : array-like of shape (n_rows,), 0 or 1
    most_fresh : array-like of shape (n_rows,); higher is called first
    folds : from ``split_rolling_origin``
    build_matrices : see ``BuildMatrices``
    make_scorer : a new, unfitted scorer
    shares : tier -> share of the list, from the top
    frozen : cut tiers by cut-offs learned from these very scores, instead of shares of each list
    progress : called with (fits done, fits in all)

    Returns
    -------
    DataFrame, one row per test row in the order of ``snapshots``
        as_of, lead_id, score, raw_score, most_fresh, converted and tier, as published, then
        list_date and lead. The score is the raw score after a calibration that was fitted on all
        raw scores of this frame; it does not change their order.

    Raises
    ------
    NotEnoughData
        At an origin, or on all test rows, only one outcome is there.
    """
    y, fresh = np.asarray(converted), np.asarray(most_fresh, dtype=np.float64)
    raw = np.full(len(snapshots), np.nan)
    for done, fold in enumerate(folds, start=1):
        _refuse_one_outcome(y[fold.train], fold.origin)
        X_train, X_test, categorical = build_matrices(fold.origin, fold.train, fold.test)
        scorer = make_scorer().fit(X_train, y[fold.train], categorical)
        raw[fold.test] = scorer.raw_score(X_test)
        if progress is not None:
            progress(done, len(folds))
    rows = np.sort(np.concatenate([fold.test for fold in folds]))
    shown = snapshots.iloc[rows].reset_index(drop=True)
    tested = shown[["as_of", "lead_id"]].copy()
    tested["score"] = fit_calibration(raw[rows], y[rows]).probability(raw[rows])
    tested["raw_score"] = raw[rows]
    tested["most_fresh"] = fresh[rows]
    tested["converted"] = y[rows].astype(np.int8)
    tiers = _assign_tiers(tested, shown["list_date"], shares, frozen=frozen)
    tested["tier"] = pd.Series(tiers, dtype="str")
    return tested.assign(list_date=shown["list_date"], lead=shown["lead"])


def _assign_tiers(
    tested: pd.DataFrame, list_dates: pd.Series, shares: Mapping[str, float], *, frozen: bool
) -> NDArray[np.object_]:
    score = tested["score"].to_numpy()
    if frozen:
        return assign_frozen(score, learn_cutoffs(score, shares))
    return assign_relative(score, tested["most_fresh"], tested["lead_id"], list_dates, shares)


def _refuse_one_outcome(converted: NDArray[np.generic], origin: pd.Timestamp) -> None:
    conversions = int(np.count_nonzero(converted))
    if conversions in (0, converted.size):
        raise NotEnoughData(
            f"At {origin.date()} the backtest had {converted.size} rows to train on, of which "
            f"{conversions} converted; both outcomes are needed. Wait for more known outcomes or "
            "test a smaller share of the lists."
        )


def _describe_too_few_lists(
    dates: pd.DatetimeIndex, tested: int, horizon: pd.Timedelta, share: float
) -> str:
    pace = (dates[-1] - dates[0]) / (len(dates) - 1)
    needed = len(dates)
    while (needed - math.ceil(share * needed - 1e-9)) * pace < horizon:
        needed += 1
    return (
        f"{len(dates)} lists have known outcomes, from {dates[0].date()} to {dates[-1].date()}; "
        f"{tested} of them are for the backtest, and none is a whole horizon "
        f"({horizon / pd.Timedelta(days=1):g} days) before the first of those. At this pace about "
        f"{needed} lists are needed."
    )


def build_fold_table(
    folds: Sequence[Fold], tested: pd.DataFrame, converted: ArrayLike, *, depth: float
) -> pd.DataFrame:
    """What each fit learned from, was tested on and reached.

    Parameters
    ----------
    folds : as ``split_rolling_origin`` made them
    tested : frame as ``backtest_folds`` returned it for these folds
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
        reached = [_compute_fold_gain(test, column, depth) for column in ("score", "most_fresh")]
        learned = (len(fold.train), int(y[fold.train].sum()))
        found.append((fold.origin, *learned, len(test), int(test["converted"].sum()), *reached))
    columns = ["origin", "train_rows", "train_conversions", "test_rows", "test_conversions"]
    return pd.DataFrame(found, columns=[*columns, "gain", "most_fresh"])


def _compute_fold_gain(test: pd.DataFrame, column: str, depth: float) -> float:
    if not test["converted"].any():
        return float("nan")
    return float(pooled_gain(test["converted"], test[column], test["list_date"], [depth])[0])
