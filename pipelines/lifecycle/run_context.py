"""What one run knows: read once, and kept up to date with what the run itself changes."""

from functools import cached_property

import pandas as pd

from crm.export import Export
from features.list_policy import ListPolicy
from models.registry.client import RegistryClient
from pipelines.config.registry_address import resolve_registry
from pipelines.config.run_request import RunRequest
from pipelines.config.settings import Settings
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.model_metadata import compute_fingerprint
from pipelines.lifecycle.training_log import (
    Demotion,
    TrainingRecord,
    read_last_demotion,
    read_last_training,
    write_demotion,
    write_training_record,
)
from publications.storage.home import Home
from publications.storage.lock import HomeLock


class RunContext:
    """Made once by a flow and passed to its steps; see docs/decisions/1305-one-run-context.md.

    Parameters
    ----------
    request : what the run was asked to do
    lock : of the home folder; without it nothing is written there
    checked : the export of the run; without it there is no list
    """

    def __init__(
        self,
        request: RunRequest,
        lock: HomeLock | None = None,
        checked: CheckedExport | None = None,
    ) -> None:
        self.request = request
        self.writes = lock is not None
        self._lock, self._checked = lock, checked
        self.champion: LoadedVersion | None = None
        self.champion_is_known = False
        self.no_champion_reason = ""
        """Why the registered champion does not rank the list; empty where there is none."""

    @property
    def lock(self) -> HomeLock:
        """The lock that this run has on the home folder."""
        if self._lock is None:
            raise RuntimeError("this run only reads the home folder")
        return self._lock

    @property
    def settings(self) -> Settings:
        """Of leadgain.toml and the environment."""
        return self.request.settings

    @property
    def home(self) -> Home:
        """The home folder."""
        return self.request.home

    @property
    def now(self) -> pd.Timestamp:
        """The clock as the run began."""
        return self.request.now

    @cached_property
    def policy(self) -> ListPolicy:
        """The policy for list dates."""
        return self.request.policy

    @property
    def threads(self) -> int:
        """For the model and the matrix."""
        return self.settings.training.threads

    @cached_property
    def fingerprint(self) -> str:
        """Of the settings that make two models comparable."""
        return compute_fingerprint(self.settings)

    @cached_property
    def registry(self) -> RegistryClient:
        """MLflow; one connection for the whole run."""
        return RegistryClient(resolve_registry(self.home, self.settings.tracking))

    @property
    def checked(self) -> CheckedExport:
        """The export, read and checked."""
        if self._checked is None:
            raise RuntimeError("this run has no checked export")
        return self._checked

    @property
    def export(self) -> Export:
        """The tables of the checked export."""
        return self.checked.export

    @property
    def list_as_of(self) -> pd.Timestamp:
        """The list's date."""
        return self.checked.list_as_of

    @property
    def known_until(self) -> pd.Timestamp:
        """The earlier of the list's date and the export's end."""
        return self.checked.known_until

    @cached_property
    def last_training(self) -> TrainingRecord | None:
        """What the last training decided; None where there was none."""
        return read_last_training(self.home)

    @cached_property
    def last_demotion(self) -> Demotion | None:
        """The last champion that was demoted; None where none was."""
        return read_last_demotion(self.home)

    def record_training(self, record: TrainingRecord) -> None:
        """Keep what a training decided, unless the same was decided before."""
        self.last_training = write_training_record(self.lock, record, self.last_training)

    def record_demotion(self, demotion: Demotion) -> None:
        """Keep why the champion was demoted."""
        write_demotion(self.lock, demotion)
        self.last_demotion = demotion

    def set_champion(self, champion: LoadedVersion | None, reason: str = "") -> None:
        """Set which version ranks the list from now on, or why the registered one does not."""
        self.champion, self.no_champion_reason = champion, reason
        self.champion_is_known = True
