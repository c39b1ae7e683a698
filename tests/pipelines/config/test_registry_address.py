"""Which registry is asked, with and without a leadgain.toml."""

import pytest

from crm.errors import ConfigurationError
from models.registry.types import SQLITE
from pipelines.config.registry_address import load_registry
from pipelines.publishing.unchanged_list import dump_settings
from tests.pipelines.contexts import build_context


def test_without_a_leadgain_toml_the_registry_is_the_homes_own(tmp_path):
    registry = load_registry(None, tmp_path / "home").registry
    assert registry.tracking_uri == f"{SQLITE}{tmp_path / 'home' / 'mlflow.db'}"


def test_without_a_leadgain_toml_the_environment_may_name_a_server(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_TRACKING__URI", "https://mlflow.example.com")
    monkeypatch.setenv("LEADGAIN_TRACKING__MODEL", "leads-de")
    registry = load_registry(None, tmp_path).registry
    assert (registry.tracking_uri, registry.model_name) == (
        "https://mlflow.example.com",
        "leads-de",
    )


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        (
            "LEADGAIN_TRACKING__URL",
            r"The environment: \[tracking\] url is not a key that leadgain knows\. Did you mean 'u",
        ),
        (
            "LEADGAIN_TRACKIN__URI",
            r"LEADGAIN_TRACKIN__URI \(environment\): \[trackin\] is not a key",
        ),
        ("LEADGAIN_TRACKING", r"The environment: \[tracking\] must be a section\.$"),
    ],
)
def test_a_mistyped_variable_does_not_lead_to_the_homes_own_registry(
    tmp_path, monkeypatch, variable, told
):
    monkeypatch.setenv(variable, "http://m")
    with pytest.raises(ConfigurationError, match=told):
        load_registry(None, tmp_path)


def test_a_name_of_digits_in_the_environment_is_a_name(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADGAIN_TRACKING__MODEL", "2026")
    assert load_registry(None, tmp_path).registry.model_name == "2026"


def test_a_tracking_server_is_used_where_leadgain_toml_names_one(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text(
        '[leads]\nfile = "l.csv"\n[tracking]\nuri = "http://localhost:5000"\nmodel = "m"\n'
    )
    registry = load_registry(config, tmp_path / "home").registry
    assert (registry.tracking_uri, registry.model_name) == ("http://localhost:5000", "m")


@pytest.mark.parametrize("uri", ["sqlite:////var/lib/mlflow.db", "postgresql://db/mlflow"])
def test_a_database_without_a_server_keeps_its_files_in_the_home(tmp_path, uri):
    config = tmp_path / "leadgain.toml"
    config.write_text(f'[leads]\nfile = "l.csv"\n[tracking]\nuri = "{uri}"\n')
    registry = load_registry(config, tmp_path / "home").registry
    assert registry.artifact_root == f"file://{tmp_path / 'home' / 'mlartifacts'}"


def test_a_database_whose_place_depends_on_where_one_stands_is_refused(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text('[leads]\nfile = "l.csv"\n[tracking]\nuri = "sqlite:///mlflow.db"\n')
    with pytest.raises(ConfigurationError, match="Write it with four slashes"):
        load_registry(config, tmp_path / "home")


def test_the_address_of_the_registry_does_not_go_into_publications(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text(
        '[leads]\nfile = "l.csv"\n[tracking]\nuri = "postgresql://ann:canary@db/mlflow"\n'
    )
    published = dump_settings(build_context(config, tmp_path / "home"))
    assert "lists" in published
    assert "canary" not in str(published)
