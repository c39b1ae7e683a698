"""Which model ranks the list when the champion's files are damaged, or the registry is away."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from models.registry.registry import (
    RegistryClient,
    RegistryUnavailable,
    demote,
    restore_champion,
)
from models.scorer import scorer
from pipelines.config.run_request import RunRequest
from pipelines.flows import train
from pipelines.lifecycle import load_champion as ladder
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.champion_cache import read_remembered_champions
from pipelines.lifecycle.load_champion import find_usable_champion
from pipelines.lifecycle.run_context import RunContext
from publications.storage.lock import hold_home
from tests.models.damages import cut_off, flip_a_byte, swap_columns
from tests.pipelines.conftest import Outcome, load_current


@pytest.fixture
def alone(second_night, tmp_path) -> RunRequest:
    """A home whose version 2 is champion and version 1 was before, with a registry of its own."""
    home = Path(shutil.copytree(second_night.home, tmp_path / "home"))
    keep_own_artifacts(home)
    return RunRequest.of(second_night.config, home)


def keep_own_artifacts(home: Path) -> None:
    """MLflow keeps whole paths; those of a copied home lead to the ones that it was copied from."""
    with closing(sqlite3.connect(home / "mlflow.db")) as records, records:
        kept = records.execute("SELECT artifact_uri FROM runs").fetchall()
        for original in {uri.partition("/mlartifacts")[0] for (uri,) in kept}:
            shutil.copytree(
                Path(original.removeprefix("file://")) / "mlartifacts",
                home / "mlartifacts",
                dirs_exist_ok=True,
            )
            records.execute(
                "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)",
                (original, home.as_uri()),
            )


def get_registry(request: RunRequest) -> RegistryClient:
    return RunContext(request).registry


def find(request: RunRequest) -> RunContext:
    """What a run with the home folder's lock has found out about the champion."""
    with hold_home(request.home) as lock:
        context = RunContext(request, lock)
        find_usable_champion(context)
    return context


def load(request: RunRequest) -> LoadedVersion:
    champion = find(request).champion
    assert champion is not None
    return champion


def take_the_model_of_another_version(folder: Path) -> None:
    """A model and a spec that agree with each other."""
    for name in ("model.txt", "spec.json"):
        shutil.copy(folder.with_name("1") / name, folder / name)


def take_the_trees_of_another_version(folder: Path) -> None:
    shutil.copy(folder.with_name("1") / "model.txt", folder / "model.txt")


def lose_the_backtest(folder: Path) -> None:
    (folder / "backtest.parquet").unlink()


def lose_the_folder(folder: Path) -> None:
    shutil.rmtree(folder)


DAMAGES = [
    flip_a_byte,
    cut_off,
    swap_columns,
    take_the_model_of_another_version,
    take_the_trees_of_another_version,
    lose_the_backtest,
    lose_the_folder,
]


def damage_the_registrys_copy(request: RunRequest, version: int) -> None:
    """Of the files of a version, those that leadgain reads back."""
    whole = (request.home.models / str(version) / "spec.json").read_bytes()
    for spec in request.home.artifacts.rglob("training/spec.json"):
        if spec.read_bytes() == whole:
            flip_a_byte(spec.parent)


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The texts that LightGBM was given."""
    seen: list[str] = []
    really = scorer._load_booster

    def open_it(model: str) -> object:
        seen.append(model)
        return really(model)

    monkeypatch.setattr(scorer, "_load_booster", open_it)
    return seen


@pytest.fixture
def away(monkeypatch) -> Callable[[], None]:
    """Let the registry answer no question any more."""

    def refuse(*_: object, **__: object) -> None:
        raise RegistryUnavailable("MLflow at http://tracking cannot be asked.")

    return lambda: monkeypatch.setattr(RegistryClient, "ask", refuse)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_refused_unopened_and_fetched_again(
    alone: RunRequest, damage: Callable[[Path], None], opened: list[str]
) -> None:
    folder = alone.home.models / "2"
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    damage(folder)
    champion = load(alone)
    assert champion.number == 2
    assert opened == [whole["model.txt"].decode()]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert "was fetched from MLflow" in champion.note
    assert "Check the disk" in champion.note
    assert str(alone.home.folder) not in champion.note, "people who read lists need no path"
    assert load(alone).note == ""


def test_where_both_copies_are_damaged_the_version_before_it_ranks_the_list(
    alone: RunRequest, opened: list[str]
) -> None:
    damage_the_registrys_copy(alone, 2)
    flip_a_byte(alone.home.models / "2")
    champion = load(alone)
    assert champion.number == 1
    assert champion.version.aliases == ()
    assert "could not be fetched" in champion.note
    assert "those of version 1, the newest champion" in champion.note
    assert opened == [(alone.home.models / "1" / "model.txt").read_text()]
    restore_champion(get_registry(alone))
    assert load(alone).note == ""


def test_without_any_whole_version_no_model_is_opened_and_the_reason_is_known(
    alone: RunRequest, opened: list[str]
) -> None:
    for version in (2, 1):
        damage_the_registrys_copy(alone, version)
        flip_a_byte(alone.home.models / str(version))
    context = find(alone)
    assert (context.champion, opened) == (None, [])
    assert "model.txt of version 2" in context.no_champion_reason
    assert "No earlier champion" in context.no_champion_reason


def test_where_only_the_files_cannot_be_fetched_the_version_before_it_ranks_the_list(
    alone: RunRequest, monkeypatch
) -> None:
    """MLflow's server is up, and the store of its artifacts is not: it is asked nothing more."""

    def refuse(*_: object) -> None:
        monkeypatch.setattr(RegistryClient, "ask", refuse)
        raise RegistryUnavailable("MLflow at http://tracking cannot be asked.")

    monkeypatch.setattr(ladder, "fetch", refuse)
    shutil.rmtree(alone.home.models / "2")
    champion = load(alone)
    assert champion.number == 1
    assert "MLflow at http://tracking cannot be asked." in champion.note


