"""Check, train when due, score: the whole night in one flow."""

from dataclasses import dataclass, replace

from models.registry.registry import RegistryUnavailable
from pipelines.config.run_request import RunRequest
from pipelines.data.checked_export import load_checked_export
from pipelines.flows.score import TodaysList, demote_if_disproven, publish_today, rank_today
from pipelines.flows.train import Training, run_training
from pipelines.lifecycle.demotion import find_lost_champion, is_disproven
from pipelines.lifecycle.run_context import RunContext
from pipelines.lifecycle.since_training import has_matured_since
from pipelines.lifecycle.training_log import find_training_reason
from pipelines.publishing.publish import PublishedList
from pipelines.runtime.missed_runs import SkippedRun, get_wait_seconds, track_scheduled_run
from pipelines.runtime.prefect_tasks import reported_flow
from publications.storage.lock import hold_home


@dataclass(frozen=True)
class NightlyRun:
    """The results of a night; ``training`` is None where none was due, or none possible."""

    why_trained: str | None
    training: Training | None
    listing: PublishedList

    @property
    def summary(self) -> str:
        """The results in a sentence, for the log."""
        trained = "" if self.training is None else f"{self.training.summary} "
        return f"{trained}{self.listing.summary}"


@reported_flow(name="run")
def run(request: RunRequest) -> NightlyRun | SkippedRun:
    """Check the export, train when a training is due, score and publish the list."""
    with (
        hold_home(request.home, wait_seconds=get_wait_seconds(request)) as lock,
        track_scheduled_run(lock, request) as skipped,
    ):
        return skipped or run_nightly(RunContext(request, lock, load_checked_export(request)))


def run_nightly(context: RunContext) -> NightlyRun:
    """The steps of a night."""
    reason = "requested" if context.request.train_anyway else _find_due_reason(context)
    training, warnings = _train_if_due(reason, context)
    today = rank_today(context)
    if reason is None and (reason := _find_early_reason(today, context)) is not None:
        training, warnings = _train_if_due(reason, context)
        today = today if training is None else rank_today(context)
    today = replace(demote_if_disproven(today, context), training_warnings=warnings)
    return NightlyRun(reason, training, publish_today(today, context))


def _train_if_due(
    reason: str | None, context: RunContext
) -> tuple[Training | None, tuple[str, ...]]:
    """A training, or a warning in its place: the list is scored without the registry as well.

    Raises
    ------
    RegistryUnavailable
        A person has requested the training.
    """
    if reason is None:
        return None, ()
    try:
        return run_training(context, reason), ()
    except RegistryUnavailable as error:
        if context.request.train_anyway:
            raise
        return None, (f"A training was due ({reason}) and was not possible. {error}",)


def _find_due_reason(context: RunContext) -> str | None:
    return find_training_reason(
        context.last_training,
        list_as_of=context.list_as_of,
        fingerprint=context.fingerprint,
        every_days=context.settings.training.every_days,
        now=context.now,
    )


def _find_early_reason(today: TodaysList, context: RunContext) -> str | None:
    """Why to train early: a lost champion, or a degraded one and new outcomes; else None."""
    champion, monitoring, last = context.champion, today.monitoring, context.last_training
    if champion is None and (lost := find_lost_champion(context)) is not None:
        return f"version {lost.version} was the champion and cannot be used"
    if champion is None or monitoring is None:
        return None
    if last is not None and not has_matured_since(last.at, context):
        return None
    if monitoring.degraded:
        return f"version {champion.number} is degraded: {monitoring.why}"
    if is_disproven(champion, monitoring.rejudged, context):
        return f"version {champion.number} fails its proof, judged again"
    return None
