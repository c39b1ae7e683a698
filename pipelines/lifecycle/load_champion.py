"""Which model ranks the list: four steps from the champion down to most fresh first.

1. The champion's files in the home folder, if their hashes are the registered ones.
2. Else the champion as MLflow has it.
3. Else, and when MLflow is away: the newest champion of this home folder whose hashes are right.
4. Else none: the list is most fresh first.

The list comes with a warning of each step but the first, unless the files were never here. See
docs/decisions/1305-one-run-context.md.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from models.errors import ModelDamaged
from models.registry.registry import (
    RegisteredVersion,
    RegistryClient,
    RegistryUnavailable,
    fetch,
    find_champion,
    restore_champion,
)
from pipelines.lifecycle.champion import LoadedVersion, load_verified, replace_model_files
from pipelines.lifecycle.champion_cache import (
    forget_champions,
    read_remembered_champions,
    remember_champion,
)
from pipelines.lifecycle.run_context import RunContext
from pipelines.runtime.prefect_tasks import coarse_task
from publications.storage.lock import HomeLock


@coarse_task(name="load the champion")
def load_champion(context: RunContext) -> LoadedVersion | None:
    """The model that ranks the list of this run, loaded once."""
    return find_usable_champion(context)


def find_usable_champion(context: RunContext) -> LoadedVersion | None:
    """The model that ranks the list; None where there is none, and the context says why.

    Nothing is written into the home folder by a context without its lock.
    """
    if not context.champion_is_known:
        try:
            version = find_champion(context.registry)
            champion = None if version is None else load_version(version, context)
        except (ModelDamaged, RegistryUnavailable) as error:
            context.set_champion(*_find_stand_in(error, context))
            return context.champion
        context.set_champion(champion)
        if context.writes:
            _remember(version, context.lock)
    return context.champion


def load_version(version: RegisteredVersion, context: RunContext) -> LoadedVersion:
    """A registered version from the home folder, or as MLflow has it.

    Raises
    ------
    ModelDamaged
        Its files are not what was registered; they were not opened.
    RegistryUnavailable
        Its files in the home folder are damaged or missing, and cannot be fetched.
    """
    folder = context.home.models / str(version.version)
    try:
        return load_verified(version, folder, threads=context.threads)
    except ModelDamaged as damage:
        return _fetch_version(version, folder, damage, context)


def _fetch_version(
    version: RegisteredVersion, folder: Path, damage: ModelDamaged, context: RunContext
) -> LoadedVersion:
    place = context.home.runs if context.writes else None
    had_it = folder.exists() or version in read_remembered_champions(context.home)
    with TemporaryDirectory(prefix="leadgain-", dir=place) as temporary:
        fetched = Path(temporary) / folder.name
        try:
            fetch(context.registry, version.version, fetched)
        except (ModelDamaged, RegistryUnavailable) as error:
            raise type(error)(f"{damage} It could not be fetched from MLflow: {error}") from error
        # A machine that has never had the version fetches it as a matter of course.
        note = f"The model was fetched from MLflow. {damage} Check the disk." if had_it else ""
        loaded = load_verified(version, fetched, threads=context.threads, note=note)
        if context.writes:
            replace_model_files(fetched, folder)
    return loaded


def _find_stand_in(
    error: ModelDamaged | RegistryUnavailable, context: RunContext
) -> tuple[LoadedVersion | None, str]:
    """The newest champion of this home folder whose files are whole, or why there is none."""
    for version in read_remembered_champions(context.home):
        folder = context.home.models / str(version.version)
        note = (
            f"{error} The scores are those of version {version.version}, the newest champion in "
            "the home folder whose files are undamaged."
        )
        try:
            # Without the alias: it is not the champion, so it cannot be demoted in MLflow.
            found = load_verified(replace(version, aliases=()), folder, threads=context.threads)
        except ModelDamaged:
            continue
        return replace(found, note=note), ""
    return None, f"{error} No earlier champion in the home folder is undamaged."


def roll_back_champion(
    registry: RegistryClient, version: int | None, lock: HomeLock
) -> RegisteredVersion:
    """Make an earlier version the champion, also for a scoring while MLflow is away."""
    champion = restore_champion(registry, version)
    forget_champions(lock)  # a person has taken the others out of use
    remember_champion(lock, champion)
    return champion


def _remember(version: RegisteredVersion | None, lock: HomeLock) -> None:
    if version is None:
        forget_champions(lock)
    else:
        remember_champion(lock, version)
