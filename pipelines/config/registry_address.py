"""Find the registry: the home folder's own, or the one that leadgain.toml names."""

from pathlib import Path

from crm.errors import ConfigurationError
from models.registry.client import RegistryClient
from models.registry.types import SQLITE, Registry, build_embedded_registry, build_registry
from pipelines.config.run_request import resolve_home
from pipelines.config.sections import TrackingSection
from pipelines.config.settings import load_tracking
from publications.storage.home import Home


def load_registry(config: Path | None, home: Path) -> RegistryClient:
    """The registry for commands that need no export; leadgain.toml is optional.

    Raises
    ------
    ConfigurationError
        leadgain.toml, or a variable of the environment, is invalid.
    """
    return RegistryClient(resolve_registry(resolve_home(home), load_tracking(config)))


def resolve_registry(home: Home, tracking: TrackingSection) -> Registry:
    """The registry of a home folder and a ``[tracking]``.

    Raises
    ------
    ConfigurationError
        It names a database by a path that depends on where the command is started.
    """
    names = {"experiment": tracking.experiment, "model_name": tracking.model}
    if not tracking.uri:
        return build_embedded_registry(home.tracking_database, home.artifacts, **names)
    if tracking.uri.startswith(SQLITE) and not tracking.uri.startswith(f"{SQLITE}/"):
        raise ConfigurationError(
            "[tracking] uri names a SQLite database by a path that depends on where the command is "
            "started. Write it with four slashes and the whole path: sqlite:////home/mlflow.db."
        )
    return build_registry(tracking.uri, home.artifacts, **names)
