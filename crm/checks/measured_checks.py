"""Checks of numbers that were taken while reading: shares set aside, sizes, ages.

Each number is a column of a frame of one row, which Great Expectations judges like any other.
"""

from collections.abc import Mapping
from typing import Literal

import pandas as pd

from crm.checks.check import Check, Gate
from crm.export import Export
from crm.reading.row_rules import DATED_TO_CREATION, UNKNOWN_LEAD

MAX_CLIPPED_SHARE = 0.20
"""Of the activities may lie before their lead's creation; more, and a date means something else."""
SIZE_RULE = "size_against_before"
SIZE_BOUNDS = (0.5, 2.0)
"""Rows now against those of the runs before: outside, the export is another one."""
MANY_OPEN_LEADS = 100
"""So many open leads without one that was ever closed are a gap in the export."""
RECENT_DAYS, MIN_BUSY_DAYS = 28, 14
"""What came on every other day of four weeks, or more often, is expected to go on."""
QUIET_DAYS = 3.0
"""It has stopped after so many days with none, or three times the longest pause of those weeks."""
MAX_GAP_DAYS = 1.0
"""A list that stands longer after the export's end is not today's list any more."""


def _build_measured_check(
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


def build_share_checks(export: Export, gate: Gate) -> list[Check]:
    """How much of each table was set aside, as a whole, by one rule, and for unknown leads."""
    checks = []
    for table, rows_in in export.counts.set_index("table")["rows_in"].items():
        mine = export.quarantine[export.quarantine["table"] == table]
        by_rule = mine.groupby(["rule", "file", "column", "reason"])["line"]
        causes = by_rule.agg(rows="size", first_line="min").reset_index()
        checks += _build_quarantine_checks(str(table), int(rows_in), causes, gate)
    clipped = sum(f.rows for f in export.findings if f.rule == DATED_TO_CREATION)
    share = _compute_share(clipped, _read_row_count(export, "activities", "kept"))
    if _read_row_count(export, "activities", "rows_in"):
        checks.append(
            _build_measured_check(
                "activities",
                "share_before_creation",
                share,
                (None, MAX_CLIPPED_SHARE),
                f"at most {MAX_CLIPPED_SHARE:.0%} before their lead's creation",
                f"{clipped:,} activities ({share:.1%}) are before their lead's creation; at most "
                f"{MAX_CLIPPED_SHARE:.0%} may. Perhaps created_at in [leads] is the time of an "
                "import; name the column that says when the lead came in.",
            )
        )
    return checks


def _build_quarantine_checks(
    table: str, rows_in: int, causes: pd.DataFrame, gate: Gate
) -> list[Check]:
    """Shares of one table; rows of unknown leads have a limit of their own."""
    is_unknown = causes["rule"] == UNKNOWN_LEAD.name
    others = causes[~is_unknown].sort_values(["rows", "rule"], ascending=[False, True])
    aside, stray = int(others["rows"].sum()), int(causes.loc[is_unknown, "rows"].sum())
    share, worst = _compute_share(aside, rows_in), int(others["rows"].max()) if len(others) else 0
    limit, one = gate.max_quarantined_share, gate.max_quarantined_share_per_rule
    checks = [
        _build_measured_check(
            table,
            "quarantined_share",
            share,
            (None, limit),
            f"at most {limit:.1%} of the rows in quarantine",
            f"{aside:,} of {rows_in:,} rows of {table} ({share:.1%}) are in "
            f"quarantine; at most {limit:.1%} may be. {_format_causes(others)} Correct the "
            f"export or the "
            "mapping, or raise max_quarantined_share in [gate].",
        ),
        _build_measured_check(
            table,
            "quarantined_share_by_one_rule",
            _compute_share(worst, rows_in),
            (None, one),
            f"at most {one:.1%} of the rows in quarantine by one rule",
            f"{worst:,} of {rows_in:,} rows of {table} ({_compute_share(worst, rows_in):.1%}) "
            f"are in "
            f"quarantine by one rule; at most {one:.1%} may be. {_format_causes(others.head(1))} "
            f"Correct "
            "the export or the mapping, or raise max_quarantined_share_per_rule in [gate].",
        ),
    ]
    if table != "leads":
        most = gate.max_unknown_leads_share
        share = _compute_share(stray, rows_in)
        checks.append(
            _build_measured_check(
                table,
                "unknown_leads_share",
                share,
                (None, most),
                f"at most {most:.1%} of the rows of leads that are not in the export",
                f"{stray:,} of {rows_in:,} rows of {table} ({share:.1%}) belong to leads that are "
                f"not in the export; at most {most:.1%} may. "
                f"{_format_causes(causes[is_unknown])} Compare "
                f"lead_id in [leads] and [{table}], or raise max_unknown_leads_share in [gate].",
            )
        )
    return checks


def _format_causes(causes: pd.DataFrame) -> str:
    """The commonest causes, each with its count and its first line."""
    told = [
        f"{cause.rows:,} by {cause.rule} ({cause.file}, first on line {cause.first_line:,}"
        f"{f', column {cause.column!r}' if cause.column else ''}: {cause.reason})"
        for cause in causes.head(3).itertuples(index=False)
    ]
    return "; ".join(told) + "." if told else ""


def build_size_checks(export: Export, previous_rows: Mapping[str, int]) -> list[Check]:
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
            "There are no leads left. Export the leads again.",
            value=len(export.leads),
        )
    ]
    low, high = SIZE_BOUNDS
    for table, before in sorted(previous_rows.items()):
        if not before:
            continue
        kept = _read_row_count(export, table, "kept")
        checks.append(
            _build_measured_check(
                table,
                SIZE_RULE,
                kept / before,
                (low, high),
                f"between {low:.0%} and {high:.0%} of the rows of the runs before",
                f"{kept:,} rows of {table} are {kept / before:.0%} of the {before:,} that the last "
                f"runs usually had; between {low:.0%} and {high:.0%} pass. Check whether the "
                "export is whole; if the size is right, run once with --any-size.",
            )
        )
    return checks


