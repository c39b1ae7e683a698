"""Champion, previous, and the way back, on a real store."""

import logging
import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.errors import ModelDamaged
from models.registry import client
from models.registry.registry import (
    ChampionChanged,
    NoSuchVersion,
    Registry,
    RegistryClient,
    RegistryUnavailable,
    demote,
    fetch,
    find_champion,
    list_versions,
    log_training,
    promote,
    record_decision,
    restore_champion,
)
from models.scorer.scorer import LeadScorer
from tests.models.conftest import open_registry

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def no_network() -> "pytest.MonkeyPatch":
    """Any attempt to reach another machine fails."""
    with pytest.MonkeyPatch.context() as patched:

        def refuse(self: socket.socket, address: object) -> None:
            raise AssertionError(f"tried to reach {address}")

        patched.setattr(socket.socket, "connect", refuse)
        yield patched


def train(folder: Path, seed: int) -> Path:
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    X = pd.DataFrame({"visits_7d": generator.random(400)}, dtype="float32")
    converted = (generator.random(400) < X["visits_7d"]).astype(int)
    LeadScorer({"num_iterations": 5}).fit(X, converted).save(folder, {"cut_offs": [0.3, 0.1]})
    (folder / "gains.csv").write_text("depth,gain\n")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("trained")
    return {seed: train(folder / str(seed), seed) for seed in (1, 2, 3)}


def log(registry: RegistryClient, folder: Path, gain: float = 0.55) -> int:
    return log_training(
        registry,
        folder,
        params={"num_leaves": 15},
        metrics={"gain_model_at_30": gain},
        tags={"code_version": "0.1.0"},
    ).version


def test_a_training_becomes_a_version_with_its_figures_and_files(
    registry: RegistryClient, trained: dict[int, Path], tmp_path: Path
) -> None:
    assert log(registry, trained[1], gain=0.551) == 1
    (found,) = list_versions(registry)
    assert found.metrics == {"gain_model_at_30": 0.551}
    assert found.params == {"num_leaves": "15"}
    assert found.tags == {"code_version": "0.1.0", "model_version": "1"}
    assert found.aliases == ()
    stored = {path.name for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()}
    assert {"model.txt", "spec.json", "gains.csv", "model.lgb", "MLmodel"} <= stored
    assert not [name for name in stored if name.endswith((".pkl", ".pickle", ".skops"))]
    assert not [name for name in stored if "input_example" in name]
    assert not Path("mlruns").exists()


