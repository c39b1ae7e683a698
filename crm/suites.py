"""What whole tables must fulfil, as data: generated from the contract, the mapping and the gate.

Three small suites. ``leads`` judges the leads themselves. ``activities`` judges one row for each
type and direction, with its first and last instant: for sets and bounds that says the same as
judging every activity, and Great Expectations costs by the value. ``measures`` judges one row of
shares and counts that were taken while reading.
"""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from crm.contract import DIRECTIONS, LEADS
from crm.export import GRACE, Export
from crm.instants import EARLIEST, LATEST
from crm.mapping import Mapping
from crm.rules import UNKNOWN_LEAD

Frame = Literal["leads", "activities", "measures"]

MAX_CLIPPED_SHARE = 0.20
"""Of the activities may lie before their lead's creation; more, and a date means something else."""
MIN_FILLED_SHARE = 0.05
"""A profile column that is filled less often tells next to nothing."""
SIZE_BOUNDS = (0.5, 2.0)
"""Rows now against those of the runs before: outside, the export is another one."""


@dataclass(frozen=True)
class Gate:
    """How much of an export may be wrong before nothing is published.

    ``max_stale_days`` is None where nobody minds how old the export is.
    """

    max_quarantined_share: float = 0.05
    max_quarantined_share_per_rule: float = 0.02
    max_unknown_leads_share: float = 0.10
    max_stale_days: float | None = 1.0


@dataclass(frozen=True)
class Check:
    """One expectation on a whole table, and what is said when it does not hold.

    Attributes
    ----------
    frame : which of the three suites holds it
    table, column, rule : what it is about, by the contract's or the profile's names
    severity : ``error`` stops the run, ``warning`` is published
    expectation, arguments : Great Expectations' name for it, and its settings
    expected : what should be, in words
    failure : what is said otherwise; ``{rows}`` is the number of rows that fail
    value : the number judged, where it is one
    shown : what stands for it in ``data_checks.json``, where the number depends on the clock
    """

    frame: Frame
    table: str
    column: str
    rule: str
    severity: Literal["error", "warning"]
    expectation: str
    arguments: dict[str, Any]
    expected: str
    failure: str
    value: float | None = None
    shown: str | None = None


def make_checks(
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
    checks = [*_lead_checks(now + GRACE), *_profile_checks(export)]
    if mapping.activities is not None:
        checks += _activity_checks()
    checks += _share_checks(export, gate)
    checks += _size_checks(export, previous_rows or {})
    checks += _time_checks(export, gate, as_of, now)
    return tuple(checks)


def _lead_checks(latest: pd.Timestamp) -> list[Check]:
    """Keys, instants in range, and outcomes after their leads."""
    key, *_ = LEADS.key
    checks = [
        _of_leads(key, "is_unique", "unique", "expect_column_values_to_be_unique"),
        _of_leads(key, "is_filled", "filled in every row", "expect_column_values_to_not_be_null"),
    ]
    for column in LEADS.columns:
        if column.type != "instant":
            continue
        if column.required:
            checks.append(
                _of_leads(
                    column.name,
                    "is_filled",
                    "filled in every row",
                    "expect_column_values_to_not_be_null",
                )
            )
        checks.append(
            _of_leads(
                column.name,
                "in_range",
                f"between {EARLIEST[:4]} and now",
                "expect_column_values_to_be_between",
                min_value=pd.Timestamp(EARLIEST, tz="UTC"),
                max_value=latest,
            )
        )
    return [*checks, _after_creation("converted_at"), _after_creation("closed_at")]


def _after_creation(outcome: str) -> Check:
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


def _of_leads(
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


def _profile_checks(export: Export) -> list[Check]:
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
            f"{column.name!r} is empty for {{rows}} lead(s), so it tells next to nothing. Export "
            "it, or take it out of profile.",
        )
        for column in export.profile
    ]


def activity_summary(activities: pd.DataFrame) -> pd.DataFrame:
    """One row a type and direction: ``type``, ``direction``, ``first_at``, ``last_at``."""
    grouped = activities.groupby(["type", "direction"], observed=True, dropna=False, sort=True)
    summary = grouped["occurred_at"].agg(first_at="min", last_at="max").reset_index()
    return summary.astype({"type": "str", "direction": "str"})


def _activity_checks() -> list[Check]:
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


def _measured(
    table: str,
    rule: str,
    value: float,
    bounds: tuple[float | None, float | None],
    expected: str,
    failure: str,
    severity: Literal["error", "warning"] = "error",
    shown: str | None = None,
) -> Check:
    """A check of one number; its column in the frame of measures is ``<table>.<rule>``."""
    low, high = bounds
    return Check(
        "measures",
        table,
        "",
        rule,
        severity,
        "expect_column_values_to_be_between",
        {"column": f"{table}.{rule}", "min_value": low, "max_value": high},
        expected,
        failure,
        value=value,
        shown=shown,
    )


def _share_checks(export: Export, gate: Gate) -> list[Check]:
    """How much of each table was set aside, as a whole, by one rule, and for unknown leads."""
    checks = []
    for table, rows_in in export.counts.set_index("table")["rows_in"].items():
        mine = export.quarantine[export.quarantine["table"] == table]
        by_rule = mine.groupby(["rule", "file", "column", "reason"])["line"]
        causes = by_rule.agg(rows="size", first_line="min").reset_index()
        checks += _quarantine_checks(str(table), int(rows_in), causes, gate)
    clipped = sum(f.rows for f in export.findings if f.rule == "before_creation")
    share = _share(clipped, _rows(export, "activities", "kept"))
    if _rows(export, "activities", "rows_in"):
        checks.append(
            _measured(
                "activities",
                "share_before_creation",
                share,
                (None, MAX_CLIPPED_SHARE),
                f"at most {MAX_CLIPPED_SHARE:.0%} before their lead's creation",
                f"{clipped:,} activities ({share:.1%}) lie before their lead's creation; at most "
                f"{MAX_CLIPPED_SHARE:.0%} may. Perhaps created_at in [leads] is the time of an "
                "import; name the column that says when the lead came in.",
            )
        )
    return checks


