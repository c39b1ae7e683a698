"""An outage of the Prefect server is said once, waited for, and its end is said."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import httpx
import pandas as pd
import pytest
from prefect.client import orchestration

from crm.errors import ConfigurationError
from pipelines.runtime.environment import PrefectUnavailable
from pipelines.runtime.prefect_server import LocalServer
from pipelines.scheduling import prefect_outage
from pipelines.scheduling.prefect_outage import (
    ServerContact,
    describe_recovery,
    find_named_server,
    translate_outage_errors,
)
from tests.pipelines.conftest import load_current

LAST = pd.Timestamp("2026-11-20 03:12", tz="UTC")
GIVEN_UP = RuntimeError("Service exceeded error threshold.")


def build_status_error(code: int) -> httpx.HTTPStatusError:
    asked = httpx.Request("POST", "https://prefect.example.com/api")
    return httpx.HTTPStatusError("", request=asked, response=httpx.Response(code, request=asked))


def raise_from_server(error: Exception) -> None:
    with translate_outage_errors(ServerContact(LAST)):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        ExceptionGroup("runner", [ExceptionGroup("loops", [GIVEN_UP])]),
        ExceptionGroup("runner", [GIVEN_UP, httpx.ConnectError("refused")]),
        httpx.ConnectError("All connection attempts failed"),
        build_status_error(503),
    ],
)
def test_an_outage_is_described_with_the_address_and_since_when(error, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "https://me:secret@prefect.example.com/api")
    with pytest.raises(PrefectUnavailable) as gone:
        raise_from_server(error)
    assert "at https://prefect.example.com has not answered since 2026-11-20 03:12" in str(
        gone.value
    )


def test_an_outage_of_leadgains_own_server_ends_the_schedule(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(PrefectUnavailable, match="no longer answers"):
        raise_from_server(GIVEN_UP)


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), build_status_error(422), ExceptionGroup("runner", [GIVEN_UP, KeyError("x")])],
)
def test_another_error_is_not_taken_for_an_outage(error):
    with pytest.raises(type(error)):
        raise_from_server(error)


@pytest.mark.parametrize(
    "error", [build_status_error(401), ExceptionGroup("runner", [build_status_error(403)])]
)
def test_refused_credentials_are_no_outage(error, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "https://me:secret@prefect.example.com/api")
    with pytest.raises(
        ConfigurationError,
        match=r"https://prefect\.example\.com refuses .* PREFECT_API_AUTH_STRING",
    ):
        raise_from_server(error)


def test_the_recovery_says_how_long_the_outage_was(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    assert find_named_server() == "http://127.0.0.1:4200"
    message = describe_recovery(LAST, LAST + pd.Timedelta(seconds=70))
    assert "http://127.0.0.1:4200 answers again, after 1 minute." in message


def build_client(answers: list[Exception | None]) -> type:
    """Prefect's client, which raises or returns one answer after the other."""

    class Client:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

        async def read_deployments(self, limit):
            if error := answers.pop(0):
                raise error

    return Client


def test_the_watch_bears_one_failure_and_raises_the_second_in_a_row(monkeypatch):
    away = httpx.ConnectError("refused")
    contact, answers = ServerContact(LAST), [None, away, None, away, away, None]
    monkeypatch.setattr(orchestration, "get_client", build_client(answers))
    monkeypatch.setattr(prefect_outage, "WATCH_SECONDS", 0)
    with pytest.raises(httpx.ConnectError):
        asyncio.run(prefect_outage.watch_server(contact))
    assert answers == [None]
    assert contact.last > LAST


class IdleRunner:
    """Prefect's runner without work; what it does when it is cancelled, Prefect's observer does."""

    async def start(self):
        polling = asyncio.create_task(asyncio.sleep(3600))
        polling.add_done_callback(lambda task: task.exception())
        try:
            await asyncio.sleep(3600)
        finally:
            polling.cancel()


