"""A registry of a test's own, as a file of which a copy is quickly made."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from models.registry.registry import RegistryClient, list_versions
from models.registry.types import build_embedded_registry


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was opened once: making one takes seconds."""
    folder = tmp_path_factory.mktemp("store")
    assert list_versions(open_registry(folder)) == []
    return flush_write_ahead_log(folder / "mlflow.db")


@pytest.fixture
def registry(empty_store: Path, tmp_path: Path) -> RegistryClient:
    """A store without a version."""
    return copy_store(empty_store, tmp_path)


def flush_write_ahead_log(database: Path) -> Path:
    """The database, with nothing left in its write-ahead log."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database


def open_registry(folder: Path) -> RegistryClient:
    """The registry of a home folder."""
    return RegistryClient(build_embedded_registry(folder / "mlflow.db", folder / "mlartifacts"))


def copy_store(database: Path, folder: Path) -> RegistryClient:
    """A registry that begins as a copy of that one."""
    folder.mkdir(exist_ok=True)
    shutil.copy(database, folder / "mlflow.db")
    return open_registry(folder)
