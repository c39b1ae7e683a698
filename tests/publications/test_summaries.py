"""What charts need, against slow obvious twins."""

import numpy as np
import pandas as pd
import pytest

from publications.summaries import calibration, gain_by_list, list_of, wilson_band
from tests.publications.conftest import made_up_backtest


def test_each_list_is_measured_by_itself() -> None:
    backtest = made_up_backtest(lists=3, leads=100)
    found = gain_by_list(backtest, 0.3)
    for row in found.itertuples():
        rows = backtest[backtest["as_of"] == row.list_date]
        column = "score" if row.ranking == "model" else "most_fresh"
        called = rows.sort_values(column, ascending=False).head(30)  # 30 % of 100 leads, no ties
        assert row.gain == pytest.approx(called["converted"].sum() / rows["converted"].sum())
        assert row.conversions == rows["converted"].sum()
    assert len(found) == 6


def test_a_list_without_conversions_drops_out() -> None:
    backtest = made_up_backtest(lists=2, leads=50)
    backtest.loc[:49, "converted"] = 0
    assert gain_by_list(backtest, 0.3)["list_date"].nunique() == 1


def test_leads_listed_on_arrival_belong_to_the_list_of_their_period() -> None:
    backtest = made_up_backtest(lists=1, leads=4)
    assert list_of(backtest).equals(backtest["as_of"])
    dated = backtest.assign(list_date=pd.Timestamp("2012-01-07", tz="UTC"))
    assert list_of(dated).equals(dated["list_date"])


def test_calibration_groups_are_as_large_as_each_other_and_ordered_by_score() -> None:
    backtest = made_up_backtest()
    found = calibration(backtest)
    assert found["leads"].tolist() == [80] * 10
    assert found["predicted"].is_monotonic_increasing
    lowest = backtest.sort_values("score").head(80)
    assert found["observed"].iloc[0] == lowest["converted"].mean()
    assert found["predicted"].iloc[0] == pytest.approx(lowest["score"].mean())


def test_equal_scores_stay_in_one_group() -> None:
    backtest = pd.DataFrame({"score": [0.2] * 10, "converted": [1] * 2 + [0] * 8})
    found = calibration(backtest)
    assert found["leads"].sum() == 10
    assert len(found) <= 1 or found["predicted"].is_unique


def test_wilsons_band_holds_the_share_and_stays_between_0_and_1() -> None:
    low, high = wilson_band(np.array([0.0, 0.5, 1.0]), np.array([5, 5, 5]))
    # Wilson 1927 for 0 of 5: 0 to z^2 / (5 + z^2)
    assert low[0] == pytest.approx(0.0, abs=1e-12)
    assert high[0] == pytest.approx(1.959964**2 / (5 + 1.959964**2))
    assert low[1] < 0.5 < high[1]
    assert high[2] == pytest.approx(1.0)
