"""Write the files of a publication from the frames of the flows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import pandas as pd

from pipelines.data.previous_lists import build_size_facts, compare_with_last_list
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.demotion import describe_missing_model
from pipelines.lifecycle.evidence import BACKTEST, PICTURES, Evidence
from pipelines.lifecycle.model_metadata import ModelSettings
from pipelines.lifecycle.run_context import RunContext
from pipelines.monitoring.monitor import MonitoringResult
from pipelines.publishing.lead_details import (
    LeadDetails,
    write_lead_details,
    write_volumes_and_freshness,
)
from pipelines.publishing.list_warnings import collect_list_warnings
from pipelines.publishing.model_card import build_model_card
from pipelines.publishing.unchanged_list import dump_settings, hash_inputs
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.filesystem.durable_files import write_durably
from publications.filesystem.failpoints import failpoint
from publications.filesystem.json_files import encode_json, format_instant
from publications.report.report import Proof, ReportFacts, render_report
from publications.schema import find_published_file
from publications.storage.run_folders import start_run
from publications.storage.store import Provenance, Publication, delete_old_publications, publish
from publications.tables.read_write import write_table
from publications.wording.formatting import count
from publications.wording.headline import FRESHNESS_WORDS


@dataclass(frozen=True)
class PublishedList:
    """A list that was published."""

    publication: int
    list_as_of: pd.Timestamp
    worklist: pd.DataFrame
    proof: Evidence | None
    model_version: int | None
    no_model_reason: str | None
    warnings: tuple[str, ...]
    is_new: bool = True
    """False where the list in force was the same, so nothing was published."""

    @property
    def summary(self) -> str:
        """The result in a sentence, for the log."""
        by = f"by version {self.model_version}" if self.proof is not None else "most fresh first"
        leads = count(len(self.worklist), "open lead", "open leads")
        unchanged = "" if self.is_new else " is unchanged"
        warned = count(len(self.warnings), "warning", "warnings")
        beside = f" With {warned}: see `leadgain report`." if self.warnings else ""
        return (
            f"publication {self.publication}{unchanged}, {leads} as of "
            f"{self.list_as_of:%Y-%m-%d %H:%M} UTC, {by}.{beside}"
        )


def read_unchanged_list(publication: Publication, context: RunContext) -> PublishedList:
    """The list in force, where a new one would be the same."""
    manifest = publication.manifest
    return PublishedList(
        publication=publication.number,
        list_as_of=pd.Timestamp(manifest["as_of"]),
        worklist=publication.table("worklist.parquet"),
        proof=None if context.champion is None else context.champion.proof,
        model_version=manifest["model"]["version"],
        no_model_reason=manifest["model"]["missing_because"],
        warnings=tuple(manifest.get("warnings", ())),
        is_new=False,
    )


@coarse_task(name="publish")
def publish_list(
    worklist: pd.DataFrame,
    details: LeadDetails,
    monitoring: MonitoringResult | None,
    training_warnings: tuple[str, ...],
    context: RunContext,
) -> PublishedList:
    """Write every file of the publication and put it in force, in one step for readers."""
    champion, checked, lock = context.champion, context.checked, context.lock
    with step("Publishing"):
        warnings = (
            *training_warnings,
            *compare_with_last_list(checked, context.request),
            *collect_list_warnings(context),
            *(() if monitoring is None else monitoring.sentences),
            *checked.warnings,
        )
        folder = start_run(lock, f"score-{checked.list_as_of:%Y%m%dT%H%M%SZ}")
        for name in ("worklist.csv", "worklist.parquet"):
            write_table(folder, name, worklist)
        failpoint("list.written")
        write_table(folder, "quarantine.parquet", checked.export.quarantine)
        write_durably(folder / "data_checks.json", _encode_data_checks(context))
        write_lead_details(folder, details, worklist["lead_id"], context)
        write_volumes_and_freshness(folder, context)
        if champion is not None:
            _copy_evidence(folder, champion, context)
            write_durably(folder / "model.json", build_model_card(champion, context))
        _write_monitoring(folder, monitoring, context)
        report = render_report(_build_report_facts(worklist, monitoring, warnings, context))
        write_durably(folder / "report.html", report.encode())
        provenance = _build_provenance(worklist, warnings, context)
        number = publish(lock, folder, provenance, datetime.now(UTC))
        delete_old_publications(lock, context.settings.publications.keep)
    return PublishedList(
        publication=number,
        list_as_of=checked.list_as_of,
        worklist=worklist,
        proof=None if champion is None else champion.proof,
        model_version=provenance.model_version,
        no_model_reason=provenance.no_model_reason,
        warnings=warnings,
    )


def _encode_data_checks(context: RunContext) -> bytes:
    instants = {"list_as_of": context.list_as_of, "last_instant": context.export.last_instant}
    dates = {name: format_instant(instant) for name, instant in instants.items()}
    return encode_json(dates | context.checked.checks.content)


def _copy_evidence(folder: Path, champion: LoadedVersion, context: RunContext) -> None:
    columns = list(find_published_file(BACKTEST).column_names)
    if champion.meaning.policy == "on_arrival":
        columns.append("list_date")  # with periodic lists it is as_of
    write_table(folder, BACKTEST, champion.proof.backtest[columns])
    for name, frame in champion.proof.tables.items():
        write_table(folder, name, frame)
    kept = context.home.models / str(champion.number)
    for name in PICTURES:
        write_durably(folder / name, (kept / name).read_bytes())


def _write_monitoring(
    folder: Path, monitoring: MonitoringResult | None, context: RunContext
) -> None:
    """Write the model's monitoring, and what the last training decided."""
    if context.last_training is not None:
        write_durably(folder / "decision.json", encode_json(context.last_training.content()))
    if monitoring is not None:
        write_durably(folder / "monitoring.json", encode_json(monitoring.content()))
        if monitoring.drift.table is not None:
            write_table(folder, "drift.csv", monitoring.drift.table)