def test_a_run_that_only_reads_is_given_the_same_model_and_writes_nothing(
    alone: RunRequest,
) -> None:
    flip_a_byte(alone.home.models / "2")
    before = read_all_files(alone.home.folder)
    champion = find_usable_champion(RunContext(alone))
    assert champion is not None
    assert read_all_files(alone.home.folder) == before
    assert (champion.number, "was fetched from MLflow" in champion.note) == (2, True)


def read_all_files(folder: Path) -> dict[str, bytes]:
    """File -> content, but for what SQLite keeps beside a database that is read."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def test_while_the_registry_is_away_the_newest_whole_champion_ranks_the_list(
    alone: RunRequest, opened: list[str], away: Callable[[], None]
) -> None:
    """No list was scored here since the training of the second night."""
    away()
    champion = load(alone)
    assert champion.number == 2
    assert champion.version.metrics["gain_model_at_30"] > 0
    assert opened == [(alone.home.models / "2" / "model.txt").read_text()]
    assert champion.note.startswith("MLflow at http://tracking cannot be asked.")
    assert "those of version 2, the newest champion" in champion.note
    flip_a_byte(alone.home.models / "2")
    assert load(alone).number == 1
    cut_off(alone.home.models / "1")
    context = find(alone)
    assert context.champion is None
    assert context.no_champion_reason.startswith("MLflow at http://tracking cannot be asked.")


def test_a_demoted_champion_does_not_stand_in(alone: RunRequest, away: Callable[[], None]) -> None:
    demote(get_registry(alone), 2, decision={})
    assert find(alone).champion is None
    assert read_remembered_champions(alone.home) == []
    away()
    assert find(alone).champion is None


def test_after_a_rollback_no_other_version_stands_in(
    leadgain, alone: RunRequest, away: Callable[[], None]
) -> None:
    asked = ("--config", alone.config, "--home", alone.home.folder)
    assert leadgain("rollback", *asked).code == 0
    away()
    assert load(alone).number == 1
    flip_a_byte(alone.home.models / "1")
    assert find(alone).champion is None, "a person has taken version 2 out of use"


def test_a_damaged_model_is_told_beside_the_list(leadgain, alone: RunRequest) -> None:
    asked = ("score", "--config", alone.config, "--home", alone.home.folder)
    flip_a_byte(alone.home.models / "2")
    assert leadgain(*asked).code == 0
    report = (load_current(alone.home.folder).folder / "report.html").read_text()
    assert "was fetched from MLflow" in report
    for version in (2, 1):
        damage_the_registrys_copy(alone, version)
        flip_a_byte(alone.home.models / str(version))
    outcome = leadgain(*asked)
    assert outcome.code == 0, outcome.err
    listed = load_current(alone.home.folder)
    assert listed.manifest["model"]["version"] is None
    assert "model.txt of version 2" in listed.manifest["model"]["missing_because"]


def test_a_training_that_is_due_does_not_keep_the_list_from_being_published(
    leadgain, alone: RunRequest, away: Callable[[], None], monkeypatch
) -> None:
    """Without the environment of the second night the settings are others: a training is due."""
    monkeypatch.setattr(train, "build_history", None)  # nothing expensive is begun
    away()
    asked = ("run", "--config", alone.config, "--home", alone.home.folder)
    done = leadgain(*asked)
    assert done.code == 0, done.err
    publication = load_current(alone.home.folder)
    assert publication.manifest["model"]["version"] == 2
    missed, note, *_ = publication.manifest["warnings"]
    assert "A training was due (leadgain.toml has changed" in missed
    assert "MLflow at http://tracking cannot be asked." in missed
    assert "The scores are those of version 2" in note
    leadgain(*asked)
    assert load_current(alone.home.folder).number == publication.number
    for command in (("train",), ("run", "--train")):
        refused = leadgain(*command, *asked[1:])
        assert refused.code == 1
        assert "MLflow at http://tracking cannot be asked." in refused.err


@pytest.fixture
def explained(leadgain, alone: RunRequest) -> Callable[[], Outcome]:
    """The command `explain` on the first lead of the list."""
    lead = str(load_current(alone.home.folder).table("worklist.parquet")["lead_id"].iloc[0])
    asked = ("explain", lead, "--config", alone.config, "--home", alone.home.folder)

    def explain() -> Outcome:
        before = read_all_files(alone.home.models)
        outcome = leadgain(*asked)
        assert read_all_files(alone.home.models) == before
        return outcome

    return explain


def test_a_score_is_explained_by_the_model_that_a_scoring_would_take(
    explained: Callable[[], Outcome], alone: RunRequest, away: Callable[[], None]
) -> None:
    usual = explained()
    assert (usual.code, "Warnings" in usual.out) == (0, False)
    away()
    outcome = explained()
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(usual.out), "the same facts and the same score"
    assert "Warnings: MLflow at http://tracking cannot be asked." in outcome.said
    swap_columns(alone.home.models / "2")
    outcome = explained()
    assert outcome.code == 0, outcome.err
    assert "Model version 1," in outcome.said
    cut_off(alone.home.models / "1")
    outcome = explained()
    assert outcome.code == 2
    assert "No model ranks the list" in outcome.err
    assert "No earlier champion" in outcome.err


def test_where_there_is_no_champion_explain_says_why(
    explained: Callable[[], Outcome], alone: RunRequest
) -> None:
    demote(get_registry(alone), 2, decision={})
    outcome = explained()
    assert outcome.code == 2
    assert outcome.err.startswith("leadgain: No model ranks the list, so there is no score")
