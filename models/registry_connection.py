"""The connection to MLflow: silent, in time, and all that it throws in one sentence of ours."""

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models.registered import SQLITE, Registry, RegistryUnavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
}
UNLESS_SET = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""The environment in which MLflow is imported: a server that is away is given up in time."""


@contextmanager
def connected(registry: Registry) -> Iterator["MlflowClient"]:
    """A client, with MLflow silent and all that it throws in one sentence of ours."""
    os.environ.update(ALWAYS)
    for name, value in UNLESS_SET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        try:
            _make_database(registry.tracking_uri)
            # Logging a model knows no client, only these two global addresses.
            mlflow.set_tracking_uri(registry.tracking_uri)
            mlflow.set_registry_uri(registry.tracking_uri)
            yield mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise RegistryUnavailable(
                f"MLflow at {registry.shown} did not do what was asked: {_reason(error)}. "
                "Is it reachable and writable, and of the version that leadgain uses?"
            ) from error


def _make_database(tracking_uri: str) -> None:
    """Begin a new SQLite file with a write-ahead log, which makes MLflow four times as fast."""
    file = Path(tracking_uri.removeprefix(SQLITE))
    if not tracking_uri.startswith(SQLITE) or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _reason(error: Exception) -> str:
    """What went wrong, without the message: it may hold addresses with passwords."""
    for name in ("error_code", "strerror"):
        if text := getattr(error, name, None):
            return str(text)
    return type(error).__name__
