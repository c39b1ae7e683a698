"""MLflow: log a training, register its model, promote, roll back, bring a version back.

Only this file and its two rooms, registry_connection.py and registry_records.py, know MLflow. Two
aliases tell which version leads: ``champion``, and ``previous`` for the one before it. An alias in
MLflow moves for whoever writes last, so every function that moves one compares first; call them
while holding the home folder's lock.

The files that leadgain itself uses are stored as they lie under ``training/`` of the run; beside
them MLflow keeps the Booster in LightGBM's own format for other programs to load. Nothing is
pickled, no example row is stored, and nothing is sent anywhere but to the tracking server.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.registered import (
    ChampionChanged,
    NoSuchVersion,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
    embedded,
    named,
)
from models.registry_connection import connected, look_up
from models.registry_records import (
    CHAMPION,
    PREVIOUS,
    all_versions,
    begun_run,
    by_alias,
    described,
    existing,
    lead,
    note,
    register,
    same_model,
    unnote,
)
from models.stored import MODEL_FILE, hashes_of, hold_against, read_model

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = [
    "CHAMPION",
    "ROLLED_BACK_FROM",
    "STEPPED_DOWN",
    "ChampionChanged",
    "NoSuchVersion",
    "RegisteredVersion",
    "Registry",
    "RegistryUnavailable",
    "champion",
    "embedded",
    "fetch",
    "log_training",
    "named",
    "note_decision",
    "previous",
    "promote",
    "reachable",
    "refuse_other",
    "rollback",
    "step_down",
    "versions",
]

TRAINING_FILES = "training"
FETCH_SECONDS = 25.0
"""A model and its proof are a few megabytes."""
ROLLED_BACK_FROM, STEPPED_DOWN = "rolled_back_from", "stepped_down"
"""Figures of a decision: a person took the lead from the version; its proof did not hold."""


def log_training(
    registry: Registry,
    model_folder: Path,
    *,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    tags: Mapping[str, str] | None = None,
) -> RegisteredVersion:
    """Log one training and register its model; the same model again is the same version.

    Parameters
    ----------
    registry : Registry
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
        raise ValueError(f"metric names may hold no '@': {', '.join(odd)}")
    model, spec = read_model(model_folder)
    with connected(registry) as client, begun_run(client, registry, dict(tags or {})) as run_id:
        import mlflow

        mlflow.log_params({name: str(value) for name, value in params.items()})
        mlflow.log_metrics(dict(metrics))
        mlflow.log_artifacts(str(model_folder), TRAINING_FILES)
        known = same_model(client, registry, spec["spec_sha256"])
        if known is None:
            files = hashes_of(model_folder)
            known = register(client, registry, run_id, model, spec, files)
        mlflow.set_tag("model_version", str(known.version))
        return described(client, known)


def versions(registry: Registry, *, most: int | None = None) -> list[RegisteredVersion]:
    """List all versions, or the ``most`` newest, the newest first; empty where there is none."""
    return look_up(
        registry,
        lambda client: [described(client, v) for v in all_versions(client, registry)[:most]],
    )


def champion(registry: Registry) -> RegisteredVersion | None:
    """Look up the version that scores the lists; None where none leads."""
    return _behind(registry, CHAMPION)


def previous(registry: Registry) -> RegisteredVersion | None:
    """Look up the version that led before the champion; None where there was none."""
    return _behind(registry, PREVIOUS)


def reachable(registry: Registry) -> None:
    """Make sure, before expensive work, that the registry answers in time what it will be asked.

    Raises
    ------
    RegistryUnavailable
        It does not; decided within 20 seconds.
    """
    champion(registry)


def _behind(registry: Registry, alias: str) -> RegisteredVersion | None:
    def ask(client: "MlflowClient") -> RegisteredVersion | None:
        found = by_alias(client, registry, alias)
        return None if found is None else described(client, found)

    return look_up(registry, ask)


