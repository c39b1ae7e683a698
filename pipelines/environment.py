"""What the tools of the house read from the environment before they are imported."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

from publications.home import Home, write_lasting, writing

LEAST_FREE_BYTES = 32 * 2**20
"""A first run on the demo's data leaves about 10 MB in the home folder."""


class PrefectUnavailable(RuntimeError):
    """Prefect's server did not start, or the one that was named does not answer."""


def prepare(home: Path) -> None:
    """Keep every tool inside the home folder, silent, and off the network.

    Call it once, in the command, before Prefect, MLflow or Great Expectations are imported.
    What is already set wins, but telemetry is off and nothing is pickled whatever is set.
    """
    os.environ.update(
        {
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # never pickle
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GX_ANALYTICS_ENABLED": "false",
        }
    )
    defaults = {
        "PREFECT_HOME": str(Home(home.resolve()).prefect),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
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


def start_prefect(home: Path, meanwhile: Callable[[], None]) -> None:
    """Start Prefect's temporary server, which takes about ten seconds, and use the wait.

    Where ``PREFECT_API_URL`` names a server, nothing is started. Raises what ``meanwhile`` raises.

    Raises
    ------
    CannotWrite
        The home folder is closed to us, or its disk is full: the server would only try for minutes.
    PrefectUnavailable
        There is no server.
    """
    place = Home(home.resolve())
    _refuse_unwritable(place)
    from prefect.client.orchestration import get_client
    from prefect.server.api.server import SubprocessASGIServer  # noqa: F401 (imported once, here)

    server: Future[object] = Future()

    def start() -> None:
        # The server inherits the mask: Ctrl-C is for us, who then tell it how the run ended.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            server.set_result(get_client(sync_client=True))
        except Exception as error:  # raised where the result is asked for
            server.set_exception(error)

    Thread(target=start, daemon=True).start()  # a daemon: Ctrl-C does not wait for it
    meanwhile()
    try:
        server.result()
    except Exception as error:
        raise PrefectUnavailable(
            f"Prefect's server cannot be reached ({type(error).__name__}), so no run can start. If "
            "PREFECT_API_URL names a server, look whether it is up; if not, remove the folder "
            f"{place.prefect}, which only keeps the times of past runs."
        ) from error


def _refuse_unwritable(home: Home) -> None:
    with writing(home.prefect):
        home.prefect.mkdir(parents=True, exist_ok=True)
        for database in (home.prefect / "prefect.db", home.tracking_database):
            if database.exists():
                database.open("r+b").close()
        if shutil.disk_usage(home.prefect).free < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(home.folder))
        probe = home.prefect / f"probe-{os.getpid()}"
        write_lasting(probe, b"")
        probe.unlink()
