"""MLflow's records of one registered model: its runs, versions, aliases and tags.

Who led before a champion stands with the champion, as a tag that was written before it took the
lead. So one write alone moves the lead, the last one of every change, and what was cut short before
it has changed nobody's answer. The alias ``previous`` says who led last where nobody leads.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from models.errors import ModelDamaged
from models.registry.types import (
    NoSuchVersion,
    RegisteredVersion,
    Registry,
    RegistryUnavailable,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import RunData
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, PREVIOUS = "champion", "previous"
MODEL_TAG, SPEC_TAG, FILES_TAG = "model_sha256", "spec_sha256", "files_sha256"
PREVIOUS_TAG = "took_the_lead_from"
"""Of a version that leads or led: the number of the one that led before it."""
NOT_FOUND_CODE = "RESOURCE_DOES_NOT_EXIST"
DECISION_PREFIX = "decision."
"""Begins the tags that tell by which figures a version became champion, or did not."""


@contextmanager
def start_training_run(
    client: "MlflowClient", registry: Registry, tags: dict[str, str]
) -> Iterator[str]:
    """A run of our experiment, active while it is written; marked as failed if that fails."""
    import mlflow

    # Made by the client: started otherwise, MLflow would add the user's name and the git state.
    run = client.create_run(_ensure_experiment(client, registry), tags=tags)
    with mlflow.start_run(run_id=run.info.run_id):
        yield str(run.info.run_id)


def _ensure_experiment(client: "MlflowClient", registry: Registry) -> str:
    name, found = find_experiment(client, registry)
    return found or str(client.create_experiment(name, registry.artifact_root))


def find_experiment(client: "MlflowClient", registry: Registry) -> tuple[str, str | None]:
    """Name and, if it is there, id of the experiment whose files lie where the registry says.

    A moved home begins another one: MLflow keeps whole paths, and with the old experiment it would
    write where the home folder was.

    Raises
    ------
    RegistryUnavailable
        Somebody has deleted the experiment: MLflow keeps its name, and takes nothing more.
    """
    name = registry.experiment
    found = client.get_experiment_by_name(name)
    if found is not None and _is_elsewhere(registry, str(found.artifact_location)):
        name = f"{name} in {unquote(urlsplit(str(registry.artifact_root)).path)}"
        found = client.get_experiment_by_name(name)
    if found is None:
        return name, None
    if found.lifecycle_stage == "deleted":
        raise RegistryUnavailable(
            f"The experiment {name!r} of MLflow at {registry.shown} was deleted, so no training "
            "can be logged. Restore it there (`mlflow experiments restore --experiment-id "
            f"{found.experiment_id}`), or name another one as experiment of [tracking]."
        )
    return name, str(found.experiment_id)


def _is_elsewhere(registry: Registry, location: str) -> bool:
    if registry.artifact_root is None or not location.startswith("file://"):
        return False
    uris = (location, registry.artifact_root)
    there, here = (Path(unquote(urlsplit(uri).path)).resolve() for uri in uris)
    return there != here


def register_version(
    client: "MlflowClient",
    registry: Registry,
    run_id: str,
    model: str,
    spec: Mapping[str, Any],
    files: Mapping[str, str],
) -> int:
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
    made = client.create_model_version(
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
    return int(made.version)


@dataclass(frozen=True)
class Records:
    """The versions of the model, and who leads."""

    model_name: str
    versions: Mapping[int, "ModelVersion"]
    """By number, the newest first."""
    aliases: Mapping[str, int]
    """Some may lead to a version that was deleted since."""

    @property
    def champion(self) -> int | None:
        """The version that leads; None where none does."""
        number = self.aliases.get(CHAMPION)
        return number if number in self.versions else None

    @property
    def previous(self) -> int | None:
        """The version that led before the champion, or last where none leads; it may be deleted."""
        champion = self.champion
        if champion is None:
            return self.aliases.get(PREVIOUS)
        number = self.versions[champion].tags.get(PREVIOUS_TAG, "")
        return int(number) if number.isdecimal() else None

    def find_version(self, number: int) -> "ModelVersion":
        """The version of that number.

        Raises
        ------
        NoSuchVersion
            There is none; those that there are, are named.
        """
        if number in self.versions:
            return self.versions[number]
        numbers = ", ".join(map(str, sorted(self.versions))) or "none"
        raise NoSuchVersion(
            f"There is no version {number} of {self.model_name}; there is {numbers}."
        )


def read_records(client: "MlflowClient", registry: Registry) -> Records:
    """All that MLflow knows of the model; empty where it knows none of that name."""
    chosen = f"name = '{registry.model_name}'"
    # Aliases first: whoever leads by them is among the versions that are asked for next.
    aliases = [model.aliases for model in client.search_registered_models(chosen)]
    found = {int(v.version): v for v in client.search_model_versions(chosen)}
    return Records(
        registry.model_name,
        dict(sorted(found.items(), reverse=True)),
        {alias: int(number) for held in aliases for alias, number in held.items()},
    )


def find_same_model(known: Records, spec: str) -> int | None:
    """Find the version whose spec has that hash; a spec holds its model's hash."""
    return next((n for n, v in known.versions.items() if v.tags.get(SPEC_TAG) == spec), None)


