"""Who leads: the registry's champion, loaded and trusted."""

import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from crm.errors import ConfigurationError
from models.errors import ModelDamaged
from models.registered import SQLITE
from models.registry import (
    ROLLED_BACK_FROM,
    STEPPED_DOWN,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
    champion,
    embedded,
    fetch,
    named,
    previous,
    refuse_other,
    rollback,
)
from models.scorer import LeadScorer
from pipelines.job import Job, home_at
from pipelines.last_known import forget_champion, last_known, remember_champion
from pipelines.model_facts import Meaning, ModelFacts
from pipelines.proof import ProofFrames, read_proof
from pipelines.sections import TrackingSection
from pipelines.settings import load_settings
from pipelines.tasks import coarse_task
from publications.home import Hold, Home, writing

KEYS = ("uri", "experiment", "model")
FOLDER = "models/ of the home folder"
"""How a message calls it: lists carry such messages to people who need no path."""


@dataclass(frozen=True)
class Champion:
    """The model that scores today's list, with its proof."""

    version: RegisteredVersion
    scorer: LeadScorer
    facts: ModelFacts
    proof: ProofFrames
    meaning: Meaning
    note: str = ""
    """Why it is not simply the champion as the registry tells it: a warning for the list."""


def registry_of(job: Job) -> Registry:
    """The home folder's own registry, or the one that leadgain.toml names."""
    return _registry(job.settings.tracking, job.home)


def registry_at(config: Path | None, home: Path) -> Registry:
    """The same for commands that need no export: without a leadgain.toml, the home's own."""
    tracking = of_environment() if config is None else load_settings(config).tracking
    return _registry(tracking, home_at(home))


def of_environment() -> TrackingSection:
    """``[tracking]`` where there is no leadgain.toml: what the environment says of it."""
    told = {key: os.environ.get(f"LEADGAIN_TRACKING__{key.upper()}") for key in KEYS}
    return TrackingSection(**{key: value for key, value in told.items() if value is not None})


def _registry(tracking: TrackingSection, home: Home) -> Registry:
    names = {"experiment": tracking.experiment, "model_name": tracking.model}
    if not tracking.uri:
        return embedded(home.tracking_database, home.artifacts, **names)
    if tracking.uri.startswith(SQLITE) and not tracking.uri.startswith(f"{SQLITE}/"):
        raise ConfigurationError(
            "[tracking] uri names a SQLite database by a path that depends on where the command is "
            "started. Write it with four slashes and the whole path: sqlite:////home/mlflow.db."
        )
    return named(tracking.uri, home.artifacts, **names)


@coarse_task(name="load the champion")
def load_champion(job: Job, held: Hold | None = None) -> Champion | None:
    """The champion, or who stands in for it; None where no version leads.

    A registry that cannot be asked is replaced by what it last said, and a champion that is damaged
    everywhere by the version that led before it: only if their files have the hashes that were
    registered, and ``note`` says so.

    Parameters
    ----------
    job : Job
    held : with it, a damaged copy is mended and the champion is remembered

    Raises
    ------
    RegistryUnavailable
        MLflow cannot be asked, and no whole model is left from the last time.
    ModelDamaged
        Neither the champion's files nor those of the version before it are what was registered;
        they were not opened.
    """
    registry = registry_of(job)
    try:
        version = champion(registry)
    except RegistryUnavailable as error:
        return _last_that_led(registry, error, job)
    if version is None:
        if held is not None:
            forget_champion(held)
        return None
    try:
        leading = opened(version, job, held)
    except (ModelDamaged, RegistryUnavailable) as error:
        leading = _one_before(version, error, job, held)
    if held is not None:
        remember_champion(held, registry, leading.version, now=job.now)
    return leading


def roll_back(
    registry: Registry, version: int | None, held: Hold, *, now: datetime
) -> RegisteredVersion:
    """Let an earlier version lead again, also should the registry be away at the next scoring."""
    leads = rollback(registry, version)
    remember_champion(held, registry, leads, now=pd.Timestamp(now))
    return leads


