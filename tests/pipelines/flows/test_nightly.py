"""A whole night: what it publishes, and when it trains."""

import json

import pandas as pd

from tests.pipelines.conftest import load_current


def test_a_run_publishes_a_list_that_a_model_has_ranked(night):
    assert "Model version 1 is now in use" in night.said
    publication = load_current(night.home)
    publication.verify()
    assert publication.manifest["model"]["version"] == 1
    assert publication.table("worklist.parquet")["score"].between(0, 1).all()


def test_the_same_instant_again_trains_nothing_and_gives_the_same_bytes(leadgain, night, published):
    first = load_current(published)
    outcome = leadgain("run", "--config", night.config, "--home", published, "--again")
    second = load_current(published)
    assert "Model version" not in outcome.said
    assert (first.number, second.number) == (1, 2)
    assert first.manifest["files"] == second.manifest["files"]


def test_a_changed_configuration_is_a_reason_to_train(second_night):
    assert "Model version 2 is now in use" in second_night.said


def test_an_earlier_instant_lists_the_leads_that_were_open_then(leadgain, night, home):
    outcome = leadgain("run", "--config", night.config, "--home", home, "--as-of", "2024-06-01")
    assert outcome.code == 0, outcome.err
    publication = load_current(home)
    assert publication.manifest["as_of"].startswith("2024-06-01T00:00:00")
    worklist = publication.table("worklist.parquet")
    assert worklist["created_at"].max() < pd.Timestamp("2024-06-01", tz="UTC")
    assert worklist["last_activity_at"].max() < pd.Timestamp("2024-06-01", tz="UTC")
    backtest = publication.table("backtest.parquet")
    assert backtest["as_of"].max() <= pd.Timestamp("2024-05-18", tz="UTC")  # 14 days of horizon


def test_the_manifest_keeps_no_path_and_no_role(night):
    manifest = json.dumps(dict(load_current(night.home).manifest))
    assert str(night.config.parent) not in manifest
    assert "dashboard" not in load_current(night.home).manifest["settings"]


def test_a_store_of_mlflow_that_is_empty_again_is_a_reason_to_train(
    leadgain, night, published, monkeypatch, tmp_path
):
    """Restored without its database, or another address: the list must not lose its model."""
    monkeypatch.setenv("LEADGAIN_TRACKING__URI", f"sqlite:///{tmp_path / 'empty.db'}")
    assert leadgain("score", "--config", night.config, "--home", published).code == 0
    missing = load_current(published).manifest["model"]["missing_because"]
    assert missing.startswith("MLflow has no champion, although version 1 was promoted")

    assert leadgain("run", "--config", night.config, "--home", published).code == 0
    assert load_current(published).manifest["model"]["version"] == 1