def set_champion(client: "MlflowClient", known: Records, version: int | None) -> None:
    """Let ``version`` lead, or nobody; the last write does it, those before it change no answer."""
    champion, before = known.champion, known.previous
    if version == champion:
        return
    if champion is not None:
        _record_previous(client, known, champion, before)
        _record_previous(client, known, version, champion)
        client.set_registered_model_alias(known.model_name, PREVIOUS, str(champion))
    elif before != version:
        _record_previous(client, known, version, before)
    if version is None:
        client.delete_registered_model_alias(known.model_name, CHAMPION)
    else:
        client.set_registered_model_alias(known.model_name, CHAMPION, str(version))


def _record_previous(
    client: "MlflowClient", known: Records, version: int | None, before: int | None
) -> None:
    """Keep with a version who led before it, where that is known and not kept yet."""
    if version is None or before is None:
        return
    if known.versions[version].tags.get(PREVIOUS_TAG) != str(before):
        client.set_model_version_tag(known.model_name, str(version), PREVIOUS_TAG, str(before))


def describe_version(client: "MlflowClient", known: Records, number: int) -> RegisteredVersion:
    """A version as the rest of leadgain knows it; without figures if its run was deleted."""
    version = known.find_version(number)
    run = _read_run(client, version)
    own = {k: v for k, v in run.tags.items() if not k.startswith("mlflow.")} if run else {}
    chosen = {
        k.removeprefix(DECISION_PREFIX): v
        for k, v in version.tags.items()
        if k.startswith(DECISION_PREFIX)
    }
    aliases = {alias for alias, n in known.aliases.items() if n == number} - {PREVIOUS}
    return RegisteredVersion(
        version=number,
        model_sha256=version.tags.get(MODEL_TAG, ""),
        run_id=version.run_id or "",
        aliases=tuple(sorted(aliases | ({PREVIOUS} if number == known.previous else set()))),
        metrics=dict(run.metrics) if run else {},
        params=dict(run.params) if run else {},
        tags=own,
        decision=chosen,
        spec_sha256=version.tags.get(SPEC_TAG, ""),
        files=json.loads(version.tags.get(FILES_TAG, "{}")),
    )


def _read_run(client: "MlflowClient", version: "ModelVersion") -> "RunData | None":
    """What the training logged; None where somebody has deleted it for good."""
    from mlflow.exceptions import MlflowException

    if not version.run_id:
        return None
    try:
        return client.get_run(version.run_id).data
    except MlflowException as error:
        if error.error_code != NOT_FOUND_CODE:
            raise
        return None


def download_files(
    client: "MlflowClient", version: RegisteredVersion, path: str, folder: str
) -> Path:
    """Bring what lies at a path of a version's run into a folder.

    Raises
    ------
    ModelDamaged
        MLflow is there, but the files are not.
    """
    from mlflow.exceptions import MlflowException

    try:
        if version.run_id:
            return Path(client.download_artifacts(version.run_id, path, folder))
    except MlflowException as error:
        if error.error_code != NOT_FOUND_CODE:
            raise
    raise ModelDamaged(
        f"The folder of version {version.version} in MLflow is missing, so the model cannot be "
        "used from there: its run was deleted, or MLflow does not reach its artifacts."
    )


def set_decision_tags(
    client: "MlflowClient", known: Records, version: int, decision: Mapping[str, object]
) -> None:
    """Keep figures of a decision with a version, as tags."""
    for name, figure in decision.items():
        client.set_model_version_tag(
            known.model_name, str(version), f"{DECISION_PREFIX}{name}", str(figure)
        )


def delete_decision_tag(client: "MlflowClient", known: Records, version: int, name: str) -> None:
    """Take one figure of a version's decision away, if it is there."""
    if f"{DECISION_PREFIX}{name}" in known.find_version(version).tags:
        client.delete_model_version_tag(known.model_name, str(version), f"{DECISION_PREFIX}{name}")
