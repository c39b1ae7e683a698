"""An export that passed the checks: how it is read and judged."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from crm.checks.run_checks import DataChecks, Gate, check_export
from crm.export import Export, compute_content_sha256
from crm.reading.export_reader import read_export
from pipelines.config.run_context import RunContext
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
    """An export that passed the gate, and the instant at which it is looked at."""

    export: Export
    checks: DataChecks
    as_of: pd.Timestamp
    comparison_warnings: tuple[str, ...] = ()
    """Warnings: what came of holding the export against earlier publications, or could not."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that was noticed and must be told beside a list, as sentences."""
        found = [f.message for f in self.export.findings if f.severity == "warning"]
        return (
            *self.comparison_warnings,
            *found,
            *(str(result["message"]) for result in self.checks.warnings),
        )

    @property
    def known_until(self) -> pd.Timestamp:
        """Up to when the export tells who converted; after it, silence is no loss."""
        return min(self.as_of, self.export.last_instant)

    @cached_property
    def content_sha256(self) -> str:
        """Of all that was read; looked for before a list is published, and kept with it."""
        return compute_content_sha256(self.export)


def load_checked_export(context: RunContext) -> CheckedExport:
    """The steps of the check, for the flows that build on it.

    Raises
    ------
    DataRefused
        The export cannot be read, or an expectation that stops the run does not hold.
    """
    export = load_export(context)
    failpoint("export.read")
    as_of = context.resolve_as_of(export.last_instant)
    checks = judge_export(export, context, as_of)
    checks.raise_for_errors()
    refuse_other_leads(export, context)
    failpoint("export.checked")
    against = () if context.any_size else _compare_with_earlier(export, context)
    return CheckedExport(export=export, checks=checks, as_of=as_of, comparison_warnings=against)


def _compare_with_earlier(export: Export, context: RunContext) -> tuple[str, ...]:
    source, counts = hash_source(context.settings), export.counts
    kept = {str(table): int(rows) for table, rows in counts.set_index("table")["kept"].items()}
    return (
        *describe_unreadable_lists(context.home, source),
        *describe_shrunken_tables(context.home, source, kept),
    )


@coarse_task(name="read the export")
def load_export(context: RunContext) -> Export:
    """Typed tables, with what could not be read in quarantine."""
    with step("Reading the export"):
        return read_export(context.settings.mapping, now=context.now)


@coarse_task(name="check the export")
def judge_export(export: Export, context: RunContext, as_of: pd.Timestamp) -> DataChecks:
    """The gate's findings on the whole tables."""
    limits = context.settings.gate.model_dump()
    if not context.warn_when_stale:
        limits["max_stale_days"] = None
    usual = (
        None
        if context.any_size
        else compute_usual_rows(context.home, hash_source(context.settings))
    )
    with step("Checking the data"):
        return check_export(
            export,
            context.settings.mapping,
            gate=Gate(**limits),
            as_of=as_of,
            now=context.now,
            previous_rows=usual,
        )