def test_the_same_model_again_is_the_same_version(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    assert [log(registry, trained[seed]) for seed in (1, 2, 1)] == [1, 2, 1]
    assert [found.version for found in list_versions(registry)] == [2, 1]


def test_the_alias_moves_and_the_one_before_is_remembered(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = log(registry, trained[1]), log(registry, trained[2])
    assert find_champion(registry) is None
    promote(registry, first, replacing=None)
    led = promote(registry, second, replacing=first, decision={"difference_at_A": 0.021})
    assert led.version == second
    assert led.aliases == ("champion",)
    assert led.decision == {"difference_at_A": "0.021"}
    assert [found.aliases for found in list_versions(registry)] == [("champion",), ("previous",)]


def test_an_alias_that_moved_meanwhile_is_not_overwritten(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second, third = (log(registry, trained[seed]) for seed in (1, 2, 3))
    promote(registry, first, replacing=None)
    promote(registry, second, replacing=first)
    with pytest.raises(
        ChampionChanged,
        match="Version 3 was compared with version 1, but version 2 is the champion now",
    ):
        promote(registry, third, replacing=first)
    with pytest.raises(ChampionChanged, match="compared with no champion"):
        promote(registry, third, replacing=None)
    now = find_champion(registry)
    assert now is not None
    assert now.version == second


def test_promoting_the_champion_again_keeps_the_one_before_it(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = log(registry, trained[1]), log(registry, trained[2])
    promote(registry, first, replacing=None)
    promote(registry, second, replacing=first)
    promote(registry, second, replacing=second)
    assert restore_champion(registry).version == first


def test_why_a_version_does_not_lead_is_kept_with_it(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = (log(registry, trained[seed]) for seed in (1, 2))
    promote(registry, first, replacing=None, decision={"sentence": "The first model."})
    record_decision(registry, second, {"sentence": "It is worse."})
    told = {found.version: found.decision["sentence"] for found in list_versions(registry)}
    assert told == {first: "The first model.", second: "It is worse."}
    assert find_champion(registry).version == first
    assert [found.version for found in list_versions(registry, most=1)] == [second]


def test_rolling_back_twice_leads_forward_again(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = log(registry, trained[1]), log(registry, trained[2])
    promote(registry, first, replacing=None)
    with pytest.raises(NoSuchVersion, match="no earlier champion to go back to"):
        restore_champion(registry)
    promote(registry, second, replacing=first)
    begin = time.monotonic()
    assert restore_champion(registry).version == first
    assert time.monotonic() - begin < 60
    assert restore_champion(registry).version == second
    assert restore_champion(registry, first).aliases == ("champion",)


def test_a_version_that_a_person_took_the_lead_from_is_marked_until_a_person_gives_it_back(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = log(registry, trained[1]), log(registry, trained[2])
    promote(registry, first, replacing=None)
    promote(registry, second, replacing=first, decision={"gain": 0.55})
    restore_champion(registry)
    assert {v.version: dict(v.decision) for v in list_versions(registry)} == {
        second: {"gain": "0.55", "rolled_back_from": "true"},
        first: {},
    }
    promote(registry, second, replacing=first)
    assert list_versions(registry)[0].decision["rolled_back_from"] == "true"
    restore_champion(registry)
    restore_champion(registry, second)
    assert {v.version: v.decision.get("rolled_back_from") for v in list_versions(registry)} == {
        second: None,
        first: "true",
    }


def test_a_rollback_to_the_champion_itself_marks_nobody(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first = log(registry, trained[1])
    promote(registry, first, replacing=None)
    assert restore_champion(registry, first).aliases == ("champion",)
    assert list_versions(registry)[0].decision == {}


def test_a_champion_that_steps_down_leaves_nobody_in_its_place_and_can_come_back(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = log(registry, trained[1]), log(registry, trained[2])
    promote(registry, first, replacing=None)
    promote(registry, second, replacing=first)
    demote(registry, second, decision={"sentence": "It is degraded.", "difference_high": -0.02})
    assert find_champion(registry) is None
    left = list_versions(registry)[0]
    assert left.aliases == ("previous",)
    assert left.decision == {
        "sentence": "It is degraded.",
        "difference_high": "-0.02",
        "stepped_down": "true",
    }
    back = restore_champion(registry)
    assert back.version == second
    assert "stepped_down" not in back.decision


def test_only_the_champion_can_step_down(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    first, second = log(registry, trained[1]), log(registry, trained[2])
    with pytest.raises(ChampionChanged, match="to be demoted, but there is no champion"):
        demote(registry, first, decision={})
    promote(registry, second, replacing=None)
    with pytest.raises(ChampionChanged, match="demoted, but version 2 is the champion now"):
        demote(registry, first, decision={"sentence": "It is degraded."})
    assert find_champion(registry).version == second
    assert list_versions(registry)[1].decision == {}


def test_a_version_that_does_not_exist_is_named_with_those_that_do(
    registry: RegistryClient, trained: dict[int, Path], tmp_path: Path
) -> None:
    with pytest.raises(NoSuchVersion, match="no version 1 of leadgain; there is none"):
        promote(registry, 1, replacing=None)
    log(registry, trained[1])
    for ask in (
        lambda: restore_champion(registry, 7),
        lambda: fetch(registry, 7, tmp_path / "fetched"),
    ):
        with pytest.raises(NoSuchVersion, match="no version 7 of leadgain; there is 1"):
            ask()
    assert not (tmp_path / "fetched").exists()


def test_a_lost_model_folder_comes_back_byte_by_byte(
    registry: RegistryClient, trained: dict[int, Path], tmp_path: Path
) -> None:
    version = log(registry, trained[1])
    folder = tmp_path / "models" / "1"
    fetch(registry, version, folder)
    for path in trained[1].iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert [path.name for path in folder.parent.iterdir()] == ["1"]
    assert LeadScorer.load(folder).extra_ == {"cut_offs": [0.3, 0.1]}


def test_a_moved_home_writes_where_it_is_and_still_knows_its_versions(
    tmp_path: Path, trained: dict[int, Path]
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    before = open_registry(old)
    old.mkdir()
    log_training(before, trained[1], params={}, metrics={})
    shutil.copytree(old, new)
    known = sorted(old.rglob("*"))
    after = open_registry(new)
    for number in (2, 1, 2):
        log_training(after, trained[number], params={}, metrics={})
    assert sorted(old.rglob("*")) == known, "something was written where the home had been"
    assert [version.version for version in list_versions(after)] == [2, 1]
    fetch(after, 2, tmp_path / "fetched")
    assert (tmp_path / "fetched" / "model.txt").read_bytes() == (
        trained[2] / "model.txt"
    ).read_bytes()


@pytest.mark.parametrize("file", ["model.txt", "spec.json"])
def test_a_damaged_artifact_is_refused_and_leaves_nothing_behind(
    registry: RegistryClient, trained: dict[int, Path], tmp_path: Path, file: str
) -> None:
    version = log(registry, trained[1])
    (stored,) = (tmp_path / "mlartifacts").rglob(file)
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    with pytest.raises(ModelDamaged, match=rf"{file} .*expected SHA-256 .*, found \w+"):
        fetch(registry, version, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_a_damaged_model_is_not_logged(
    registry: RegistryClient, trained: dict[int, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(trained[1], folder)
    (folder / "model.txt").write_text("tree")
    with pytest.raises(ModelDamaged, match=r"model\.txt is not the file that was saved"):
        log(registry, folder)
    assert list_versions(registry) == []


def test_metric_names_with_an_at_sign_are_refused(
    registry: RegistryClient, trained: dict[int, Path]
) -> None:
    with pytest.raises(ValueError, match="must not contain '@': gain@30"):
        log_training(registry, trained[1], params={}, metrics={"gain@30": 0.5})


def test_a_store_that_cannot_be_opened_is_reported_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    registry = Registry(f"sqlite:///{tmp_path}/file/mlflow.db")
    with pytest.raises(RegistryUnavailable, match="MLflow at sqlite://"):
        list_versions(RegistryClient(registry))
    assert "secret" not in Registry("postgresql://me:secret@db.example.com:5432/x").shown


def test_mlflow_is_opened_once_and_its_records_are_read_once_until_they_change(
    registry: RegistryClient, trained: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def count(name: str) -> None:
        function = getattr(client, name)
        monkeypatch.setattr(client, name, lambda *given: (calls.append(name), function(*given))[1])

    count("_create_client")
    count("read_records")
    find_champion(registry)
    list_versions(registry)
    assert calls == ["_create_client", "read_records"]
    log(registry, trained[1])
    assert [found.version for found in list_versions(registry)] == [1]
    assert calls[2:] == ["read_records"] * 2, "before the change and after it"


def test_it_works_in_silence(
    registry: RegistryClient,
    trained: dict[int, Path],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        promote(registry, log(registry, trained[1]), replacing=None)
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name.startswith("mlflow")] == []
