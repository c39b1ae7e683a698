"""Servers that are down, silent, slow or something else: an answer within the limit, in words."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from models.registry import client as registry_client
from models.registry.registry import (
    Registry,
    RegistryClient,
    RegistryUnavailable,
    find_champion,
    list_versions,
    promote,
    refuse_unreachable,
    restore_champion,
)
from tests.models import bad_servers as away

pytestmark = pytest.mark.slow

LIMIT, ENOUGH = 2.0, 120.0
"""Seconds for a server that never answers, and for one that does: this machine may be busy."""
NEVER = 600
"""Without a limit of ours, MLflow waits so many seconds for an answer."""


@pytest.fixture(autouse=True)
def set_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt, and as little patience as the place needs: what is tried is that it ends."""
    monkeypatch.setattr(registry_client, "TIMEOUT_SECONDS", ENOUGH)
    monkeypatch.setattr(registry_client, "_outages", {})
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{NEVER}")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_client, "TIMEOUT_SECONDS", LIMIT)


@pytest.fixture(scope="module", autouse=True)
def import_mlflow() -> None:
    """MLflow takes seconds to import, which are not the server's."""
    import mlflow  # noqa: F401


SILENT = {
    "black hole": away.open_black_hole,
    "slow": lambda: away.run_server(away.delay_answer(NEVER, away.LOGIN)),
}
PLACES = {
    "nobody": (away.reserve_closed_port, "refused the request: connection refused"),
    "broken": (lambda: away.run_server(away.BROKEN), "the server answers with errors only"),
    "login page": (lambda: away.run_server(away.LOGIN), "not MLflow"),
    "hangs up": (lambda: away.run_server(away.hang_up), "the connection was closed"),
}
QUESTIONS: dict[str, Callable[[RegistryClient], object]] = {
    "champion": find_champion,
    "reachable": refuse_unreachable,
    "versions": list_versions,
    "promote": lambda registry: promote(registry, 1, replacing=None),
    "rollback": restore_champion,
}


def expect_refusal(question: str, uri: str, told: str) -> None:
    """Ask with a password, which nobody may be told."""
    registry = RegistryClient(Registry(uri.replace("//", "//ann:canary-4711@")))
    with pytest.raises(RegistryUnavailable, match=told) as refusal:
        QUESTIONS[question](registry)
    assert f"MLflow at {uri} " in str(refusal.value)
    assert "canary-4711" not in str(refusal.value)
    assert refusal.value.__cause__ is None or "canary" not in str(refusal.value.__cause__)


@pytest.mark.parametrize("question", ["champion", "promote"])
@pytest.mark.parametrize("place", PLACES)
def test_a_server_that_is_no_help_is_told_in_words(place: str, question: str) -> None:
    where, told = PLACES[place]
    with where() as uri:
        expect_refusal(question, uri, told)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("question", ["champion", "promote"])
@pytest.mark.parametrize("place", SILENT)
def test_a_server_that_never_answers_is_given_up_in_time(place: str, question: str) -> None:
    with SILENT[place]() as uri:
        begin = time.monotonic()
        expect_refusal(question, uri, "has not answered within 2 seconds")
        assert LIMIT <= time.monotonic() - begin < NEVER / 2


@pytest.mark.usefixtures("impatient")
def test_who_has_not_answered_is_not_asked_again_for_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry_client, "RETRY_AFTER_SECONDS", NEVER)  # a busy machine
    with away.open_black_hole() as uri:
        registry = RegistryClient(Registry(uri))
        with pytest.raises(RegistryUnavailable):
            find_champion(registry)
        asked: list[Registry] = []
        monkeypatch.setattr(registry_client, "_create_client", asked.append)
        for ask in QUESTIONS.values():
            with pytest.raises(RegistryUnavailable, match="has not answered within 2 seconds"):
                ask(registry)
        assert asked == []


@pytest.mark.usefixtures("impatient")
def test_after_that_minute_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_client, "RETRY_AFTER_SECONDS", 0)
    with away.open_black_hole() as uri:
        for _ in range(2):
            begin = time.monotonic()
            with pytest.raises(RegistryUnavailable):
                find_champion(RegistryClient(Registry(uri)))
            assert time.monotonic() - begin >= LIMIT


IN_A_PROCESS_OF_ITS_OWN = """
import sys
import mlflow
from models.registry import client
from models.registry.registry import Registry, RegistryClient, RegistryUnavailable, find_champion
client.TIMEOUT_SECONDS = 2.0
try:
    find_champion(RegistryClient(Registry(sys.argv[1])))
except RegistryUnavailable as refusal:
    print(refusal)
"""
"""MLflow goes on trying behind a lock of its own, which would hold up the tests after this one."""


@pytest.mark.parametrize("where", [away.reserve_closed_port, away.open_black_hole])
def test_a_database_that_is_away_is_given_up_in_time(where: Callable[[], object]) -> None:
    with where() as uri:
        address = uri.replace("http://", "postgresql://ann:canary-4711@") + "/mlflow"
        command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, address]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=NEVER)
    shown = uri.replace("http", "postgresql")
    assert done.stdout.startswith(f"MLflow at {shown}/mlflow has not answered within 2 seconds.")
    assert done.stderr == ""
    assert "canary-4711" not in done.stdout


def test_an_address_that_is_none_is_told_without_it() -> None:
    with pytest.raises(RegistryUnavailable, match="refused the request") as refusal:
        find_champion(RegistryClient(Registry("klingon://ann:canary-4711@host/mlflow")))
    assert "canary-4711" not in str(refusal.value)


def test_it_is_silent_while_it_waits(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with away.reserve_closed_port() as uri, pytest.raises(RegistryUnavailable):
        find_champion(RegistryClient(Registry(uri)))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_server_that_says_that_there_is_none_is_there_and_is_asked_again() -> None:
    told = b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "There is no such run."}'
    with away.run_server(away.build_answer(404, told, "application/json")) as uri:
        with pytest.raises(RegistryUnavailable, match="RESOURCE_DOES_NOT_EXIST"):
            find_champion(RegistryClient(Registry(uri)))
        assert registry_client._outages == {}
