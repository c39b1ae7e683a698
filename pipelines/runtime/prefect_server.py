"""Prefect's server for one home folder: a process of its own that ends with the one that wants it.

Prefect's own temporary server goes on for ever when the process that started it is killed, and
keeps no schedule.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

HEALTH_SECONDS = 5.0
POLL_SECONDS = 0.5
NO_TELEMETRY = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
"""Whoever starts a server, and whatever is set: it reports to nobody."""
NO_ORIGIN = "https://leadgain.invalid"
"""The one origin whose pages may read answers; it cannot exist, and Prefect needs one."""


class ServerGone(RuntimeError):
    """The server ended, or did not answer in time."""


@dataclass(frozen=True)
class LocalServer:
    """A server that was started; it listens already and answers once it is up.

    Prefect's client shows the credential with every request, by ``PREFECT_API_AUTH_STRING``.
    """

    url: str
    process: subprocess.Popen[bytes]
    credential: str = field(repr=False)

    def wait_until_up(self, seconds: float) -> None:
        """Wait until it answers.

        Raises
        ------
        ServerGone
            It ended, or needs longer than that.
        """
        deadline = time.monotonic() + seconds
        while not _is_healthy(self.url):
            if self.process.poll() is not None:
                raise ServerGone(f"it ended with code {self.process.returncode}")
            if time.monotonic() > deadline:
                raise ServerGone(f"it did not answer within {seconds:g} seconds")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, in order if it lets us."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_server(*, keeps_schedule: bool) -> LocalServer:
    """Start a server on a free port of this machine; its database is in ``PREFECT_HOME``.

    Any account of this machine reaches the port, and whoever may change a deployment may run code
    as we do. So the API answers nobody without a random credential, and no page of a browser.

    Parameters
    ----------
    keeps_schedule : whether it plans runs ahead, which one for a single run need not
    """
    # In the environment only its own account can read it; among the arguments everybody could.
    credential = f"leadgain:{secrets.token_urlsafe(32)}"
    environment = {
        **os.environ,
        **NO_TELEMETRY,
        "PREFECT_SERVER_API_AUTH_STRING": credential,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": NO_ORIGIN,
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    if not keeps_schedule:
        environment["PREFECT__SERVER_EPHEMERAL"] = "1"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        # -P: a prefect.py in the folder where leadgain was called is not Prefect.
        module = [sys.executable, "-P", "-m", "pipelines.runtime.prefect_server"]
        command = [*module, str(descriptor), str(os.getpid())]
        process = subprocess.Popen(  # noqa: S603 (our own module)
            command,
            env=environment,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, who then tell it how the run ended
        )
    return LocalServer(f"http://127.0.0.1:{port}/api", process, credential)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=HEALTH_SECONDS) as answer:  # noqa: S310
            return bool(json.load(answer))
    except (urllib.error.URLError, OSError, ValueError):
        return False


def run_server(descriptor: int, parent: int) -> None:
    """Be the server on a socket that listens already, until the parent process ends."""
    Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    import uvicorn

    with socket.socket(fileno=descriptor) as listening:
        config: Any = uvicorn.Config(
            "prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on"
        )
        uvicorn.Server(config).run(sockets=[listening])


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10 * POLL_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    run_server(*map(int, sys.argv[1:]))
