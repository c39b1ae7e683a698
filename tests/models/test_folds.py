import numpy as np
import pandas as pd
import pytest

from models.backtest import rolling_origin
from models.folds import fold_table
from models.gains import pooled_gain
from tests.models.test_backtest import MONTH, labels, run, snapshots


def test_each_fit_is_told_with_its_own_rows_and_gains() -> None:
    rows = snapshots(n_lists=20, n_leads=30)
    converted = labels(rows)
    folds = rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=3)
    tested = run(rows, converted, folds=folds)
    table = fold_table(folds, tested, converted, depth=0.3)
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


def test_a_fold_without_conversions_has_no_gain() -> None:
    rows = snapshots(n_lists=20, n_leads=30)
    folds = rolling_origin(rows, horizon=MONTH, share=0.25, max_fits=5)
    converted = labels(rows)
    tested = run(rows, converted, folds=folds)
    last = tested["list_date"] == tested["list_date"].max()
    table = fold_table(
        folds, tested.assign(converted=tested["converted"].where(~last, 0)), converted, depth=0.3
    )
    assert np.isnan(table["gain"].iloc[-1])
    assert table["gain"].iloc[:-1].notna().all()
    assert isinstance(table["origin"].iloc[0], pd.Timestamp)
