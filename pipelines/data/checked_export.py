"""Read and check the export."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from crm.checks.run_checks import DataChecks, Gate, check_export
from crm.export import Export, compute_content_sha256
from crm.reading.export_reader import read_export
from pipelines.config.run_request import RunRequest
from pipelines.data.previous_lists import (
    compute_usual_rows,
    describe_shrunken_tables,
    describe_unreadable_lists,
    hash_source,
    refuse_other_leads,
)
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.filesystem.failpoints import failpoint


@dataclass(frozen=True)
class CheckedExport:
    """An export that passed the gate, and the date of the list."""

    export: Export
    checks: DataChecks
    list_as_of: pd.Timestamp
    comparison_warnings: tuple[str, ...] = ()
    """Warnings from comparing the export with earlier publications."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings on the export that a list must show, as sentences."""
        found = [f.message for f in self.export.findings if f.severity == "warning"]
        return (
            *self.comparison_warnings,
            *found,
            *(str(result["message"]) for result in self.checks.warnings),
        )

    @property
    def known_until(self) -> pd.Timestamp:
        """Outcomes are complete up to here; a lead without one later is not a loss."""
        return min(self.list_as_of, self.export.last_instant)

    @cached_property
    def content_sha256(self) -> str:
        """SHA-256 of the tables as read; decides whether a new list would be unchanged."""
        return compute_content_sha256(self.export)


def load_checked_export(request: RunRequest) -> CheckedExport:
    """The steps of the check, for the flows that build on it.

    Raises
    ------
    DataRefused
        The export cannot be read, or an expectation that stops the run fails.
    """
    export = load_export(request)
    failpoint("export.read")
    list_as_of = request.resolve_list_as_of(export.last_instant)
    checks = judge_export(export, request, list_as_of)
    checks.raise_for_errors()
    refuse_other_leads(export, request)
    failpoint("export.checked")
    compared = () if request.any_size else _compare_with_earlier(export, request)
    return CheckedExport(
        export=export, checks=checks, list_as_of=list_as_of, comparison_warnings=compared
    )


def _compare_with_earlier(export: Export, request: RunRequest) -> tuple[str, ...]:
    source, counts = hash_source(request.settings), export.counts
    kept = {str(table): int(rows) for table, rows in counts.set_index("table")["kept"].items()}
    return (
        *describe_unreadable_lists(request.home, source),
        *describe_shrunken_tables(request.home, source, kept),
    )


@coarse_task(name="read the export")
def load_export(request: RunRequest) -> Export:
    """Typed tables, with what could not be read in quarantine."""
    with step("Reading the export") as current:
        export = read_export(request.settings.mapping, now=request.now)
        current.rows = count_rows(export)
    return export


def count_rows(export: Export) -> int:
    """The leads and activities that were kept."""
    return len(export.leads) + len(export.activities)


@coarse_task(name="check the export")
def judge_export(export: Export, request: RunRequest, list_as_of: pd.Timestamp) -> DataChecks:
    """The gate's findings on the whole tables."""
    limits = request.settings.gate.model_dump()
    if not request.warn_when_stale:
        limits["max_stale_days"] = None
    usual = (
        None
        if request.any_size
        else compute_usual_rows(request.home, hash_source(request.settings))
    )
    with step("Checking the data", rows=count_rows(export)):
        return check_export(
            export,
            request.settings.mapping,
            gate=Gate(**limits),
            as_of=list_as_of,
            now=request.now,
            previous_rows=usual,
        )
