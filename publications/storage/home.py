"""The home folder: where everything lies, who may write, and how to write so that it lasts."""

from dataclasses import dataclass
from pathlib import Path

APP_VARIABLE = "LEADGAIN_APP"
"""Hands the dashboard its home folder and who may see what, as JSON in the environment."""


@dataclass(frozen=True)
class Home:
    """The paths of one home folder; ``folder`` is absolute."""

    folder: Path

    @property
    def runs(self) -> Path:
        """Work in progress, one folder a run; nobody else reads it."""
        return self.folder / "runs"

    @property
    def models(self) -> Path:
        """One folder a model version."""
        return self.folder / "models"

    @property
    def publications(self) -> Path:
        """One immutable folder a publication."""
        return self.folder / "publications"

    @property
    def current(self) -> Path:
        """The file that holds the number of the publication in force."""
        return self.folder / "CURRENT"

    @property
    def lock(self) -> Path:
        """The file that the working process locks; it names that process."""
        return self.folder / "LOCK"

    @property
    def serve_lock(self) -> Path:
        """The file that the process behind the schedule locks."""
        return self.folder / "SERVING"

    @property
    def logs(self) -> Path:
        """What the runs said."""
        return self.folder / "logs"

    @property
    def tracking_database(self) -> Path:
        """MLflow's records."""
        return self.folder / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's files."""
        return self.folder / "mlartifacts"

    @property
    def prefect(self) -> Path:
        """Prefect's own home."""
        return self.folder / "prefect"

    def make(self, *folders: Path) -> None:
        """Make folders in the home folder; a home folder that is new is for its owner alone.

        It contains personal data. An existing one keeps its permissions, because a group may be
        meant to read it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
