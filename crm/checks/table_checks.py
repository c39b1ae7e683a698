"""What whole tables must fulfil, as data: generated from the contract, the mapping and the gate.

Three small suites. ``leads`` judges the leads themselves. ``activities`` judges one row for each
type and direction, with its first and last instant: for sets and bounds that says the same as
judging every activity, and Great Expectations costs by the value. ``measures`` judges one row of
shares and counts that were taken while reading.
"""

from collections.abc import Mapping as Dictionary

import pandas as pd

from crm.checks.check import Check, Gate
from crm.checks.leakage import build_leakage_checks
from crm.checks.measured_checks import (
    build_closed_lead_checks,
    build_share_checks,
    build_size_checks,
    build_standstill_checks,
    build_time_checks,
)
from crm.contract import DIRECTIONS, LEADS
from crm.export import CLOCK_GRACE, Export
from crm.mapping import Mapping
from crm.reading.timestamps import EARLIEST, LATEST

MIN_FILLED_SHARE = 0.05
"""A profile column that is filled less often tells next to nothing."""


def build_checks(
    export: Export,
    mapping: Mapping,
    gate: Gate,
    as_of: pd.Timestamp,
    now: pd.Timestamp,
    previous_rows: Dictionary[str, int] | None,
) -> tuple[Check, ...]:
    """All checks for an export, in the order in which they are told.

    Parameters
    ----------
    as_of : the instant at which the export is looked at
    now : the clock
    previous_rows : table -> rows kept in the runs before; None if there were none
    """
    checks = [*_build_lead_checks(now + CLOCK_GRACE), *_build_profile_checks(export)]
    if mapping.activities is not None:
        checks += _build_activity_checks()
    checks += build_share_checks(export, gate)
    checks += build_size_checks(export, previous_rows or {})
    checks += build_time_checks(export, gate, as_of, now)
    checks += build_standstill_checks(export)
    checks += [*build_closed_lead_checks(export), *build_leakage_checks(export)]
    return tuple(checks)


def _build_lead_checks(latest: pd.Timestamp) -> list[Check]:
    """Keys, instants in range, and outcomes after their leads."""
    key, *_ = LEADS.key
    checks = [
        _build_lead_check(key, "is_unique", "unique", "expect_column_values_to_be_unique"),
        _build_lead_check(
            key, "is_filled", "filled in every row", "expect_column_values_to_not_be_null"
        ),
    ]
    for column in LEADS.columns:
        if column.type != "instant":
            continue
        if column.required:
            checks.append(
                _build_lead_check(
                    column.name,
                    "is_filled",
                    "filled in every row",
                    "expect_column_values_to_not_be_null",
                )
            )
        checks.append(
            _build_lead_check(
                column.name,
                "in_range",
                f"between {EARLIEST[:4]} and now",
                "expect_column_values_to_be_between",
                min_value=pd.Timestamp(EARLIEST, tz="UTC"),
                max_value=latest,
            )
        )
    return [
        *checks,
        _build_after_creation_check("converted_at"),
        _build_after_creation_check("closed_at"),
    ]


def _build_after_creation_check(outcome: str) -> Check:
    return Check(
        "leads",
        "leads",
        outcome,
        "after_creation",
        "error",
        "expect_column_pair_values_a_to_be_greater_than_b",
        {
            "column_A": outcome,
            "column_B": "created_at",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        "not before created_at",
        f"{{rows}} lead(s) have a {outcome} before their created_at. Compare the columns in "
        "[leads] with the export.",
    )


def _build_lead_check(
    column: str, rule: str, expected: str, expectation: str, **arguments: object
) -> Check:
    return Check(
        "leads",
        "leads",
        column,
        rule,
        "error",
        expectation,
        {"column": column, **arguments},
        expected,
        f"{{rows}} lead(s) have a {column} that is not {expected}. Compare {column} in [leads] "
        "with the export.",
    )


def _build_profile_checks(export: Export) -> list[Check]:
    """Each profile column should tell something."""
    return [
        Check(
            "leads",
            "leads",
            column.name,
            "is_filled_often_enough",
            "warning",
            "expect_column_values_to_not_be_null",
            {"column": column.name, "mostly": MIN_FILLED_SHARE},
            f"filled for at least {MIN_FILLED_SHARE:.0%} of the leads",
            f"{column.name!r} is empty for {{rows}} lead(s), so it has little information. Export "
            "it, or take it out of profile.",
        )
        for column in export.profile
    ]


def summarize_activities(activities: pd.DataFrame) -> pd.DataFrame:
    """One row a type and direction: ``type``, ``direction``, ``first_at``, ``last_at``."""
    grouped = activities.groupby(["type", "direction"], observed=True, dropna=False, sort=True)
    summary = grouped["occurred_at"].agg(first_at="min", last_at="max").reset_index()
    return summary.astype({"type": "str", "direction": "str"})


def _build_activity_checks() -> list[Check]:
    def check(
        column: str, rule: str, expected: str, expectation: str, **arguments: object
    ) -> Check:
        of = "occurred_at" if column.endswith("_at") else column
        failure = (
            f"{{rows}} type(s) of activities have a {of} that is not {expected}. Compare {of} in "
            "[activities] with the export."
        )
        settings = {"column": column, **arguments}
        return Check(
            "activities", "activities", of, rule, "error", expectation, settings, expected, failure
        )

    between, filled = "expect_column_values_to_be_between", "expect_column_values_to_not_be_null"
    from_year, to_year = f"after {EARLIEST[:4]}", f"before {LATEST[:4]}"
    first, last = pd.Timestamp(EARLIEST, tz="UTC"), pd.Timestamp(LATEST, tz="UTC")
    in_set = "expect_column_values_to_be_in_set"
    return [
        check("type", "is_filled", "filled in every row", filled),
        check("direction", "is_filled", "filled in every row", filled),
        check(
            "direction", "is_known", f"one of {', '.join(DIRECTIONS)}", in_set, value_set=DIRECTIONS
        ),
        check("first_at", "not_too_early", from_year, between, min_value=first),
        check("last_at", "not_too_late", to_year, between, max_value=last),
    ]
