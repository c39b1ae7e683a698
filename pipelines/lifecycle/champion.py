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
    DEMOTED,
    ROLLED_BACK_FROM,
    RegisteredVersion,
    RegistryClient,
    RegistryUnavailable,
    fetch,
    find_champion_and_previous,
    restore_champion,
    verify_version_files,
)
from models.registry.types import Registry
from models.scorer.scorer import LeadScorer
from pipelines.config.registry_address import get_registry
from pipelines.config.run_context import RunContext
from pipelines.lifecycle.champion_cache import (
    forget_champion,
    read_remembered_champion,
    remember_champion,
)
from pipelines.lifecycle.evidence import Evidence, read_evidence
from pipelines.lifecycle.model_metadata import ModelMetadata, ModelSettings
from pipelines.runtime.prefect_tasks import coarse_task
from publications.filesystem.durable_files import explain_write_errors, move_durably
from publications.storage.home import Home
from publications.storage.lock import HomeLock

FOLDER = "models/ of the home folder"
"""How a message calls it: lists carry such messages to people who need no path."""


@dataclass(frozen=True)
class Champion:
    """The model that scores today's leads, with its proof."""

    version: RegisteredVersion
    scorer: LeadScorer
    facts: ModelMetadata
    proof: Evidence
    meaning: ModelSettings
    note: str = ""
    """Why it is not simply the champion as the registry tells it: a warning for the list."""


@coarse_task(name="load the champion")
def load_champion(context: RunContext, lock: HomeLock) -> Champion | None:
    """The champion for a run, as ``load_trusted_champion`` tells it."""
    return load_trusted_champion(context, lock)


def load_trusted_champion(context: RunContext, lock: HomeLock | None = None) -> Champion | None:
    """The champion, or who stands in for it; None where no version leads.

    A registry that cannot be asked is replaced by what it last said, and a champion that is damaged
    everywhere by the version that led before it: only if their files have the hashes that were
    registered, and ``note`` says so.

    Parameters
    ----------
    context : Job
    lock : with it, a damaged copy is mended and the champion is remembered; without, nothing is
        written into the home folder

    Raises
    ------
    RegistryUnavailable
        MLflow cannot be asked, and no whole model is left from the last time.
    ModelDamaged
        Neither the champion's files nor those of the version before it are what was registered;
        they were not opened.
    """
    registry = get_registry(context)
    try:
        version, before = find_champion_and_previous(registry)
    except RegistryUnavailable as error:
        return _load_remembered(registry.registry, error, context)
    if version is None:
        if lock is not None:
            forget_champion(lock)
        return None
    try:
        champion = load_version(version, context, lock)
    except (ModelDamaged, RegistryUnavailable) as error:
        champion = _load_previous(before, version, error, context, lock)
    if lock is not None:
        remember_champion(lock, registry.registry, champion.version, now=context.now)
    return champion


def roll_back_champion(
    registry: RegistryClient, version: int | None, lock: HomeLock, *, now: datetime
) -> RegisteredVersion:
    """Let an earlier version lead again, also should the registry be away at the next scoring."""
    leads = restore_champion(registry, version)
    remember_champion(lock, registry.registry, leads, now=pd.Timestamp(now))
    return leads


def load_version(
    version: RegisteredVersion, context: RunContext, lock: HomeLock | None = None
) -> Champion:
    """A registered version from the home folder, or as the registry has it.

    With ``lock``, what is missing or damaged in the home folder is fetched there; without, it is
    fetched to a place that is gone afterwards.

    Raises
    ------
    ModelDamaged
        Its files are not what was registered; they were not opened.
    RegistryUnavailable
        Its files are not here, and cannot be fetched.
    """
    folder = context.home.models / str(version.version)
    if lock is None:
        return _load_without_writing(version, folder, context)
    if not folder.exists():
        fetch(get_registry(context), version.version, folder)
    note = ""
    try:
        verify_version_files(version, folder, where=FOLDER)
    except ModelDamaged as damage:
        note = _repair_files(version, damage, context)
    return _load_verified(version, folder, context, note)


def store_model_files(folder: Path, version: RegisteredVersion, home: Home) -> None:
    """Move a version's files to their place in the home folder; where they lie already they stay.

    Files of the same number and another content are those of a registry that was lost since.
    """
    place = home.models / str(version.version)
    if place.exists():
        try:
            verify_version_files(version, folder, where="the training")
        except ModelDamaged:  # registered before, with another proof
            shutil.rmtree(folder)
            return
        try:
            verify_version_files(version, place, where=FOLDER)
        except ModelDamaged:
            _move_aside(place)
        else:
            shutil.rmtree(folder)
            return
    move_durably(folder, place)


