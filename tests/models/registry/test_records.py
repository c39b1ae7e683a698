"""Who leads and who led before, whatever happens between two writes, and by whose hand."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from models.errors import ModelDamaged
from models.registry.registry import (
    RegistryClient,
    demote,
    fetch,
    find_champion,
    find_champion_and_previous,
    list_versions,
    promote,
    refuse_unreachable,
    restore_champion,
)
from models.registry.types import (
    ChampionChanged,
    NoSuchVersion,
    RegistryUnavailable,
)
from tests.models.conftest import copy_store, flush_write_ahead_log

pytestmark = pytest.mark.slow

WRITES = ("set_", "delete_", "create_", "update_")


class FailingClient:
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
def lose_connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[FailingClient]]:
    """Lose the connection at a write: before it is done, or before its answer is read."""
    really = RegistryClient._open

    def lose(at: int | None, *, done: bool = False) -> list[FailingClient]:
        made: list[FailingClient] = []

        def open_failing(registry: RegistryClient) -> Any:
            made.append(FailingClient(really(registry), at, done=done))
            return made[-1]

        monkeypatch.setattr(RegistryClient, "_open", open_failing)
        return made

    return lose


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A store with the versions 1, 2 and 3, none of which leads."""
    registry = copy_store(empty_store, tmp_path_factory.mktemp("three"))
    for _ in range(3):
        add_version(registry)
    return flush_write_ahead_log(Path(registry.registry.tracking_uri.removeprefix("sqlite:///")))


@pytest.fixture
def registry(three: Path, tmp_path: Path) -> RegistryClient:
    return copy_store(three, tmp_path)


def add_version(registry: RegistryClient) -> None:
    """A version as a training makes one, but for its files."""
    name = registry.registry.model_name
    with registry.update() as (client, _):
        run = client.create_run("0", tags={"fingerprint": "f"})
        client.log_metric(run.info.run_id, "gain_model_at_30", 0.5)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        tags = {"model_sha256": "abc", "spec_sha256": "def", "files_sha256": "{}"}
        client.create_model_version(name, "runs:/x/training", run.info.run_id, tags=tags)


def promote_two(registry: RegistryClient) -> None:
    """Version 2 leads, and version 1 led before."""
    promote(registry, 1, replacing=None)
    promote(registry, 2, replacing=1)


def demote_second(registry: RegistryClient) -> None:
    """Version 2 led after version 1, and has stepped down."""
    promote_two(registry)
    demote(registry, 2, decision={"sentence": "It is degraded."})


COMMANDS: dict[str, tuple[Callable[[RegistryClient], None], Callable[[RegistryClient], object]]] = {
    "the first promotion": (
        lambda registry: None,
        lambda registry: promote(registry, 1, replacing=None, decision={"gain": 0.5}),
    ),
    "a promotion": (
        promote_two,
        lambda registry: promote(registry, 3, replacing=2, decision={"gain": 0.5}),
    ),
    "a promotion after a step down": (
        demote_second,
        lambda registry: promote(registry, 3, replacing=None, decision={"gain": 0.5}),
    ),
    "a step down": (
        promote_two,
        lambda registry: demote(registry, 2, decision={"sentence": "It is degraded."}),
    ),
    "a rollback": (promote_two, restore_champion),
    "a rollback to a number": (promote_two, lambda registry: restore_champion(registry, 3)),
    "a rollback after a step down": (demote_second, restore_champion),
}


def read_state(registry: RegistryClient) -> list[tuple[object, ...]]:
    """All that leadgain tells of who leads and why."""
    told = [(v.version, v.aliases, dict(v.decision)) for v in list_versions(registry)]
    return [*told, read_champions(registry)]


def read_champions(registry: RegistryClient) -> tuple[int | None, int | None]:
    """The champion and the version before it."""
    champion, before = find_champion_and_previous(registry)
    return champion and champion.version, before and before.version


@pytest.mark.parametrize("done", [False, True], ids=["before it is done", "before it is answered"])
@pytest.mark.parametrize("command", COMMANDS)
def test_wherever_the_connection_is_lost_one_leads_and_the_one_before_is_known(
    command: str,
    done: bool,
    three: Path,
    tmp_path: Path,
    lose_connection: Callable[..., list[FailingClient]],
) -> None:
    before, command_ = COMMANDS[command]
    undisturbed = copy_store(three, tmp_path / "undisturbed")
    before(undisturbed)
    then = read_champions(undisturbed)
    clients = lose_connection(None)
    command_(undisturbed)
    wanted, writes = read_state(undisturbed), sum(made.writes for made in clients)
    lose_connection(None)
    now = read_champions(undisturbed)
    assert writes > 0
    for at in range(1, writes + 1):
        registry = copy_store(three, tmp_path / f"lost at {at}")
        before(registry)
        lose_connection(at, done=done)
        with pytest.raises(RegistryUnavailable):
            command_(registry)
        lose_connection(None)
        is_done = done and at == writes
        found = read_champions(registry)
        assert found == (now if is_done else then), f"write {at} of {writes}"
        if not (
            is_done and command_ is restore_champion
        ):  # again, it would go back: a person sees it
            command_(registry)
        assert read_state(registry) == wanted, f"write {at} of {writes}"


