import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import NotEnoughData
from models.evaluation.backtest import (
    Fold,
    backtest_folds,
    build_fold_table,
    refuse_too_little_data,
    split_rolling_origin,
)
from models.evaluation.gain_curves import pooled_gain
from models.scorer.calibration import fit_calibration
from models.scorer.scorer import LeadScorer
from tests.models.frames import FIRST_LIST, build_weekly_dates

MONTH = pd.Timedelta(days=30)


def snapshots(n_lists: int = 12, n_leads: int = 50) -> pd.DataFrame:
    """Every lead stands in every weekly list."""
    rows = pd.MultiIndex.from_product(
        [range(n_leads), build_weekly_dates(n_lists)], names=["lead", "as_of"]
    )
    frame = rows.to_frame(index=False)
    frame["list_date"] = frame["as_of"]
    frame["lead_id"] = frame["lead"].map("L{:03d}".format)
    return frame


def labels(rows: pd.DataFrame) -> np.ndarray:
    """Leads with a number that 3 divides convert, and nobody else."""
    return (rows["lead"] % 3 == 0).to_numpy().astype(np.int8)


class KnowsTheLead:
    """A scorer that only repeats its matrix."""

    def fit(
        self, X: pd.DataFrame, converted: np.ndarray, categorical: tuple = ()
    ) -> "KnowsTheLead":
        self.rows = len(X)
        return self

    def raw_score(self, X: pd.DataFrame) -> np.ndarray:
        return X["signal"].to_numpy()


def run_small_backtest(
    rows: pd.DataFrame, converted: np.ndarray, **options: object
) -> pd.DataFrame:
    noise = np.random.default_rng(1).normal(size=len(rows))

    def build_matrices(origin: pd.Timestamp, train: np.ndarray, test: np.ndarray) -> tuple:
        signal = pd.DataFrame({"signal": labels(rows) + noise})
        return signal.iloc[train], signal.iloc[test], ()

    settings = {
        "folds": split_rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=8),
        "build_matrices": build_matrices,
        "make_scorer": KnowsTheLead,
    }
    return backtest_folds(rows, converted, noise, **(settings | options))


def test_twenty_weekly_loan_lists_give_five_origins_from_the_fourteenth_of_january() -> None:
    dates = pd.date_range("2011-10-01", "2012-02-11", freq="7D", tz="UTC")
    rows = pd.DataFrame({"as_of": dates, "list_date": dates})
    folds = split_rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=8)
    assert len(dates) == 20
    assert [str(fold.origin.date()) for fold in folds] == [
        "2012-01-14",
        "2012-01-21",
        "2012-01-28",
        "2012-02-04",
        "2012-02-11",
    ]
    learned_last = [str(dates[fold.train[-1]].date()) for fold in folds]
    assert learned_last[0] == "2011-12-10"  # 2011-12-17 + 30 days lies after 2012-01-14
    assert [len(fold.test) for fold in folds] == [1, 1, 1, 1, 1]


def test_more_lists_than_fits_are_tested_in_groups_of_neighbours() -> None:
    rows = snapshots(n_lists=20, n_leads=1)
    folds = split_rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=2)
    assert [fold.test.tolist() for fold in folds] == [[15, 16, 17], [18, 19]]
    assert [fold.origin for fold in folds] == [
        build_weekly_dates(20)[15],
        build_weekly_dates(20)[18],
    ]


@given(
    n_lists=st.integers(8, 30),
    every=st.integers(1, 14),
    horizon=st.integers(1, 40),
    share=st.floats(0.05, 0.6),
    max_fits=st.integers(1, 6),
)
def test_no_label_of_a_training_row_lies_beyond_the_origin(
    n_lists: int, every: int, horizon: int, share: float, max_fits: int
) -> None:
    """The slow twin of the folds: every row is looked at."""
    dates = pd.date_range(FIRST_LIST, periods=n_lists, freq=f"{every}D", unit="us")
    rows = pd.DataFrame({"as_of": dates, "list_date": dates})
    span = pd.Timedelta(days=horizon)
    try:
        folds = split_rolling_origin(rows, horizon=span, share=share, max_fits=max_fits)
    except NotEnoughData:
        return
    tested = [row for fold in folds for row in fold.test]
    n_tested = int(np.ceil(share * n_lists - 1e-9))
    assert tested == list(range(n_lists - n_tested, n_lists))
    assert len(folds) == min(max_fits, n_tested)
    for fold in folds:
        for row in range(n_lists):
            complete = dates[row] + span <= fold.origin
            assert (row in fold.train) == complete
        assert all(dates[row] >= fold.origin for row in fold.test)


