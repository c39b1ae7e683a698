"""Who leads: the registry's champion, loaded and trusted."""

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from models.errors import ModelDamaged
from models.registry.registry import (
    CHAMPION,
    ROLLED_BACK_FROM,
    STEPPED_DOWN,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
    champion_and_previous,
    fetch,
    refuse_other,
    rollback,
)
from models.scorer.scorer import LeadScorer
from pipelines.config.registry_address import registry_of
from pipelines.config.run_context import Job
from pipelines.lifecycle.champion_cache import forget_champion, last_known, remember_champion
from pipelines.lifecycle.evidence import ProofFrames, read_proof
from pipelines.lifecycle.model_metadata import Meaning, ModelFacts
from pipelines.runtime.prefect_tasks import coarse_task
from publications.filesystem.durable_files import move_lasting, writing
from publications.storage.home import Home
from publications.storage.lock import Hold

FOLDER = "models/ of the home folder"
"""How a message calls it: lists carry such messages to people who need no path."""


@dataclass(frozen=True)
class Champion:
    """The model that scores today's leads, with its proof."""

    version: RegisteredVersion
    scorer: LeadScorer
    facts: ModelFacts
    proof: ProofFrames
    meaning: Meaning
    note: str = ""
    """Why it is not simply the champion as the registry tells it: a warning for the list."""


@coarse_task(name="load the champion")
def load_champion(job: Job, held: Hold) -> Champion | None:
    """The champion for a run, as ``trusted_champion`` tells it."""
    return trusted_champion(job, held)


def trusted_champion(job: Job, held: Hold | None = None) -> Champion | None:
    """The champion, or who stands in for it; None where no version leads.

    A registry that cannot be asked is replaced by what it last said, and a champion that is damaged
    everywhere by the version that led before it: only if their files have the hashes that were
    registered, and ``note`` says so.

    Parameters
    ----------
    job : Job
    held : with it, a damaged copy is mended and the champion is remembered; without, nothing is
        written into the home folder

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
        version, before = champion_and_previous(registry)
    except RegistryUnavailable as error:
        return _last_that_led(registry, error, job)
    if version is None:
        if held is not None:
            forget_champion(held)
        return None
    try:
        leading = opened(version, job, held)
    except (ModelDamaged, RegistryUnavailable) as error:
        leading = _one_before(before, version, error, job, held)
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
    """A registered version from the home folder, or as the registry has it.

    With ``held``, what is missing or damaged in the home folder is fetched there; without, it is
    fetched to a place that is gone afterwards.

    Raises
    ------
    ModelDamaged
        Its files are not what was registered; they were not opened.
    RegistryUnavailable
        Its files are not here, and cannot be fetched.
    """
    folder = job.home.models / str(version.version)
    if held is None:
        return _looked_at(version, folder, job)
    if not folder.exists():
        fetch(registry_of(job), version.version, folder)
    note = ""
    try:
        refuse_other(version, folder, where=FOLDER)
    except ModelDamaged as damage:
        note = _mended(version, damage, job)
    return _open(version, folder, job, note)


def keep_files(folder: Path, version: RegisteredVersion, home: Home) -> None:
    """Move a version's files to their place in the home folder; where they lie already they stay.

    Files of the same number and another content are those of a registry that was lost since.
    """
    place = home.models / str(version.version)
    if place.exists():
        try:
            refuse_other(version, folder, where="the training")
        except ModelDamaged:  # registered before, with another proof
            shutil.rmtree(folder)
            return
        try:
            refuse_other(version, place, where=FOLDER)
        except ModelDamaged:
            _put_aside(place)
        else:
            shutil.rmtree(folder)
            return
    move_lasting(folder, place)


def _put_aside(folder: Path) -> Path:
    """Where a folder of a model now lies; what lay there before is gone."""
    aside = folder.with_name(f"{folder.name}.damaged")
    if aside.exists():
        shutil.rmtree(aside)
    folder.rename(aside)
    return aside


def _looked_at(version: RegisteredVersion, folder: Path, job: Job) -> Champion:
    """A version for somebody who writes nothing into the home folder."""
    try:
        refuse_other(version, folder, where=FOLDER)
    except ModelDamaged as damage:
        with TemporaryDirectory(prefix="leadgain-") as elsewhere:
            fetched = Path(elsewhere) / folder.name
            _fetch_instead(version, fetched, damage, job)
            note = (
                f"The files of version {version.version} in the home folder are damaged, so those "
                f"in MLflow were used, which are what was registered. {damage} The next scoring "
                "puts them in the place of the damaged ones."
            )
            return _open(version, fetched, job, note if folder.exists() else "")
    return _open(version, folder, job, note="")


def _open(version: RegisteredVersion, folder: Path, job: Job, note: str) -> Champion:
    """Load a version whose files have been held against their hashes."""
    scorer = LeadScorer.load(folder, threads=job.settings.training.threads)
    facts = ModelFacts.from_dict(scorer.extra_)
    meaning = facts.meaning or Meaning.of(job.settings)
    return Champion(version, scorer, facts, read_proof(folder), meaning, note)


def _mended(version: RegisteredVersion, damage: ModelDamaged, job: Job) -> str:
    """Put the registry's files in the place of damaged ones, which are kept aside."""
    folder = job.home.models / str(version.version)
    fetched = folder.with_name(f"{folder.name}.fetched")
    with writing(folder):
        if fetched.exists():  # of a run that was killed here
            shutil.rmtree(fetched)
        _fetch_instead(version, fetched, damage, job)
        aside = _put_aside(folder)
        fetched.rename(folder)
    return (
        f"The files of version {version.version} in the home folder were damaged, so they were "
        f"fetched again from MLflow, and are now what was registered. {damage} The damaged ones "
        f"are kept there as {aside.name}: find out what happened to the disk."
    )