def test_the_first_champion_has_nobody_to_go_back_to_even_if_its_successor_was_cut_short(
    registry: RegistryClient, lose_connection: Callable[..., list[FailingClient]]
) -> None:
    promote(registry, 1, replacing=None)
    for at in (1, 2, 2):
        lose_connection(at)
        with pytest.raises(RegistryUnavailable):
            promote(registry, 2, replacing=1)
        lose_connection(None)
        with pytest.raises(NoSuchVersion, match=r"no earlier champion to go back to\. Name a"):
            restore_champion(registry)


def test_a_version_that_was_deleted_by_hand_leads_no_more_and_the_one_before_comes_back(
    registry: RegistryClient,
) -> None:
    promote_two(registry)
    with registry.update() as (client, _):
        client.delete_model_version(registry.registry.model_name, "2")
    assert find_champion(registry) is None
    assert [found.version for found in list_versions(registry)] == [3, 1]
    assert restore_champion(registry).version == 1


def test_a_rollback_to_a_version_that_was_deleted_by_hand_asks_for_another(
    registry: RegistryClient,
) -> None:
    promote_two(registry)
    with registry.update() as (client, _):
        client.delete_model_version(registry.registry.model_name, "1")
    assert read_champions(registry) == (2, None)
    with pytest.raises(
        NoSuchVersion,
        match="Version 1 was champion before, but was deleted in MLflow",
    ):
        restore_champion(registry)
    with pytest.raises(NoSuchVersion, match="There is no version 1 of leadgain; there is 2, 3"):
        restore_champion(registry, 1)
    assert restore_champion(registry, 3).version == 3
    assert restore_champion(registry).version == 2


def test_an_alias_that_leads_nowhere_is_no_champion(registry: RegistryClient) -> None:
    """Not by MLflow's own hand, but by a database that was restored in part."""
    promote_two(registry)
    database = registry.registry.tracking_uri.removeprefix("sqlite:///")
    with closing(sqlite3.connect(database)) as tables, tables:
        tables.execute("UPDATE registered_model_aliases SET version = 9 WHERE alias = 'champion'")
    registry = RegistryClient(registry.registry)
    assert find_champion(registry) is None
    assert restore_champion(registry).version == 1
    assert read_champions(registry)[0] == 1


def test_a_model_that_was_deleted_by_hand_has_no_version_and_no_champion(
    registry: RegistryClient,
) -> None:
    promote_two(registry)
    with registry.update() as (client, _):
        client.delete_registered_model(registry.registry.model_name)
    assert (read_champions(registry), list_versions(registry)) == ((None, None), [])
    with pytest.raises(NoSuchVersion, match="no earlier champion to go back to"):
        restore_champion(registry)
    with pytest.raises(NoSuchVersion, match="There is no version 2 of leadgain; there is none"):
        restore_champion(registry, 2)
    with pytest.raises(ChampionChanged, match="demoted, but there is no champion now"):
        demote(registry, 2, decision={})
    refuse_unreachable(registry)


def test_a_version_leads_without_figures_when_its_run_was_deleted_for_good(
    registry: RegistryClient, tmp_path: Path
) -> None:
    promote_two(registry)
    champion = find_champion(registry)
    with registry.update() as (client, _):
        client.delete_run(champion.run_id)
        assert find_champion(registry) == champion, "in MLflow's bin it is still there"
        client._tracking_client.store._hard_delete_run(champion.run_id)
    without = find_champion(registry)
    assert (without.version, without.model_sha256) == (2, "abc")
    assert (without.metrics, without.params, without.tags) == ({}, {}, {})
    assert [found.version for found in list_versions(registry)] == [3, 2, 1]
    with pytest.raises(
        ModelDamaged,
        match=r"The folder of version 2 in MLflow is missing, so the model cannot be used from",
    ):
        fetch(registry, 2, tmp_path / "2")


def test_a_version_that_somebody_else_registered_is_listed_and_not_trusted(
    registry: RegistryClient, tmp_path: Path
) -> None:
    with registry.update() as (client, _):
        client.create_model_version(registry.registry.model_name, "runs:/x/other")
    newest = list_versions(registry)[0]
    assert (newest.version, newest.model_sha256, newest.metrics) == (4, "", {})
    with pytest.raises(ModelDamaged, match="The folder of version 4 in MLflow is missing"):
        fetch(registry, 4, tmp_path / "4")


def test_an_experiment_that_was_deleted_is_told_before_anything_is_trained(
    registry: RegistryClient,
) -> None:
    with registry.update() as (client, _):
        key = client.create_experiment(
            registry.registry.experiment, registry.registry.artifact_root
        )
        client.delete_experiment(key)
    with pytest.raises(
        RegistryUnavailable,
        match=rf"The experiment 'leadgain' of MLflow at .* was deleted, .* --experiment-id {key}",
    ):
        refuse_unreachable(registry)
    with registry.update() as (client, _):
        client.restore_experiment(key)
    refuse_unreachable(registry)
