"""Profile columns and activity types that look written after the outcome.

A model that sees them is brilliant on past lists and knows nothing on today's, whose leads have no
outcome yet. What is written later cannot be seen in one export, but it leaves traces.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.checks.check import Check
from crm.contract import ProfileColumn, select_feature_columns
from crm.export import Export

MIN_LEADS = 30
"""Fewer leads, or fewer customers, prove nothing."""
LEAK_SEPARATION = 0.99
"""So good a separation by one column known at creation does not happen."""
CERTAIN_SHARE = 0.99
"""Share of customers among the leads of one value that no value known at creation reaches."""
MAX_CUSTOMER_SHARE = 0.60
"""Above this share of customers a value that converts without exception is no wonder."""
MIN_EXPECTED_CUSTOMERS = 20
"""So many customers should be among the leads of a kind before their absence means something."""
MIN_LATER_SHARE = 0.01
BINS = 20
MAX_CHECKED_TYPES = 40
MIN_NOTICE = pd.Timedelta(hours=1)
"""An activity that precedes the conversion by less is hardly known to any list before it."""

Flags = npt.NDArray[np.bool_]


def build_leakage_checks(export: Export) -> list[Check]:
    """One check for each profile column that a model may see, and one for the activities.

    An error where a column tells the outcome of nearly every lead; a warning for weaker traces.
    """
    settled, customer = _find_known_outcomes(export)
    checks = [
        _build_leakage_check(
            "leads", column.name, *_find_column_trace(export, column, settled, customer)
        )
        for column in select_feature_columns(export.profile)
    ]
    if not export.activities.empty:
        telling = "; ".join(_find_revealing_types(export, settled, customer))
        checks.append(_build_leakage_check("activities", "type", telling, severe=False))
    return checks


def _build_leakage_check(table: str, column: str, trace: str, severe: bool) -> Check:
    if table == "leads":
        what = f"{column!r} in [leads] profile"
        remedy = "Take it out of profile, or declare it as display"
    else:
        what, remedy = "The activities", "Leave such activities out of the export"
    told = (
        f"{what}: {trace}. If that is written when a lead ends, the model sees the outcome, and "
        f"every gain shown is too good. {remedy}, unless it was known before."
    )
    return Check(
        "measures",
        table,
        column,
        "known_before_the_outcome",
        "error" if severe else "warning",
        "expect_column_values_to_be_between",
        {"column": f"{table}.known_before_the_outcome.{column}", "max_value": 0},
        "no trace of having been written after the outcome",
        told,
        value=float(bool(trace)),
    )


def _find_known_outcomes(export: Export) -> tuple[Flags, Flags]:
    """Which leads' end is known, and which became customers.

    An open lead counts as no customer when it is older than nine in ten were on becoming one.
    """
    leads = export.leads
    customer = leads["converted_at"].notna().to_numpy()
    ended = customer | leads["closed_at"].notna().to_numpy()
    if not customer.any():
        return ended, customer
    took = (leads["converted_at"] - leads["created_at"])[customer].quantile(0.9)
    return ended | (export.last_instant - leads["created_at"] > took).to_numpy(), customer


def _find_column_trace(
    export: Export, column: ProfileColumn, settled: Flags, customer: Flags
) -> tuple[str, bool]:
    """The trace that a column shows, and whether it tells everything; empty if none."""
    y = customer[settled]
    if min(y.sum(), (~y).sum()) < MIN_LEADS:
        return "", False
    leads = export.leads.loc[settled]
    group = _group_values(leads, column)
    if _compute_separation(group, y) >= LEAK_SEPARATION:
        return "it alone predicts the outcome of nearly every lead", True
    traces = [
        *_find_certain_values(group, y),
        *_find_filled_by_outcome(leads[column.name].notna().to_numpy(), y),
        *(_find_later_dates(export, column.name) if column.kind == "date" else ()),
    ]
    return "; ".join(traces), False


def _group_values(leads: pd.DataFrame, column: ProfileColumn) -> npt.NDArray[np.int64]:
    """Every lead's group: its value, or the twentieth its number falls into; 0 is missing.

    Rare values are one group, or hundreds of them would tell the leads apart by accident.
    """
    values = leads[column.name]
    if column.kind == "date":
        values = (values - leads["created_at"]).dt.total_seconds()
    if column.kind in ("number", "date") and values.nunique() > BINS:
        values = pd.qcut(values, BINS, labels=False, duplicates="drop")
    group = pd.factorize(values)[0] + 1
    rare = np.bincount(group) < MIN_LEADS
    rare[0] = False
    return np.where(rare[group], group.max() + 1, group)


def _compute_separation(group: npt.NDArray[np.int64], customer: Flags) -> float:
    """Chance that a customer's group converts more often than another lead's (ties: half).

    >>> _compute_separation(np.array([1, 1, 2, 2]), np.array([True, True, False, False]))
    1.0
    """
    leads, won = np.bincount(group), np.bincount(group, weights=customer)
    order = np.argsort(won / np.maximum(leads, 1))
    lost = (leads - won)[order]
    below = np.cumsum(lost) - lost / 2
    return float((won[order] * below).sum() / (won.sum() * lost.sum()))


def _find_certain_values(group: npt.NDArray[np.int64], customer: Flags) -> Iterator[str]:
    leads, won = np.bincount(group), np.bincount(group, weights=customer)
    certain = (leads >= MIN_LEADS) & (won >= CERTAIN_SHARE * leads)
    if certain.any() and customer.mean() <= MAX_CUSTOMER_SHARE:
        yield (
            f"of the {leads[certain].sum():,} leads with some of its values "
            f"{won[certain].sum():,.0f} became customers, of all leads {customer.mean():.0%}"
        )


def _find_filled_by_outcome(filled: Flags, customer: Flags) -> Iterator[str]:
    """Filled, or empty, for leads of which not one became a customer."""
    for state, found in (("filled", filled), ("empty", ~filled)):
        leads, others = int(found.sum()), int((~found).sum())
        if not others or customer[found].any():
            continue
        if leads * customer[~found].mean() >= MIN_EXPECTED_CUSTOMERS:
            yield f"it is {state} for {leads:,} leads, and none of them became a customer"


def _find_later_dates(export: Export, name: str) -> Iterator[str]:
    """A planned date may lie ahead of the export's end; one that was written later cannot."""
    dates, created = export.leads[name], export.leads["created_at"]
    later = (dates > created + pd.Timedelta(days=1)) & (dates <= export.last_instant)
    ahead = dates > export.last_instant
    rows = int(later.sum())
    if (
        rows >= max(MIN_LEADS, MIN_LATER_SHARE * dates.notna().sum())
        and ahead.sum() < MIN_LATER_SHARE * rows
    ):
        yield (
            f"{rows:,} of its dates are after their lead's creation and {ahead.sum():,} after the "
            "export's end, as dates do that are written later"
        )


