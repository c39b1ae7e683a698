"""Check, train when due, score: the whole night in one flow."""

from dataclasses import dataclass, replace

from models.registry.registry import RegistryUnavailable
from pipelines.config.run_context import RunContext
from pipelines.data.checked_export import CheckedExport, load_checked_export
from pipelines.flows.score import TodaysList, demote_if_disproven, publish_today, rank_today
from pipelines.flows.train import Training, run_training
from pipelines.lifecycle.demotion import find_lost_champion, is_disproven
from pipelines.lifecycle.model_metadata import compute_fingerprint
from pipelines.lifecycle.since_training import has_matured_since
from pipelines.lifecycle.training_log import find_training_reason, read_last_training
from pipelines.publishing.publish import PublishedList
from pipelines.runtime.missed_runs import SkippedRun, get_wait_seconds, track_scheduled_run
from pipelines.runtime.prefect_tasks import reported_flow
from publications.storage.lock import HomeLock, hold_home


@dataclass(frozen=True)
class NightlyRun:
    """What a whole run came to; ``training`` is None where none was due, or none possible."""

    checked: CheckedExport
    why_trained: str | None
    training: Training | None
    listing: PublishedList

    @property
    def summary(self) -> str:
        """What it came to, for the log."""
        trained = "" if self.training is None else f"{self.training.summary} "
        return f"{trained}{self.listing.summary}"


@reported_flow(name="run")
def run(
    config: str,
    home: str,
    as_of: str | None = None,
    now: str | None = None,
    warn_when_stale: bool = True,
    train_anyway: bool = False,
    any_size: bool = False,
    again: bool = False,
    scheduled: str = "",
) -> NightlyRun | SkippedRun:
    """Check the export, train when a training is due, score and publish the list."""
    context = RunContext.of(
        config,
        home,
        as_of=as_of,
        now=now,
        warn_when_stale=warn_when_stale,
        any_size=any_size,
        again=again,
    )
    waits = get_wait_seconds(scheduled, context)
    with (
        hold_home(context.home, wait_seconds=waits) as lock,
        track_scheduled_run(lock, scheduled, context) as skipped,
    ):
        return skipped or run_nightly(context, lock, train_anyway=train_anyway)


def run_nightly(context: RunContext, lock: HomeLock, *, train_anyway: bool) -> NightlyRun:
    """The steps of a night."""
    checked = load_checked_export(context)
    why = "it was asked for" if train_anyway else _find_due_reason(checked, context)
    training, missed = _train_if_due(why, checked, context, lock, asked_for=train_anyway)
    today = rank_today(checked, context, lock)
    if why is None and (why := _find_early_reason(today, checked, context)) is not None:
        training, missed = _train_if_due(why, checked, context, lock, asked_for=False)
        today = today if training is None else rank_today(checked, context, lock)
    today = replace(demote_if_disproven(today, checked, context, lock), training_warnings=missed)
    return NightlyRun(checked, why, training, publish_today(today, checked, context, lock))


def _train_if_due(
    why: str | None, checked: CheckedExport, context: RunContext, lock: HomeLock, *, asked_for: bool
) -> tuple[Training | None, tuple[str, ...]]:
    """A training, or a warning in its place: without the registry the list is scored all the same.

    Raises
    ------
    RegistryUnavailable
        A person has asked for the training.
    """
    if why is None:
        return None, ()
    try:
        return run_training(checked, context, lock, why), ()
    except RegistryUnavailable as error:
        if asked_for:
            raise
        return None, (f"A training was due ({why}) and could not take place. {error}",)


def _find_due_reason(checked: CheckedExport, context: RunContext) -> str | None:
    return find_training_reason(
        read_last_training(context.home),
        as_of=checked.as_of,
        fingerprint=compute_fingerprint(context.settings),
        every_days=context.settings.training.every_days,
        now=context.now,
    )


def _find_early_reason(
    today: TodaysList, checked: CheckedExport, context: RunContext
) -> str | None:
    """The model in force is lost; or degraded, and there are new outcomes to learn from."""
    champion, watch, last = today.champion, today.watch, read_last_training(context.home)
    if champion is None and (lost := find_lost_champion(context.home)) is not None:
        return f"MLflow knows no version that leads, although version {lost.version} did"
    if champion is None or watch is None:
        return None
    if last is not None and not has_matured_since(last.at, checked, context):
        return None
    if watch.degraded:
        return f"version {champion.version.version} is degraded: {watch.why}"
    if is_disproven(champion, watch.again, context.home):
        return f"the proof of version {champion.version.version} does not hold any more"
    return None
