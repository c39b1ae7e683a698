"""A registry of a test's own, as a file of which a copy is quickly made."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from models.registry.registry import versions
from models.registry.types import Registry, embedded


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was opened once: making one takes seconds."""
    folder = tmp_path_factory.mktemp("store")
    assert versions(embedded(folder / "mlflow.db", folder / "mlartifacts")) == []
    return all_in_one_file(folder / "mlflow.db")


@pytest.fixture
def registry(empty_store: Path, tmp_path: Path) -> Registry:
    """A store without a version."""
    return copied(empty_store, tmp_path)


def all_in_one_file(database: Path) -> Path:
    """The database, with nothing left in its write-ahead log."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database


def copied(database: Path, folder: Path) -> Registry:
    """A registry that begins as a copy of that one."""
    folder.mkdir(exist_ok=True)
    shutil.copy(database, folder / "mlflow.db")
    return embedded(folder / "mlflow.db", folder / "mlartifacts")
