"""MLflow: log a training, register its model, promote, roll back, bring a version back.

The only file that imports mlflow. Two aliases tell which version leads: ``champion``, and
``previous`` for the one before it. An alias in MLflow moves for whoever writes last, so every
function that moves one compares first; call them while holding the home folder's lock.

The files that leadgain itself uses are stored as they lie under ``training/`` of the run; beside
them MLflow keeps the Booster in LightGBM's own format for other programs to load. Nothing is
pickled, no example row is stored, and nothing is sent anywhere but to the tracking server.
"""

import hashlib
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import ModelDamaged
from models.registered import (
    SQLITE,
    ChampionChanged,
    NoSuchVersion,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
    embedded,
)
from models.stored import MODEL_FILE, read_model

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

__all__ = [
    "ChampionChanged",
    "NoSuchVersion",
    "RegisteredVersion",
    "Registry",
    "RegistryUnavailable",
    "champion",
    "embedded",
    "fetch",
    "log_training",
    "note_decision",
    "promote",
    "rollback",
    "versions",
]

CHAMPION, PREVIOUS = "champion", "previous"
TRAINING_FILES = "training"
MODEL_TAG, SPEC_TAG = "model_sha256", "spec_sha256"
DECISION = "decision."
"""Begins the tags that tell by which figures a version became champion, or did not."""

ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
}
UNLESS_SET = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""The environment in which MLflow is imported: a server that is away is given up in time."""


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
    with _connected(registry) as client, _run(client, registry, dict(tags or {})) as run_id:
        import mlflow

        mlflow.log_params({name: str(value) for name, value in params.items()})
        mlflow.log_metrics(dict(metrics))
        mlflow.log_artifacts(str(model_folder), TRAINING_FILES)
        known = _same_model(client, registry, spec["spec_sha256"])
        if known is None:
            known = _register(client, registry, run_id, model, spec)
        mlflow.set_tag("model_version", str(known.version))
        return _described(client, known)


def versions(registry: Registry, *, most: int | None = None) -> list[RegisteredVersion]:
    """List all versions, or the ``most`` newest, the newest first; empty where there is none."""
    with _connected(registry) as client:
        return [_described(client, found) for found in _all(client, registry)[:most]]


def champion(registry: Registry) -> RegisteredVersion | None:
    """Look up the version that scores the lists; None where none was promoted yet."""
    with _connected(registry) as client:
        found = _by_alias(client, registry, CHAMPION)
        return None if found is None else _described(client, found)


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
    with _connected(registry) as client:
        _existing(client, registry, version)
        present = _by_alias(client, registry, CHAMPION)
        found = None if present is None else int(present.version)
        if found != replacing:
            raise ChampionChanged(
                f"Version {version} was compared with {_named(replacing)}, but {_named(found)} is "
                "the champion now. Nothing was moved; train again."
            )
        _note(client, registry, version, decision or {})
        _lead(client, registry, version, found)
        return _described(client, _existing(client, registry, version))


def note_decision(registry: Registry, version: int, decision: Mapping[str, object]) -> None:
    """Keep with a version why it does not lead, as ``promote`` keeps why it does."""
    with _connected(registry) as client:
        _note(client, registry, version, decision)


def rollback(registry: Registry, version: int | None = None) -> RegisteredVersion:
    """Make an earlier version champion again; without a number, the one before the present.

    Raises
    ------
    NoSuchVersion
        There is no such version, or there was no champion before.
    """
    with _connected(registry) as client:
        if version is None:
            earlier = _by_alias(client, registry, PREVIOUS)
            if earlier is None:
                raise NoSuchVersion(
                    "There is no earlier champion to go back to. Name a version; "
                    "`leadgain models` lists them."
                )
            version = int(earlier.version)
        _existing(client, registry, version)
        present = _by_alias(client, registry, CHAMPION)
        _lead(client, registry, version, None if present is None else int(present.version))
        return _described(client, _existing(client, registry, version))


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
    with (
        _connected(registry) as client,
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as beside,
    ):
        found = _existing(client, registry, version)
        fetched = Path(client.download_artifacts(found.run_id, TRAINING_FILES, beside))
        _hold_against(found, fetched)
        fetched.rename(folder)
        return _described(client, found)


def _hold_against(found: "ModelVersion", folder: Path) -> None:
    file = folder / MODEL_FILE
    expected = found.tags[MODEL_TAG]
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "no such file"
    if sha256 != expected:
        raise ModelDamaged(
            f"{MODEL_FILE} of version {found.version} in the registry is not the file that was "
            f"registered: expected SHA-256 {expected}, found {sha256}. It was not opened. "
            "Roll back to another version."
        )
    read_model(folder)


@contextmanager
def _connected(registry: Registry) -> Iterator["MlflowClient"]:
    """A client, with MLflow silent and all that it throws in one sentence of ours."""
    os.environ.update(ALWAYS)
    for name, value in UNLESS_SET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        try:
            _make_database(registry.tracking_uri)
            # Logging a model knows no client, only these two global addresses.
            mlflow.set_tracking_uri(registry.tracking_uri)
            mlflow.set_registry_uri(registry.tracking_uri)
            yield mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise RegistryUnavailable(
                f"MLflow at {registry.shown} did not do what was asked: {_reason(error)}. "
                "Is it reachable and writable, and of the version that leadgain uses?"
            ) from error


def _make_database(tracking_uri: str) -> None:
    """Begin a new SQLite file with a write-ahead log, which makes MLflow four times as fast."""
    file = Path(tracking_uri.removeprefix(SQLITE))
    if not tracking_uri.startswith(SQLITE) or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _reason(error: Exception) -> str:
    """What went wrong, without the message: it may hold addresses with passwords."""
    for name in ("error_code", "strerror"):
        if text := getattr(error, name, None):
            return str(text)
    return type(error).__name__


@contextmanager
def _run(client: "MlflowClient", registry: Registry, tags: dict[str, str]) -> Iterator[str]:
    """A run of our experiment, active while it is written; marked as failed if that fails."""
    import mlflow

    # Made by the client: started otherwise, MLflow would add the user's name and the git state.
    run = client.create_run(_experiment_id(client, registry), tags=tags)
    with mlflow.start_run(run_id=run.info.run_id):
        yield str(run.info.run_id)


def _experiment_id(client: "MlflowClient", registry: Registry) -> str:
    experiment = client.get_experiment_by_name(registry.experiment)
    if experiment is not None:
        return str(experiment.experiment_id)
    return str(client.create_experiment(registry.experiment, registry.artifact_root))


def _register(
    client: "MlflowClient", registry: Registry, run_id: str, model: str, spec: Mapping[str, Any]
) -> "ModelVersion":
    """Store the Booster for other programs and make it the next version."""
    import lightgbm
    import mlflow.lightgbm
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    booster = lightgbm.Booster(model_str=model)
    inputs = Schema([ColSpec("float", name) for name in booster.feature_name()])
    logged = mlflow.lightgbm.log_model(
        booster,
        name="booster",
        signature=ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double")])),
        pip_requirements=[f"lightgbm=={lightgbm.__version__}"],
    )
    if not client.search_registered_models(f"name = '{registry.model_name}'"):
        client.create_registered_model(registry.model_name)
    return client.create_model_version(
        registry.model_name,
        logged.model_uri,
        run_id,
        tags={MODEL_TAG: spec["model_sha256"], SPEC_TAG: spec["spec_sha256"]},
        model_id=logged.model_id,
    )


def _all(client: "MlflowClient", registry: Registry) -> list["ModelVersion"]:
    found = client.search_model_versions(f"name = '{registry.model_name}'")
    return sorted(found, key=lambda version: int(version.version), reverse=True)


def _same_model(client: "MlflowClient", registry: Registry, spec: str) -> "ModelVersion | None":
    """Find the version whose spec has that hash; a spec holds its model's hash."""
    return next((v for v in _all(client, registry) if v.tags.get(SPEC_TAG) == spec), None)


