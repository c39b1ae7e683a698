"""Exports in which a column was written after the outcome, and columns that only look like it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.checks.leakage import MIN_LEADS, _compute_separation, _group_values, build_leakage_checks
from crm.contract import ProfileColumn
from crm.export import QUARANTINE_COLUMNS, Export, build_counts
from crm.reading.activities import build_empty_activities

END = pd.Timestamp("2024-06-01", tz="UTC")
LEADS, CUSTOMERS = 400, 100
"""Every fourth lead became a customer ten days after its creation; the others were lost then."""


def instants(values) -> pd.Series:
    return pd.Series(pd.to_datetime(values, utc=True)).astype("datetime64[us, UTC]")


@pytest.fixture
def export() -> Export:
    number = np.arange(LEADS)
    created = instants(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(number // 4, "D"))
    ended, customer = created + pd.Timedelta(days=10), number % 4 == 0
    leads = pd.DataFrame(
        {
            "lead_id": pd.Series([f"{i:03}" for i in number], dtype="str"),
            "created_at": created,
            "converted_at": ended.where(customer),
            "closed_at": ended.where(~customer),
        }
    )
    return Export(
        leads=leads,
        activities=build_empty_activities(),
        profile=(),
        quarantine=pd.DataFrame({name: pd.Series(dtype="str") for name in QUARANTINE_COLUMNS}),
        counts=build_counts([("leads", LEADS, LEADS, 0, 0)]),
        findings=(),
        last_instant=END,
    )


def with_column(export: Export, kind, values) -> Export:
    leads = export.leads.assign(x=values)
    return replace(export, leads=leads, profile=(ProfileColumn("x", kind),))


def finding(export: Export) -> tuple[str, str] | None:
    (check,) = build_leakage_checks(export)
    return (check.severity, check.failure) if check.value else None


def customers(export: Export) -> pd.Series:
    return export.leads["converted_at"].notna()


def test_a_column_that_says_how_each_lead_ended_stops_the_run(export) -> None:
    stage = customers(export).map({True: "Won", False: "Lost"})
    severity, told = finding(with_column(export, "category", stage))
    assert severity == "error"
    assert "'x' in [leads] profile: it alone predicts the outcome" in told
    assert "Won" not in told  # no cell of the export stands in a message


def test_a_reason_for_losing_that_only_lost_leads_have_stops_the_run(export) -> None:
    reason = pd.Series("price", index=export.leads.index).where(~customers(export))
    assert finding(with_column(export, "category", reason))[0] == "error"


def test_a_number_that_grows_only_on_winning_stops_the_run(export) -> None:
    revenue = np.where(customers(export), np.arange(LEADS) + 1000.0, np.arange(LEADS) % 7)
    assert finding(with_column(export, "number", revenue))[0] == "error"


def test_a_column_filled_for_some_customers_only_is_a_warning(export) -> None:
    half = customers(export) & (np.arange(LEADS) % 8 == 0)
    severity, told = finding(with_column(export, "number", np.where(half, 5.0, np.nan)))
    assert severity == "warning"
    assert "of the 50 leads with some of its values 50 became customers, of all leads 25%" in told


def test_a_column_filled_for_some_of_the_lost_only_is_a_warning(export) -> None:
    reason = pd.Series("price", index=export.leads.index).where(np.arange(LEADS) % 2 == 1)
    severity, told = finding(with_column(export, "category", reason))
    assert severity == "warning"
    assert "it is filled for 200 leads, and none of them became a customer" in told


def test_dates_between_creation_and_the_exports_end_are_a_warning(export) -> None:
    changed = export.leads["created_at"] + pd.to_timedelta(np.arange(LEADS) % 20, "D")
    severity, told = finding(with_column(export, "date", changed))
    assert severity == "warning"
    assert "of its dates are after their lead's creation and 0 after the export's end" in told


def test_planned_dates_reach_beyond_the_exports_end_and_are_no_finding(export) -> None:
    moving_in = export.leads["created_at"] + pd.to_timedelta(30 + np.arange(LEADS) % 90, "D")
    assert finding(with_column(export, "date", moving_in)) is None


def test_a_column_that_only_helps_is_no_finding(export) -> None:
    source = np.where(customers(export) ^ (np.arange(LEADS) % 5 == 0), "referral", "web")
    assert finding(with_column(export, "category", source)) is None


def test_many_rare_values_tell_nobody_apart(export) -> None:
    towns = pd.Series([f"town {i // 2}" for i in np.random.default_rng(1).permutation(LEADS)])
    exported = with_column(export, "category", towns)
    assert finding(exported) is None
    groups = _group_values(exported.leads, exported.profile[0])
    assert _compute_separation(groups, customers(export).to_numpy()) == 0.5


def test_few_customers_prove_nothing(export) -> None:
    few = export.leads["converted_at"].where(np.arange(LEADS) < 4 * (MIN_LEADS - 1))
    stage = few.notna().map({True: "Won", False: "Lost"})
    exported = replace(export, leads=export.leads.assign(converted_at=few))
    assert finding(with_column(exported, "category", stage)) is None


def test_a_column_that_is_only_shown_is_not_looked_at(export) -> None:
    stage = customers(export).map({True: "Won", False: "Lost"})
    assert build_leakage_checks(with_column(export, "display", stage)) == []


@pytest.mark.parametrize(("notice", "found"), [(48, True), (0.5, False)])
def test_an_activity_of_customers_only_is_a_warning_if_it_comes_early(export, notice, found):
    won = np.flatnonzero(customers(export))
    every = np.arange(LEADS)
    ended = export.leads["created_at"] + pd.Timedelta(days=10)
    rows = pd.concat(
        [
            pd.DataFrame({"lead": every, "occurred_at": export.leads["created_at"], "type": "a"}),
            pd.DataFrame(
                {
                    "lead": won,
                    "occurred_at": ended.take(won) - pd.Timedelta(hours=notice),
                    "type": "file_opened",
                }
            ),
        ]
    ).sort_values(["lead", "occurred_at"], ignore_index=True)
    told = finding(replace(export, activities=rows.astype({"type": "category"})))
    assert (told is not None) == found
    if found:
        assert told[0] == "warning"
        assert "of the 100 leads with an activity 'file_opened' an hour or more before" in told[1]


def test_the_separation_counts_pairs_as_a_slow_twin_does() -> None:
    rng = np.random.default_rng(3)
    group, customer = rng.integers(0, 6, 300), rng.random(300) < 0.3
    rate = np.array([customer[group == g].mean() for g in group])
    pairs = [
        (rate[i] > rate[j]) + (rate[i] == rate[j]) / 2
        for i in np.flatnonzero(customer)
        for j in np.flatnonzero(~customer)
    ]
    assert _compute_separation(group, customer) == pytest.approx(np.mean(pairs))
