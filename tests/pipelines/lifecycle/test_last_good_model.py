"""Which model ranks the list when the champion's files are damaged, or the registry is away."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ModelDamaged
from models.registry.registry import (
    RegistryClient,
    RegistryUnavailable,
    demote,
    find_champion,
    restore_champion,
)
from models.scorer import scorer
from pipelines.config.registry_address import get_registry
from pipelines.config.run_context import RunContext
from pipelines.flows import train
from pipelines.lifecycle import champion as champions
from pipelines.lifecycle.champion import Champion, load_champion, load_trusted_champion
from pipelines.lifecycle.champion_cache import read_remembered_champion, remember_champion
from publications.storage.lock import hold_home
from tests.models.damages import cut_off, flip_a_byte, swap_columns
from tests.pipelines.conftest import Outcome, load_current


@pytest.fixture
def alone(second_night, tmp_path) -> RunContext:
    """A home whose version 2 leads and whose version 1 led before, with a registry of its own."""
    home = Path(shutil.copytree(second_night.home, tmp_path / "home"))
    keep_own_artifacts(home)
    return RunContext.of(str(second_night.config), str(home))


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


def load(context: RunContext) -> Champion | None:
    with hold_home(context.home) as lock:
        return load_champion.fn(context, lock)


def take_the_model_of_another_version(folder: Path) -> None:
    """A model and a spec that agree with each other."""
    for name in ("model.txt", "spec.json"):
        shutil.copy(folder.with_name("1") / name, folder / name)


def take_the_trees_of_another_version(folder: Path) -> None:
    shutil.copy(folder.with_name("1") / "model.txt", folder / "model.txt")


def lose_the_backtest(folder: Path) -> None:
    (folder / "backtest.parquet").unlink()


DAMAGES = [
    flip_a_byte,
    cut_off,
    swap_columns,
    take_the_model_of_another_version,
    take_the_trees_of_another_version,
    lose_the_backtest,
]


def damage_the_registrys_copy(context: RunContext, version: int) -> None:
    """Of the files of a version, those that leadgain reads back."""
    whole = (context.home.models / str(version) / "spec.json").read_bytes()
    for spec in context.home.artifacts.rglob("training/spec.json"):
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


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_refused_unopened_and_fetched_again(
    alone: RunContext, damage: Callable[[Path], None], opened: list[str]
) -> None:
    folder = alone.home.models / "2"
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    damage(folder)
    champion = load(alone)
    assert champion.version.version == 2
    assert opened == [whole["model.txt"].decode()]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert "were damaged, so they were fetched again from MLflow" in champion.note
    assert "It was not opened." in champion.note or "The model was not opened." in champion.note
    aside = folder.with_name("2.damaged")
    assert "kept there as 2.damaged" in champion.note
    assert str(alone.home.folder) not in champion.note, "people who read lists need no path"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} != whole
    assert load(alone).note == ""


@pytest.mark.parametrize("damage", DAMAGES)
def test_where_both_copies_are_damaged_the_version_before_it_ranks_the_list(
    alone: RunContext, damage: Callable[[Path], None]
) -> None:
    damage_the_registrys_copy(alone, 2)
    damage(alone.home.models / "2")
    champion = load(alone)
    assert champion.version.version == 1
    assert champion.note.startswith(
        "Version 2 leads but cannot be used, so the scores are those of version 1, which led before"
    )
    assert "could not be fetched again" in champion.note


@pytest.mark.parametrize("damage", DAMAGES[:3])
def test_without_any_whole_version_nothing_is_ranked(
    alone: RunContext, damage: Callable[[Path], None], opened: list[str]
) -> None:
    for version in (2, 1):
        damage_the_registrys_copy(alone, version)
        damage(alone.home.models / str(version))
    with pytest.raises(
        ModelDamaged,
        match=r"Version 1, which led before, cannot be used: .* Nothing was scored\. Restore",
    ):
        load(alone)
    assert opened == []


def test_a_version_that_a_person_took_the_lead_from_does_not_stand_in(alone: RunContext) -> None:
    restore_champion(get_registry(alone))
    damage_the_registrys_copy(alone, 1)
    flip_a_byte(alone.home.models / "1")
    with pytest.raises(
        ModelDamaged, match="Version 2, which led before, was taken out of the lead"
    ):
        load(alone)


def test_a_version_that_is_nowhere_is_refused(alone: RunContext) -> None:
    shutil.rmtree(alone.home.models / "2")
    shutil.rmtree(alone.home.models / "1")
    shutil.rmtree(alone.home.artifacts)
    with pytest.raises(
        ModelDamaged, match=r"The folder of version 2 in MLflow is missing, .* scored\. Restore the"
    ):
        load(alone)


def test_where_only_the_files_cannot_be_fetched_the_version_before_it_ranks_the_list(
    alone: RunContext, monkeypatch
) -> None:
    """MLflow's server is up, and the store of its artifacts is not: it is asked nothing more."""

    def refuse(*_: object) -> None:
        monkeypatch.setattr(RegistryClient, "ask", refuse)
        raise RegistryUnavailable("MLflow at http://tracking cannot be asked.")

    monkeypatch.setattr(champions, "fetch", refuse)
    shutil.rmtree(alone.home.models / "2")
    champion = load(alone)
    assert champion.version.version == 1
    assert champion.note.startswith(
        "Version 2 leads but cannot be used, so the scores are those of"
    )


