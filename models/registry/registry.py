"""MLflow: log a training, register its model, promote, roll back, bring a version back.

Only this file and its two neighbours, client.py and records.py, know MLflow. The
alias ``champion`` tells which version leads. An alias in MLflow moves for whoever writes last, so
every function that moves one compares first; call them while holding the home folder's lock. Each
may be called again after it was cut short.

The files that leadgain itself uses are stored as they lie under ``training/`` of the run; beside
them MLflow keeps the Booster in LightGBM's own format for other programs to load. Nothing is
pickled, no example row is stored, and nothing is sent anywhere but to the tracking server.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.registry.client import RegistryClient
from models.registry.records import (
    CHAMPION,
    DECISION_PREFIX,
    Records,
    delete_decision_tag,
    describe_version,
    download_files,
    find_experiment,
    find_same_model,
    register_version,
    set_champion,
    set_decision_tags,
    start_training_run,
)
from models.registry.types import (
    DEMOTED,
    ROLLED_BACK_FROM,
    ChampionChanged,
    NoSuchVersion,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
    build_embedded_registry,
    build_registry,
)
from models.scorer.model_files import MODEL_FILE, hash_files, read_model, verify_model_files

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = [
    "CHAMPION",
    "DEMOTED",
    "ROLLED_BACK_FROM",
    "ChampionChanged",
    "NoSuchVersion",
    "RegisteredVersion",
    "Registry",
    "RegistryClient",
    "RegistryUnavailable",
    "build_embedded_registry",
    "build_registry",
    "demote",
    "fetch",
    "find_champion",
    "find_champion_and_previous",
    "list_versions",
    "log_training",
    "promote",
    "read_version",
    "record_decision",
    "refuse_unreachable",
    "restore_champion",
    "verify_version_files",
]

TRAINING_FILES = "training"
FETCH_TIMEOUT_SECONDS = 25.0
"""A model and its proof are a few megabytes."""


def log_training(
    registry: RegistryClient,
    model_folder: Path,
    *,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    tags: Mapping[str, str] | None = None,
) -> RegisteredVersion:
    """Log one training and register its model; the same model again is the same version.

    Parameters
    ----------
    registry : RegistryClient
    model_folder : Path
        Holds ``model.txt`` and ``spec.json`` as written by the scorer, and whatever else belongs
        to the training, such as gains.csv. All of it becomes artifacts of the run.
    params, metrics : logged as they are; metric names are like gain_model_at_30
    tags : logged on the run, such as the code's version

    Raises
    ------
    ModelDamaged
        The model is not the one that was saved; nothing is logged.
    ValueError
        A metric's name holds an "@".
    RegistryUnavailable
        MLflow's store cannot be reached.
    """
    if odd := [name for name in metrics if "@" in name]:
        raise ValueError(f"metric names must not contain '@': {', '.join(odd)}")
    model, spec = read_model(model_folder)
    with (
        registry.update() as (client, known),
        start_training_run(client, registry.registry, dict(tags or {})) as run_id,
    ):
        import mlflow

        mlflow.log_params({name: str(value) for name, value in params.items()})
        mlflow.log_metrics(dict(metrics))
        mlflow.log_artifacts(str(model_folder), TRAINING_FILES)
        version = find_same_model(known, spec["spec_sha256"])
        if version is None:
            files = hash_files(model_folder)
            version = register_version(client, registry.registry, run_id, model, spec, files)
        mlflow.set_tag("model_version", str(version))
    return read_version(registry, version)


def read_version(registry: RegistryClient, version: int) -> RegisteredVersion:
    """Look up one version.

    Raises
    ------
    NoSuchVersion
        There is none of that number.
    """
    return registry.ask(lambda client, known: describe_version(client, known, version))


def list_versions(registry: RegistryClient, *, most: int | None = None) -> list[RegisteredVersion]:
    """List all versions, or the ``most`` newest, the newest first; empty where there is none."""
    return registry.ask(
        lambda client, known: [
            describe_version(client, known, number) for number in [*known.versions][:most]
        ]
    )


def find_champion(registry: RegistryClient) -> RegisteredVersion | None:
    """Look up the version that scores the lists; None where none leads."""
    return find_champion_and_previous(registry)[0]


def find_champion_and_previous(
    registry: RegistryClient,
) -> tuple[RegisteredVersion | None, RegisteredVersion | None]:
    """The champion and the version that led before it, by one question.

    None where there is none, or none any more. Where nobody leads, the other is the last that did.
    """

    def find(client: "MlflowClient", known: Records) -> tuple[RegisteredVersion | None, ...]:
        return tuple(
            None
            if number is None or number not in known.versions
            else describe_version(client, known, number)
            for number in (known.champion, known.previous)
        )

    champion, before = registry.ask(find)
    return champion, before


def refuse_unreachable(registry: RegistryClient) -> None:
    """Make sure, before expensive work, that the registry answers in time what it will be asked.

    Raises
    ------
    RegistryUnavailable
        It does not, decided within 20 seconds; or nothing can be logged in its experiment.
    """
    registry.ask(lambda client, _: find_experiment(client, registry.registry))


def promote(
    registry: RegistryClient,
    version: int,
    *,
    replacing: int | None,
    decision: Mapping[str, object] | None = None,
) -> RegisteredVersion:
    """Make a version champion, if the champion is still the one it was compared with.

    Parameters
    ----------
    registry : RegistryClient
    version : int
    replacing : int or None
        The champion that the decision was made against; None: there was none.
    decision : name -> figure, kept with the version so that everybody can see why

    Raises
    ------
    NoSuchVersion
        There is no such version.
    ChampionChanged
        Another version became champion meanwhile; nothing was moved.
    """
    with registry.update() as (client, known):
        known.find_version(version)
        if known.champion != version:  # else it was cut short after the last write
            what = f"Version {version} was compared with {_name_version(replacing)}"
            _refuse_changed_champion(
                known, replacing, f"{what}, but {{}}. Nothing was moved; train again."
            )
        set_decision_tags(client, known, version, decision or {})
        delete_decision_tag(client, known, version, DEMOTED)
        set_champion(client, known, version)
    return read_version(registry, version)


def record_decision(registry: RegistryClient, version: int, decision: Mapping[str, object]) -> None:
    """Keep with a version why it does not lead, as ``promote`` keeps why it does."""
    with registry.update() as (client, known):
        set_decision_tags(client, known, version, decision)


def demote(registry: RegistryClient, version: int, *, decision: Mapping[str, object]) -> None:
    """Let the champion lead no longer, with no other in its place; it becomes the one before.

    It is marked with the decision ``stepped_down`` until it leads again.

    Parameters
    ----------
    registry : RegistryClient
    version : int
        The champion that the decision was made about.
    decision : name -> figure, kept with the version so that everybody can see why

    Raises
    ------
    ChampionChanged
        Another version leads meanwhile, or none; nothing was moved.
    """
    with registry.update() as (client, known):
        if _is_demoted(known, version):  # and was cut short after the last write
            return
        what = f"Version {version} was to be demoted"
        _refuse_changed_champion(known, version, f"{what}, but {{}}. Nothing was moved; run again.")
        set_decision_tags(client, known, version, {**decision, DEMOTED: "true"})
        set_champion(client, known, None)


def _refuse_changed_champion(known: Records, expected: int | None, sentence: str) -> None:
    """Raise ``ChampionChanged`` with who leads now put into the sentence, if it is another."""
    if known.champion == expected:
        return
    number = known.champion
    leads = (
        "there is no champion now" if number is None else f"version {number} is the champion now"
    )
    raise ChampionChanged(sentence.format(leads))


def _is_demoted(known: Records, version: int) -> bool:
    return (
        known.champion is None
        and known.previous == version
        and f"{DECISION_PREFIX}{DEMOTED}" in known.find_version(version).tags
    )


def restore_champion(registry: RegistryClient, version: int | None = None) -> RegisteredVersion:
    """Make an earlier version champion again; without a number, the one before the present.

    The version that loses the lead is marked with the decision ``rolled_back_from``, the one that
    takes it loses that mark: a person has chosen.

    Raises
    ------
    NoSuchVersion
        There is no such version, or there was no champion before.
    """
    with registry.update() as (client, known):
        chosen = _find_previous_champion(known) if version is None else version
        known.find_version(chosen)
        for mark in (ROLLED_BACK_FROM, DEMOTED):
            delete_decision_tag(client, known, chosen, mark)
        if known.champion not in (None, chosen):
            set_decision_tags(client, known, known.champion, {ROLLED_BACK_FROM: "true"})
        set_champion(client, known, chosen)
    return read_version(registry, chosen)


def _find_previous_champion(known: Records) -> int:
    number = known.previous
    name_one = "Name a version; `leadgain models` lists them."
    if number is None:
        raise NoSuchVersion(f"There is no earlier champion to go back to. {name_one}")
    if number not in known.versions:
        raise NoSuchVersion(
            f"Version {number} was champion before, but was deleted in MLflow. {name_one}"
        )
    return number


def fetch(registry: RegistryClient, version: int, folder: Path) -> RegisteredVersion:
    """Bring a version's files out of the artifacts, if they are what was registered.

    Parameters
    ----------
    registry : RegistryClient
    version : int
    folder : Path
        Must not exist; afterwards it holds what ``log_training`` was given.

    Raises
    ------
    NoSuchVersion
        There is no such version.
    ModelDamaged
        The stored model is gone, or not the one that was registered; ``folder`` is not made.
    RegistryUnavailable
        The registry cannot be reached.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f"{folder.name}.", ignore_cleanup_errors=True
    ) as beside:

        def download(client: "MlflowClient", known: Records) -> tuple[RegisteredVersion, Path]:
            found = describe_version(client, known, version)
            return found, download_files(client, found, TRAINING_FILES, beside)

        found, fetched = registry.ask(download, timeout_seconds=FETCH_TIMEOUT_SECONDS)
        verify_version_files(found, fetched, where="the registry")
        fetched.rename(folder)
    return found


def verify_version_files(version: RegisteredVersion, folder: Path, *, where: str) -> None:
    """Make sure that a folder holds what was registered as a version, before anyone opens it.

    Raises
    ------
    ModelDamaged
        A file is missing or another: one byte is enough.
    """
    verify_model_files(
        folder,
        {MODEL_FILE: version.model_sha256, **version.files},
        spec_sha256=version.spec_sha256,
        version=version.version,
        where=where,
    )


def _name_version(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"