@pytest.mark.parametrize("failed", [True, False])
def test_the_runner_ends_without_a_traceback_with_the_server_or_a_signal(
    failed, monkeypatch, capfd
):
    async def watch(_: object) -> None:
        await asyncio.sleep(0.1)  # by then the handlers are set
        if failed:
            raise httpx.ConnectError("refused")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(prefect_outage, "watch_server", watch)
    ends = pytest.raises(PrefectUnavailable) if failed else nullcontext()
    contact = ServerContact(LAST)
    with ends, translate_outage_errors(contact):
        asyncio.run(prefect_outage.run_until_signal(IdleRunner(), contact))
    assert capfd.readouterr() == ("", "")


@contextmanager
def prefect_on(port: int, folder: Path) -> Iterator[None]:
    """A real Prefect server on a port of our choice, until the block is done."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        descriptor = listening.fileno()
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipelines.runtime.prefect_server",
                str(descriptor),
                str(os.getpid()),
            ],
            env={**os.environ, "PREFECT_HOME": str(folder), "PREFECT_UI_ENABLED": "0"},
            pass_fds=[descriptor],
            start_new_session=True,
        )
    try:
        yield
    finally:
        LocalServer(f"http://127.0.0.1:{port}/api", server, "").stop()


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port of our own at which nobody listens yet; no connection of others is given it."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def list_children(process: int) -> list[str]:
    told = Path(f"/proc/{process}/task").glob("*/children")
    return [child for file in told for child in file.read_text().split()]


def wait_until(there: Callable[[], bool], serving: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + 480
    while not there():
        assert serving.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.2)


@pytest.mark.slow
def test_a_schedule_that_waits_ends_in_order_when_it_is_told(crm, home, tmp_path):
    said = tmp_path / "said"
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "serve"]
    with said.open("wb") as out:
        serving = subprocess.Popen(
            [*command, "--config", str(crm), "--home", str(home)],
            env={**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api"},
            stdout=out,
            stderr=out,
        )
    try:
        wait_until(lambda: "has not answered since" in said.read_text(), serving, said)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(300)
    assert serving.returncode == 0, said.read_text()
    assert "Traceback" not in said.read_text()


@pytest.mark.harness
def test_a_schedule_outlives_its_prefect_server_and_says_so_twice(crm, home, tmp_path):
    """The real thing: a server that is not there yet, that comes, goes, and comes back."""
    with reserved_port() as port:
        check_outage_and_recovery(port, crm, home, tmp_path)


def check_outage_and_recovery(port: int, crm: Path, home: Path, tmp_path: Path) -> None:
    said, log = tmp_path / "said", home / "logs" / "leadgain.log"
    short = {"PREFECT_CLIENT_MAX_RETRIES": "1"}
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "serve"]
    with said.open("wb") as out:
        serving = subprocess.Popen(
            [*command, "--config", str(crm), "--home", str(home)],
            env={**os.environ, **short, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"},
            stdout=out,
            stderr=out,
        )

    def times(text: str) -> int:
        return said.read_text().count(text)

    try:
        wait_until(lambda: times("has not answered since") == 1, serving, said)
        with prefect_on(port, tmp_path / "prefect"):
            wait_until(lambda: times("answers again, after") == 1, serving, said)
            wait_until((home / "CURRENT").exists, serving, said)
            wait_until(lambda: "publication 1, 44 open leads" in log.read_text(), serving, said)
            wait_until(
                lambda: not list_children(serving.pid), serving, said
            )  # the run has told its end
        wait_until(lambda: times("has not answered since") == 2, serving, said)
        with prefect_on(port, tmp_path / "prefect"):
            wait_until(lambda: times("Ctrl-C ends the schedule.") == 2, serving, said)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(300)
    whole = said.read_text()
    assert serving.returncode == 0, whole
    assert "Traceback" not in whole
    assert "Examples of recent errors" not in whole
    assert times("has not answered since") == times("answers again, after") == 2
    lines = [line for line in log.read_text().splitlines() if " serve: " in line]
    assert [re.search(r"Z (\w+) serve", line)[1] for line in lines] == ["ERROR", "INFO"] * 2
    assert load_current(home).number == 1
