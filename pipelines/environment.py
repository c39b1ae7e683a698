"""What the tools of the house read from the environment before they are imported."""

import os
from pathlib import Path


def prepare(home: Path) -> None:
    """Keep every tool inside the home folder, silent, and off the network.

    Call it once, in the command, before Prefect, MLflow or Great Expectations are imported.
    What is already set wins for addresses of servers; telemetry is off whatever is set.
    """
    os.environ.update(
        {
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GX_ANALYTICS_ENABLED": "false",
        }
    )
    defaults = {
        "PREFECT_HOME": str(home.resolve() / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
