"""Scoring: what the champion needs, and the order of the list where nothing leads."""

import pandas as pd

from tests.pipelines.conftest import load_current
from tests.pipelines.small_crm import small_crm, write_export


def test_without_a_model_the_freshest_lead_is_called_first(leadgain, night, home, monkeypatch):
    monkeypatch.setenv("LEADGAIN_FRESHNESS__BY", "created")
    outcome = leadgain("score", "--config", night.config, "--home", home)
    assert outcome.code == 0, outcome.err
    assert "No model has been trained yet" in outcome.said
    publication = load_current(home)
    worklist = publication.table("worklist.parquet")
    assert worklist["created_at"].is_monotonic_decreasing
    assert worklist["score"].isna().all()
    assert worklist["tier"].is_monotonic_increasing


def test_the_reasons_of_a_list_without_a_model_are_how_fresh_a_lead_is(leadgain, night, home):
    leadgain("score", "--config", night.config, "--home", home)
    first = load_current(home).table("worklist.parquet").iloc[0]
    assert "activit" in first["reason_1"]
    assert first["reason_3"].startswith("Open for")


def test_a_profile_column_that_the_model_knows_must_be_there(leadgain, night, published, tmp_path):
    leads, activities = small_crm()
    config = write_export(tmp_path / "crm", leads=leads, activities=activities)
    config.write_text(config.read_text().replace('["amount", "source"]', '["amount"]'))
    outcome = leadgain("score", "--config", config, "--home", published)
    assert outcome.code == 2
    assert "lack the profile columns ['source'] that the model was trained with" in outcome.err
    assert load_current(published).number == 1


def test_a_model_of_other_settings_that_cannot_rank_gives_way_where_a_training_brings_no_other(
    leadgain, night, published, monkeypatch
):
    """As in a home folder that was used for another CRM before, which had more columns."""
    monkeypatch.setenv("LEADGAIN_LEADS__PROFILE", '["amount"]')
    monkeypatch.setenv("LEADGAIN_TRAINING__MIN_CONVERSIONS", "5000")
    outcome = leadgain("run", "--config", night.config, "--home", published)
    assert outcome.code == 0, outcome.err
    publication = load_current(published)
    reason = publication.manifest["model"]["missing_because"]
    assert "at least 5000 conversions are needed to learn from, so" in reason
    assert "The champion, version 1, was trained with other settings" in reason
    assert publication.table("worklist.parquet")["score"].isna().all()


def test_a_profile_column_that_became_text_is_refused_without_its_content(
    leadgain, published, tmp_path
):
    leads, activities = small_crm()
    worded = leads.assign(amount=[f"canary {n % 9}" for n in range(len(leads))])
    config = write_export(tmp_path / "crm", leads=worded, activities=activities)
    outcome = leadgain("score", "--config", config, "--home", published)
    assert outcome.code == 2
    assert "The profile column 'amount' was a number when the model was trained" in outcome.err
    assert "canary" not in outcome.err


def test_a_lead_stands_on_its_earlier_list_as_it_stood_then(leadgain, night, published):
    """The list of an earlier instant, by today's model: nothing of later days is shown."""
    at = pd.Timestamp("2024-07-01", tz="UTC")
    leadgain("score", "--config", night.config, "--home", published, "--as-of", "2024-07-01")
    worklist = load_current(published).table("worklist.parquet")
    assert worklist["created_at"].max() < at
    assert worklist["last_activity_at"].max() < at


def test_on_arrival_the_list_without_a_model_is_ordered_by_how_fresh_leads_are_now(
    leadgain, night, home, monkeypatch
):
    """Not by how fresh they were an hour after they came in."""
    monkeypatch.setenv("LEADGAIN_LISTS__POLICY", "on_arrival")
    monkeypatch.setenv("LEADGAIN_FRESHNESS__BY", "last_activity")
    leadgain("score", "--config", night.config, "--home", home)
    worklist = load_current(home).table("worklist.parquet")
    assert len(worklist) > 5
    assert worklist["last_activity_at"].is_monotonic_decreasing
    assert not worklist["reason_1"].str.contains("on arrival").any()


def test_on_arrival_a_models_reasons_say_that_they_are_of_the_arrival(
    leadgain, night, published, monkeypatch
):
    monkeypatch.setenv("LEADGAIN_LISTS__POLICY", "on_arrival")
    leadgain("score", "--config", night.config, "--home", published)
    publication = load_current(published)
    reasons = publication.table("worklist.parquet")["reason_1"].replace("", None).dropna()
    assert reasons.str.endswith("(on arrival)").all()
    facts = publication.table("reasons.parquet")["fact"]
    assert facts.str.endswith(("(on arrival)", "Everything else")).all()