def opened(version: RegisteredVersion, job: Job, held: Hold | None = None) -> Champion:
    """A registered version from the home folder, or fetched there from the registry.

    Raises
    ------
    ModelDamaged
        Its files are not what was registered; they were not opened.
    RegistryUnavailable
        Its files are not here, and cannot be fetched.
    """
    folder = job.home.models / str(version.version)
    note = ""
    if not folder.exists():
        fetch(registry_of(job), version.version, folder)
    try:
        refuse_other(version, folder, where=FOLDER)
    except ModelDamaged as damage:
        if held is None:
            raise
        note = _mended(version, damage, job)
    return _open(version, job, note)


def _open(version: RegisteredVersion, job: Job, note: str) -> Champion:
    """Load a version whose files have been held against their hashes."""
    folder = job.home.models / str(version.version)
    scorer = LeadScorer.load(folder, threads=job.settings.training.threads)
    facts = ModelFacts.from_dict(scorer.extra_)
    meaning = facts.meaning or Meaning.of(job.settings)
    return Champion(version, scorer, facts, read_proof(folder), meaning, note)


def _mended(version: RegisteredVersion, damage: ModelDamaged, job: Job) -> str:
    """Put the registry's files in the place of damaged ones, which are kept aside."""
    folder = job.home.models / str(version.version)
    fetched, aside = (folder.with_name(f"{folder.name}.{end}") for end in ("fetched", "damaged"))
    with writing(folder):
        if fetched.exists():  # of a run that was killed here
            shutil.rmtree(fetched)
        try:
            fetch(registry_of(job), version.version, fetched)
        except (ModelDamaged, RegistryUnavailable) as error:
            raise ModelDamaged(f"{damage} It could not be fetched again: {error}") from error
        if aside.exists():
            shutil.rmtree(aside)
        folder.rename(aside)
        fetched.rename(folder)
    return (
        f"The files of version {version.version} in the home folder were damaged, so they were "
        f"fetched again from MLflow, and are now what was registered. {damage} The damaged ones "
        f"are kept there as {aside.name}: find out what happened to the disk."
    )


def _one_before(
    version: RegisteredVersion,
    error: ModelDamaged | RegistryUnavailable,
    job: Job,
    held: Hold | None,
) -> Champion:
    """The version that led before a champion that cannot be used.

    Raises
    ------
    ModelDamaged, RegistryUnavailable
        There is none that may stand in: the champion's own error, with what to do.
    """
    why_not = "No version led before it."
    before = previous(registry_of(job))
    if before is not None and before.version != version.version:
        marks = {ROLLED_BACK_FROM, STEPPED_DOWN} & before.decision.keys()
        why_not = f"Version {before.version}, which led before, was taken out of the lead."
        if not marks:
            try:
                return replace(opened(before, job, held), note=_standing_in(before, version, error))
            except (ModelDamaged, RegistryUnavailable) as another:
                why_not = f"Version {before.version}, which led before, cannot be used: {another}"
    raise type(error)(
        f"{error} {why_not} Nothing was published. Restore the home folder from a backup, name a "
        "version that is whole (`leadgain rollback N`), or train a new one (`leadgain train`)."
    ) from error


def _standing_in(
    before: RegisteredVersion, version: RegisteredVersion, error: BaseException
) -> str:
    return (
        f"Version {version.version} leads but cannot be used, so the list was ranked by version "
        f"{before.version}, which led before it; its files are those that were registered. {error}"
    )


def _last_that_led(registry: Registry, error: RegistryUnavailable, job: Job) -> Champion:
    """The champion that is remembered, if its files are whole.

    Raises
    ------
    RegistryUnavailable
        None is, or it is damaged.
    """
    known = last_known(job.home, registry)
    why_not = "No model is left in the home folder from the last time that it answered."
    if known is not None:
        number = known.version.version
        try:
            refuse_other(known.version, job.home.models / str(number), where=FOLDER)
        except ModelDamaged as damage:
            why_not = f"And version {number}, which led when it last answered, is damaged: {damage}"
        else:
            note = (
                f"{error} The list was ranked by version {number}, which led when MLflow last "
                f"answered, at {known.known_at:%Y-%m-%d %H:%M} UTC; its files are those that were "
                "registered. A model that took over since then, or was rolled back, is not known."
            )
            return _open(known.version, job, note)
    raise RegistryUnavailable(
        f"{error} {why_not} Nothing was published. Start MLflow again, or correct [tracking] uri."
    ) from error
