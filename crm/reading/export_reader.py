"""Read an export into typed frames, each row accounted for: the order of the work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from crm.contract import ProfileColumn
from crm.errors import DataRefused
from crm.export import CLOCK_GRACE, Export, Finding, build_counts, check_conservation
from crm.frame_schema import check_export_frames
from crm.mapping import Mapping, Source
from crm.reading import activities as activities_table
from crm.reading import leads as leads_table
from crm.reading import outcomes as outcomes_table
from crm.reading.column_types import learn_kinds
from crm.reading.database import load_query, open_database
from crm.reading.duckdb_session import DuckDBSession, open_duckdb_session
from crm.reading.files import RawTable, WantedColumn, load_file, locate_file
from crm.reading.quarantine import RowAccount, account_for_rows, join_quarantines
from crm.reading.typed_tables import find_minority_units
from crm.time_coverage import find_export_end


def read_export(mapping: Mapping, *, now: pd.Timestamp) -> Export:
    """Read, repair, type and account for every row of an export.

    Parameters
    ----------
    mapping : where the tables are and which columns mean what
    now : aware; instants more than an hour after it lie in the future

    Returns
    -------
    The export; ``counts`` says for each table that rows in = kept + quarantined + excluded.

    Raises
    ------
    DataRefused
        A file is missing, empty, damaged, no table, no text, lacks a column; or no lead is left.
    """
    paths = _locate_files(mapping)
    with (
        open_database(mapping.database) as connection,
        open_duckdb_session(paths.values(), mapping.timezone, now + CLOCK_GRACE) as bench,
    ):
        reading = _ReadState(mapping, paths, connection)
        leads, profile = _read_leads(bench, reading)
        activities = _read_activities(bench, reading)
    counts = build_counts([account.counts for account in reading.accounts])
    check_conservation(counts)
    quarantine = join_quarantines([account.quarantine for account in reading.accounts])
    if leads.empty:
        raise _build_no_lead_error(counts, quarantine)
    check_export_frames(leads, activities, profile)
    end, findings = find_export_end(leads, activities, now + CLOCK_GRACE)
    return Export(
        leads=leads,
        activities=activities,
        profile=profile,
        quarantine=quarantine,
        counts=counts,
        findings=(*reading.findings, *findings),
        last_instant=end,
    )


def _locate_files(mapping: Mapping) -> dict[str, Path]:
    """Table -> path, of all tables that come from files."""
    sections: dict[str, Source | None] = {
        "leads": mapping.leads,
        "activities": mapping.activities,
        "outcomes": mapping.outcomes,
    }
    return {
        table: locate_file(mapping.folder, section.file, table)
        for table, section in sections.items()
        if section is not None and section.file
    }


@dataclass(frozen=True)
class _ReadState:
    """What comes together while the tables are read."""

    mapping: Mapping
    paths: dict[str, Path]
    connection: Any
    accounts: list[RowAccount] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def load(
        self,
        bench: DuckDBSession,
        table: Literal["leads", "activities", "outcomes"],
        source: Source,
        wanted: Sequence[WantedColumn],
    ) -> RawTable:
        if table in self.paths:
            raw = load_file(bench, table, self.paths[table], source, wanted)
        else:
            raw = load_query(bench, table, self.connection, source, wanted)
        self.findings.extend(raw.findings)
        return raw

    def add(self, account: RowAccount, findings: Sequence[Finding]) -> None:
        self.accounts.append(account)
        self.findings.extend(account.findings)
        self.findings.extend(findings)


def _read_leads(
    bench: DuckDBSession, reading: _ReadState
) -> tuple[pd.DataFrame, tuple[ProfileColumn, ...]]:
    mapping = reading.mapping
    section, apart = mapping.leads, mapping.outcomes
    raw = reading.load(bench, "leads", section, leads_table.list_wanted_columns(section, apart))
    if not raw.rows_in:
        raise DataRefused(
            f"{raw.file} has a header and no leads. Nothing was read; export it again."
        )
    leads_table.type_leads(bench, raw, section)
    account_for_outcomes = _read_outcomes(bench, reading)
    profile, findings = learn_kinds(bench, section)
    minority = find_minority_units(bench, "leads", leads_table.INSTANTS)
    anyway = () if apart is not None else leads_table.find_outcomes_dated_anyway(bench)
    rules = leads_table.build_lead_rules(
        section, profile, minority, outcomes_apart=apart is not None, dated_anyway=anyway
    )
    leads_table.judge_leads(bench, section, rules, outcomes_apart=apart is not None)
    kept = leads_table.number_leads(bench)
    findings += leads_table.collect_lead_findings(bench, raw, profile, mapping.timezone)
    findings += [leads_table.build_dated_anyway_finding(section, outcome) for outcome in anyway]
    if apart is not None and (section.converted_when or section.closed_when):
        text = "converted_when and closed_when in [leads] are not used: [outcomes] overrides them."
        findings.append(Finding("leads", "flags_not_used", "warning", 0, text))
    reading.add(account_for_rows(bench, raw, kept, "leads_judged", rules, raw.shown), findings)
    account_for_outcomes()
    return leads_table.load_leads_frame(bench, profile), profile


def _read_outcomes(bench: DuckDBSession, reading: _ReadState) -> Callable[[], None]:
    """Read ``[outcomes]`` before the leads are judged; what is returned settles them afterwards."""
    section, zone = reading.mapping.outcomes, reading.mapping.timezone
    if section is None:
        return lambda: None
    raw = reading.load(bench, "outcomes", section, outcomes_table.list_wanted_columns(section))
    rules = outcomes_table.read_outcomes(bench, raw)

    def account_for_outcomes() -> None:
        kept, all_rules = outcomes_table.judge_outcomes(bench, rules)
        findings = outcomes_table.collect_outcome_findings(bench, raw, zone)
        account = account_for_rows(bench, raw, kept, "outcomes_judged", all_rules, raw.shown)
        reading.add(account, findings)

    return account_for_outcomes


def _read_activities(bench: DuckDBSession, reading: _ReadState) -> pd.DataFrame:
    section = reading.mapping.activities
    if section is None:
        return activities_table.build_empty_activities()
    raw = reading.load(bench, "activities", section, activities_table.list_wanted_columns(section))
    rules = activities_table.read_activities(bench, raw, section)
    ((kept,),) = bench.rows("SELECT count(*) FROM activities_judged WHERE rule IS NULL")
    findings = activities_table.collect_activity_findings(
        bench, raw, section, reading.mapping.timezone
    )
    if not kept:
        text = f"{raw.file} has no usable activities."
        findings.append(Finding("activities", "no_activities", "warning", 0, text))
    frame = (
        activities_table.load_activities_frame(bench)
        if kept
        else activities_table.build_empty_activities()
    )
    reading.add(
        account_for_rows(bench, raw, len(frame), "activities_judged", rules, raw.shown), findings
    )
    return frame


def _build_no_lead_error(counts: pd.DataFrame, quarantine: pd.DataFrame) -> DataRefused:
    (rows_in,) = counts.loc[counts["table"] == "leads", "rows_in"]
    mine = quarantine[quarantine["table"] == "leads"]
    if mine.empty:
        return DataRefused(f"None of the {rows_in:,} rows of the leads is a lead.")
    worst = mine["rule"].value_counts().index[0]
    first = mine[mine["rule"] == worst].iloc[0]
    advice = (
        "Export dates like 2024-12-31 or 2024-12-31T23:59:00Z, or name another column."
        if worst.endswith("_is_no_date")
        else "Compare the columns in leadgain.toml with the file."
    )
    return DataRefused(
        f"{first['file']}: none of {rows_in:,} leads can be used. Most often, and first on line "
        f"{first['line']:,}: {first['reason']} (column {first['column']!r}). {advice}"
    )