def _move_aside(folder: Path) -> Path:
    """Where a folder of a model now lies; what lay there before is gone."""
    aside = folder.with_name(f"{folder.name}.damaged")
    if aside.exists():
        shutil.rmtree(aside)
    folder.rename(aside)
    return aside


def _load_without_writing(
    version: RegisteredVersion, folder: Path, context: RunContext
) -> Champion:
    """A version for somebody who writes nothing into the home folder."""
    try:
        verify_version_files(version, folder, where=FOLDER)
    except ModelDamaged as damage:
        with TemporaryDirectory(prefix="leadgain-") as elsewhere:
            fetched = Path(elsewhere) / folder.name
            _fetch_replacement(version, fetched, damage, context)
            note = (
                f"The files of version {version.version} in the home folder are damaged, so those "
                f"in MLflow were used, which are what was registered. {damage} The next scoring "
                "puts them in the place of the damaged ones."
            )
            return _load_verified(version, fetched, context, note if folder.exists() else "")
    return _load_verified(version, folder, context, note="")


def _load_verified(
    version: RegisteredVersion, folder: Path, context: RunContext, note: str
) -> Champion:
    """Load a version whose files have been held against their hashes."""
    scorer = LeadScorer.load(folder, threads=context.settings.training.threads)
    facts = ModelMetadata.from_dict(scorer.extra_)
    meaning = facts.meaning or ModelSettings.of(context.settings)
    return Champion(version, scorer, facts, read_evidence(folder), meaning, note)


def _repair_files(version: RegisteredVersion, damage: ModelDamaged, context: RunContext) -> str:
    """Put the registry's files in the place of damaged ones, which are kept aside."""
    folder = context.home.models / str(version.version)
    fetched = folder.with_name(f"{folder.name}.fetched")
    with explain_write_errors(folder):
        if fetched.exists():  # of a run that was killed here
            shutil.rmtree(fetched)
        _fetch_replacement(version, fetched, damage, context)
        aside = _move_aside(folder)
        fetched.rename(folder)
    return (
        f"The files of version {version.version} in the home folder were damaged, so they were "
        f"fetched again from MLflow, and are now what was registered. {damage} The damaged ones "
        f"are kept there as {aside.name}: find out what happened to the disk."
    )


def _fetch_replacement(
    version: RegisteredVersion, folder: Path, damage: ModelDamaged, context: RunContext
) -> None:
    try:
        fetch(get_registry(context), version.version, folder)
    except (ModelDamaged, RegistryUnavailable) as error:
        raise ModelDamaged(f"{damage} It could not be fetched again: {error}") from error


def _load_previous(
    before: RegisteredVersion | None,
    version: RegisteredVersion,
    error: ModelDamaged | RegistryUnavailable,
    context: RunContext,
    lock: HomeLock | None,
) -> Champion:
    """The version that led before a champion that cannot be used.

    Raises
    ------
    ModelDamaged, RegistryUnavailable
        There is none that may stand in: the champion's own error, with what to do.
    """
    why_not = "No version led before it."
    if before is not None:
        marks = {ROLLED_BACK_FROM, DEMOTED} & before.decision.keys()
        why_not = f"Version {before.version}, which led before, was taken out of the lead."
        if not marks:
            try:
                return replace(
                    load_version(before, context, lock),
                    note=_describe_stand_in(before, version, error),
                )
            except (ModelDamaged, RegistryUnavailable) as another:
                why_not = f"Version {before.version}, which led before, cannot be used: {another}"
    raise type(error)(
        f"{error} {why_not} Nothing was scored. Restore the home folder from a backup, name a "
        "version that is whole (`leadgain rollback N`), or train a new one (`leadgain train`)."
    ) from error


def _describe_stand_in(
    before: RegisteredVersion, version: RegisteredVersion, error: BaseException
) -> str:
    return (
        f"Version {version.version} leads but cannot be used, so the scores are those of version "
        f"{before.version}, which led before it; its files are those that were registered. {error}"
    )


def _load_remembered(
    registry: Registry, error: RegistryUnavailable, context: RunContext
) -> Champion:
    """The champion that is remembered, if its files are whole.

    Raises
    ------
    RegistryUnavailable
        None is, or it is damaged.
    """
    known = read_remembered_champion(context.home, registry)
    why_not = "No model is left in the home folder from the last time that it answered."
    if known is not None:
        number = known.version.version
        folder = context.home.models / str(number)
        try:
            verify_version_files(known.version, folder, where=FOLDER)
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
            return _load_verified(known.version, folder, context, note)
    raise RegistryUnavailable(
        f"{error} {why_not} Nothing was scored. Start MLflow again, or correct [tracking] uri."
    ) from error
