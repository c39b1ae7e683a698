"""What somebody has deleted in MLflow by hand is told in a sentence with what to do."""

from collections.abc import Callable

import pytest

from models.registry.records import find_experiment
from models.registry.registry import find_champion
from tests.pipelines.conftest import Outcome, load_current
from tests.pipelines.lifecycle.test_last_good_model import alone, get_registry  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slow


@pytest.fixture
def asked(leadgain, alone) -> Callable[..., Outcome]:  # noqa: F811
    """A command on that home."""

    def ask(*command: str) -> Outcome:
        return leadgain(*command, "--config", alone.config, "--home", alone.home.folder)

    return ask


@pytest.fixture
def mlflow(alone):  # noqa: F811
    """MLflow's own client, and the name of the model."""
    registry = get_registry(alone)
    with registry.update() as (client, _):
        yield client, registry.registry


def test_a_deleted_champion_is_told_and_the_one_before_is_a_rollback_away(asked, alone, mlflow):  # noqa: F811
    client, registry = mlflow
    client.delete_model_version(registry.model_name, "2")
    scored = asked("score")
    assert scored.code == 0, scored.err
    assert "MLflow has no champion, although version 2 was promoted" in scored.said
    explained = asked("explain", "L0001")
    assert explained.code == 2
    assert "MLflow has no champion, although version 2 was promoted" in explained.err
    assert asked("rollback", "2").err == (
        "leadgain: There is no version 2 of leadgain; there is 1."
    )
    assert asked("rollback").code == 0
    assert asked("score").code == 0
    assert load_current(alone.home.folder).manifest["model"]["version"] == 1


def test_a_deleted_model_is_told_and_trained_anew(asked, alone, mlflow, monkeypatch):  # noqa: F811
    """The new version 1 is another than the one whose files the home folder still has."""
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "10")
    client, registry = mlflow
    client.delete_registered_model(registry.model_name)
    assert "No model has been trained here yet" in asked("models").said
    rollback = asked("rollback")
    assert rollback.code == 2
    assert "There is no earlier champion to go back to" in rollback.err
    scored = asked("score")
    assert scored.code == 0, scored.err
    assert "MLflow has no champion" in scored.said
    ran = asked("run")
    assert ran.code == 0, ran.err
    assert find_champion(get_registry(alone)).version == 1
    assert load_current(alone.home.folder).manifest["model"]["version"] == 1
    assert "damaged" not in ran.said


def test_a_deleted_run_keeps_nobody_from_working(asked, alone, mlflow):  # noqa: F811
    client, _ = mlflow
    run = find_champion(get_registry(alone)).run_id
    client.delete_run(run)
    client._tracking_client.store._hard_delete_run(run)
    scored = asked("score", "--again")
    assert scored.code == 0, scored.err
    assert load_current(alone.home.folder).manifest["model"]["version"] == 2
    listed = asked("models")
    assert listed.code == 0, listed.err
    assert "in use" in listed.said


def test_a_deleted_experiment_keeps_only_the_training_from_working(asked, alone, mlflow):  # noqa: F811
    client, registry = mlflow
    name, _ = find_experiment(client, registry)
    client.delete_experiment(client.create_experiment(name, registry.artifact_root))
    trained = asked("train")
    assert trained.code == 1
    assert "was deleted, so no training can be logged. Restore it there" in trained.err
    ran = asked("run")
    assert ran.code == 0, ran.err
    assert "A training was due" in ran.said
    assert "Restore it there" in ran.said
