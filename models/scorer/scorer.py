"""The scorer: LightGBM's Booster and its calibration, fitted, applied, saved and loaded."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.errors import ModelRefused, NotEnoughData
from models.scorer.calibration import IDENTITY, Calibration, fit_calibration
from models.scorer.model_files import read_model, write_model

if TYPE_CHECKING:
    from lightgbm import Booster

DEFAULT_PARAMS: Mapping[str, float | int | bool] = {
    "num_iterations": 300,
    "learning_rate": 0.04,
    "num_leaves": 5,
    "extra_trees": True,
    "feature_fraction_bynode": 0.3,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "min_sum_hessian_in_leaf": 10.0,
    "lambda_l2": 10.0,
    "max_bin": 63,
}
"""Strongly regularised; docs/decisions/0401-parameters.md says how they were chosen."""

FIXED_PARAMS: Mapping[str, Any] = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""What every fit has, whatever the parameters: the same data give the same bytes."""

ROWS_AT_ONCE = 4096
"""Rows in one chunk of exact contributions: 4096 x 250 columns x 8 bytes = 8 MB."""

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


class LeadScorer:
    """A LightGBM model of "converts within the horizon", with calibrated probabilities.

    Parameters
    ----------
    params : LightGBM parameters that replace or add to ``DEFAULT_PARAMS``
    seed : of all random choices in training
    threads : used in training and scoring; the model's bytes and scores do not depend on it

    Attributes
    ----------
    booster_ : lightgbm.Booster
    columns_ : tuple of str, the matrix's columns in order
    categorical_ : tuple of str, those of them that hold codes
    calibration_ : Calibration; LightGBM's own probability until ``calibrate`` was called
    rows_, conversions_ : int, what the model was fitted on
    extra_ : dict, what the caller stored beside the model (JSON)

    Examples
    --------
    Of the leads without a visit one in ten converts, of those with five visits one in two.

    >>> X = pd.DataFrame({"visits": np.repeat([0, 5], 100)}, dtype="float32")
    >>> converted = np.repeat([1, 0, 1, 0], [10, 90, 50, 50])
    >>> scorer = LeadScorer({"lambda_l2": 0, "min_sum_hessian_in_leaf": 1}).fit(X, converted)
    >>> scorer.predict_proba(X)[[0, 199], 1].round(1).tolist()
    [0.1, 0.5]
    >>> scorer.raw_score(X.rename(columns={"visits": "calls"}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    models.errors.ModelRefused: ...column 0 should be 'visits' and is 'calls'...
    """

    booster_: "Booster"
    columns_: tuple[str, ...]
    categorical_: tuple[str, ...]
    calibration_: Calibration
    rows_: int
    conversions_: int
    extra_: dict[str, Any]

    def __init__(
        self, params: Mapping[str, Any] | None = None, *, seed: int = 1, threads: int = 2
    ) -> None:
        self.params = {**DEFAULT_PARAMS, **(params or {})}
        self.seed = seed
        self.threads = threads

    def fit(self, X: pd.DataFrame, converted: ArrayLike, categorical: Sequence[str] = ()) -> Self:
        """Learn from the rows of lists whose whole horizon lies in the past.

        Parameters
        ----------
        X : float32 frame of shape (n_rows, n_columns); NaN is missing
        converted : array-like of shape (n_rows,), 0 or 1
        categorical : names of the columns that hold integer codes

        Raises
        ------
        NotEnoughData
            There is no row, or all rows have the same outcome.
        ModelRefused
            A column stands twice, or a categorical one is missing.
        """
        import lightgbm as lgb

        y = np.asarray(converted, dtype=np.float32)
        _refuse_one_outcome(y)
        _refuse_invalid_columns(X, categorical)
        names = sanitize_column_names(X.columns)
        codes = [names[X.columns.get_loc(name)] for name in categorical]
        params = {**self.params, **FIXED_PARAMS, "seed": self.seed, "num_threads": self.threads}
        rounds = params.pop("num_iterations")
        dataset = lgb.Dataset(
            X.set_axis(names, axis=1), y, categorical_feature=codes, params=params
        )
        booster = lgb.train(params, dataset, num_boost_round=rounds)
        self.booster_ = _load_booster(remove_thread_count(booster.model_to_string()))
        self.columns_ = tuple(X.columns)
        self.categorical_ = tuple(categorical)
        self.calibration_ = IDENTITY
        self.rows_, self.conversions_ = len(y), int(y.sum())
        self.extra_ = {}
        return self

    def calibrate(self, raw_score: ArrayLike, converted: ArrayLike) -> Self:
        """Learn the probabilities from out-of-sample raw scores; see ``fit_calibration``."""
        self.calibration_ = fit_calibration(raw_score, converted)
        return self

    def raw_score(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Log odds before calibration, shape (n_rows,).

        Raises
        ------
        ModelRefused
            The columns are not those of the training, in that order, or a score is not finite.
        """
        raw = self._predict(X, raw_score=True)
        if not np.isfinite(raw).all():
            raise ModelRefused(
                f"{(~np.isfinite(raw)).sum()} of {len(raw)} raw scores are not finite; such a "
                "model cannot rank a list."
            )
        return raw

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Calibrated probabilities of shape (n_rows, 2): not converting, converting."""
        probability = self.calibration_.probability(self.raw_score(X))
        return np.column_stack([1 - probability, probability])

    def contributions(
        self, X: pd.DataFrame, progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """How much each column moves each raw score: exact SHAP values, in log odds.

        Parameters
        ----------
        X : as in ``raw_score``
        progress : called with (rows done, rows in all) after each chunk

        Returns
        -------
        ndarray of shape (n_rows, n_columns + 1)
            The last column is the base, the mean raw score of the training rows. Each row sums
            to its raw score.

        References
        ----------
        S. Lundberg et al., "From local explanations to global understanding with explainable AI
        for trees", Nature Machine Intelligence, 2020.
        """
        total = len(X)
        values = np.empty((total, len(self.columns_) + 1))
        for start in range(0, total, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, total)
            values[start:stop] = self._predict(X.iloc[start:stop], pred_contrib=True)
            if progress is not None:
                progress(stop, total)
        return values

    def _predict(self, X: pd.DataFrame, **kind: bool) -> NDArray[np.float64]:
        _refuse_mismatched_columns(tuple(X.columns), self.columns_)
        if X.empty:
            width = (len(self.columns_) + 1,) if "pred_contrib" in kind else ()
            return np.empty((0, *width))
        renamed = X.set_axis(sanitize_column_names(X.columns), axis=1)
        predicted = self.booster_.predict(
            renamed, validate_features=True, num_threads=self.threads, **kind
        )
        return np.asarray(predicted, dtype=np.float64)

    def save(self, folder: Path, extra: Mapping[str, Any] | None = None) -> None:
        """Write ``model.txt`` and ``spec.json`` into ``folder``, which must exist.

        Parameters
        ----------
        folder : files of these names are replaced
        extra : what else belongs to the model (cut-offs, vocabulary, dates), as JSON values
        """
        spec = {
            "columns": list(self.columns_),
            "categorical": list(self.categorical_),
            "calibration": self.calibration_.to_dict(),
            "params": dict(self.params),
            "seed": self.seed,
            "rows": self.rows_,
            "conversions": self.conversions_,
            "extra": dict(self.extra_ if extra is None else extra),
        }
        write_model(folder, self.booster_.model_to_string(), spec)

    @classmethod
    def load(cls, folder: Path, *, threads: int = 2) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        ModelDamaged
            A file is missing or is not what was saved; LightGBM has not seen it then.
        """
        model, spec = read_model(folder)
        scorer = cls(spec["params"], seed=spec["seed"], threads=threads)
        scorer.booster_ = _load_booster(model)
        scorer.columns_ = tuple(spec["columns"])
        scorer.categorical_ = tuple(spec["categorical"])
        scorer.calibration_ = Calibration.from_dict(spec["calibration"])
        scorer.rows_, scorer.conversions_ = spec["rows"], spec["conversions"]
        scorer.extra_ = spec["extra"]
        return scorer


def sanitize_column_names(columns: Sequence[str] | pd.Index) -> list[str]:
    """Column names that LightGBM accepts: no white space, none of ``" , : [ ] { }``, no doubles.

    >>> sanitize_column_names(["visits_7d", "plan: A", "plan, A"])
    ['visits_7d', 'plan__A', 'plan__A_']
    """
    names: dict[str, None] = {}
    for column in columns:
        name = re.sub(r'[\s\x00-\x1f",:\[\]{}]', "_", column)
        while name in names:
            name += "_"
        names[name] = None
    return list(names)


def remove_thread_count(model: str) -> str:
    """The model's text without the number of threads, which says nothing about the model.

    >>> remove_thread_count("[num_threads: 4]")
    '[num_threads: 0]'
    """
    return re.sub(r"^\[num_threads: \d+\]$", "[num_threads: 0]", model, flags=re.MULTILINE)


def _load_booster(model: str) -> "Booster":
    from lightgbm import Booster

    return Booster(model_str=model)


def _refuse_one_outcome(y: NDArray[np.float32]) -> None:
    conversions = int(y.sum())
    if y.size == 0 or conversions in (0, y.size):
        raise NotEnoughData(
            f"A model cannot be trained: {conversions} of {y.size} training rows converted, and "
            "both outcomes are needed. Wait for more known outcomes, or check how conversions are "
            "mapped."
        )


def _refuse_invalid_columns(X: pd.DataFrame, categorical: Sequence[str]) -> None:
    doubled = X.columns[X.columns.duplicated()].unique().tolist()
    absent = [name for name in categorical if name not in X.columns]
    if doubled or absent:
        raise ModelRefused(
            f"The matrix is not usable: {len(doubled)} columns are there twice {doubled[:5]}, "
            f"{len(absent)} categorical columns are missing {absent[:5]}."
        )


def _refuse_mismatched_columns(found: Sequence[str], expected: Sequence[str]) -> None:
    if found == expected:
        return
    wrong = [
        f"column {position} should be {wanted!r} and is {given!r}"
        for position, (wanted, given) in enumerate(zip(expected, found, strict=False))
        if wanted != given
    ]
    first = wrong[0] if wrong else f"{len(expected)} columns are expected and {len(found)} came"
    raise ModelRefused(
        f"The matrix does not fit the model: {first}. Build it with the catalog that the model was "
        "trained with."
    )
