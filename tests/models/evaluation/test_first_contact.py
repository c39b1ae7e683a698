import numpy as np
import pandas as pd
import pytest

from models.evaluation.bootstrap import compute_interval, draw_lead_weights
from models.evaluation.conventions import DELAYS
from models.evaluation.first_contact import build_first_contact_table
from tests.models.frames import draw_scored_lists


def draw_rows() -> tuple[pd.DataFrame, np.ndarray]:
    backtest = draw_scored_lists(n_lists=5, n_leads=60, seed=3)
    backtest["tier"] = np.where(backtest["score"] > 0.6, "A", "C")
    rng = np.random.default_rng(4)
    hours = rng.choice([0.5, 3.0, 10.0, 48.0, 300.0, np.nan], len(backtest))
    return backtest, hours


def name_delay(hours: float) -> str:
    if np.isnan(hours):
        return "no contact yet"
    return "0-3 h" if hours < 3 else ("3-48 h" if hours < 48 else "later")


def test_the_table_equals_the_slow_twin() -> None:
    backtest, hours = draw_rows()
    table = build_first_contact_table(backtest, hours, samples=20, seed=2)
    worded = backtest.assign(delay=[name_delay(each) for each in hours])
    for row in table.itertuples():
        rows = worded[(worded["tier"] == row.tier) & (worded["delay"] == row.delay)]
        assert row.leads == len(rows)
        assert row.conversions == rows["converted"].sum()
        assert row.base_rate == pytest.approx(rows["converted"].mean())
    assert table["leads"].sum() == len(backtest)


def test_the_band_draws_leads_and_not_rows() -> None:
    backtest, hours = draw_rows()
    table = build_first_contact_table(backtest, hours, samples=20, seed=2)
    first = table.iloc[0]
    chosen = (backtest["tier"] == first["tier"]) & (hours < 3)
    lead_ids = sorted(backtest["lead_id"].unique())
    rates = []
    for weights in np.concatenate(list(draw_lead_weights(len(lead_ids), 20, 2))):
        times = backtest["lead_id"].map(dict(zip(lead_ids, weights.astype(float), strict=True)))
        drawn = times[chosen]
        rates.append((drawn * backtest.loc[chosen, "converted"]).sum() / drawn.sum())
    assert (first["base_rate_low"], first["base_rate_high"]) == pytest.approx(
        compute_interval(np.array(rates))
    )


def test_rows_come_by_tier_and_then_by_delay() -> None:
    table = build_first_contact_table(*draw_rows(), samples=5)
    assert table["tier"].tolist() == ["A"] * 4 + ["C"] * 4
    assert table["delay"].tolist() == [*DELAYS, *DELAYS]


def test_a_tier_without_such_rows_has_none_in_the_table() -> None:
    rows = pd.DataFrame({"lead_id": ["a", "b"], "tier": ["A", "B"], "converted": [1, 0]})
    table = build_first_contact_table(rows, [1.0, np.nan], samples=5)
    assert table[["tier", "delay"]].values.tolist() == [["A", "0-3 h"], ["B", "no contact yet"]]


def test_the_same_seed_gives_the_same_table() -> None:
    one, other = (build_first_contact_table(*draw_rows(), samples=30) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
