"""Tools stay inside the home folder, say nothing and ask nobody."""

import os
import socket
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from crm.errors import ConfigurationError
from pipelines.runtime import environment
from pipelines.runtime.environment import PrefectUnavailable, prepare_environment, provide_prefect
from pipelines.runtime.prefect_server import start_server
from publications.filesystem.durable_files import CannotWrite
from publications.storage.home import Home
from publications.storage.lock import Busy, hold_home

SWITCHES = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))


def test_telemetry_is_off_even_where_it_was_on(tmp_path):
    os.environ.update(DO_NOT_TRACK="0", GX_ANALYTICS_ENABLED="true")
    prepare_environment(tmp_path)
    assert {name: os.environ[name] for name in SWITCHES} == SWITCHES


def test_nothing_is_pickled_whatever_was_set(tmp_path):
    os.environ["PREFECT_RESULTS_DEFAULT_SERIALIZER"] = "pickle"
    prepare_environment(tmp_path)
    assert os.environ["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"


def test_prefect_lives_in_the_home_folder_unless_it_has_a_place(tmp_path):
    os.environ.pop("PREFECT_HOME", None)
    prepare_environment(tmp_path / "home")
    assert os.environ["PREFECT_HOME"] == str(tmp_path / "home" / "prefect")
    prepare_environment(tmp_path / "another")
    assert os.environ["PREFECT_HOME"] == str(tmp_path / "home" / "prefect")


def test_preparing_makes_nothing(tmp_path):
    prepare_environment(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def have_prefect(home: Path) -> None:
    with provide_prefect(home, lambda: None):
        pass


def test_a_home_that_cannot_be_made_is_told_before_anything_starts(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(CannotWrite, match=r"Cannot write .*home"):
        have_prefect(tmp_path / "home")


def test_a_full_disk_is_told_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "MIN_FREE_BYTES", 2**62)
    with pytest.raises(CannotWrite, match=r"Cannot write .*home: No space left on device; .* free"):
        have_prefect(tmp_path / "home")


def test_a_database_that_cannot_be_written_is_told_before_anything_starts(tmp_path):
    (tmp_path / "home" / "prefect" / "prefect.db").mkdir(parents=True)
    with pytest.raises(CannotWrite, match=r"Cannot write .*prefect\.db: Is a directory"):
        have_prefect(tmp_path / "home")


def test_a_busy_home_is_told_before_anything_starts(tmp_path):
    home = Home(tmp_path / "home")
    with hold_home(home), pytest.raises(Busy, match=f"Process {os.getpid()} is at work in"):
        have_prefect(home.folder)
    assert not home.prefect.exists()


@pytest.mark.prefect
def test_a_server_that_does_not_start_is_told_with_what_to_do(tmp_path, monkeypatch):
    os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = "sqlite+aiosqlite:////dev/null/prefect.db"
    gone = start_server(keeps_schedule=False)
    monkeypatch.setattr(environment, "_get_own_server", lambda keeps_schedule: gone)
    with pytest.raises(PrefectUnavailable, match=r"cannot be reached \(it ended with code \d\)"):
        have_prefect(tmp_path / "home")
    assert not list((tmp_path / "home" / "prefect").iterdir())


def test_a_named_server_that_is_not_there_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    with (
        temporary_settings({PREFECT_API_URL: os.environ["PREFECT_API_URL"]}),
        pytest.raises(PrefectUnavailable, match=r"cannot be reached \(ConnectError\)"),
    ):
        have_prefect(tmp_path / "home")


def test_a_named_server_whose_password_would_be_taken_for_its_path_is_refused(tmp_path):
    os.environ["PREFECT_API_URL"] = "http://me:2024/canary@host/api"
    with pytest.raises(ConfigurationError, match=r"PREFECT_API_URL .* read in two ways") as refused:
        have_prefect(tmp_path / "home")
    assert "canary" not in str(refused.value)
