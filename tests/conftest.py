"""What the tools read from the environment when they are imported, which collecting tests does."""

import tempfile
from pathlib import Path

import pytest

from pipelines.environment import prepare

FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Silent tools in a folder of this session, Prefect's temporary server among them."""
    # Gone when the process ends, after Prefect has stopped its server there.
    folder = tempfile.TemporaryDirectory(prefix="leadgain-tests-", ignore_cleanup_errors=True)
    config.stash[FOLDER] = folder
    prepare(Path(folder.name))
