"""Runs whose model is watched: trained early when it is degraded, stepping down when disproven."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from models.evaluation.verdicts import Difference, ProofVerdict
from pipelines.lifecycle import since_training
from pipelines.monitoring import drift as drifted
from pipelines.monitoring import monitor as watch
from tests.pipelines.conftest import load_current, run_night

FAILED = ProofVerdict(
    passed=False,
    sentence="The difference is +1.0 points (95 % range -2.0 to +4.0).",
    depth=0.3,
    difference=Difference(gain=0.41, other_gain=0.40, low=-0.02, high=0.04),
)
EARLIER, TODAY = "2024-07-06", "2024-07-13T06:00"


@pytest.fixture(scope="module")
def a_week_ago(night, tmp_path_factory) -> Path:
    """A home whose version 1 was trained a week before today; no training is due by age."""
    home = tmp_path_factory.mktemp("watched") / "home"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LEADGAIN_TRAINING__EVERY_DAYS", "365")
        run_night(night.config, home, "--as-of", EARLIER)
    return home


@pytest.fixture
def watched(a_week_ago, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LEADGAIN_TRAINING__EVERY_DAYS", "365")
    return Path(shutil.copytree(a_week_ago, tmp_path / "home"))


def read_json(home: Path, name: str) -> dict:
    return json.loads(load_current(home).read(name))


def test_the_model_is_held_against_the_lists_matured_since_its_training(leadgain, night, watched):
    """One list has matured between the two Saturdays: that of 29 June, after 14 days."""
    assert read_json(watched, "monitoring.json")["since_training"] is None
    leadgain("run", "--config", night.config, "--home", watched, "--as-of", TODAY)
    told = read_json(watched, "monitoring.json")
    assert told["version"] == 1
    assert told["age_days"] == 7.25
    since = told["since_training"]
    assert (since["lists"], since["from"]) == (1, "2024-06-29T00:00:00Z")
    assert since["until"] == since["from"]
    assert told["inputs"]["features"] == len(load_current(watched).table("drift.csv"))
    decision = read_json(watched, "decision.json")
    assert (decision["version"], decision["promoted"]) == (1, True)
    assert decision["why_trained"] == "no model has been trained yet"
    assert decision["proof"]["low"] > 0
    assert decision["duel"] is None


def test_a_worn_model_is_trained_early_and_it_is_said_why(leadgain, night, watched, monkeypatch):
    monkeypatch.setattr(watch, "MAX_AGE", pd.Timedelta(days=2))
    outcome = leadgain("run", "--config", night.config, "--home", watched, "--as-of", TODAY)
    assert "Model version 2" in outcome.said
    decision = read_json(watched, "decision.json")
    assert decision["why_trained"] == "version 1 is degraded: it is 7 days old"
    assert decision["duel"]["champion"] == 1
    assert decision["duel"]["rows"] > 0
    first = load_current(watched)
    leadgain("run", "--config", night.config, "--home", watched, "--as-of", TODAY)
    assert load_current(watched).manifest["files"] == first.manifest["files"], "and not again"


def test_a_worn_model_waits_until_there_is_something_new_to_learn(
    leadgain, night, watched, monkeypatch
):
    monkeypatch.setattr(watch, "MAX_AGE", pd.Timedelta(days=-1))
    outcome = leadgain(
        "score", "--config", night.config, "--home", watched, "--as-of", "2024-07-07"
    )
    assert outcome.code == 0, outcome.err
    assert "Model version" not in outcome.said
    (note,) = (n for n in read_json(watched, "monitoring.json")["notes"] if "No new outcomes" in n)
    assert "6 July 2024" in note
    assert "13 July 2024" in note
    assert note in load_current(watched).manifest["warnings"]


def test_a_champion_that_fails_its_proof_is_demoted(leadgain, night, watched, monkeypatch):
    monkeypatch.setattr(since_training, "prove_again", lambda *_, **__: FAILED)
    score = ("score", "--config", night.config, "--home", watched, "--as-of", TODAY)
    outcome = leadgain(*score)
    assert outcome.code == 0, outcome.err
    assert "Version 1 was demoted" in outcome.said
    publication = load_current(watched)
    assert publication.manifest["model"]["version"] is None
    assert publication.table("worklist.parquet")["score"].isna().all()
    reason = publication.manifest["model"]["missing_because"]
    assert reason.endswith(f"fails its proof. {FAILED.sentence}")
    remembered = json.loads((watched / "models" / "last_demotion.json").read_text())
    assert (remembered["version"], remembered["proof"]["low"]) == (1, -0.02)
    leadgain(*score)
    assert load_current(watched).manifest["files"] == publication.manifest["files"], (
        "the same again"
    )
    leadgain("rollback", "1", "--config", night.config, "--home", watched)
    leadgain(*score)
    assert load_current(watched).manifest["model"]["version"] == 1, "a person has restored it"
    assert any("no longer proven" in said for said in load_current(watched).manifest["warnings"])


def test_inputs_that_hold_much_of_what_moves_the_scores_wear_a_model(
    leadgain, night, watched, monkeypatch
):
    def shifted(reference, X, *, leads):
        table = drifted_table(reference, X, leads=leads)
        return table.assign(psi=0.5 + table["psi"] + table["limit"], drifted=True)

    drifted_table = drifted.build_drift_table
    monkeypatch.setattr(drifted, "build_drift_table", shifted)
    leadgain("score", "--config", night.config, "--home", watched, "--as-of", TODAY)
    told = read_json(watched, "monitoring.json")
    assert told["degraded"]
    scores, inputs = told["reasons"]
    assert scores.startswith("Today's score distribution differs")
    assert "inputs have drifted, with 100 % of what moves the scores" in inputs
    table = load_current(watched).table("drift.csv")
    assert table["drifted"].eq(1).all()
    assert (table["psi"] / table["limit"]).is_monotonic_decreasing
