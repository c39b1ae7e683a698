"""Servers that are down, silent, slow or something else: an answer within the limit, in words."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from models import registry_connection
from models.registry import (
    Registry,
    RegistryUnavailable,
    champion,
    promote,
    reachable,
    rollback,
    versions,
)
from tests.models import away

pytestmark = pytest.mark.slow

LIMIT = 2.0


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience, and one attempt: what is tried here is that it ends."""
    monkeypatch.setattr(registry_connection, "PATIENCE_SECONDS", LIMIT)
    monkeypatch.setattr(registry_connection, "_silent", {})
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """MLflow takes seconds to import, which are not the server's."""
    import mlflow  # noqa: F401


PLACES = {
    "nobody": (away.nobody, "did not do what was asked: nobody listens there"),
    "black hole": (away.black_hole, "has not answered within 2 seconds"),
    "slow": (lambda: away.server(away.SLOW), "has not answered within 2 seconds"),
    "broken": (lambda: away.server(away.BROKEN), "it answers every question with an error"),
    "login page": (lambda: away.server(away.LOGIN), "what answers is no MLflow"),
    "hangs up": (lambda: away.server(away.hang_up), "it hangs up without an answer"),
}
QUESTIONS: dict[str, Callable[[Registry], object]] = {
    "champion": champion,
    "reachable": reachable,
    "versions": versions,
    "promote": lambda registry: promote(registry, 1, replacing=None),
    "rollback": rollback,
}


@pytest.mark.parametrize("question", ["champion", "promote"])
@pytest.mark.parametrize("place", PLACES)
def test_a_server_that_is_no_help_is_given_up_in_time_and_in_words(
    place: str, question: str
) -> None:
    where, told = PLACES[place]
    with where() as uri:
        registry = Registry(uri.replace("//", "//ann:canary-4711@"))
        begin = time.monotonic()
        with pytest.raises(RegistryUnavailable, match=told) as refusal:
            QUESTIONS[question](registry)
        assert time.monotonic() - begin < LIMIT + 3
    assert f"MLflow at {uri} " in str(refusal.value)
    assert "canary-4711" not in str(refusal.value)
    assert refusal.value.__cause__ is None or "canary" not in str(refusal.value.__cause__)


def test_who_has_not_answered_is_not_asked_again_for_a_minute() -> None:
    with away.black_hole() as uri:
        registry = Registry(uri)
        with pytest.raises(RegistryUnavailable):
            champion(registry)
        begin = time.monotonic()
        for ask in QUESTIONS.values():
            with pytest.raises(RegistryUnavailable, match="has not answered within 2 seconds"):
                ask(registry)
        assert time.monotonic() - begin < LIMIT  # not even one of them was asked


def test_after_that_minute_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_connection, "QUIET_SECONDS", 0)
    with away.black_hole() as uri:
        for _ in range(2):
            begin = time.monotonic()
            with pytest.raises(RegistryUnavailable):
                champion(Registry(uri))
            assert time.monotonic() - begin >= LIMIT


IN_A_PROCESS_OF_ITS_OWN = """
import sys
import mlflow
from models import registry_connection
from models.registry import Registry, RegistryUnavailable, champion
registry_connection.PATIENCE_SECONDS = 2.0
try:
    champion(Registry(sys.argv[1]))
except RegistryUnavailable as refusal:
    print(refusal)
"""
"""MLflow goes on trying behind a lock of its own, which would hold up the tests after this one."""


@pytest.mark.parametrize("where", [away.nobody, away.black_hole])
def test_a_database_that_is_away_is_given_up_in_time(where: Callable[[], object]) -> None:
    with where() as uri:
        address = uri.replace("http://", "postgresql://ann:canary-4711@") + "/mlflow"
        command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, address]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    shown = uri.replace("http", "postgresql")
    assert done.stdout.startswith(f"MLflow at {shown}/mlflow has not answered within 2 seconds.")
    assert done.stderr == ""
    assert "canary-4711" not in done.stdout


def test_an_address_that_is_none_is_told_without_it() -> None:
    with pytest.raises(RegistryUnavailable, match="did not do what was asked") as refusal:
        champion(Registry("klingon://ann:canary-4711@host/mlflow"))
    assert "canary-4711" not in str(refusal.value)


def test_it_is_silent_while_it_waits(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with away.nobody() as uri, pytest.raises(RegistryUnavailable):
        champion(Registry(uri))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_server_that_says_that_there_is_none_is_there_and_is_asked_again() -> None:
    told = b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "There is no such run."}'
    with away.server(away.say(404, told, "application/json")) as uri:
        with pytest.raises(RegistryUnavailable, match="RESOURCE_DOES_NOT_EXIST"):
            champion(Registry(uri))
        assert registry_connection._silent == {}