def build_closed_lead_checks(export: Export) -> list[Check]:
    """Leads that were lost are told: otherwise they fill the lists, and any order looks good."""
    leads = export.leads
    lost = int(leads["closed_at"].notna().sum())
    open_still = int((leads["closed_at"].isna() & leads["converted_at"].isna()).sum())
    return [
        _build_measured_check(
            "leads",
            "some_are_closed",
            lost if open_still >= MANY_OPEN_LEADS else 1,
            (1, None),
            "closed_at filled for some leads",
            f"Not one of {len(leads):,} leads has a closed_at, so {open_still:,} count as open. "
            "Leads that were lost long ago then fill the lists until max_age_days, and any order "
            "reaches nearly everyone in the first part of such a list. Map closed_at or "
            "closed_when in [leads], or lower max_age_days in [lists].",
            "warning",
        )
    ]


def build_time_checks(
    export: Export, gate: Gate, as_of: pd.Timestamp, now: pd.Timestamp
) -> list[Check]:
    """There are leads to look at, the export reaches to the list, and it is fresh."""
    last = export.last_instant
    known = int((export.leads["created_at"] < as_of).sum())
    checks = [
        _build_measured_check(
            "leads",
            "known_at_as_of",
            known,
            (1, None),
            "at least one lead created before as_of",
            f"No lead was created before as_of = {as_of.isoformat()}. The export reaches to "
            f"{last.isoformat()}; choose an as_of within it.",
        ),
        _build_measured_check(
            "export",
            "reaches_as_of",
            (as_of - last) / pd.Timedelta(days=1),
            (None, MAX_GAP_DAYS),
            f"as_of at most {_format_days(MAX_GAP_DAYS)} after the export's last time stamp",
            f"The list is for {as_of.isoformat()}, but the export ends at {last.isoformat()}: "
            "activities in between are not known, and leads that ended in between are still "
            "listed. Leave --as-of out, or export again.",
            "warning",
        ),
    ]
    if gate.max_stale_days is not None:
        checks.append(
            _build_measured_check(
                "export",
                "is_fresh",
                (now - last) / pd.Timedelta(days=1),
                (None, gate.max_stale_days),
                f"at most {_format_days(gate.max_stale_days)} behind the clock",
                f"The export ends at {last.isoformat()}, more than "
                f"{_format_days(gate.max_stale_days)} "
                "ago. The list is just as old; check whether the nightly export still runs.",
                "warning",
                shown=last.isoformat(),
            )
        )
    return checks


def build_standstill_checks(export: Export) -> list[Check]:
    """Activities and outcomes reach as far as the rest of the export; one of them may stand still.

    The end of an export is that of its latest table, so its age tells nothing of the others.
    """
    leads = export.leads
    ended = leads["converted_at"].combine_first(leads["closed_at"])
    return [
        _build_standstill_check(
            export,
            "activities",
            "activities_go_on",
            export.activities["occurred_at"],
            "activity",
            "The leads seem less active than they are",
        ),
        _build_standstill_check(
            export,
            "leads",
            "outcomes_go_on",
            ended,
            "lead that ended",
            "Leads that have ended since are still listed, and customers count as lost",
        ),
    ]


def _build_standstill_check(
    export: Export, table: str, rule: str, at: pd.Series, what: str, harm: str
) -> Check:
    known = at[at <= export.last_instant]
    recent = known[known > known.max().floor("D") - pd.Timedelta(days=RECENT_DAYS - 1)]
    days = recent.dt.floor("D").drop_duplicates().sort_values()
    allowed, gap = QUIET_DAYS, 0.0
    if len(days) >= MIN_BUSY_DAYS:
        allowed = max(QUIET_DAYS, 3 * days.diff().max() / pd.Timedelta(days=1))
        gap = (export.last_instant - known.max()) / pd.Timedelta(days=1)
    return _build_measured_check(
        table,
        rule,
        gap,
        (None, allowed),
        f"at most {_format_days(allowed)} without any, by the four weeks before",
        f"The last {what} came {gap:.0f} days before the export ends ({known.max()}), after weeks "
        f"with one on most days. {harm}. Check whether this part of the export still runs.",
        "warning",
    )


def _read_row_count(export: Export, table: str, column: str) -> int:
    counts = export.counts.set_index("table")[column]
    return int(counts.get(table, 0))


def _compute_share(rows: int, of: int) -> float:
    return rows / of if of else 0.0


def _format_days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"
