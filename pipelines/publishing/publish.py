"""The files of a publication, from the frames that the flows hold."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import pandas as pd

from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport
from pipelines.data.previous_lists import against_last_list, size_facts
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.evidence import BACKTEST, PICTURES, ProofFrames
from pipelines.lifecycle.model_metadata import Meaning
from pipelines.lifecycle.training_log import last_decision
from pipelines.monitoring.monitor import Watch
from pipelines.publishing.lead_details import Stories, write_stories, write_supply
from pipelines.publishing.list_warnings import caveats
from pipelines.publishing.model_card import model_facts
from pipelines.publishing.unchanged import inputs_sha256, told_settings
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.filesystem.durable_files import write_lasting
from publications.filesystem.failpoints import failpoint
from publications.report.report import Proof, ReportFacts, render_report
from publications.schema import published_file
from publications.storage.lock import Hold
from publications.storage.run_folders import start_run
from publications.storage.store import Provenance, Publication, keep_latest, publish
from publications.tables.read_write import write_table
from publications.wording.formatting import count
from publications.wording.headline import FRESH_BY


@dataclass(frozen=True)
class Listing:
    """A list that was published."""

    publication: int
    as_of: pd.Timestamp
    worklist: pd.DataFrame
    proof: ProofFrames | None
    model_version: int | None
    no_model_reason: str | None
    warnings: tuple[str, ...]
    is_new: bool = True
    """False where the list in force says the same already, and nothing was published."""

    @property
    def told(self) -> str:
        """What it came to, for the log."""
        by = f"by version {self.model_version}" if self.proof is not None else "most fresh first"
        leads = count(len(self.worklist), "open lead", "open leads")
        stands = "" if self.is_new else " stands: nothing new"
        warned = count(len(self.warnings), "warning", "warnings")
        beside = f" With {warned}: see `leadgain report`." if self.warnings else ""
        return (
            f"publication {self.publication}{stands}, {leads} as of "
            f"{self.as_of:%Y-%m-%d %H:%M} UTC, {by}.{beside}"
        )


def standing_listing(publication: Publication, leading: Champion | None) -> Listing:
    """The list in force as a listing, where a new one would say the same."""
    manifest = publication.manifest
    return Listing(
        publication=publication.number,
        as_of=pd.Timestamp(manifest["as_of"]),
        worklist=publication.table("worklist.parquet"),
        proof=None if leading is None else leading.proof,
        model_version=manifest["model"]["version"],
        no_model_reason=manifest["model"]["missing_because"],
        warnings=tuple(manifest.get("warnings", ())),
        is_new=False,
    )


@coarse_task(name="publish")
def publish_list(
    worklist: pd.DataFrame,
    stories: Stories,
    leading: Champion | None,
    watch: Watch | None,
    no_model_reason: str,
    missed: tuple[str, ...],
    checked: CheckedExport,
    job: Job,
    held: Hold,
) -> Listing:
    """Write every file of the publication and put it in force, in one step for readers."""
    with step("Publishing"):
        of_watch = () if watch is None else watch.sentences
        of_list = (*against_last_list(checked, job), *caveats(leading, checked, job))
        warnings = (*missed, *of_list, *of_watch, *checked.warnings)
        folder = start_run(held, f"score-{checked.as_of:%Y%m%dT%H%M%SZ}")
        for name in ("worklist.csv", "worklist.parquet"):
            write_table(folder, name, worklist)
        failpoint("list.written")
        write_table(folder, "quarantine.parquet", checked.export.quarantine)
        write_lasting(folder / "data_checks.json", checked.checks.to_json().encode())
        write_stories(folder, stories, worklist["lead_id"], checked)
        write_supply(folder, checked)
        if leading is not None:
            _copy_proof(folder, leading, job)
            write_lasting(folder / "model.json", model_facts(leading, job))
        _write_watch(folder, watch, job)
        report = render_report(
            _report_facts(worklist, leading, watch, no_model_reason, checked, warnings, job)
        )
        write_lasting(folder / "report.html", report.encode())
        reason = None if leading is not None else no_model_reason
        number = publish(
            held,
            folder,
            _provenance(worklist, leading, reason, checked, warnings, job),
            datetime.now(UTC),
        )
        keep_latest(held, job.settings.publications.keep)
    return Listing(
        publication=number,
        as_of=checked.as_of,
        worklist=worklist,
        proof=None if leading is None else leading.proof,
        model_version=None if leading is None else leading.version.version,
        no_model_reason=reason,
        warnings=warnings,
    )


def _copy_proof(folder: Path, leading: Champion, job: Job) -> None:
    columns = list(published_file(BACKTEST).column_names)
    if leading.meaning.policy == "on_arrival":
        columns.append("list_date")  # with periodic lists it is as_of
    write_table(folder, BACKTEST, leading.proof.backtest[columns])
    for name, frame in leading.proof.tables.items():
        write_table(folder, name, frame)
    kept = job.home.models / str(leading.version.version)
    for name in PICTURES:
        write_lasting(folder / name, (kept / name).read_bytes())


def _write_watch(folder: Path, watch: Watch | None, job: Job) -> None:
    """How the model does, and what the last training came to."""
    decision = last_decision(job.home)
    if decision is not None:
        write_lasting(folder / "decision.json", decision.to_json())
    if watch is not None:
        write_lasting(folder / "watch.json", watch.to_json())
        if watch.drift.table is not None:
            write_table(folder, "drift.csv", watch.drift.table)


def _report_facts(
    worklist: pd.DataFrame,
    leading: Champion | None,
    watch: Watch | None,
    no_model_reason: str,
    checked: CheckedExport,
    warnings: tuple[str, ...],
    job: Job,
) -> ReportFacts:
    meaning = Meaning.of(job.settings) if leading is None else leading.meaning
    decision = last_decision(job.home)
    return ReportFacts(
        as_of=checked.as_of.to_pydatetime(),
        worklist=worklist,
        counts=checked.export.counts,
        quarantine=checked.export.quarantine,
        horizon_days=meaning.horizon_days,
        code_version=installed_version("leadgain"),
        proof=None if leading is None else _report_proof(leading),
        no_model_reason=no_model_reason if leading is None else "",
        most_fresh_by=FRESH_BY[meaning.fresh_by],
        warnings=warnings,
        notes=_notes(checked),
        watch=None if watch is None else watch.content(),
        drift=None if watch is None else watch.drift.table,
        decision=None if decision is None else decision.content(),
        told_first=(leading.note,) if leading is not None and leading.note else (),
    )


def _report_proof(leading: Champion) -> Proof:
    return Proof(
        gains=leading.proof.gains,
        gain_table=leading.proof.gain_table,
        tiers=leading.proof.tiers,
        backtest=leading.proof.backtest,
        model_version=leading.version.version,
        model_sha256=leading.version.model_sha256,
        trained_from=leading.facts.trained_from.to_pydatetime(),
        trained_until=leading.facts.trained_until.to_pydatetime(),
        training_rows=leading.scorer.rows_,
        training_conversions=leading.scorer.conversions_,
        depth=leading.meaning.depth,
    )


def _notes(checked: CheckedExport) -> tuple[str, ...]:
    return tuple(f.message for f in checked.export.findings if f.severity == "info")


def _provenance(
    worklist: pd.DataFrame,
    leading: Champion | None,
    no_model_reason: str | None,
    checked: CheckedExport,
    warnings: tuple[str, ...],
    job: Job,
) -> Provenance:
    activities = checked.export.activities
    return Provenance(
        as_of=checked.as_of.to_pydatetime(),
        started_at=job.now.to_pydatetime(),
        code_version=installed_version("leadgain"),
        model_version=None if leading is None else leading.version.version,
        model_sha256=None if leading is None else leading.version.model_sha256,
        no_model_reason=no_model_reason,
        settings=told_settings(job),
        counts={
            "rows": checked.export.counts.to_dict("records"),
            "leads_listed": len(worklist),
            "tiers": {k: int(v) for k, v in worklist["tier"].value_counts().sort_index().items()},
            "activities_not_yet_known": int((activities["occurred_at"] >= checked.as_of).sum()),
            **size_facts(job.settings, any_size=job.any_size),
        },
        inputs_sha256=inputs_sha256(leading, checked, job),
        warnings=warnings,
    )
