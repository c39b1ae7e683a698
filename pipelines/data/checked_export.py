"""An export that passed the checks: how it is read and judged."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from crm.checks.run_checks import DataChecks, Gate, check_export
from crm.export import Export, content_sha256
from crm.reading.export_reader import read_export
from pipelines.config.run_context import Job
from pipelines.data.previous_lists import (
    lost_sizes,
    refuse_other_leads,
    shrunken,
    source_of,
    usual_rows,
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
    unchecked: tuple[str, ...] = ()
    """Warnings: what came of holding the export against earlier publications, or could not."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that was noticed and must be told beside a list, as sentences."""
        found = [f.message for f in self.export.findings if f.severity == "warning"]
        return (
            *self.unchecked,
            *found,
            *(str(result["message"]) for result in self.checks.warnings),
        )

    @property
    def told_until(self) -> pd.Timestamp:
        """Up to when the export tells who converted; after it, silence is no loss."""
        return min(self.as_of, self.export.last_instant)

    @cached_property
    def content_sha256(self) -> str:
        """Of all that was read; looked for before a list is published, and kept with it."""
        return content_sha256(self.export)


def checked_export(job: Job) -> CheckedExport:
    """The steps of the check, for the flows that build on it.

    Raises
    ------
    DataRefused
        The export cannot be read, or an expectation that stops the run does not hold.
    """
    export = read(job)
    failpoint("export.read")
    as_of = job.as_of_or(export.last_instant)
    checks = judge(export, job, as_of)
    checks.raise_for_errors()
    refuse_other_leads(export, job)
    failpoint("export.checked")
    against = () if job.any_size else _against_earlier(export, job)
    return CheckedExport(export=export, checks=checks, as_of=as_of, unchecked=against)


def _against_earlier(export: Export, job: Job) -> tuple[str, ...]:
    source, counts = source_of(job.settings), export.counts
    kept = {str(table): int(rows) for table, rows in counts.set_index("table")["kept"].items()}
    return (*lost_sizes(job.home, source), *shrunken(job.home, source, kept))


@coarse_task(name="read the export")
def read(job: Job) -> Export:
    """Typed tables, with what could not be read in quarantine."""
    with step("Reading the export"):
        return read_export(job.settings.mapping, now=job.now)


@coarse_task(name="check the export")
def judge(export: Export, job: Job, as_of: pd.Timestamp) -> DataChecks:
    """The gate's findings on the whole tables."""
    limits = job.settings.gate.model_dump()
    if not job.warn_when_stale:
        limits["max_stale_days"] = None
    usual = None if job.any_size else usual_rows(job.home, source_of(job.settings))
    with step("Checking the data"):
        return check_export(
            export,
            job.settings.mapping,
            gate=Gate(**limits),
            as_of=as_of,
            now=job.now,
            previous_rows=usual,
        )
