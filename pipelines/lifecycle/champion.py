"""A registered version in memory, and its files in the home folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from models.errors import ModelDamaged
from models.registry.registry import RegisteredVersion, verify_version_files
from models.scorer.scorer import LeadScorer
from pipelines.lifecycle.evidence import Evidence, read_evidence
from pipelines.lifecycle.model_metadata import ModelMetadata, ModelSettings
from publications.filesystem.durable_files import explain_write_errors, move_durably
from publications.storage.home import Home

FOLDER = "models/ of the home folder"
"""Its name in messages: readers of a list need no path."""


@dataclass(frozen=True)
class LoadedVersion:
    """A version that can score: the champion, or a challenger."""

    version: RegisteredVersion
    scorer: LeadScorer
    facts: ModelMetadata
    proof: Evidence
    note: str = ""
    """A warning for the list: why this is not the champion as kept in the home folder."""

    @property
    def number(self) -> int:
        """Of the version."""
        return self.version.version

    @property
    def meaning(self) -> ModelSettings:
        """The settings that its scores are about."""
        return self.facts.meaning


def load_verified(
    version: RegisteredVersion, folder: Path, *, threads: int, note: str = ""
) -> LoadedVersion:
    """Load a version from a folder.

    Raises
    ------
    ModelDamaged
        The files are not what was registered; they were not opened.
    """
    verify_version_files(version, folder, where=FOLDER)
    scorer = LeadScorer.load(folder, threads=threads)
    facts = ModelMetadata.from_dict(scorer.extra_)
    return LoadedVersion(version, scorer, facts, read_evidence(folder), note)


def store_model_files(folder: Path, version: RegisteredVersion, home: Home) -> bool:
    """Move the files of a training to their place in the home folder, if they were registered.

    An existing folder of that number is replaced: the same files, or those of a lost registry.

    Returns
    -------
    False where the same model was registered before with other files, which stay.
    """
    try:
        verify_version_files(version, folder, where="the training")
    except ModelDamaged:
        shutil.rmtree(folder)
        return False
    replace_model_files(folder, home.models / str(version.version))
    return True


def replace_model_files(folder: Path, target: Path) -> None:
    """Move a finished folder to its place; a run killed in between fetches the files again."""
    with explain_write_errors(target):
        if target.exists():
            shutil.rmtree(target)
    move_durably(folder, target)
