"""Check, train when due, score: the whole night in one flow."""

from dataclasses import dataclass, replace

from models.registry.registry import RegistryUnavailable
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport, checked_export
from pipelines.flows.score import Today, published, rank_today, settled
from pipelines.flows.train import Training, trained
from pipelines.lifecycle.demotion import is_disproven, lost_lead
from pipelines.lifecycle.model_metadata import fingerprint
from pipelines.lifecycle.since_training import has_matured_since
from pipelines.lifecycle.training_log import last_decision, reason_to_train
from pipelines.publishing.publish import Listing
from pipelines.runtime.missed_runs import Skipped, patience, turn
from pipelines.runtime.prefect_tasks import reported_flow
from publications.storage.lock import Hold, hold


@dataclass(frozen=True)
class Night:
    """What a whole run came to; ``training`` is None where none was due, or none possible."""

    checked: CheckedExport
    why_trained: str | None
    training: Training | None
    listing: Listing

    @property
    def told(self) -> str:
        """What it came to, for the log."""
        trained = "" if self.training is None else f"{self.training.told} "
        return f"{trained}{self.listing.told}"


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
) -> Night | Skipped:
    """Check the export, train when a training is due, score and publish the list."""
    job = Job.of(
        config,
        home,
        as_of=as_of,
        now=now,
        warn_when_stale=warn_when_stale,
        any_size=any_size,
        again=again,
    )
    waits = patience(scheduled, job)
    with hold(job.home, wait_seconds=waits) as held, turn(held, scheduled, job) as skipped:
        return skipped or worked(job, held, train_anyway=train_anyway)


def worked(job: Job, held: Hold, *, train_anyway: bool) -> Night:
    """The steps of a night."""
    checked = checked_export(job)
    why = "it was asked for" if train_anyway else _why_train(checked, job)
    training, missed = _trained_if_due(why, checked, job, held, asked_for=train_anyway)
    today = rank_today(checked, job, held)
    if why is None and (why := _why_train_early(today, checked, job)) is not None:
        training, missed = _trained_if_due(why, checked, job, held, asked_for=False)
        today = today if training is None else rank_today(checked, job, held)
    today = replace(settled(today, checked, job, held), missed=missed)
    return Night(checked, why, training, published(today, checked, job, held))


def _trained_if_due(
    why: str | None, checked: CheckedExport, job: Job, held: Hold, *, asked_for: bool
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
        return trained(checked, job, held, why), ()
    except RegistryUnavailable as error:
        if asked_for:
            raise
        return None, (f"A training was due ({why}) and could not take place. {error}",)


def _why_train(checked: CheckedExport, job: Job) -> str | None:
    return reason_to_train(
        last_decision(job.home),
        as_of=checked.as_of,
        fingerprint=fingerprint(job.settings),
        every_days=job.settings.training.every_days,
        now=job.now,
    )


def _why_train_early(today: Today, checked: CheckedExport, job: Job) -> str | None:
    """The model in force is lost; or worn, and a list has matured to learn something new from."""
    leading, watch, last = today.leading, today.watch, last_decision(job.home)
    if leading is None and (lost := lost_lead(job.home)) is not None:
        return f"MLflow knows no version that leads, although version {lost.version} did"
    if leading is None or watch is None:
        return None
    if last is not None and not has_matured_since(last.at, checked, job):
        return None
    if watch.worn:
        return f"version {leading.version.version} is worn: {watch.why}"
    if is_disproven(leading, watch.again, job.home):
        return f"the proof of version {leading.version.version} does not hold any more"
    return None