def test_leads_listed_on_arrival_are_tested_with_the_list_that_they_fall_into() -> None:
    as_of = pd.Series(build_weekly_dates(10)) + pd.to_timedelta([5, 1] * 5, unit="D")
    rows = pd.DataFrame({"as_of": as_of, "list_date": build_weekly_dates(10)})
    (fold,) = split_rolling_origin(rows, horizon=pd.Timedelta(days=14), share=0.1, max_fits=8)
    assert fold.origin == build_weekly_dates(10)[9]
    assert fold.test.tolist() == [9]
    assert fold.train.tolist() == [0, 1, 2, 3, 4, 5, 6]
    """Row 6 came on day 6 * 7 + 5 = 47 and matured on day 61, before day 63; row 7 (day 50) not."""


@pytest.mark.parametrize(
    ("share", "tested", "needed"), [(0.25, 2, 7), (0.375, 2, 8)], ids=["a quarter", "3 in 8"]
)
def test_too_few_lists_say_how_many_there_are_and_how_many_are_needed(
    share: float, tested: int, needed: int
) -> None:
    """5 lists, 2 tested: the first test list comes 21 days after the first list.

    Of 7 lists a quarter is 2, of 8 three eighths are exactly 3: 5 weeks are more than 30 days.
    """
    expected = (
        rf"5 lists have known outcomes, .* {tested} of them are for the backtest, and "
        rf"none is a whole horizon \(30 days\) before .* about {needed} lists are needed"
    )
    with pytest.raises(NotEnoughData, match=expected):
        split_rolling_origin(snapshots(5), horizon=MONTH, share=share, max_fits=8)
    split_rolling_origin(snapshots(needed), horizon=MONTH, share=share, max_fits=8)
    with pytest.raises(NotEnoughData, match="lists are needed"):
        split_rolling_origin(snapshots(needed - 1), horizon=MONTH, share=share, max_fits=8)


@pytest.mark.parametrize("n_lists", [0, 1])
def test_a_single_list_cannot_be_learned_from_and_tested(n_lists: int) -> None:
    with pytest.raises(
        NotEnoughData, match=f"{n_lists} lists have known outcomes; a backtest needs"
    ):
        split_rolling_origin(snapshots(n_lists), horizon=MONTH, share=0.25, max_fits=8)


def test_too_few_conversions_are_counted_by_lead() -> None:
    rows = snapshots(n_lists=3, n_leads=30)
    rows["converted"] = labels(rows)
    refuse_too_little_data(rows, min_conversions=10)
    with pytest.raises(NotEnoughData, match=r"10 of 30 leads .* at least 11 conversions"):
        refuse_too_little_data(rows, min_conversions=11)


def test_lists_on_which_everybody_or_nobody_converted_teach_nothing() -> None:
    rows = snapshots(n_lists=3, n_leads=30)
    with pytest.raises(NotEnoughData, match=r"0 of 30 leads"):
        refuse_too_little_data(rows.assign(converted=0), min_conversions=1)
    with pytest.raises(NotEnoughData, match="All 30 leads on lists with known outcomes converted"):
        refuse_too_little_data(rows.assign(converted=1), min_conversions=1)
    with pytest.raises(NotEnoughData, match="No outcomes are known yet"):
        refuse_too_little_data(rows.assign(converted=0).iloc[:0], min_conversions=1)


def test_the_backtest_holds_every_row_of_the_tested_lists_once() -> None:
    rows = snapshots()
    frame = run_small_backtest(rows, labels(rows))
    assert frame.columns.tolist() == [
        "as_of",
        "lead_id",
        "score",
        "raw_score",
        "most_fresh",
        "converted",
        "tier",
        "list_date",
        "lead",
    ]
    tested = rows[rows["list_date"] >= build_weekly_dates(12)[9]].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame[["lead", "as_of"]], tested[["lead", "as_of"]])
    assert (frame["converted"] == labels(tested)).all()
    assert frame.dtypes["tier"] == "str"
    assert not frame.isna().any(axis=None)


def test_the_score_is_the_calibrated_raw_score_in_the_same_order() -> None:
    rows = snapshots()
    frame = run_small_backtest(rows, labels(rows))
    fit = fit_calibration(frame["raw_score"], frame["converted"])
    assert (frame["score"] == fit.probability(frame["raw_score"])).all()
    assert (frame["score"].argsort() == frame["raw_score"].argsort()).all()


