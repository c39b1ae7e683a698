"""Who leads and who led before, whatever happens between two writes, and by whose hand."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from models.errors import ModelDamaged
from models.registry import client as registry_connection
from models.registry.client import connected
from models.registry.registry import (
    champion,
    champion_and_previous,
    fetch,
    promote,
    reachable,
    rollback,
    step_down,
    versions,
)
from models.registry.types import (
    ChampionChanged,
    NoSuchVersion,
    Registry,
    RegistryUnavailable,
)
from tests.models.conftest import all_in_one_file, copied

pytestmark = pytest.mark.slow

WRITES = ("set_", "delete_", "create_", "update_")


class Failing:
    """MLflow's client; with a number, the connection is lost at that write."""

    def __init__(self, client: Any, at: int | None, *, done: bool) -> None:
        self._client, self._at, self._done = client, at, done
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._client, name)
        if not name.startswith(WRITES):
            return function

        def write(*arguments: Any, **named: Any) -> Any:
            self.writes += 1
            if self.writes != self._at:
                return function(*arguments, **named)
            if self._done:
                function(*arguments, **named)
            raise ConnectionError("lost")

        return write


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Failing]]:
    """Lose the connection at a write: before it is done, or before its answer is read."""
    really = registry_connection._client

    def lose(at: int | None, *, done: bool = False) -> list[Failing]:
        made: list[Failing] = []

        def client(registry: Registry) -> Any:
            made.append(Failing(really(registry), at, done=done))
            return made[-1]

        monkeypatch.setattr(registry_connection, "_client", client)
        return made

    return lose


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A store with the versions 1, 2 and 3, none of which leads."""
    registry = copied(empty_store, tmp_path_factory.mktemp("three"))
    for _ in range(3):
        add_version(registry)
    return all_in_one_file(Path(registry.tracking_uri.removeprefix("sqlite:///")))


@pytest.fixture
def registry(three: Path, tmp_path: Path) -> Registry:
    return copied(three, tmp_path)


def add_version(registry: Registry) -> None:
    """A version as a training makes one, but for its files."""
    name = registry.model_name
    with connected(registry) as client:
        run = client.create_run("0", tags={"fingerprint": "f"})
        client.log_metric(run.info.run_id, "gain_model_at_30", 0.5)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        tags = {"model_sha256": "abc", "spec_sha256": "def", "files_sha256": "{}"}
        client.create_model_version(name, "runs:/x/training", run.info.run_id, tags=tags)


def second_of_two(registry: Registry) -> None:
    """Version 2 leads, and version 1 led before."""
    promote(registry, 1, replacing=None)
    promote(registry, 2, replacing=1)


def nobody_after_two(registry: Registry) -> None:
    """Version 2 led after version 1, and has stepped down."""
    second_of_two(registry)
    step_down(registry, 2, decision={"sentence": "It is worn."})


COMMANDS: dict[str, tuple[Callable[[Registry], None], Callable[[Registry], object]]] = {
    "the first promotion": (
        lambda registry: None,
        lambda registry: promote(registry, 1, replacing=None, decision={"gain": 0.5}),
    ),
    "a promotion": (
        second_of_two,
        lambda registry: promote(registry, 3, replacing=2, decision={"gain": 0.5}),
    ),
    "a promotion after a step down": (
        nobody_after_two,
        lambda registry: promote(registry, 3, replacing=None, decision={"gain": 0.5}),
    ),
    "a step down": (
        second_of_two,
        lambda registry: step_down(registry, 2, decision={"sentence": "It is worn."}),
    ),
    "a rollback": (second_of_two, rollback),
    "a rollback to a number": (second_of_two, lambda registry: rollback(registry, 3)),
    "a rollback after a step down": (nobody_after_two, rollback),
}


def state(registry: Registry) -> list[tuple[object, ...]]:
    """All that leadgain tells of who leads and why."""
    told = [(v.version, v.aliases, dict(v.decision)) for v in versions(registry)]
    return [*told, who_leads(registry)]


def who_leads(registry: Registry) -> tuple[int | None, int | None]:
    """The champion and the version before it."""
    leading, before = champion_and_previous(registry)
    return leading and leading.version, before and before.version


@pytest.mark.parametrize("done", [False, True], ids=["before it is done", "before it is answered"])
@pytest.mark.parametrize("command", COMMANDS)
def test_wherever_the_connection_is_lost_one_leads_and_the_one_before_is_known(
    command: str, done: bool, three: Path, tmp_path: Path, losing: Callable[..., list[Failing]]
) -> None:
    before, command_ = COMMANDS[command]
    undisturbed = copied(three, tmp_path / "undisturbed")
    before(undisturbed)
    then = who_leads(undisturbed)
    clients = losing(None)
    command_(undisturbed)
    wanted, writes = state(undisturbed), clients[0].writes
    losing(None)
    now = who_leads(undisturbed)
    assert writes > 0
    for at in range(1, writes + 1):
        registry = copied(three, tmp_path / f"lost at {at}")
        before(registry)
        losing(at, done=done)
        with pytest.raises(RegistryUnavailable):
            command_(registry)
        losing(None)
        is_done = done and at == writes
        found = who_leads(registry)
        assert found == (now if is_done else then), f"write {at} of {writes}"
        if not (is_done and command_ is rollback):  # again, it would go back: a person sees it
            command_(registry)
        assert state(registry) == wanted, f"write {at} of {writes}"


def test_the_first_champion_has_nobody_to_go_back_to_even_if_its_successor_was_cut_short(
    registry: Registry, losing: Callable[..., list[Failing]]
) -> None:
    promote(registry, 1, replacing=None)
    for at in (1, 2, 2):
        losing(at)
        with pytest.raises(RegistryUnavailable):
            promote(registry, 2, replacing=1)
        losing(None)
        with pytest.raises(NoSuchVersion, match=r"no earlier champion to go back to\. Name a"):
            rollback(registry)


def test_a_version_that_was_deleted_by_hand_leads_no_more_and_the_one_before_comes_back(
    registry: Registry,
) -> None:
    second_of_two(registry)
    with connected(registry) as client:
        client.delete_model_version(registry.model_name, "2")
    assert champion(registry) is None
    assert [found.version for found in versions(registry)] == [3, 1]
    assert rollback(registry).version == 1


def test_a_rollback_to_a_version_that_was_deleted_by_hand_asks_for_another(
    registry: Registry,
) -> None:
    second_of_two(registry)
    with connected(registry) as client:
        client.delete_model_version(registry.model_name, "1")
    assert who_leads(registry) == (2, None)
    with pytest.raises(
        NoSuchVersion,
        match=r"Version 1 led before, but somebody has deleted it in MLflow\. Name a ver",
    ):
        rollback(registry)
    with pytest.raises(NoSuchVersion, match="There is no version 1 of leadgain; there is 2, 3"):
        rollback(registry, 1)
    assert rollback(registry, 3).version == 3
    assert rollback(registry).version == 2


def test_an_alias_that_leads_nowhere_is_no_champion(registry: Registry) -> None:
    """Not by MLflow's own hand, but by a database that was restored in part."""
    second_of_two(registry)
    database = registry.tracking_uri.removeprefix("sqlite:///")
    with closing(sqlite3.connect(database)) as tables, tables:
        tables.execute("UPDATE registered_model_aliases SET version = 9 WHERE alias = 'champion'")
    assert champion(registry) is None
    assert rollback(registry).version == 1
    assert who_leads(registry)[0] == 1


