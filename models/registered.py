"""What the registry speaks of: where it is, one version of the model, and how it says no."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SQLITE = "sqlite:///"


class RegistryUnavailable(RuntimeError):
    """MLflow's store cannot be reached or does not understand us."""


class NoSuchVersion(LookupError):
    """The registry holds no version of that number or alias."""


class ChampionChanged(RuntimeError):
    """Another version became champion meanwhile, so the alias was not moved."""


@dataclass(frozen=True)
class Registry:
    """Where MLflow keeps its records and under which names."""

    tracking_uri: str
    """A tracking server, or an absolute ``sqlite:////...``."""
    artifact_root: str | None = None
    """Where a new experiment puts its files; None: where the server says."""
    experiment: str = "leadgain"
    model_name: str = "leadgain"

    @property
    def shown(self) -> str:
        """The address without user and password.

        >>> Registry("https://me:secret@tracking.example.com/x").shown
        'https://tracking.example.com/x'
        """
        parts = urlsplit(self.tracking_uri)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of the model, with what its training measured."""

    version: int
    model_sha256: str
    run_id: str
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    """Of the training run, as given to ``log_training``."""
    decision: Mapping[str, str]
    """The figures by which it was promoted or not; empty if nothing was decided."""


def embedded(
    database: Path, artifacts: Path, *, experiment: str = "leadgain", model_name: str = "leadgain"
) -> Registry:
    """Describe the registry that lives in a home folder.

    >>> embedded(Path("/home/mlflow.db"), Path("/home/mlartifacts")).tracking_uri
    'sqlite:////home/mlflow.db'
    """
    uri = f"{SQLITE}{database.absolute()}"
    return Registry(uri, artifacts.absolute().as_uri(), experiment, model_name)