def promote(
    registry: Registry,
    version: int,
    *,
    replacing: int | None,
    decision: Mapping[str, object] | None = None,
) -> RegisteredVersion:
    """Make a version champion, if the champion is still the one it was compared with.

    Parameters
    ----------
    registry : Registry
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
    with connected(registry) as client:
        existing(client, registry, version)
        present = by_alias(client, registry, CHAMPION)
        found = None if present is None else int(present.version)
        if found != replacing:
            raise ChampionChanged(
                f"Version {version} was compared with {_called(replacing)}, but {_called(found)} "
                "is the champion now. Nothing was moved; train again."
            )
        note(client, registry, version, decision or {})
        unnote(client, registry, version, STEPPED_DOWN)
        lead(client, registry, version, found)
        return described(client, existing(client, registry, version))


def note_decision(registry: Registry, version: int, decision: Mapping[str, object]) -> None:
    """Keep with a version why it does not lead, as ``promote`` keeps why it does."""
    with connected(registry) as client:
        note(client, registry, version, decision)


def step_down(registry: Registry, version: int, *, decision: Mapping[str, object]) -> None:
    """Let the champion lead no longer, with no other in its place; it becomes the one before.

    It is marked with the decision ``stepped_down`` until it leads again.

    Parameters
    ----------
    registry : Registry
    version : int
        The champion that the decision was made about.
    decision : name -> figure, kept with the version so that everybody can see why

    Raises
    ------
    ChampionChanged
        Another version leads meanwhile, or none; nothing was moved.
    """
    with connected(registry) as client:
        present = by_alias(client, registry, CHAMPION)
        found = None if present is None else int(present.version)
        if found != version:
            raise ChampionChanged(
                f"Version {version} was to step down, but {_called(found)} is the champion now. "
                "Nothing was moved; run again."
            )
        note(client, registry, version, {**decision, STEPPED_DOWN: "true"})
        lead(client, registry, None, version)


def rollback(registry: Registry, version: int | None = None) -> RegisteredVersion:
    """Make an earlier version champion again; without a number, the one before the present.

    The version that loses the lead is marked with the decision ``rolled_back_from``, the one that
    takes it loses that mark: a person has chosen.

    Raises
    ------
    NoSuchVersion
        There is no such version, or there was no champion before.
    """
    with connected(registry) as client:
        if version is None:
            earlier = by_alias(client, registry, PREVIOUS)
            if earlier is None:
                raise NoSuchVersion(
                    "There is no earlier champion to go back to. Name a version; "
                    "`leadgain models` lists them."
                )
            version = int(earlier.version)
        existing(client, registry, version)
        present = by_alias(client, registry, CHAMPION)
        replaced = None if present is None else int(present.version)
        for mark in (ROLLED_BACK_FROM, STEPPED_DOWN):
            unnote(client, registry, version, mark)
        if replaced is not None and replaced != version:
            note(client, registry, replaced, {ROLLED_BACK_FROM: "true"})
        lead(client, registry, version, replaced)
        return described(client, existing(client, registry, version))


def fetch(registry: Registry, version: int, folder: Path) -> RegisteredVersion:
    """Bring a version's files out of the artifacts, if they are what was registered.

    Parameters
    ----------
    registry : Registry
    version : int
    folder : Path
        Must not exist; afterwards it holds what ``log_training`` was given.

    Raises
    ------
    NoSuchVersion
        There is no such version.
    ModelDamaged
        The stored model is not the one that was registered; ``folder`` is not made.
    RegistryUnavailable
        The artifacts cannot be reached.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f"{folder.name}.", ignore_cleanup_errors=True
    ) as beside:

        def ask(client: "MlflowClient") -> tuple[RegisteredVersion, Path]:
            found = existing(client, registry, version)
            fetched = client.download_artifacts(found.run_id, TRAINING_FILES, beside)
            return described(client, found), Path(fetched)

        found, fetched = look_up(registry, ask, patience=FETCH_SECONDS)
        refuse_other(found, fetched, where="the registry")
        fetched.rename(folder)
    return found


def refuse_other(version: RegisteredVersion, folder: Path, *, where: str) -> None:
    """Make sure that a folder holds what was registered as a version, before anyone opens it.

    Raises
    ------
    ModelDamaged
        A file is missing or another: one byte is enough.
    """
    hold_against(
        folder,
        {MODEL_FILE: version.model_sha256, **version.files},
        spec_sha256=version.spec_sha256,
        version=version.version,
        where=where,
    )


def _called(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"