def _fetch_instead(
    version: RegisteredVersion, folder: Path, damage: ModelDamaged, job: Job
) -> None:
    try:
        fetch(registry_of(job), version.version, folder)
    except (ModelDamaged, RegistryUnavailable) as error:
        raise ModelDamaged(f"{damage} It could not be fetched again: {error}") from error


def _one_before(
    before: RegisteredVersion | None,
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
    if before is not None:
        marks = {ROLLED_BACK_FROM, STEPPED_DOWN} & before.decision.keys()
        why_not = f"Version {before.version}, which led before, was taken out of the lead."
        if not marks:
            try:
                return replace(opened(before, job, held), note=_standing_in(before, version, error))
            except (ModelDamaged, RegistryUnavailable) as another:
                why_not = f"Version {before.version}, which led before, cannot be used: {another}"
    raise type(error)(
        f"{error} {why_not} Nothing was scored. Restore the home folder from a backup, name a "
        "version that is whole (`leadgain rollback N`), or train a new one (`leadgain train`)."
    ) from error


def _standing_in(
    before: RegisteredVersion, version: RegisteredVersion, error: BaseException
) -> str:
    return (
        f"Version {version.version} leads but cannot be used, so the scores are those of version "
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
        folder = job.home.models / str(number)
        try:
            refuse_other(known.version, folder, where=FOLDER)
        except ModelDamaged as damage:
            why_not = f"And version {number}, which led when it last answered, is damaged: {damage}"
        else:
            led = (
                "which led when MLflow last answered"
                if CHAMPION in known.version.aliases
                else "which stood in for the champion when MLflow last answered"
            )
            note = (
                f"{error} The scores are those of version {number}, {led}, at "
                f"{known.known_at:%Y-%m-%d %H:%M} UTC; its files are those that were registered. A "
                "model that took over since then, or was rolled back, is not known."
            )
            return _open(known.version, folder, job, note)
    raise RegistryUnavailable(
        f"{error} {why_not} Nothing was scored. Start MLflow again, or correct [tracking] uri."
    ) from error
