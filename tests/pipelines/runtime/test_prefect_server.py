"""Prefect's server ends with the process that wants it, however that one ends."""

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pipelines.runtime.prefect_server import LocalServer, ServerGone, start_server

STARTS_ONE = """
import time
from pipelines.runtime.prefect_server import start_server
server = start_server(keeps_schedule=False)
print(server.process.pid, flush=True)
time.sleep(600)
"""


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def read_process_file(process: int, what: str) -> bytes:
    """What the system tells of a process; a new one is for a moment the one that it comes from."""
    return Path(f"/proc/{process}/{what}").read_bytes()


def wait_for_end(process: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while is_alive(process):
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.1)


@pytest.fixture
def own_prefect(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_a_server_ends_when_its_process_is_killed(own_prefect) -> None:
    owner = subprocess.Popen([sys.executable, "-c", STARTS_ONE], stdout=subprocess.PIPE)
    with owner:
        server = int(owner.stdout.readline())
        assert is_alive(server)
        owner.send_signal(signal.SIGKILL)
    wait_for_end(server)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_a_server_reports_to_nobody_whoever_starts_it(own_prefect, monkeypatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    server = start_server(keeps_schedule=False)
    try:
        while b"pipelines.runtime.prefect_server" not in read_process_file(
            server.process.pid, "cmdline"
        ):
            assert server.process.poll() is None
            time.sleep(0.05)
        started = read_process_file(server.process.pid, "environ").split(b"\0")
        told = read_process_file(server.process.pid, "cmdline").decode()
    finally:
        server.stop()
    assert server.credential not in f"{told} {server}", "anybody on this machine reads these"
    assert {b"PREFECT_SERVER_ANALYTICS_ENABLED=false", b"DO_NOT_TRACK=1"} <= set(started)


def ask_for_deployments(server: LocalServer, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}/deployments/filter", json={}, headers=headers, timeout=60)


def refuse_strangers(server: LocalServer) -> None:
    """As another account of this machine, and as a page that its user has opened, would ask."""
    for stranger in ({}, {"Authorization": "Basic bGVhZGdhaW46"}, {"Authorization": "Bearer x"}):
        refused = ask_for_deployments(server, **stranger)
        assert refused.status_code == 401
        assert "deployment" not in refused.text
    origin = {"Origin": "https://evil.example"}
    token = base64.b64encode(server.credential.encode()).decode()
    answered = ask_for_deployments(server, Authorization=f"Basic {token}", **origin)
    assert answered.status_code == 200
    asked_before = {**origin, "Access-Control-Request-Method": "POST"}
    preflight = httpx.options(f"{server.url}/deployments/filter", headers=asked_before, timeout=60)
    for answer in (answered, preflight):
        assert "access-control-allow-origin" not in answer.headers


def test_a_server_answers_whoever_has_its_credential_and_is_stopped(own_prefect, tmp_path) -> None:
    server = start_server(keeps_schedule=False)
    try:
        server.wait_until_up(120)
        assert (tmp_path / "prefect.db").exists()
        refuse_strangers(server)
    finally:
        server.stop()
    assert not is_alive(server.process.pid)
    with pytest.raises(ServerGone, match="it ended with code"):
        server.wait_until_up(5)


def test_a_server_that_is_too_slow_is_given_up(own_prefect) -> None:
    server = start_server(keeps_schedule=False)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(ServerGone, match="did not answer within 0 seconds"):
            server.wait_until_up(0)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
        server.stop()
