"""One lead's score told in full, or why there is none."""

import pandas as pd

from tests.pipelines.conftest import load_current


def test_explain_tells_the_facts_behind_one_score(leadgain, night):
    first = load_current(night.home).table("worklist.parquet").iloc[0]
    outcome = leadgain("explain", first["lead_id"], "--config", night.config, "--home", night.home)
    assert outcome.code == 0, outcome.err
    assert f"The score is {100 * first['score']:.1f} %" in outcome.out
    told = " ".join(outcome.out.replace("│", " ").split())
    assert first["reason_1"] in told


def test_explain_says_why_a_lead_is_not_on_the_list(leadgain, night):
    leads = pd.read_csv(night.config.parent / "leads.csv")
    arguments = ("--config", night.config, "--home", night.home)
    won = leads.loc[leads["converted_at"].notna(), "lead_id"].iloc[0]
    lost = leads.loc[leads["closed_at"].notna(), "lead_id"].iloc[0]
    newest = leads.sort_values("created_at")["lead_id"].iloc[-1]
    still_open = load_current(night.home).table("worklist.parquet")["lead_id"].iloc[0]
    for lead_id, at, why in (
        (won, None, "it converted on"),
        (lost, None, "it was closed on"),
        (newest, "2024-06-01", "it came in on"),
        (still_open, "2025-01-01", "it is older than max_age_days"),
    ):
        as_of = () if at is None else ("--as-of", at)
        outcome = leadgain("explain", lead_id, *arguments, *as_of)
        assert outcome.code == 2
        assert f"Lead {lead_id} is not on the list" in outcome.err
        assert why in outcome.err


def test_explain_names_the_nearest_lead(leadgain, night):
    lead_id = load_current(night.home).table("worklist.parquet")["lead_id"].iloc[0]
    unknown = leadgain("explain", lead_id + "x", "--config", night.config, "--home", night.home)
    assert unknown.code == 2
    assert f"The export has no lead '{lead_id}x' among its" in unknown.err
    assert f"Did you mean {lead_id}?" in unknown.err


def test_without_a_model_there_is_no_score_to_explain(leadgain, night, home):
    home.mkdir()
    outcome = leadgain("explain", "L0001", "--config", night.config, "--home", home)
    assert outcome.code == 2
    assert "No model ranks the list" in outcome.err
    assert "No model has been trained yet" in outcome.err