def _find_revealing_types(export: Export, settled: Flags, customer: Flags) -> Iterator[str]:
    """Types that happened to customers only, well before they became customers."""
    if min(customer[settled].sum(), (~customer[settled]).sum()) < MIN_LEADS:
        return
    if customer[settled].mean() > MAX_CUSTOMER_SHARE:
        return
    activities, leads = export.activities, export.leads
    end = leads["converted_at"].fillna(leads["closed_at"]) - MIN_NOTICE
    lead, code = activities["lead"].to_numpy(), activities["type"].cat.codes.to_numpy()
    late = (activities["occurred_at"].array > end.array.take(lead)) | (code < 0)
    counted = ~np.asarray(late, dtype=bool) & settled[lead]
    names = activities["type"].cat.categories
    often = np.bincount(code[counted], minlength=len(names))
    for place in sorted(np.argsort(-often, kind="stable")[:MAX_CHECKED_TYPES]):
        having = np.unique(lead[counted & (code == place)])
        if len(having) >= MIN_LEADS and customer[having].mean() >= CERTAIN_SHARE:
            yield (
                f"of the {len(having):,} leads with an activity {names[place]!r} an hour or more "
                f"before their end {customer[having].sum():,} became customers, of all leads "
                f"{customer[settled].mean():.0%}"
            )