def _by_alias(client: "MlflowClient", registry: Registry, alias: str) -> "ModelVersion | None":
    registered = client.search_registered_models(f"name = '{registry.model_name}'")
    number = registered[0].aliases.get(alias) if registered else None
    return None if number is None else _existing(client, registry, int(number))


def _existing(client: "MlflowClient", registry: Registry, version: int) -> "ModelVersion":
    known = _all(client, registry)
    for found in known:
        if int(found.version) == version:
            # Only this call tells the version's aliases.
            return client.get_model_version(registry.model_name, str(version))
    numbers = ", ".join(str(found.version) for found in reversed(known)) or "none"
    raise NoSuchVersion(
        f"There is no version {version} of {registry.model_name}; there is {numbers}."
    )


def _lead(client: "MlflowClient", registry: Registry, version: int, replaced: int | None) -> None:
    if version == replaced:
        return
    if replaced is not None:
        client.set_registered_model_alias(registry.model_name, PREVIOUS, str(replaced))
    client.set_registered_model_alias(registry.model_name, CHAMPION, str(version))


def _described(client: "MlflowClient", found: "ModelVersion") -> RegisteredVersion:
    version = client.get_model_version(found.name, str(found.version))
    run = client.get_run(version.run_id).data
    own = {k: v for k, v in run.tags.items() if not k.startswith("mlflow.")}
    chosen = {
        k.removeprefix(DECISION): v for k, v in version.tags.items() if k.startswith(DECISION)
    }
    return RegisteredVersion(
        version=int(version.version),
        model_sha256=version.tags[MODEL_TAG],
        run_id=version.run_id,
        aliases=tuple(sorted(version.aliases)),
        metrics=dict(run.metrics),
        params=dict(run.params),
        tags=own,
        decision=chosen,
    )


def _note(
    client: "MlflowClient", registry: Registry, version: int, decision: Mapping[str, object]
) -> None:
    for name, figure in decision.items():
        client.set_model_version_tag(
            registry.model_name, str(version), f"{DECISION}{name}", str(figure)
        )


def _named(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"
