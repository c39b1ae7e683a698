"""Who leads: what is loaded, and how an earlier version comes back."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from models.registry.registry import verify_version_files
from models.registry.types import RegisteredVersion
from models.scorer.model_files import hash_files, read_model, write_model
from pipelines.lifecycle.champion import store_model_files
from publications.storage.home import Home
from tests.pipelines.conftest import load_current


def test_a_version_whose_files_are_gone_comes_back_from_the_registry(leadgain, night, published):
    model = published / "models" / "1" / "model.txt"
    before = hashlib.sha256(model.read_bytes()).hexdigest()
    shutil.rmtree(model.parent)
    assert leadgain("score", "--config", night.config, "--home", published).code == 0
    assert hashlib.sha256(model.read_bytes()).hexdigest() == before


def test_rollback_lets_the_earlier_version_lead_the_next_list(leadgain, second_night, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(second_night.home, home)
    assert load_current(home).manifest["model"]["version"] == 2
    outcome = leadgain("rollback", "--config", second_night.config, "--home", home)
    assert "Version 1 is in use" in outcome.said
    leadgain("score", "--config", second_night.config, "--home", home)
    assert load_current(home).manifest["model"]["version"] == 1


def test_a_rollback_needs_a_version_to_go_back_to(leadgain, night, published):
    arguments = ("--config", night.config, "--home", published)
    nothing = leadgain("rollback", *arguments)
    assert nothing.code == 2
    assert "There is no earlier champion to go back to" in nothing.err
    unknown = leadgain("rollback", "9", *arguments)
    assert unknown.code == 2
    assert "There is no version 9 of leadgain; there is 1." in unknown.err


def write_training(folder: Path, trees: str) -> RegisteredVersion:
    """The files of a training, and version 7 as it is registered with them."""
    folder.mkdir(parents=True)
    write_model(folder, trees, {"columns": []})
    _, spec = read_model(folder)
    files = hash_files(folder)
    return RegisteredVersion(
        7, spec["model_sha256"], "r", (), {}, {}, {}, {}, spec["spec_sha256"], files
    )


def test_the_files_of_a_training_are_kept_and_once_is_enough(tmp_path):
    home = Home(tmp_path / "home")
    for attempt in ("first", "second"):
        version = write_training(tmp_path / attempt, "tree")
        home.models.mkdir(parents=True, exist_ok=True)
        assert store_model_files(tmp_path / attempt, version, home)
        assert not (tmp_path / attempt).exists()
        assert [path.name for path in home.models.iterdir()] == ["7"]
        verify_version_files(version, home.models / "7", where="here")


def test_the_files_of_a_lost_registry_give_way_to_those_of_the_new_one(tmp_path):
    home = Home(tmp_path / "home")
    for attempt in ("lost", "new", "newer"):
        version = write_training(tmp_path / attempt, attempt)
        home.models.mkdir(parents=True, exist_ok=True)
        store_model_files(tmp_path / attempt, version, home)
        verify_version_files(version, home.models / "7", where="here")
    assert [path.name for path in home.models.iterdir()] == ["7"]


def test_a_training_with_another_proof_than_was_registered_leaves_all_as_it_is(tmp_path):
    home = Home(tmp_path / "home")
    version = write_training(home.models / "7", "tree")
    again = tmp_path / "again"
    write_training(again, "tree")
    (again / "gains.csv").write_text("depth,gain\n")
    other = replace(version, files={**version.files, "gains.csv": "other"})
    assert not store_model_files(again, other, home)
    assert not again.exists()
    assert [path.name for path in home.models.iterdir()] == ["7"]
