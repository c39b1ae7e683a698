"""What the tools of the house read from the environment before they are imported."""

import atexit
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from crm.errors import ConfigurationError
from crm.mapping import refuse_ambiguous_url
from pipelines.runtime.prefect_server import NO_TELEMETRY, LocalServer, ServerGone, start_server
from publications.filesystem.durable_files import explain_write_errors, write_durably
from publications.storage.home import Home
from publications.storage.lock import refuse_busy

MIN_FREE_BYTES = 32 * 2**20
"""A first run on the demo's data leaves about 10 MB in the home folder."""

START_SECONDS = 120.0
"""A server needs about ten seconds; a busy machine may need ten times as long."""


class PrefectUnavailable(RuntimeError):
    """Prefect's server did not start, or the one that was named does not answer."""


def prepare_environment(home: Path) -> None:
    """Keep every tool inside the home folder, silent, and off the network.

    Call it once, in the command, before Prefect, MLflow or Great Expectations are imported.
    What is already set wins, but telemetry is off and nothing is pickled whatever is set.
    """
    os.environ.update(
        {
            **NO_TELEMETRY,
            "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # never pickle
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GX_ANALYTICS_ENABLED": "false",
        }
    )
    defaults = {
        "PREFECT_HOME": str(Home(home.resolve()).prefect),
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        # Waiting threads sleep: on a machine with other work a fit is several times as fast.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


@contextmanager
def provide_prefect(
    home: Path, meanwhile: Callable[[], None], *, keeps_schedule: bool = False
) -> Iterator[None]:
    """Have a Prefect server, which takes about ten seconds to start, and use the wait.

    Where ``PREFECT_API_URL`` names a server, nothing is started. Raises what ``meanwhile`` raises.

    Parameters
    ----------
    home : folder in which Prefect keeps its own
    meanwhile : what to do while the server starts
    keeps_schedule : for the process behind the schedule, beside which others may be at work

    Raises
    ------
    Busy
        Another process is at work in the home folder.
    CannotWrite
        The home folder is closed to us, or its disk is full: the server would only try for minutes.
    PrefectUnavailable
        There is no server.
    ConfigurationError
        ``PREFECT_API_URL`` can be read in two ways.
    """
    place = Home(home.resolve())
    if not keeps_schedule:
        refuse_busy(place)
    _refuse_unwritable(place)
    named = _read_named_server()
    server = None if named else _get_own_server(keeps_schedule)
    try:
        meanwhile()
        if server is None:
            _refuse_silent_server()
        else:
            server.wait_until_up(START_SECONDS)
    except ServerGone as error:
        raise PrefectUnavailable(
            f"Prefect's server cannot be reached ({error}), so no run can start. If "
            "PREFECT_API_URL names a server, check that it is running; if not, remove the folder "
            f"{place.prefect}, which only keeps the times of past runs."
        ) from error
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    chosen = {PREFECT_API_URL: named}
    if server is not None:
        chosen = {PREFECT_API_URL: server.url, PREFECT_API_AUTH_STRING: server.credential}
    with temporary_settings(chosen):
        yield


def _read_named_server() -> str | None:
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    try:
        return refuse_ambiguous_url(url)
    except ValueError as error:
        raise ConfigurationError(f"PREFECT_API_URL (environment) {error}.") from None


@cache
def _get_own_server(keeps_schedule: bool) -> LocalServer:
    server = start_server(keeps_schedule=keeps_schedule)
    atexit.register(server.stop)
    return server


def _refuse_silent_server() -> None:
    error = find_server_error()
    if error is not None:
        raise ServerGone(type(error).__name__)


def find_server_error() -> Exception | None:
    """Why the server of ``PREFECT_API_URL`` does not answer; None where it does.

    A server that refuses our credentials answers.
    """
    import httpx
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        try:
            client.read_deployments(limit=1)
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            return error if is_server_outage(error) else None
    return None


def is_server_outage(error: BaseException) -> bool:
    """Whether a server was not reached, or answered that it cannot answer."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


def _refuse_unwritable(home: Home) -> None:
    with explain_write_errors(home.prefect):
        home.make(home.prefect)
        for database in (home.prefect / "prefect.db", home.tracking_database):
            if database.exists():
                database.open("r+b").close()
        if shutil.disk_usage(home.prefect).free < MIN_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(home.folder))
        probe = home.prefect / f"probe-{os.getpid()}"
        write_durably(probe, b"")
        probe.unlink()
