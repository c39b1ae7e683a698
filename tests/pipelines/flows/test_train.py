"""Training: one version for one model, none from noise or too little, a refusal without wins."""

import html
import re

import numpy as np
import pandas as pd

from tests.pipelines.conftest import has_no_publication, load_current
from tests.pipelines.small_crm import small_crm, write_export


def test_training_again_on_the_same_data_is_the_same_version(leadgain, night, published):
    outcome = leadgain("train", "--config", night.config, "--home", published)
    assert "produced the same model" in outcome.said
    assert [path.name for path in (published / "models").glob("[0-9]*")] == ["1"]
    assert load_current(published).number == 1, "a training publishes nothing"


def test_too_few_conversions_publish_the_most_fresh_list_with_the_reason(
    leadgain, night, home, monkeypatch
):
    monkeypatch.setenv("LEADGAIN_TRAINING__MIN_CONVERSIONS", "5000")
    outcome = leadgain("run", "--config", night.config, "--home", home)
    assert outcome.code == 0, outcome.err
    assert outcome.said.count("at least 5000 conversions are needed") == 1, "and not twice"
    publication = load_current(home)
    worklist = publication.table("worklist.parquet")
    assert worklist["score"].isna().all()
    assert "gains.csv" not in publication.file_names
    reason = publication.manifest["model"]["missing_because"]
    told = re.search(
        r"(\d+) of \d+ leads .+ at least 5000 conversions .+ so (\d+) are missing", reason
    )
    assert told is not None
    assert int(told[1]) + int(told[2]) == 5000
    page = html.unescape(publication.read("report.html").decode())
    assert reason in page.replace("\N{NO-BREAK SPACE}", " ")
    report = leadgain("report", "--home", home)
    assert "made without a model" in report.said
    assert "5000 conversions" in report.said
    refused = leadgain("export", "gains", "--to", home / "gains.csv", "--home", home)
    assert refused.code == 2
    assert "was made without a model, so it has no gains" in refused.err


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
    assert "was not put in use" in outcome.said
    assert "does not prove that the model ranks better" in outcome.said
    publication = load_current(home)
    assert publication.manifest["model"]["version"] is None
    assert publication.table("worklist.parquet")["score"].isna().all()
    asked = ("--config", config, "--home", home)
    assert leadgain("rollback", "1", *asked).code == 0, "a person may let it lead"
    assert leadgain("score", *asked).code == 0
    manifest = load_current(home).manifest
    assert manifest["model"]["version"] == 1
    (told,) = (text for text in manifest["warnings"] if "without a proof" in text)
    assert "does not prove that the model ranks better" in told


def test_no_conversion_at_all_is_refused(leadgain, tmp_path, home):
    leads, activities = small_crm(n_leads=300)
    config = write_export(
        tmp_path / "crm", leads=leads.assign(converted_at=""), activities=activities
    )
    outcome = leadgain("run", "--config", config, "--home", home)
    assert outcome.code == 3
    assert "has converted before" in outcome.err
    assert "converted_at" in outcome.err
    assert has_no_publication(home)


def test_a_model_that_may_have_seen_the_outcome_does_not_lead(leadgain, tmp_path, home):
    """A note that is only ever filled in for leads that were lost, and not for all of those."""
    leads, activities = small_crm()
    lost = (leads["closed_at"] != "") & (np.arange(len(leads)) % 3 == 0)
    noted = leads.assign(note=np.where(lost, "no budget", ""))
    config = write_export(tmp_path / "crm", leads=noted, activities=activities)
    config.write_text(config.read_text().replace('"source"]', '"source", "note"]'))
    outcome = leadgain("run", "--config", config, "--home", home)
    assert outcome.code == 0, outcome.err
    assert "Model version 1 was not put in use" in outcome.said
    reason = load_current(home).manifest["model"]["missing_because"]
    assert "may have seen the outcome" in reason
    assert "'note' in [lead" in reason
    assert "known_before_the_outcome" in reason
