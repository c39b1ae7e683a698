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

from models.registry.client import connected, look_up
from models.registry.records import (
    CHAMPION,
    DECISION,
    Records,
    begun_run,
    described,
    downloaded,
    experiment,
    lead,
    note,
    records,
    register,
    same_model,
    unnote,
)
from models.registry.types import (
    ROLLED_BACK_FROM,
    STEPPED_DOWN,
    ChampionChanged,
    NoSuchVersion,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
    embedded,
    named,
)
from models.scorer.model_files import MODEL_FILE, hashes_of, hold_against, read_model

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
    "champion_and_previous",
    "embedded",
    "fetch",
    "log_training",
    "named",
    "note_decision",
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
        version = same_model(records(client, registry), spec["spec_sha256"])
        if version is None:
            files = hashes_of(model_folder)
            version = register(client, registry, run_id, model, spec, files)
        mlflow.set_tag("model_version", str(version))
        return described(client, records(client, registry), version)


def versions(registry: Registry, *, most: int | None = None) -> list[RegisteredVersion]:
    """List all versions, or the ``most`` newest, the newest first; empty where there is none."""

    def ask(client: "MlflowClient") -> list[RegisteredVersion]:
        known = records(client, registry)
        return [described(client, known, number) for number in [*known.versions][:most]]

    return look_up(registry, ask)


def champion(registry: Registry) -> RegisteredVersion | None:
    """Look up the version that scores the lists; None where none leads."""
    return champion_and_previous(registry)[0]


def champion_and_previous(
    registry: Registry,
) -> tuple[RegisteredVersion | None, RegisteredVersion | None]:
    """The champion and the version that led before it, by one question.

    None where there is none, or none any more. Where nobody leads, the other is the last that did.
    """

    def ask(
        client: "MlflowClient",
    ) -> tuple[RegisteredVersion | None, RegisteredVersion | None]:
        known = records(client, registry)
        leading, before = (
            None
            if number is None or number not in known.versions
            else described(client, known, number)
            for number in (known.champion, known.previous)
        )
        return leading, before

    return look_up(registry, ask)


def reachable(registry: Registry) -> None:
    """Make sure, before expensive work, that the registry answers in time what it will be asked.

    Raises
    ------
    RegistryUnavailable
        It does not, decided within 20 seconds; or nothing can be logged in its experiment.
    """

    def ask(client: "MlflowClient") -> None:
        records(client, registry)
        experiment(client, registry)

    look_up(registry, ask)


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
        known = records(client, registry)
        known.existing(version)
        if known.champion != version:  # else it was cut short after the last write
            what = f"Version {version} was compared with {_called(replacing)}"
            _refuse_another(known, replacing, f"{what}, but {{}}. Nothing was moved; train again.")
        note(client, registry, version, decision or {})
        unnote(client, known, version, STEPPED_DOWN)
        lead(client, known, version)
        return described(client, records(client, registry), version)


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
        known = records(client, registry)
        if _has_stepped_down(known, version):  # and was cut short after the last write
            return
        what = f"Version {version} was to step down"
        _refuse_another(known, version, f"{what}, but {{}}. Nothing was moved; run again.")
        note(client, registry, version, {**decision, STEPPED_DOWN: "true"})
        lead(client, known, None)


def _refuse_another(known: Records, expected: int | None, sentence: str) -> None:
    """Raise ``ChampionChanged`` with who leads now put into the sentence, if it is another."""
    if known.champion == expected:
        return
    number = known.champion
    leads = "no version leads now" if number is None else f"version {number} is the champion now"
    raise ChampionChanged(sentence.format(leads))


def _has_stepped_down(known: Records, version: int) -> bool:
    return (
        known.champion is None
        and known.previous == version
        and f"{DECISION}{STEPPED_DOWN}" in known.existing(version).tags
    )


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
        known = records(client, registry)
        chosen = _led_before(known) if version is None else version
        known.existing(chosen)
        for mark in (ROLLED_BACK_FROM, STEPPED_DOWN):
            unnote(client, known, chosen, mark)
        if known.champion not in (None, chosen):
            note(client, registry, known.champion, {ROLLED_BACK_FROM: "true"})
        lead(client, known, chosen)
        return described(client, records(client, registry), chosen)


def _led_before(known: Records) -> int:
    number = known.previous
    name_one = "Name a version; `leadgain models` lists them."
    if number is None:
        raise NoSuchVersion(f"There is no earlier champion to go back to. {name_one}")
    if number not in known.versions:
        raise NoSuchVersion(
            f"Version {number} led before, but somebody has deleted it in MLflow. {name_one}"
        )
    return number


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
        The stored model is gone, or not the one that was registered; ``folder`` is not made.
    RegistryUnavailable
        The registry cannot be reached.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f"{folder.name}.", ignore_cleanup_errors=True
    ) as beside:

        def ask(client: "MlflowClient") -> tuple[RegisteredVersion, Path]:
            found = described(client, records(client, registry), version)
            return found, downloaded(client, found, TRAINING_FILES, beside)

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
