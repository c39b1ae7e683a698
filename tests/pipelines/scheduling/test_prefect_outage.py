"""A Prefect server that is away is said once, waited for, and said once more when it is back."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.runtime.environment import PrefectUnavailable
from pipelines.runtime.prefect_server import LocalServer
from pipelines.scheduling.prefect_outage import (
    ServerContact,
    describe_recovery,
    find_named_server,
    track_polls,
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
def test_a_server_that_was_named_and_is_away_is_told_with_its_address_and_since_when(
    error, monkeypatch
):
    monkeypatch.setenv("PREFECT_API_URL", "https://me:secret@prefect.example.com/api")
    with pytest.raises(PrefectUnavailable) as gone:
        raise_from_server(error)
    assert str(gone.value).startswith(
        "Prefect's server at https://prefect.example.com has not answered since 2026-11-20 03:12 "
        "UTC, so no run can start. It is asked again every 10 seconds"
    )


def test_a_server_of_leadgains_own_that_has_gone_ends_the_schedule(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(PrefectUnavailable, match="has ceased to answer, so no run can start"):
        raise_from_server(GIVEN_UP)


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), build_status_error(422), ExceptionGroup("runner", [GIVEN_UP, KeyError("x")])],
)
def test_another_error_is_not_taken_for_silence(error):
    with pytest.raises(type(error)):
        raise_from_server(error)


@pytest.mark.parametrize(
    "error", [build_status_error(401), ExceptionGroup("runner", [build_status_error(403)])]
)
def test_a_server_that_does_not_let_us_in_is_no_silence(error, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "https://me:secret@prefect.example.com/api")
    told = r"at https://prefect\.example\.com does not let leadgain in\. PREFECT_API_AUTH_STRING or"
    with pytest.raises(ConfigurationError, match=told):
        raise_from_server(error)


def test_people_are_told_how_long_it_was_away(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    assert find_named_server() == "http://127.0.0.1:4200"
    assert describe_recovery(LAST, LAST + pd.Timedelta(seconds=70)) == (
        "Prefect's server at http://127.0.0.1:4200 answers again, after 1 minute; the schedule "
        "goes on."
    )


def test_polls_are_noted_and_prefects_own_loops_are_put_back():
    from prefect._internal import observers
    from prefect.runner import _scheduled_run_poller as poller

    before = poller.critical_service_loop
    with track_polls(ServerContact()):
        assert before not in (poller.critical_service_loop, observers.critical_service_loop)
    assert poller.critical_service_loop is observers.critical_service_loop is before


def test_whoever_looks_for_cancelled_runs_neither_gives_up_before_the_poll_nor_says_a_word(capsys):
    """Both ask the same server as often; which gives up first would be luck."""
    from prefect._internal import observers

    asked, wrong = [], []

    async def look_for_cancelled_runs() -> None:
        enough = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda _, told: wrong.append(told))

        async def in_vain() -> None:
            asked.append(1)
            if len(asked) == 10:
                enough.set()
            raise httpx.ConnectError("All connection attempts failed")

        observer = observers.FlowRunCancellingObserver(on_cancelling=lambda _: None)
        looking = asyncio.create_task(
            observers.critical_service_loop(workload=in_vain, interval=0, jitter_range=None)
        )
        looking.add_done_callback(observer._handle_polling_task_done)
        done = asyncio.create_task(enough.wait())
        await asyncio.wait([looking, done], return_when=asyncio.FIRST_COMPLETED)
        looking.cancel()  # as the runner ends it when the poll has given up
        await asyncio.wait([looking])

    with track_polls(ServerContact()):
        asyncio.run(look_for_cancelled_runs())
    assert len(asked) >= 10, "it has given up"
    assert wrong == []
    assert capsys.readouterr() == ("", "")


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
        LocalServer(f"http://127.0.0.1:{port}/api", server).stop()


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


@pytest.mark.slow
def test_a_schedule_outlives_its_prefect_server_and_says_so_twice(crm, home, tmp_path):
    """The real thing: a server that is not there yet, that comes, goes, and comes back."""
    with reserved_port() as port:
        check_outage_and_recovery(port, crm, home, tmp_path)


def check_outage_and_recovery(port: int, crm: Path, home: Path, tmp_path: Path) -> None:
    said, log = tmp_path / "said", home / "logs" / "leadgain.log"
    short = {"PREFECT_RUNNER_POLL_FREQUENCY": "1", "PREFECT_CLIENT_MAX_RETRIES": "1"}
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