def _build_report_facts(
    worklist: pd.DataFrame,
    monitoring: MonitoringResult | None,
    warnings: tuple[str, ...],
    context: RunContext,
) -> ReportFacts:
    champion, export, training = context.champion, context.export, context.last_training
    meaning = ModelSettings.of(context.settings) if champion is None else champion.meaning
    return ReportFacts(
        as_of=context.list_as_of.to_pydatetime(),
        worklist=worklist,
        counts=export.counts,
        quarantine=export.quarantine,
        horizon_days=meaning.horizon_days,
        code_version=installed_version("leadgain"),
        proof=None if champion is None else _build_report_proof(champion),
        no_model_reason=describe_missing_model(context) if champion is None else "",
        most_fresh_by=FRESHNESS_WORDS[meaning.fresh_by],
        warnings=warnings,
        notes=tuple(f.message for f in export.findings if f.severity == "info"),
        watch=None if monitoring is None else monitoring.content(),
        drift=None if monitoring is None else monitoring.drift.table,
        decision=None if training is None else training.content(),
        first_warnings=(champion.note,) if champion is not None and champion.note else (),
    )


def _build_report_proof(champion: LoadedVersion) -> Proof:
    return Proof(
        gains=champion.proof.gains,
        gain_table=champion.proof.gain_table,
        tiers=champion.proof.tiers,
        backtest=champion.proof.backtest,
        model_version=champion.number,
        model_sha256=champion.version.model_sha256,
        verdict=champion.facts.verdict,
        trained_from=champion.facts.trained_from.to_pydatetime(),
        trained_until=champion.facts.trained_until.to_pydatetime(),
        training_rows=champion.scorer.rows_,
        training_conversions=champion.scorer.conversions_,
        depth=champion.meaning.depth,
    )


def _build_provenance(
    worklist: pd.DataFrame, warnings: tuple[str, ...], context: RunContext
) -> Provenance:
    champion, export, list_as_of = context.champion, context.export, context.list_as_of
    return Provenance(
        as_of=list_as_of.to_pydatetime(),
        started_at=context.now.to_pydatetime(),
        code_version=installed_version("leadgain"),
        model_version=None if champion is None else champion.number,
        model_sha256=None if champion is None else champion.version.model_sha256,
        no_model_reason=describe_missing_model(context) if champion is None else None,
        settings=dump_settings(context),
        counts={
            "rows": export.counts.to_dict("records"),
            "leads_listed": len(worklist),
            "tiers": {k: int(v) for k, v in worklist["tier"].value_counts().sort_index().items()},
            "activities_not_yet_known": int((export.activities["occurred_at"] >= list_as_of).sum()),
            **build_size_facts(context.settings, any_size=context.request.any_size),
        },
        inputs_sha256=hash_inputs(context),
        warnings=warnings,
    )
