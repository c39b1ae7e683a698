"""What charts need, against slow obvious twins."""

import numpy as np
import pandas as pd
import pytest

from publications.tables.summaries import (
    build_folds_table,
    build_versions_table,
    collect_tier_sizes,
    compare_expected_conversions,
    compute_calibration,
    compute_gain_by_list,
    select_list_dates,
)
from tests.publications.conftest import made_up_backtest, made_up_tiers


def test_each_list_is_measured_by_itself() -> None:
    backtest = made_up_backtest(lists=3, leads=100)
    found = compute_gain_by_list(backtest, 0.3)
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
    assert compute_gain_by_list(backtest, 0.3)["list_date"].nunique() == 1


def test_leads_listed_on_arrival_belong_to_the_list_of_their_period() -> None:
    backtest = made_up_backtest(lists=1, leads=4)
    assert select_list_dates(backtest).equals(backtest["as_of"])
    dated = backtest.assign(list_date=pd.Timestamp("2012-01-07", tz="UTC"))
    assert select_list_dates(dated).equals(dated["list_date"])


def test_calibration_groups_are_as_large_as_each_other_and_ordered_by_score() -> None:
    backtest = made_up_backtest()
    found = compute_calibration(backtest)
    assert found["leads"].tolist() == [80] * 10
    assert found["predicted"].is_monotonic_increasing
    lowest = backtest.sort_values("score").head(80)
    assert found["observed"].iloc[0] == lowest["converted"].mean()
    assert found["predicted"].iloc[0] == pytest.approx(lowest["score"].mean())


def test_equal_scores_stay_in_one_group() -> None:
    backtest = pd.DataFrame({"score": [0.2] * 10, "converted": [1] * 2 + [0] * 8})
    found = compute_calibration(backtest)
    assert found["leads"].sum() == 10
    assert len(found) <= 1 or found["predicted"].is_unique


def test_wilsons_band_holds_the_share_and_stays_between_0_and_1() -> None:
    backtest = pd.DataFrame({"score": [0.1] * 5 + [0.9] * 5, "converted": [0] * 5 + [1] * 5})
    low, high = compute_calibration(backtest, 2)[["observed_low", "observed_high"]].to_numpy().T
    # Wilson 1927 for 0 of 5: 0 to z^2 / (5 + z^2)
    assert low.tolist() == pytest.approx([0.0, 5 / (5 + 1.959964**2)])
    assert high.tolist() == pytest.approx([1.959964**2 / (5 + 1.959964**2), 1.0])


def test_expected_conversions_are_the_sum_of_the_scores_of_a_tier() -> None:
    backtest = made_up_backtest()
    found = compare_expected_conversions(backtest, made_up_tiers()).set_index("tier")
    for tier in "ABC":
        rows = backtest[backtest["tier"] == tier]
        assert found.loc[tier, "expected"] == pytest.approx(rows["score"].sum())
        assert found.loc[tier, "actual"] == rows["converted"].sum()
    assert found.loc["A", "low"] == pytest.approx(0.53 * 1263)  # the band of tiers.csv


def test_of_two_publications_for_one_instant_the_later_tells_the_sizes() -> None:
    def manifest(as_of: str, **tiers: int) -> dict[str, object]:
        return {"as_of": as_of, "counts": {"tiers": tiers}}

    found = collect_tier_sizes(
        [
            manifest("2012-03-14T00:00:00Z", A=1, B=2),
            manifest("2012-03-07T00:00:00.681000Z", A=5),
            manifest("2012-03-14T00:00:00Z", A=3),
        ]
    )
    assert found["leads"].tolist() == [5, 3]
    assert found["as_of"].is_monotonic_increasing


def test_publications_without_tiers_give_no_sizes() -> None:
    assert collect_tier_sizes([{"as_of": "2012-03-14T00:00:00Z", "counts": {}}]).empty
    assert collect_tier_sizes([]).empty


def test_folds_and_versions_are_tables_with_instants() -> None:
    model = {
        "folds": [{"origin": "2012-01-14T00:00:00+00:00", "train_rows": 5, "gain": 0.5}],
        "versions": [{"version": 2, "known_until": "2012-03-14T00:00:00Z", "leads": True}],
    }
    folds, versions = build_folds_table(model), build_versions_table(model)
    assert folds["origin"].tolist() == [pd.Timestamp("2012-01-14", tz="UTC")]
    assert folds["train_rows"].tolist() == [5]
    assert versions[["version", "leads"]].values.tolist() == [[2, True]]
    assert build_folds_table({}).empty


def test_a_figure_that_is_none_is_told_as_missing() -> None:
    model = {
        "folds": [{"origin": "2012-01-14T00:00:00Z", "gain": None, "most_fresh": None}],
        "versions": [{"version": 2, "known_until": None, "gain_at_30": None}],
    }
    assert np.isnan(build_folds_table(model)["gain"].iloc[0])
    assert np.isnan(build_versions_table(model)["gain_at_30"].iloc[0])
    assert build_versions_table(model)["known_until"].isna().all()
