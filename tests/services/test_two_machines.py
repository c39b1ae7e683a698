"""Two machines that ask one real MLflow server, until the night on which it is gone."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.registry import client as registry_connection
from pipelines.cli.main import main
from pipelines.config.run_request import RunRequest, resolve_home
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.load_champion import find_usable_champion
from pipelines.lifecycle.run_context import RunContext
from publications.storage.lock import hold_home
from tests.models import bad_servers as away
from tests.pipelines.conftest import load_current
from tests.services.conftest import MLflowServer, files_with

pytestmark = pytest.mark.postgresql

PATIENCE = 300
"""Seconds that a busy machine may take."""


@dataclass
class Team:
    """Two machines with homes of their own, and the server that both ask."""

    config: Path
    server: MLflowServer
    first: Path
    second: Path

    def list_of(self, home: Path) -> bytes:
        return (load_current(home).folder / "worklist.csv").read_bytes()

    def warnings_of(self, home: Path) -> str:
        return " ".join(load_current(home).manifest["warnings"])


@pytest.fixture(scope="module")
def trained(
    crm: Path, on_postgresql: MLflowServer, tmp_path_factory: pytest.TempPathFactory
) -> Team:
    """The first machine has trained twice; nothing was listed yet."""
    folder = tmp_path_factory.mktemp("team")
    team = Team(crm, on_postgresql.ready(), folder / "first", folder / "second")
    with pytest.MonkeyPatch.context() as patched:
        for days in ("10", "14"):
            patched.setenv("LEADGAIN_LISTS__HORIZON_DAYS", days)
            patched.setenv("LEADGAIN_TRACKING__URI", on_postgresql.uri)
            with pytest.raises(SystemExit) as stop:
                main(["train", "--config", str(crm), "--home", str(team.first)])
            assert not stop.value.code
    return team


@pytest.fixture
def team(trained: Team, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("LEADGAIN_TRACKING__URI", trained.server.uri)
    monkeypatch.setattr(registry_connection, "RETRY_AFTER_SECONDS", 0)
    trained.server.ready()
    return trained


@pytest.fixture
def alone(team: Team, tmp_path: Path) -> Path:
    """A copy of the first machine's home."""
    return Path(shutil.copytree(team.first, tmp_path / "home"))


def load(team: Team, home: Path) -> LoadedVersion:
    with hold_home(resolve_home(home)) as lock:
        champion = find_usable_champion(RunContext(RunRequest.of(team.config, home), lock))
    assert champion is not None
    return champion


def test_a_second_machine_fetches_the_model_and_gives_the_same_list(leadgain, team: Team) -> None:
    for home in (team.first, team.second):
        done = leadgain("score", "--config", team.config, "--home", home)
        assert done.code == 0, done.err
        assert "MLflow" not in team.warnings_of(home)
    assert team.list_of(team.first) == team.list_of(team.second)
    files = {path.name: path.read_bytes() for path in (team.first / "models" / "2").iterdir()}
    assert files == {
        path.name: path.read_bytes() for path in (team.second / "models" / "2").iterdir()
    }
    assert not (team.first / "mlflow.db").exists()
    assert not (team.first / "mlartifacts").exists()


def test_a_rollback_on_one_machine_holds_on_the_other(leadgain, team: Team, alone: Path) -> None:
    begin = time.monotonic()
    assert leadgain("rollback", "--config", team.config, "--home", team.second).code == 0
    assert time.monotonic() - begin < PATIENCE
    assert leadgain("score", "--config", team.config, "--home", alone).code == 0
    assert load_current(alone).manifest["model"]["version"] == 1
    assert "in use" in leadgain("models", "--config", team.config, "--home", alone).said
    assert leadgain("rollback", "--config", team.config, "--home", team.second).code == 0


def test_a_damaged_copy_is_fetched_again_from_the_server(team: Team, alone: Path) -> None:
    model = alone / "models" / "2" / "model.txt"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    champion = load(team, alone)
    assert champion.version.version == 2
    assert "was fetched from MLflow" in champion.note
    assert model.read_bytes() == whole


@pytest.mark.harness
def test_a_server_that_never_answers_holds_nobody_up_for_long(
    team: Team, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real limit, on a port that takes connections and is silent."""
    with away.open_black_hole() as silent:
        secret = silent.replace("//", "//ann:canary-4711@")
        monkeypatch.setenv("LEADGAIN_TRACKING__URI", secret)
        begin = time.monotonic()
        champion = load(team, alone)
        assert time.monotonic() - begin < PATIENCE
    assert champion.version.version == 2
    assert f"MLflow at {silent} has not answered within 20 seconds." in champion.note
    assert files_with("canary-4711", alone) == []


def test_between_training_and_scoring_the_server_is_gone_and_the_list_says_so(
    leadgain, team: Team, alone: Path, tmp_path: Path
) -> None:
    """The last test here: a server takes its time to start again."""
    team.server.kill()
    begin = time.monotonic()
    done = leadgain("score", "--config", team.config, "--home", alone)
    assert done.code == 0, done.err
    assert time.monotonic() - begin < PATIENCE
    assert load_current(alone).manifest["model"]["version"] == 2
    told = f"MLflow at {team.server.uri} refused the request: connection refused."
    assert told in team.warnings_of(alone)
    assert "The scores are those of version 2, the newest champion" in team.warnings_of(alone)
    new = leadgain("score", "--config", team.config, "--home", tmp_path / "new")
    assert new.code == 0, new.err
    listed = load_current(tmp_path / "new").manifest["model"]
    assert listed["version"] is None
    assert listed["missing_because"].startswith(told)
