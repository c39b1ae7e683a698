"""The command on a small CRM: what it publishes, what it refuses, and what it says."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from publications.home import Home, hold
from tests.pipelines.conftest import in_force
from tests.pipelines.small_crm import small_crm, write_export


def nothing_published(home) -> bool:
    return not (home / "CURRENT").exists()


def test_a_run_publishes_a_list_that_a_model_has_ranked(leadgain, crm, home):
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 0, outcome.err
    assert "Model version 1 leads" in " ".join(outcome.out.split())
    publication = in_force(home)
    publication.verify()
    assert publication.manifest["model"]["version"] == 1
    assert publication.table("worklist.parquet")["score"].between(0, 1).all()


def test_the_same_instant_again_trains_nothing_and_gives_the_same_bytes(leadgain, crm, home):
    leadgain("run", "--config", crm, "--home", home)
    first = in_force(home)
    outcome = leadgain("run", "--config", crm, "--home", home)
    second = in_force(home)
    assert "Model version" not in outcome.out
    assert (first.number, second.number) == (1, 2)
    assert first.manifest["files"] == second.manifest["files"]


def test_training_twice_on_the_same_data_is_one_version(leadgain, crm, home):
    leadgain("train", "--config", crm, "--home", home)
    outcome = leadgain("train", "--config", crm, "--home", home)
    assert "the training gave the same model" in " ".join(outcome.out.split())
    assert len(list((home / "models").glob("[0-9]*"))) == 1
    assert nothing_published(home)


def test_a_changed_configuration_is_a_reason_to_train(leadgain, crm, home, monkeypatch):
    leadgain("run", "--config", crm, "--home", home)
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "10")
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert "Model version 2 leads" in " ".join(outcome.out.split())


def test_an_earlier_instant_lists_the_leads_that_were_open_then(leadgain, crm, home):
    outcome = leadgain("run", "--config", crm, "--home", home, "--as-of", "2024-06-01")
    assert outcome.code == 0, outcome.err
    publication = in_force(home)
    assert publication.manifest["as_of"].startswith("2024-06-01T00:00:00")
    worklist = publication.table("worklist.parquet")
    assert worklist["created_at"].max() < pd.Timestamp("2024-06-01", tz="UTC")
    assert worklist["last_activity_at"].max() < pd.Timestamp("2024-06-01", tz="UTC")
    backtest = publication.table("backtest.parquet")
    assert backtest["as_of"].max() <= pd.Timestamp("2024-05-18", tz="UTC")  # 14 days of horizon


def test_too_few_conversions_publish_the_most_fresh_list_with_the_reason(
    leadgain, crm, home, monkeypatch
):
    monkeypatch.setenv("LEADGAIN_TRAINING__MIN_CONVERSIONS", "5000")
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 0, outcome.err
    assert "at least 5000 conversions are needed" in " ".join(outcome.out.split())
    publication = in_force(home)
    worklist = publication.table("worklist.parquet")
    assert worklist["score"].isna().all()
    assert "gains.csv" not in publication.file_names
    assert "5000 conversions" in publication.manifest["model"]["missing_because"]
    assert "5000" in publication.read("report.html").decode()


def test_without_a_model_the_freshest_lead_is_called_first(leadgain, crm, home, monkeypatch):
    monkeypatch.setenv("LEADGAIN_TRAINING__MIN_CONVERSIONS", "5000")
    monkeypatch.setenv("LEADGAIN_FRESHNESS__BY", "created")
    leadgain("run", "--config", crm, "--home", home)
    worklist = in_force(home).table("worklist.parquet")
    assert worklist["created_at"].is_monotonic_decreasing


def test_outcomes_that_nothing_foretells_give_no_model(leadgain, tmp_path, home):
    leads, activities = small_crm()
    rng = np.random.default_rng(3)
    days = pd.to_timedelta(rng.exponential(14, len(leads)), unit="D")  # ends as likely at any age
    ends = pd.to_datetime(leads["created_at"]) + days
    text = ends.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").where(
        ends < activities["occurred_at"].max(), ""
    )
    wins = rng.random(len(leads)) < 0.4
    noise = leads.assign(converted_at=text.where(wins, ""), closed_at=text.where(~wins, ""))
    config = write_export(tmp_path / "noise", leads=noise, activities=activities)
    outcome = leadgain("run", "--config", config, "--home", home)
    said = " ".join(outcome.out.split())
    assert "does not lead" in said
    assert "not enough to say that the model ranks better" in said
    publication = in_force(home)
    assert publication.manifest["model"]["version"] is None
    assert publication.table("worklist.parquet")["score"].isna().all()


def test_no_conversion_at_all_is_refused(leadgain, tmp_path, home):
    leads, activities = small_crm(n_leads=300)
    config = write_export(
        tmp_path / "crm", leads=leads.assign(converted_at=""), activities=activities
    )
    outcome = leadgain("run", "--config", config, "--home", home)
    assert outcome.code == 3
    assert "has converted before" in outcome.err
    assert "converted_at" in outcome.err
    assert nothing_published(home)


def test_a_missing_column_is_refused(leadgain, tmp_path, home):
    leads, activities = small_crm(n_leads=300)
    config = write_export(
        tmp_path / "crm",
        leads=leads.rename(columns={"created_at": "creatd_at"}),
        activities=activities,
    )
    outcome = leadgain("run", "--config", config, "--home", home)
    assert outcome.code == 3
    assert "created_at" in outcome.err
    assert "creatd_at" in outcome.err
    assert nothing_published(home)


def test_an_empty_file_is_refused(leadgain, crm, home):
    (crm.parent / "leads.csv").write_text("")
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 3
    assert "leads.csv" in outcome.err
    assert "empty" in outcome.err
    assert nothing_published(home)


def test_a_wrong_configuration_is_refused_before_anything_is_made(leadgain, crm, home):
    crm.write_text(crm.read_text().replace("horizon_days", "horizon_day"))
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 2
    assert "Did you mean 'horizon_days'?" in outcome.err
    assert not home.exists()


@pytest.mark.parametrize("command", ["run", "check", "train", "score"])
def test_a_missing_configuration_is_refused(leadgain, tmp_path, command):
    outcome = leadgain(command, "--config", tmp_path / "none.toml", "--home", tmp_path / "home")
    assert outcome.code == 2
    assert "There is no" in outcome.err


def test_an_unknown_command_is_wrong_usage(leadgain):
    assert leadgain("predict").code == 2


def test_a_second_process_is_told_to_wait(leadgain, crm, home):
    with hold(Home(home)):
        outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 4
    assert "is at work in" in outcome.err


def test_check_says_what_it_found_and_writes_nothing(leadgain, crm, home):
    outcome = leadgain("check", "--config", crm, "--home", home)
    assert outcome.code == 0, outcome.err
    assert "The export can be trusted" in " ".join(outcome.out.split())
    assert nothing_published(home)


def test_a_damaged_model_is_refused_before_it_scores(leadgain, crm, home):
    leadgain("run", "--config", crm, "--home", home)
    model = home / "models" / "1" / "model.txt"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    outcome = leadgain("score", "--config", crm, "--home", home)
    assert outcome.code == 1
    assert "model.txt is not the file that was saved" in outcome.err
    assert in_force(home).number == 1


def test_a_version_whose_files_are_gone_comes_back_from_the_registry(leadgain, crm, home):
    leadgain("run", "--config", crm, "--home", home)
    model = home / "models" / "1" / "model.txt"
    before = hashlib.sha256(model.read_bytes()).hexdigest()
    for file in model.parent.iterdir():
        file.unlink()
    model.parent.rmdir()
    assert leadgain("score", "--config", crm, "--home", home).code == 0
    assert hashlib.sha256(model.read_bytes()).hexdigest() == before


def test_rollback_lets_the_earlier_version_lead_the_next_list(leadgain, crm, home, monkeypatch):
    leadgain("run", "--config", crm, "--home", home)
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "10")
    leadgain("run", "--config", crm, "--home", home)
    assert in_force(home).manifest["model"]["version"] == 2
    outcome = leadgain("rollback", "--config", crm, "--home", home)
    assert "Version 1 leads from the next scoring on" in " ".join(outcome.out.split())
    leadgain("score", "--config", crm, "--home", home)
    assert in_force(home).manifest["model"]["version"] == 1
    listed = leadgain("models", "--config", crm, "--home", home)
    assert "champion" in listed.out
    assert "previous" in listed.out


def test_explain_tells_the_facts_behind_one_score(leadgain, crm, home):
    leadgain("run", "--config", crm, "--home", home)
    first = in_force(home).table("worklist.parquet").iloc[0]
    outcome = leadgain("explain", first["lead_id"], "--config", crm, "--home", home)
    assert outcome.code == 0, outcome.err
    assert f"The score is {100 * first['score']:.1f} %" in outcome.out
    told = " ".join(outcome.out.replace("│", " ").split())
    assert first["reason_1"] in told


def test_explain_says_why_a_lead_is_not_on_the_list(leadgain, crm, home):
    leadgain("run", "--config", crm, "--home", home)
    leads = pd.read_csv(crm.parent / "leads.csv")
    won = leads.loc[leads["converted_at"].notna(), "lead_id"].iloc[0]
    outcome = leadgain("explain", won, "--config", crm, "--home", home)
    assert outcome.code == 2
    assert f"Lead {won} is not on the list" in outcome.err
    assert "it converted on" in outcome.err
    unknown = leadgain("explain", won + "x", "--config", crm, "--home", home)
    assert unknown.code == 2
    assert f"Did you mean {won}?" in unknown.err


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("what", ["worklist", "gains", "tiers"])
def test_export_writes_a_published_table(leadgain, crm, home, tmp_path, what, ending):
    leadgain("run", "--config", crm, "--home", home)
    to = tmp_path / f"out.{ending}"
    outcome = leadgain("export", what, "--to", to, "--home", home)
    assert outcome.code == 0, outcome.err
    written = pd.read_csv(to) if ending == "csv" else pd.read_parquet(to)
    name = {"worklist": "worklist.parquet", "gains": "gains.csv", "tiers": "tiers.csv"}[what]
    assert len(written) == len(in_force(home).table(name))


def test_export_refuses_an_ending_that_it_does_not_know(leadgain, crm, home, tmp_path):
    leadgain("run", "--config", crm, "--home", home)
    outcome = leadgain("export", "gains", "--to", tmp_path / "gains.xlsx", "--home", home)
    assert outcome.code == 2
    assert "'.xlsx'" in outcome.err


def test_the_training_matrix_is_written_with_its_labels(leadgain, crm, home, tmp_path):
    to = tmp_path / "matrix.parquet"
    outcome = leadgain("matrix", "--to", to, "--config", crm, "--home", home)
    assert outcome.code == 0, outcome.err
    matrix = pd.read_parquet(to)
    assert list(matrix.columns[:4]) == ["lead_id", "as_of", "list_date", "converted"]
    assert "demo_request_7d" in matrix.columns
    assert 0 < matrix["converted"].mean() < 1


def test_before_anything_is_published_the_report_says_how_to_begin(leadgain, home):
    outcome = leadgain("report", "--home", home)
    assert outcome.code == 2
    assert "Nothing was published" in outcome.err
    assert "leadgain demo" in outcome.err


def test_the_report_can_be_written_elsewhere(leadgain, crm, home, tmp_path):
    leadgain("run", "--config", crm, "--home", home)
    outcome = leadgain("report", "--home", home, "--to", tmp_path / "proof.html")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "proof.html").read_bytes() == in_force(home).read("report.html")


def test_the_manifest_keeps_no_secret(leadgain, crm, home, monkeypatch):
    leadgain("run", "--config", crm, "--home", home)
    manifest = json.dumps(dict(in_force(home).manifest))
    assert str(crm.parent) not in manifest