def test_a_model_that_was_deleted_by_hand_has_no_version_and_no_champion(
    registry: Registry,
) -> None:
    second_of_two(registry)
    with connected(registry) as client:
        client.delete_registered_model(registry.model_name)
    assert (who_leads(registry), versions(registry)) == ((None, None), [])
    with pytest.raises(NoSuchVersion, match="no earlier champion to go back to"):
        rollback(registry)
    with pytest.raises(NoSuchVersion, match="There is no version 2 of leadgain; there is none"):
        rollback(registry, 2)
    with pytest.raises(ChampionChanged, match="step down, but no version leads now"):
        step_down(registry, 2, decision={})
    reachable(registry)


def test_a_version_leads_without_figures_when_its_run_was_deleted_for_good(
    registry: Registry, tmp_path: Path
) -> None:
    second_of_two(registry)
    leading = champion(registry)
    with connected(registry) as client:
        client.delete_run(leading.run_id)
        assert champion(registry) == leading, "in MLflow's bin it is still there"
        client._tracking_client.store._hard_delete_run(leading.run_id)
    without = champion(registry)
    assert (without.version, without.model_sha256) == (2, "abc")
    assert (without.metrics, without.params, without.tags) == ({}, {}, {})
    assert [found.version for found in versions(registry)] == [3, 2, 1]
    with pytest.raises(
        ModelDamaged,
        match=r"The folder of version 2 in MLflow is missing, so the model cannot be used from",
    ):
        fetch(registry, 2, tmp_path / "2")


def test_a_version_that_somebody_else_registered_is_listed_and_not_trusted(
    registry: Registry, tmp_path: Path
) -> None:
    with connected(registry) as client:
        client.create_model_version(registry.model_name, "runs:/x/other")
    newest = versions(registry)[0]
    assert (newest.version, newest.model_sha256, newest.metrics) == (4, "", {})
    with pytest.raises(ModelDamaged, match="The folder of version 4 in MLflow is missing"):
        fetch(registry, 4, tmp_path / "4")


def test_an_experiment_that_was_deleted_is_told_before_anything_is_trained(
    registry: Registry,
) -> None:
    with connected(registry) as client:
        key = client.create_experiment(registry.experiment, registry.artifact_root)
        client.delete_experiment(key)
    with pytest.raises(
        RegistryUnavailable,
        match=rf"The experiment 'leadgain' of MLflow at .* was deleted, .* --experiment-id {key}",
    ):
        reachable(registry)
    with connected(registry) as client:
        client.restore_experiment(key)
    reachable(registry)


def test_what_an_older_leadgain_kept_by_its_aliases_alone_is_not_lost(
    registry: Registry, losing: Callable[..., list[Failing]]
) -> None:
    with connected(registry) as client:
        client.set_registered_model_alias(registry.model_name, "champion", "2")
        client.set_registered_model_alias(registry.model_name, "previous", "1")
    assert who_leads(registry) == (2, 1)
    for at in (1, 2, 2):
        losing(at)
        with pytest.raises(RegistryUnavailable):
            promote(registry, 3, replacing=2)
        losing(None)
        assert who_leads(registry) == (2, 1)
    promote(registry, 3, replacing=2)
    assert rollback(registry).version == 2