def test_whoever_only_looks_is_given_the_same_model_and_writes_nothing_at_home(
    alone: RunContext,
) -> None:
    flip_a_byte(alone.home.models / "2")
    before = read_all_files(alone.home.folder)
    looked_at = load_trusted_champion(alone)
    assert read_all_files(alone.home.folder) == before
    assert looked_at.version.version == 2
    assert looked_at.note.startswith(
        "The files of version 2 in the home folder are damaged, so those in MLflow were used"
    )
    assert looked_at.note.endswith("The next scoring puts them in the place of the damaged ones.")
    shutil.rmtree(alone.home.models / "2")
    assert load_trusted_champion(alone).note == ""
    assert not (alone.home.models / "2").exists()


def read_all_files(folder: Path) -> dict[str, bytes]:
    """File -> content, but for what SQLite keeps beside a database that is read."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def test_what_a_killed_run_left_of_a_fetch_is_in_nobodys_way(alone: RunContext) -> None:
    flip_a_byte(alone.home.models / "2")
    shutil.copytree(alone.home.models / "1", alone.home.models / "2.fetched")
    shutil.copytree(alone.home.models / "1", alone.home.models / "2.damaged")
    assert load(alone).version.version == 2
    assert not (alone.home.models / "2.fetched").exists()


@pytest.fixture
def away(monkeypatch) -> Callable[[], None]:
    """Let the registry answer no question any more."""

    def refuse(*_: object, **__: object) -> None:
        raise RegistryUnavailable("MLflow at http://tracking cannot be asked.")

    return lambda: monkeypatch.setattr(RegistryClient, "ask", refuse)


def test_the_last_good_model_ranks_the_list_while_the_registry_is_away(
    alone: RunContext, opened: list[str], away: Callable[[], None]
) -> None:
    load(alone)
    opened.clear()
    away()
    champion = load(alone)
    assert (
        champion.version
        == read_remembered_champion(alone.home, get_registry(alone).registry).version
    )
    assert champion.version.version == 2
    assert champion.version.metrics["gain_model_at_30"] > 0
    assert opened == [(alone.home.models / "2" / "model.txt").read_text()]
    assert champion.note.startswith(
        "MLflow at http://tracking cannot be asked. "
        "The scores are those of version 2, which led when MLflow last answered"
    )


def test_a_version_that_stood_in_is_not_told_to_have_led_while_the_registry_is_away(
    alone: RunContext, away: Callable[[], None]
) -> None:
    damage_the_registrys_copy(alone, 2)
    flip_a_byte(alone.home.models / "2")
    assert load(alone).version.version == 1
    away()
    assert (
        "version 1, which stood in for the champion when MLflow last answered" in load(alone).note
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_last_model_is_not_used_while_the_registry_is_away(
    alone: RunContext, damage: Callable[[Path], None], opened: list[str], away: Callable[[], None]
) -> None:
    load(alone)
    opened.clear()
    damage(alone.home.models / "2")
    away()
    with pytest.raises(RegistryUnavailable, match=r"And version 2, which led .* is damaged: "):
        load(alone)
    assert opened == []


def test_without_a_remembered_model_the_registry_is_needed(
    alone: RunContext, away: Callable[[], None]
) -> None:
    away()
    shutil.rmtree(alone.home.models)
    with pytest.raises(RegistryUnavailable, match=r"No model is left .* Start MLflow again"):
        load(alone)


def test_the_champion_of_another_registry_is_not_used(
    alone: RunContext, away: Callable[[], None]
) -> None:
    load(alone)
    away()
    tracking = alone.settings.tracking.model_copy(update={"model": "another"})
    settings = alone.settings.model_copy(update={"tracking": tracking})
    with pytest.raises(RegistryUnavailable, match="No model is left"):
        load(replace(alone, settings=settings))


def test_a_champion_that_stepped_down_is_forgotten(
    alone: RunContext, away: Callable[[], None]
) -> None:
    load(alone)
    demote(get_registry(alone), 2, decision={})
    assert load(alone) is None
    away()
    with pytest.raises(RegistryUnavailable, match="No model is left"):
        load(alone)


def test_what_is_remembered_holds_no_password_and_damage_to_it_is_no_model(
    alone: RunContext,
) -> None:
    load(alone)
    secret = replace(get_registry(alone).registry, tracking_uri="https://me:canary@host/x")
    with hold_home(alone.home) as lock:
        remember_champion(lock, secret, find_champion(get_registry(alone)), now=alone.now)
    file = alone.home.models / "champion.json"
    assert "canary" not in file.read_text()
    assert read_remembered_champion(alone.home, secret).version.version == 2
    load(alone)
    for content in ("", "null", '{"registry": 1}', file.read_text()[:-50]):
        file.write_text(content)
        assert read_remembered_champion(alone.home, get_registry(alone).registry) is None


def test_a_damaged_model_is_told_beside_the_list(leadgain, alone: RunContext, second_night) -> None:
    flip_a_byte(alone.home.models / "2")
    asked = ("score", "--config", second_night.config, "--home", alone.home.folder)
    assert leadgain(*asked).code == 0
    report = (load_current(alone.home.folder).folder / "report.html").read_text()
    assert "were damaged, so they were fetched again" in report
    assert leadgain(*asked).code == 0
    report = (load_current(alone.home.folder).folder / "report.html").read_text()
    assert "were damaged" not in report


def test_a_registry_that_is_away_does_not_stop_the_list(
    leadgain, alone: RunContext, second_night, away: Callable[[], None]
) -> None:
    asked = ("score", "--config", second_night.config, "--home", alone.home.folder)
    assert leadgain(*asked).code == 0
    away()
    assert leadgain(*asked).code == 0
    publication = load_current(alone.home.folder)
    assert publication.manifest["model"]["version"] == 2
    assert "which led when MLflow last answered" in (publication.folder / "report.html").read_text()


def test_a_training_that_is_due_does_not_keep_the_list_from_being_published(
    leadgain, alone: RunContext, second_night, away: Callable[[], None], monkeypatch
) -> None:
    """Without the environment of the second night the settings are others: a training is due."""
    monkeypatch.setattr(train, "build_history", None)  # nothing expensive is begun
    away()
    asked = ("run", "--config", second_night.config, "--home", alone.home.folder)
    done = leadgain(*asked)
    assert done.code == 0, done.err
    publication = load_current(alone.home.folder)
    assert publication.manifest["model"]["version"] == 2
    missed, note, *_ = publication.manifest["warnings"]
    assert missed == (
        "A training was due (leadgain.toml has changed since the last one) and could not take "
        "place. MLflow at http://tracking cannot be asked."
    )
    assert "The scores are those of version 2" in note
    leadgain(*asked)
    assert load_current(alone.home.folder).number == publication.number
    for command in (("train",), ("run", "--train")):
        refused = leadgain(*command, *asked[1:])
        assert refused.code == 1
        assert "MLflow at http://tracking cannot be asked." in refused.err


def test_a_rollback_holds_while_the_registry_is_away(
    leadgain, alone: RunContext, second_night, away: Callable[[], None]
) -> None:
    asked = ("--config", second_night.config, "--home", alone.home.folder)
    assert leadgain("rollback", *asked).code == 0
    away()
    assert load(alone).version.version == 1


def test_a_model_that_was_only_trained_yet_ranks_the_list_while_the_registry_is_away(
    alone: RunContext, away: Callable[[], None]
) -> None:
    """What the training of the second night has kept; no list was scored here since."""
    away()
    champion = load(alone)
    assert champion.version.version == 2
    assert champion.version.aliases == ("champion",)


def test_a_list_without_a_trusted_model_is_not_published(
    leadgain, alone: RunContext, second_night
) -> None:
    before = load_current(alone.home.folder).number
    for version in (2, 1):
        damage_the_registrys_copy(alone, version)
        flip_a_byte(alone.home.models / str(version))
    outcome = leadgain("score", "--config", second_night.config, "--home", alone.home.folder)
    assert outcome.code == 1
    assert "model.txt of version 2" in outcome.err
    assert load_current(alone.home.folder).number == before


@pytest.fixture
def explained(leadgain, alone: RunContext, second_night) -> Callable[[], Outcome]:
    """The command `explain` on the first lead of the list."""
    lead = str(load_current(alone.home.folder).table("worklist.parquet")["lead_id"].iloc[0])
    asked = ("explain", lead, "--config", second_night.config, "--home", alone.home.folder)

    def explain() -> Outcome:
        before = read_all_files(alone.home.models)
        outcome = leadgain(*asked)
        assert read_all_files(alone.home.models) == before
        return outcome

    return explain


def test_while_the_registry_is_away_a_score_is_explained_by_the_last_good_model(
    explained: Callable[[], Outcome], alone: RunContext, away: Callable[[], None]
) -> None:
    load(alone)
    usual = explained()
    assert (usual.code, "Warnings" in usual.out) == (0, False)
    away()
    outcome = explained()
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(usual.out), "the same facts and the same score"
    assert (
        "Warnings: MLflow at http://tracking cannot be asked. The scores are those of version 2, "
        "which led when MLflow last answered, at"
    ) in outcome.said
    flip_a_byte(alone.home.models / "2")
    outcome = explained()
    assert outcome.code == 1
    assert "And version 2, which led when it last answered, is damaged" in outcome.err
    assert "Nothing was scored. Start MLflow again" in outcome.err


def test_a_score_is_explained_by_the_model_that_a_scoring_would_take(
    explained: Callable[[], Outcome], alone: RunContext
) -> None:
    flip_a_byte(alone.home.models / "2")
    outcome = explained()
    assert outcome.code == 0, outcome.err
    assert "Model version 2," in outcome.said
    assert "The files of version 2 in the home folder are damaged, so those in" in outcome.said
    damage_the_registrys_copy(alone, 2)
    swap_columns(alone.home.models / "2")
    outcome = explained()
    assert outcome.code == 0, outcome.err
    assert "Model version 1," in outcome.said
    assert "so the scores are those of version 1, which led before it" in outcome.said
    assert load(alone).version.version == 1


def test_without_any_whole_version_no_score_is_explained(
    explained: Callable[[], Outcome], alone: RunContext
) -> None:
    for version in (2, 1):
        damage_the_registrys_copy(alone, version)
        cut_off(alone.home.models / str(version))
    outcome = explained()
    assert outcome.code == 1
    assert "Nothing was scored. Restore the home folder from a backup" in outcome.err


def test_where_nobody_leads_any_more_explain_says_why(
    explained: Callable[[], Outcome], alone: RunContext
) -> None:
    demote(get_registry(alone), 2, decision={})
    outcome = explained()
    assert outcome.code == 2
    assert outcome.err.startswith("leadgain: No model leads, so there is no score to explain. ")