def _quarantine_checks(table: str, rows_in: int, causes: pd.DataFrame, gate: Gate) -> list[Check]:
    """Shares of one table; rows of unknown leads have a limit of their own."""
    is_unknown = causes["rule"] == UNKNOWN_LEAD.name
    others = causes[~is_unknown].sort_values(["rows", "rule"], ascending=[False, True])
    aside, stray = int(others["rows"].sum()), int(causes.loc[is_unknown, "rows"].sum())
    share, worst = _share(aside, rows_in), int(others["rows"].max()) if len(others) else 0
    limit, one = gate.max_quarantined_share, gate.max_quarantined_share_per_rule
    checks = [
        _measured(
            table,
            "quarantined_share",
            share,
            (None, limit),
            f"at most {limit:.1%} of the rows in quarantine",
            f"{aside:,} of {rows_in:,} rows of {table} ({share:.1%}) are in "
            f"quarantine; at most {limit:.1%} may be. {_causes(others)} Correct the export or the "
            "mapping, or raise max_quarantined_share in [gate].",
        ),
        _measured(
            table,
            "quarantined_share_by_one_rule",
            _share(worst, rows_in),
            (None, one),
            f"at most {one:.1%} of the rows in quarantine by one rule",
            f"{worst:,} of {rows_in:,} rows of {table} ({_share(worst, rows_in):.1%}) are in "
            f"quarantine by one rule; at most {one:.1%} may be. {_causes(others.head(1))} Correct "
            "the export or the mapping, or raise max_quarantined_share_per_rule in [gate].",
        ),
    ]
    if table != "leads":
        most = gate.max_unknown_leads_share
        share = _share(stray, rows_in)
        checks.append(
            _measured(
                table,
                "unknown_leads_share",
                share,
                (None, most),
                f"at most {most:.1%} of the rows of leads that are not in the export",
                f"{stray:,} of {rows_in:,} rows of {table} ({share:.1%}) belong to leads that are "
                f"not in the export; at most {most:.1%} may. {_causes(causes[is_unknown])} Compare "
                f"lead_id in [leads] and [{table}], or raise max_unknown_leads_share in [gate].",
            )
        )
    return checks


def _causes(causes: pd.DataFrame) -> str:
    """The commonest causes, each with its count and its first line."""
    told = [
        f"{cause.rows:,} by {cause.rule} ({cause.file}, first on line {cause.first_line:,}"
        f"{f', column {cause.column!r}' if cause.column else ''}: {cause.reason})"
        for cause in causes.head(3).itertuples(index=False)
    ]
    return "; ".join(told) + "." if told else ""


def _size_checks(export: Export, previous_rows: Dictionary[str, int]) -> list[Check]:
    """Rows of each table against the runs before, and at least one lead."""
    checks = [
        Check(
            "leads",
            "leads",
            "",
            "has_rows",
            "error",
            "expect_table_row_count_to_be_between",
            {"min_value": 1},
            "at least one lead",
            "No lead is left. Export the leads again.",
            value=len(export.leads),
        )
    ]
    low, high = SIZE_BOUNDS
    for table, before in sorted(previous_rows.items()):
        if not before:
            continue
        kept = _rows(export, table, "kept")
        checks.append(
            _measured(
                table,
                "size_against_before",
                kept / before,
                (low, high),
                f"between {low:.0%} and {high:.0%} of the rows of the runs before",
                f"{kept:,} rows of {table} are {kept / before:.0%} of the {before:,} in the runs "
                f"before; between {low:.0%} and {high:.0%} are usual. Look whether the export is "
                "whole; if it is meant to be like this, say so when you run leadgain.",
            )
        )
    return checks


def _time_checks(export: Export, gate: Gate, as_of: pd.Timestamp, now: pd.Timestamp) -> list[Check]:
    """There are leads to look at, and the export is fresh."""
    known = int((export.leads["created_at"] < as_of).sum())
    checks = [
        _measured(
            "leads",
            "known_at_as_of",
            known,
            (1, None),
            "at least one lead created before as_of",
            f"No lead was created before as_of = {as_of.isoformat()}. The export reaches to "
            f"{export.last_instant.isoformat()}; choose an as_of within it.",
        )
    ]
    if gate.max_stale_days is not None:
        last = export.last_instant
        checks.append(
            _measured(
                "export",
                "is_fresh",
                (now - last) / pd.Timedelta(days=1),
                (None, gate.max_stale_days),
                f"at most {gate.max_stale_days:g} day(s) behind the clock",
                f"The export ends at {last.isoformat()}, more than {gate.max_stale_days:g} day(s) "
                "ago. The list is as old as that; look whether the nightly export still runs.",
                "warning",
                shown=last.isoformat(),
            )
        )
    return checks


def _rows(export: Export, table: str, column: str) -> int:
    counts = export.counts.set_index("table")[column]
    return int(counts.get(table, 0))


def _share(rows: int, of: int) -> float:
    return rows / of if of else 0.0
