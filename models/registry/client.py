"""The connection to MLflow: silent, in time, and all that it throws in one sentence of ours.

MLflow tries again and again, each time with its own patience. Here every question has one limit in
all: it is asked in a thread of its own, which is left behind when the time is over. Nothing that
writes is asked so, because a thread left behind would still write; writing begins with a question.
"""

import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from models.registry.records import Records, read_records
from models.registry.types import SQLITE, Registry, RegistryUnavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

TIMEOUT_SECONDS = 20.0
"""So long may one question take, MLflow's retries and all."""
RETRY_AFTER_SECONDS = 60.0
"""So long a registry that gave no answer is not asked again: a run waits for it once."""
REFUSAL_CODES = {"RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE"}
"""Codes of refusals that come from a registry that is there."""

FIXED_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
}
DEFAULT_ENVIRONMENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""The environment in which MLflow is imported: a server that is away is given up in time."""

ERROR_MEANINGS = {
    "Connection refused": "connection refused",
    "Failed to resolve": "unknown host name",
    "response body was not in a valid JSON": "the server there is not MLflow (a login page?)",
    "error responses": "the server answers with errors only",
    "Connection aborted": "the connection was closed",
    "password authentication failed": "user or password was rejected",
}
"""Words of its errors -> what they mean; the words themselves are not passed on."""

_outages: dict[str, tuple[float, str]] = {}
"""Address -> until when it is not asked again, and why."""


class RegistryClient:
    """MLflow, opened at the first question and kept for all that follow.

    Parameters
    ----------
    registry : where it is; nothing is asked yet

    What MLflow knows of the model is read once, and again before and after every change.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._mlflow: MlflowClient | None = None
        self._records: Records | None = None

    def ask(
        self,
        question: Callable[["MlflowClient", Records], T],
        *,
        timeout_seconds: float | None = None,
    ) -> T:
        """Return what ``question`` finds out; it may be abandoned halfway, so it must not write.

        Raises
        ------
        RegistryUnavailable
            The registry does not answer in time, or refuses.
        """

        def work() -> T:
            mlflow = self._open()
            if self._records is None:
                self._records = read_records(mlflow, self.registry)
            return question(mlflow, self._records)

        limit = TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds
        with _translate_errors(self.registry):
            return _call_with_timeout(self.registry, work, limit)

    @contextmanager
    def update(self) -> Iterator[tuple["MlflowClient", Records]]:
        """MLflow for writing, with its records as they are now.

        Raises
        ------
        RegistryUnavailable
            The registry does not answer in time, or refuses.
        """
        with _translate_errors(self.registry):
            known = _call_with_timeout(
                self.registry, lambda: read_records(self._open(), self.registry), TIMEOUT_SECONDS
            )
            try:
                yield self._open(), known
            finally:
                self._records = None

    def _open(self) -> "MlflowClient":
        if self._mlflow is None:
            self._mlflow = _create_client(self.registry)
        return self._mlflow


@contextmanager
def _translate_errors(registry: Registry) -> Iterator[None]:
    """MLflow imported and silent; whatever it throws says where it was, without a password."""
    os.environ.update(FIXED_ENVIRONMENT)
    for name, value in DEFAULT_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        for logger in ("mlflow", "alembic", "urllib3"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        try:
            # Logging a model knows no client, only these two global addresses.
            mlflow.set_tracking_uri(registry.address)
            mlflow.set_registry_uri(registry.address)
            yield
        except (MlflowException, SQLAlchemyError, ArgumentError, ImportError, OSError) as error:
            told = (
                f"MLflow at {registry.shown} refused the request: {_describe_error(error)}. "
                "Is it reachable and writable, and of the version that leadgain uses?"
            )
            if getattr(error, "error_code", None) not in REFUSAL_CODES:
                _remember_outage(registry, told)
            # What MLflow says quotes the address: with a password in it, it is not handed on.
            cause = error if registry.shown == registry.tracking_uri else None
            raise RegistryUnavailable(told) from cause


def _call_with_timeout(registry: Registry, ask: Callable[[], T], patience: float) -> T:
    """Ask in a thread that may be left behind; a file needs none."""
    if registry.tracking_uri.startswith(SQLITE):
        return ask()
    until, why = _outages.get(registry.tracking_uri, (0.0, ""))
    if time.monotonic() < until:
        raise RegistryUnavailable(why)
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # raised where the answer is asked for
            answer.set_exception(error)

    Thread(target=work, daemon=True).start()
    try:
        return answer.result(patience)
    except TimeoutError as error:
        if answer.done():  # the registry's own: told as all that it throws
            raise
        told = (
            f"MLflow at {registry.shown} has not answered within {patience:g} seconds. "
            "Check whether it is up, and whether it can be reached from here."
        )
        _remember_outage(registry, told)
        raise RegistryUnavailable(told) from error


def _remember_outage(registry: Registry, why: str) -> None:
    if not registry.tracking_uri.startswith(SQLITE):
        _outages[registry.tracking_uri] = (time.monotonic() + RETRY_AFTER_SECONDS, why)


def _create_client(registry: Registry) -> "MlflowClient":
    import mlflow

    _create_database(registry.tracking_uri)
    return mlflow.MlflowClient(registry.address, registry.address)


def _create_database(tracking_uri: str) -> None:
    """Begin a new SQLite file with a write-ahead log, which makes MLflow four times as fast."""
    file = Path(tracking_uri.removeprefix(SQLITE))
    if not tracking_uri.startswith(SQLITE) or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _describe_error(error: Exception) -> str:
    """What went wrong, without the message: it may hold addresses with passwords."""
    if isinstance(error, ImportError):
        return f"{error.name} is not installed"
    for words, meaning in ERROR_MEANINGS.items():
        if words in str(error):
            return meaning
    for name in ("error_code", "strerror"):
        if text := getattr(error, name, None):
            return str(text)
    return type(error).__name__
