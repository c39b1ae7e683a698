"""MLflow's records of one registered model: its runs, versions, aliases and tags."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from models.registered import NoSuchVersion, RegisteredVersion, Registry

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, PREVIOUS = "champion", "previous"
MODEL_TAG, SPEC_TAG, FILES_TAG = "model_sha256", "spec_sha256", "files_sha256"
DECISION = "decision."
"""Begins the tags that tell by which figures a version became champion, or did not."""


@contextmanager
def begun_run(client: "MlflowClient", registry: Registry, tags: dict[str, str]) -> Iterator[str]:
    """A run of our experiment, active while it is written; marked as failed if that fails."""
    import mlflow

    # Made by the client: started otherwise, MLflow would add the user's name and the git state.
    run = client.create_run(_experiment_id(client, registry), tags=tags)
    with mlflow.start_run(run_id=run.info.run_id):
        yield str(run.info.run_id)


def _experiment_id(client: "MlflowClient", registry: Registry) -> str:
    """The experiment whose files lie where the registry says; a moved home begins another one.

    MLflow keeps whole paths: with the old experiment it would write where the home folder was.
    """
    experiment = client.get_experiment_by_name(registry.experiment)
    name = registry.experiment
    if experiment is not None and _lies_elsewhere(registry, str(experiment.artifact_location)):
        name = f"{registry.experiment} in {unquote(urlsplit(str(registry.artifact_root)).path)}"
        experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    return str(client.create_experiment(name, registry.artifact_root))


def _lies_elsewhere(registry: Registry, location: str) -> bool:
    if registry.artifact_root is None or not location.startswith("file://"):
        return False
    uris = (location, registry.artifact_root)
    there, here = (Path(unquote(urlsplit(uri).path)).resolve() for uri in uris)
    return there != here


def register(
    client: "MlflowClient",
    registry: Registry,
    run_id: str,
    model: str,
    spec: Mapping[str, Any],
    files: Mapping[str, str],
) -> "ModelVersion":
    """Store the Booster for other programs and make it the next version; ``files`` are hashes."""
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
        tags={
            MODEL_TAG: spec["model_sha256"],
            SPEC_TAG: spec["spec_sha256"],
            FILES_TAG: json.dumps(files, sort_keys=True),
        },
        model_id=logged.model_id,
    )


def all_versions(client: "MlflowClient", registry: Registry) -> list["ModelVersion"]:
    """All versions, the newest first."""
    found = client.search_model_versions(f"name = '{registry.model_name}'")
    return sorted(found, key=lambda version: int(version.version), reverse=True)


def same_model(client: "MlflowClient", registry: Registry, spec: str) -> "ModelVersion | None":
    """Find the version whose spec has that hash; a spec holds its model's hash."""
    return next((v for v in all_versions(client, registry) if v.tags.get(SPEC_TAG) == spec), None)


def by_alias(client: "MlflowClient", registry: Registry, alias: str) -> "ModelVersion | None":
    """The version that an alias leads to, if it is set."""
    registered = client.search_registered_models(f"name = '{registry.model_name}'")
    number = registered[0].aliases.get(alias) if registered else None
    return None if number is None else existing(client, registry, int(number))


def existing(client: "MlflowClient", registry: Registry, version: int) -> "ModelVersion":
    """A version with all that MLflow tells of it.

    Raises
    ------
    NoSuchVersion
        There is none of that number; those that there are, are named.
    """
    known = all_versions(client, registry)
    for found in known:
        if int(found.version) == version:
            # Only this call tells the version's aliases.
            return client.get_model_version(registry.model_name, str(version))
    numbers = ", ".join(str(found.version) for found in reversed(known)) or "none"
    raise NoSuchVersion(
        f"There is no version {version} of {registry.model_name}; there is {numbers}."
    )


def lead(
    client: "MlflowClient", registry: Registry, version: int | None, replaced: int | None
) -> None:
    """Move the aliases: ``version`` leads, or nobody; ``replaced`` is the one before it."""
    if version == replaced:
        return
    if replaced is not None:
        client.set_registered_model_alias(registry.model_name, PREVIOUS, str(replaced))
    if version is None:
        client.delete_registered_model_alias(registry.model_name, CHAMPION)
    else:
        client.set_registered_model_alias(registry.model_name, CHAMPION, str(version))


def described(client: "MlflowClient", found: "ModelVersion") -> RegisteredVersion:
    """A version as the rest of leadgain knows it."""
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
        spec_sha256=version.tags.get(SPEC_TAG, ""),
        files=json.loads(version.tags.get(FILES_TAG, "{}")),
    )


def note(
    client: "MlflowClient", registry: Registry, version: int, decision: Mapping[str, object]
) -> None:
    """Keep figures of a decision with a version, as tags."""
    for name, figure in decision.items():
        client.set_model_version_tag(
            registry.model_name, str(version), f"{DECISION}{name}", str(figure)
        )


def unnote(client: "MlflowClient", registry: Registry, version: int, name: str) -> None:
    """Take one figure of a version's decision away, if it is there."""
    if f"{DECISION}{name}" in existing(client, registry, version).tags:
        client.delete_model_version_tag(registry.model_name, str(version), f"{DECISION}{name}")