def test_each_list_is_cut_into_the_shares_of_the_tiers() -> None:
    rows = snapshots(n_leads=50)
    sizes = run_small_backtest(rows, labels(rows)).groupby(["list_date", "tier"]).size().unstack()
    assert (sizes[["A", "B", "C"]] == [15, 20, 15]).all(axis=None)


def test_frozen_tiers_are_cut_over_all_lists_at_once() -> None:
    rows = snapshots(n_leads=50)
    frame = run_small_backtest(rows, labels(rows), frozen=True)
    assert frame["tier"].value_counts().to_dict() == {"A": 45, "B": 60, "C": 45}
    lowest, highest = frame.groupby("tier")["score"].min(), frame.groupby("tier")["score"].max()
    assert lowest["A"] > highest["B"] > lowest["B"] > highest["C"]


def test_the_matrix_is_asked_for_at_each_origin_with_what_was_known_then() -> None:
    rows = snapshots()
    asked: list[Fold] = []

    def build_matrices(origin: pd.Timestamp, train: np.ndarray, test: np.ndarray) -> tuple:
        asked.append(Fold(origin, train, test))
        signal = pd.DataFrame({"signal": np.arange(len(rows), dtype=float)})
        return signal.iloc[train], signal.iloc[test], ()

    told: list[tuple[int, int]] = []
    run_small_backtest(
        rows, labels(rows), build_matrices=build_matrices, progress=lambda *step: told.append(step)
    )
    assert [fold.origin for fold in asked] == list(build_weekly_dates(12)[9:])
    for fold in asked:
        assert (rows["as_of"].iloc[fold.train] + MONTH <= fold.origin).all()
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_origin_that_knows_no_conversion_yet_says_so() -> None:
    rows = snapshots()
    late = labels(rows) * (rows["as_of"] >= build_weekly_dates(12)[6])
    with pytest.raises(
        NotEnoughData, match=r"At 2024-03-09 .* 250 rows to train on, of which 0 converted"
    ):
        run_small_backtest(rows, late.to_numpy())


def test_tested_lists_without_a_conversion_cannot_be_calibrated() -> None:
    rows = snapshots()
    early = labels(rows) * (rows["as_of"] < build_weekly_dates(12)[6])
    with pytest.raises(NotEnoughData, match="0 of 150 out-of-sample rows converted"):
        run_small_backtest(rows, early.to_numpy())


def test_a_real_scorer_goes_through_the_same_door() -> None:
    rows = snapshots(n_leads=150)
    frame = run_small_backtest(
        rows, labels(rows), make_scorer=lambda: LeadScorer({"num_iterations": 20}, threads=1)
    )
    assert frame["raw_score"].dtype == np.float64
    by_outcome = frame.groupby("converted")["score"].mean()
    assert by_outcome[1] > by_outcome[0]
    assert frame["score"].mean() == pytest.approx(frame["converted"].mean(), rel=1e-6)


def test_each_fit_is_told_with_its_own_rows_and_gains() -> None:
    rows = snapshots(n_lists=20, n_leads=30)
    converted = labels(rows)
    folds = split_rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=3)
    tested = run_small_backtest(rows, converted, folds=folds)
    table = build_fold_table(folds, tested, converted, depth=0.3)
    assert table["origin"].tolist() == [fold.origin for fold in folds]
    assert table["test_rows"].tolist() == [len(fold.test) for fold in folds]
    assert table["train_rows"].tolist() == [len(fold.train) for fold in folds]
    for fold, told in zip(folds, table.itertuples(), strict=True):
        assert told.train_conversions == converted[fold.train].sum()
        lists = rows.iloc[fold.test]["list_date"].unique()
        part = tested[tested["list_date"].isin(lists)]
        assert told.test_conversions == part["converted"].sum()
        expected = pooled_gain(part["converted"], part["score"], part["list_date"], [0.3])[0]
        assert told.gain == pytest.approx(expected)
        fresh = pooled_gain(part["converted"], part["most_fresh"], part["list_date"], [0.3])[0]
        assert told.most_fresh == pytest.approx(fresh)


def test_a_fold_without_conversions_has_no_gain() -> None:
    rows = snapshots(n_lists=20, n_leads=30)
    folds = split_rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=5)
    converted = labels(rows)
    tested = run_small_backtest(rows, converted, folds=folds)
    last = tested["list_date"] == tested["list_date"].max()
    table = build_fold_table(
        folds, tested.assign(converted=tested["converted"].where(~last, 0)), converted, depth=0.3
    )
    assert np.isnan(table["gain"].iloc[-1])
    assert table["gain"].iloc[:-1].notna().all()
    assert isinstance(table["origin"].iloc[0], pd.Timestamp)
