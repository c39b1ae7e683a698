"""One whole night with everything in PostgreSQL: the CRM's data, MLflow's records, Prefect's."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.registry.registry import Registry, RegistryClient, fetch, list_versions
from tests.pipelines.conftest import FinishedRun, load_current
from tests.services.conftest import PASSWORD, PostgreSQL, files_with
from tests.services.test_crm_in_postgresql import configure_tables, fill_database

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

COMMAND = [sys.executable, "-c", "from pipelines.cli.main import main; main()"]


@dataclass(frozen=True)
class Night:
    """A run that is done: where, with which MLflow, and what was said."""

    home: Path
    folder: Path
    mlflow: str
    said: str


@pytest.fixture(scope="module")
def night(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """``leadgain run`` in a process of its own, started in an empty folder."""
    folder = tmp_path_factory.mktemp("all_on_postgresql")
    crm, mlflow, prefect = (
        postgresql.database(name) for name in ("night_crm", "night_mlflow", "night_prefect")
    )
    fill_database(crm)
    config = configure_tables(folder, crm)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))},
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": prefect.replace("://", "+asyncpg://"),
        "LEADGAIN_TRACKING__URI": mlflow.replace("postgresql", "postgres"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    started = folder / "started_here"
    started.mkdir()
    done = subprocess.run(
        [*COMMAND, "run", "--config", str(config), "--home", str(folder / "home")],
        cwd=started,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(started.iterdir()) == []  # no ./mlruns
    return Night(folder / "home", folder, mlflow, done.stdout + done.stderr)


def test_the_list_is_that_of_files_and_embedded_stores(
    night: Night, night_on_files: FinishedRun
) -> None:
    for name in ("worklist.csv", "worklist.parquet", "gains.csv", "tiers.csv", "backtest.parquet"):
        lists = [
            (load_current(home).folder / name).read_bytes()
            for home in (night.home, night_on_files.home)
        ]
        assert lists[0] == lists[1], name


def test_the_records_are_in_postgresql_and_the_files_in_the_home(
    night: Night, postgresql: PostgreSQL
) -> None:
    flows = postgresql.run("night_prefect", "SELECT name, state_type::text FROM flow_run")
    assert [state for _, state in flows] == ["COMPLETED"]
    assert postgresql.run("night_mlflow", "SELECT version FROM model_versions") == [(1,)]
    assert not (night.home / "mlflow.db").exists()
    assert not (night.home / "prefect" / "prefect.db").exists()
    assert list((night.home / "mlartifacts").rglob("training/model.txt"))


def test_no_password_is_told_or_kept(night: Night) -> None:
    assert PASSWORD not in night.said
    assert files_with(PASSWORD, night.home) == []


def test_a_lost_model_comes_back_by_url(night: Night, tmp_path: Path) -> None:
    registry = RegistryClient(Registry(night.mlflow))
    (only,) = list_versions(registry)
    assert only.aliases == ("champion",)
    fetch(registry, 1, tmp_path / "1")
    kept = night.home / "models" / "1"
    for file in kept.iterdir():
        assert (tmp_path / "1" / file.name).read_bytes() == file.read_bytes()
    shutil.rmtree(tmp_path / "1")
