"""What the registry speaks of: where it is, one version of the model, and how it says no."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SQLITE = "sqlite:///"
DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mssql")


class RegistryUnavailable(RuntimeError):
    """MLflow's store cannot be reached or does not understand us."""


class NoSuchVersion(LookupError):
    """The registry holds no version of that number or alias."""


class ChampionChanged(RuntimeError):
    """Another version became champion meanwhile, so the alias was not moved."""


ROLLED_BACK_FROM, DEMOTED = "rolled_back_from", "stepped_down"
"""Figures of a decision: a person took the lead from the version; its proof did not hold."""
REJUDGED_PREFIX = "again."
"""Begins the figures by which a version stepped down."""


@dataclass(frozen=True)
class Registry:
    """Where MLflow keeps its records and under which names."""

    tracking_uri: str
    """A tracking server, or a database: an absolute ``sqlite:////...``, ``postgresql://...``."""
    artifact_root: str | None = None
    """Where a new experiment puts its files; None: where the server says."""
    experiment: str = "leadgain"
    model_name: str = "leadgain"

    @property
    def shown(self) -> str:
        """The address without user, password and parameters.

        >>> Registry("https://me:secret@tracking.example.com/x").shown
        'https://tracking.example.com/x'
        """
        from sqlalchemy import URL, make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(self.tracking_uri)
        except (ArgumentError, ValueError):
            return "the address of [tracking] uri"
        if "@" in (url.host or ""):  # of a password in which it was not escaped
            return f"{url.drivername}://"
        path = url.database and url.database.partition("#")[0]
        place = URL.create(url.drivername, host=url.host, port=url.port, database=path)
        return place.render_as_string()

    @property
    def address(self) -> str:
        """The address as MLflow opens it: PostgreSQL through the driver that leadgain brings.

        >>> Registry("postgres://db/mlflow").address
        'postgresql+psycopg://db/mlflow'
        """
        return re.sub("^postgres(ql)?://", "postgresql+psycopg://", self.tracking_uri)


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
    spec_sha256: str
    files: Mapping[str, str]
    """File -> SHA-256, of all that was logged."""

    @property
    def decided(self) -> str:
        """Why it is champion or not; empty if nothing was decided.

        The reason of a demotion counts only while the version is marked as demoted: a person may
        have restored it since.
        """
        reason = f"{REJUDGED_PREFIX}sentence" if DEMOTED in self.decision else "sentence"
        return self.decision.get(reason, "")


def build_embedded_registry(
    database: Path, artifacts: Path, *, experiment: str = "leadgain", model_name: str = "leadgain"
) -> Registry:
    """Describe the registry that lives in a home folder.

    >>> build_embedded_registry(Path("/home/mlflow.db"), Path("/home/mlartifacts")).tracking_uri
    'sqlite:////home/mlflow.db'
    """
    uri = f"{SQLITE}{database.absolute()}"
    return Registry(uri, artifacts.absolute().as_uri(), experiment, model_name)


def build_registry(
    uri: str, artifacts: Path, *, experiment: str = "leadgain", model_name: str = "leadgain"
) -> Registry:
    """Describe the registry at an address; one without a server keeps its files in ``artifacts``.

    >>> build_registry("http://tracking:5000", Path("/home/mlartifacts")).artifact_root is None
    True
    >>> build_registry("postgresql://db/mlflow", Path("/home/mlartifacts")).artifact_root
    'file:///home/mlartifacts'
    """
    is_database = re.split("[+:]", uri)[0] in DATABASES
    root = artifacts.absolute().as_uri() if is_database else None
    return Registry(uri, root, experiment, model_name)
