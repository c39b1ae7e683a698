"""Who leads: what is loaded, and how an earlier version comes back."""

import hashlib
import shutil

import pytest

from crm.errors import ConfigurationError
from models.registered import SQLITE
from pipelines.champion import registry_at
from pipelines.job import Job
from pipelines.same_list import told_settings
from tests.pipelines.conftest import in_force


def test_without_a_leadgain_toml_the_registry_is_the_homes_own(tmp_path):
    registry = registry_at(None, tmp_path / "home")
    assert registry.tracking_uri == f"{SQLITE}{tmp_path / 'home' / 'mlflow.db'}"


def test_without_a_leadgain_toml_the_environment_may_name_a_server(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_TRACKING__URI", "https://mlflow.example.com")
    monkeypatch.setenv("LEADGAIN_TRACKING__MODEL", "leads-de")
    registry = registry_at(None, tmp_path)
    assert (registry.tracking_uri, registry.model_name) == (
        "https://mlflow.example.com",
        "leads-de",
    )


def test_a_tracking_server_is_used_where_leadgain_toml_names_one(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text(
        '[leads]\nfile = "l.csv"\n[tracking]\nuri = "http://localhost:5000"\nmodel = "m"\n'
    )
    registry = registry_at(config, tmp_path / "home")
    assert (registry.tracking_uri, registry.model_name) == ("http://localhost:5000", "m")


def test_a_version_whose_files_are_gone_comes_back_from_the_registry(leadgain, night, published):
    model = published / "models" / "1" / "model.txt"
    before = hashlib.sha256(model.read_bytes()).hexdigest()
    shutil.rmtree(model.parent)
    assert leadgain("score", "--config", night.config, "--home", published).code == 0
    assert hashlib.sha256(model.read_bytes()).hexdigest() == before


def test_rollback_lets_the_earlier_version_lead_the_next_list(leadgain, second_night, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(second_night.home, home)
    assert in_force(home).manifest["model"]["version"] == 2
    outcome = leadgain("rollback", "--config", second_night.config, "--home", home)
    assert "Version 1 leads from the next scoring on" in outcome.said
    leadgain("score", "--config", second_night.config, "--home", home)
    assert in_force(home).manifest["model"]["version"] == 1


def test_a_rollback_needs_a_version_to_go_back_to(leadgain, night, published):
    arguments = ("--config", night.config, "--home", published)
    nothing = leadgain("rollback", *arguments)
    assert nothing.code == 2
    assert "There is no earlier champion to go back to" in nothing.err
    unknown = leadgain("rollback", "9", *arguments)
    assert unknown.code == 2
    assert "There is no version 9 of leadgain; there is 1." in unknown.err


@pytest.mark.parametrize("uri", ["sqlite:////var/lib/mlflow.db", "postgresql://db/mlflow"])
def test_a_database_without_a_server_keeps_its_files_in_the_home(tmp_path, uri):
    config = tmp_path / "leadgain.toml"
    config.write_text(f'[leads]\nfile = "l.csv"\n[tracking]\nuri = "{uri}"\n')
    registry = registry_at(config, tmp_path / "home")
    assert registry.artifact_root == f"file://{tmp_path / 'home' / 'mlartifacts'}"


def test_a_database_whose_place_depends_on_where_one_stands_is_refused(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text('[leads]\nfile = "l.csv"\n[tracking]\nuri = "sqlite:///mlflow.db"\n')
    with pytest.raises(ConfigurationError, match="Write it with four slashes"):
        registry_at(config, tmp_path / "home")


def test_the_address_of_the_registry_does_not_go_into_publications(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text(
        '[leads]\nfile = "l.csv"\n[tracking]\nuri = "postgresql://ann:canary@db/mlflow"\n'
    )
    published = told_settings(Job.of(str(config), str(tmp_path / "home")))
    assert "lists" in published
    assert "canary" not in str(published)
