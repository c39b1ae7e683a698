"""What the tools of the house read from the environment before they are imported."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from publications.home import Home, writing


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
    """
    with writing(home):
        Home(home).prefect.mkdir(parents=True, exist_ok=True)
    from prefect.client.orchestration import get_client
    from prefect.server.api.server import SubprocessASGIServer  # noqa: F401 (imported once, here)

    with ThreadPoolExecutor(max_workers=1) as pool:
        server = pool.submit(get_client, sync_client=True)
        meanwhile()
        server.result()
