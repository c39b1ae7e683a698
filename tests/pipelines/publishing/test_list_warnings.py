"""What is said beside a list so that nobody takes its figures for more than they are."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.config.settings import load_settings
from pipelines.lifecycle.model_metadata import ModelSettings, compute_fingerprint
from pipelines.lifecycle.training_log import TrainingRecord, write_training_record
from pipelines.publishing.list_warnings import collect_list_warnings
from publications.storage.home import Home
from publications.storage.lock import hold_home
from tests.pipelines.conftest import load_current
from tests.pipelines.lifecycle.test_model_metadata import FACTS

PROVEN = [f"L{number:02}" for number in range(20)]
LIST = pd.Timestamp("2024-03-20", tz="UTC")  # FACTS was trained as of 14 March 2024


@pytest.fixture
def context(tmp_path) -> SimpleNamespace:
    file = tmp_path / "leadgain.toml"
    file.write_text('[leads]\nfile = "leads.csv"\n')
    return SimpleNamespace(settings=load_settings(file), home=Home(tmp_path / "home"))


@pytest.fixture
def champion(context) -> SimpleNamespace:
    """Trained under today's settings, six days ago; it was tested on leads of all freshness."""
    backtest = pd.DataFrame(
        {"list_date": pd.Timestamp("2024-02-10", tz="UTC"), "most_fresh": -np.arange(20.0)}
    ).assign(lead_id=PROVEN)
    return SimpleNamespace(
        version=SimpleNamespace(version=3),
        facts=replace(FACTS, fingerprint=compute_fingerprint(context.settings)),
        proof=SimpleNamespace(backtest=backtest),
        meaning=ModelSettings.of(context.settings),
        note="",
    )


def checked(as_of=LIST, types=("call",), directions=("inbound",), leads=PROVEN) -> SimpleNamespace:
    activities = pd.DataFrame(
        {
            "occurred_at": pd.Timestamp("2024-03-10", tz="UTC"),
            "type": pd.Categorical(list(types)),
            "direction": pd.Categorical(list(directions) * len(types)),
        }
    )
    return SimpleNamespace(
        as_of=as_of,
        export=SimpleNamespace(activities=activities, leads=pd.DataFrame({"lead_id": leads})),
    )


def test_a_version_that_leads_without_a_proof_is_told(context, champion):
    """By `leadgain rollback`, or because somebody has moved the alias in MLflow's own pages."""
    champion.facts = replace(champion.facts, proven=False, verdict="It reaches 31 %, others 30 %.")
    assert collect_list_warnings(champion, checked(), context) == (
        "Version 3 leads without a proof: `leadgain rollback`, or somebody in MLflow, has let it. "
        "It reaches 31 %, others 30 %.",
    )
    champion.facts = replace(champion.facts, proven=None)  # of an older leadgain
    assert collect_list_warnings(champion, checked(), context) == ()


def test_an_export_without_the_leads_of_the_proof_is_told_every_night(context, champion):
    """Their ids were changed, or the list of the night before is of the wrong export already."""
    assert collect_list_warnings(champion, checked(leads=PROVEN[:10]), context) == ()
    assert collect_list_warnings(champion, checked(leads=PROVEN[:9]), context) == (
        "11 of the 20 leads on whose lists version 3 was proven are not in this export any more, "
        "so nobody can say that its gains hold for the others. Look whether the export is whole, "
        "and whether leads have kept their ids.",
    )


def with_lists(context, **lists) -> SimpleNamespace:
    settings = context.settings.model_copy(
        update={"lists": context.settings.lists.model_copy(update=lists)}
    )
    return SimpleNamespace(settings=settings, home=context.home)


def test_a_model_of_this_week_under_these_settings_needs_no_caveat(champion, context):
    assert collect_list_warnings(champion, checked(), context) == ()


def test_why_the_model_is_not_simply_the_registered_champion_is_told_first(champion, context):
    champion.note = "MLflow cannot be reached."
    told = collect_list_warnings(champion, checked(), with_lists(context, horizon_days=7))
    assert told[0] == "MLflow cannot be reached."
    assert len(told) == 2


def test_a_changed_configuration_is_told_with_what_changed(champion, context):
    (told,) = collect_list_warnings(champion, checked(), with_lists(context, horizon_days=7))
    assert told.startswith("leadgain.toml has changed since version 3 was trained")
    assert "(horizon_days was 30 and is 7)" in told


def test_another_mapping_is_a_changed_configuration_too(champion, context):
    renamed = context.settings.leads.model_copy(update={"converted_at": "won_at"})
    settings = context.settings.model_copy(update={"leads": renamed})
    (told,) = collect_list_warnings(
        champion, checked(), SimpleNamespace(settings=settings, home=context.home)
    )
    assert told.startswith("leadgain.toml has changed since version 3 was trained. Its scores")


def test_a_model_that_was_trained_after_the_list_may_know_what_became_of_its_leads(
    champion, context
):
    (told,) = collect_list_warnings(
        champion, checked(as_of=pd.Timestamp("2024-03-14", tz="UTC")), context
    )
    assert "trained as of 14 March 2024, after this list of 14 March 2024" in told
    assert "proves nothing" in told


def test_a_challenger_that_was_not_proven_is_told_while_the_older_model_leads(champion, context):
    failed = TrainingRecord(
        "2024-03-19T00:00:00+00:00", "f", 4, promoted=False, sentence="Not enough."
    )
    with hold_home(context.home) as lock:
        write_training_record(lock, failed)
    (told,) = collect_list_warnings(champion, checked(), context)
    assert "as of 19 March 2024, brought no model that may lead: Not enough. Version 3" in told
    with hold_home(context.home) as lock:
        write_training_record(lock, replace(failed, promoted=True))
    assert collect_list_warnings(champion, checked(), context) == ()


def test_renamed_activities_are_told_with_their_share(champion, context):
    types = ("call", "Call", "Call", "Call")
    (told,) = collect_list_warnings(champion, checked(types=types), context)
    assert told.startswith("75 % of the activities in the 30 days before the list are of kinds")
    assert collect_list_warnings(champion, checked(types=("call",) * 4 + ("visit",)), context) == ()


def test_without_inbound_activities_most_fresh_is_only_newest(champion, context):
    nobody = checked(directions=("internal",))
    for model in (champion, None):
        (told,) = collect_list_warnings(model, nobody, context)
        assert told.startswith("No activity of the export is inbound")


def test_where_all_are_equally_fresh_random_order_was_beaten(champion, context):
    champion.proof.backtest["most_fresh"] = -1 / 24
    (told,) = collect_list_warnings(champion, checked(), context)
    assert told.endswith("what the model has beaten is about random order.")


def test_the_report_tells_the_horizon_that_the_gains_were_measured_with(
    leadgain, night, published, monkeypatch
):
    """The list of an earlier day, under settings that the model does not know."""
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "7")
    monkeypatch.setenv("LEADGAIN_FRESHNESS__BY", "created")
    outcome = leadgain(
        "score", "--config", night.config, "--home", published, "--as-of", "2024-07-01"
    )
    assert outcome.code == 0, outcome.err
    report = load_current(published).read("report.html").decode()
    assert "converted within 14 days of the list" in report
    assert "by last inbound activity" in report
    for said in (report, outcome.said):
        assert "horizon_days was 14 and is 7; fresh_by was last_inbound and is created" in said
        assert "it may have learned from what became of these very leads" in said
