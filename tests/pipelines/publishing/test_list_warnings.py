"""Warnings beside a list: when its figures may be less reliable than they look."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.config.settings import Settings, load_settings
from pipelines.lifecycle.model_metadata import ModelSettings, compute_fingerprint
from pipelines.lifecycle.training_log import TrainingRecord
from pipelines.publishing.list_warnings import collect_list_warnings
from tests.pipelines.conftest import load_current
from tests.pipelines.contexts import PreparedContext
from tests.pipelines.lifecycle.test_model_metadata import FACTS

PROVEN = [f"L{number:02}" for number in range(20)]
LIST = pd.Timestamp("2024-03-20", tz="UTC")  # FACTS was trained as of 14 March 2024


@pytest.fixture
def settings(tmp_path) -> Settings:
    file = tmp_path / "leadgain.toml"
    file.write_text('[leads]\nfile = "leads.csv"\n')
    return load_settings(file)


@pytest.fixture
def champion(settings) -> SimpleNamespace:
    """Trained under today's settings, six days ago; it was tested on leads of all freshness."""
    backtest = pd.DataFrame(
        {"list_date": pd.Timestamp("2024-02-10", tz="UTC"), "most_fresh": -np.arange(20.0)}
    ).assign(lead_id=PROVEN)
    return SimpleNamespace(
        number=3,
        facts=replace(FACTS, fingerprint=compute_fingerprint(settings)),
        proof=SimpleNamespace(backtest=backtest),
        meaning=ModelSettings.of(settings),
        note="",
    )


@pytest.fixture
def warn(settings, champion, tmp_path):
    """The warnings of a list, by the champion unless it says otherwise."""

    def warn(*, champion=champion, settings=settings, last=None, **export):
        context = PreparedContext(
            tmp_path,
            settings=settings,
            fingerprint=compute_fingerprint(settings),
            last_training=last,
            list_as_of=export.pop("list_as_of", LIST),
            export=build_export(**export),
        )
        context.set_champion(champion)
        return collect_list_warnings(context)

    return warn


def build_export(types=("call",), directions=("inbound",), leads=PROVEN) -> SimpleNamespace:
    activities = pd.DataFrame(
        {
            "occurred_at": pd.Timestamp("2024-03-10", tz="UTC"),
            "type": pd.Categorical(list(types)),
            "direction": pd.Categorical(list(directions) * len(types)),
        }
    )
    return SimpleNamespace(activities=activities, leads=pd.DataFrame({"lead_id": leads}))


def change_lists(settings, **lists) -> Settings:
    return settings.model_copy(update={"lists": settings.lists.model_copy(update=lists)})


def test_a_champion_without_a_proof_is_named(warn, champion):
    """By `leadgain rollback`, or because somebody has moved the alias in MLflow's own pages."""
    champion.facts = replace(champion.facts, proven=False, verdict="It reaches 31 %, others 30 %.")
    (warning,) = warn()
    assert "without a proof" in warning
    assert warning.endswith("It reaches 31 %, others 30 %.")


def test_an_export_without_the_leads_of_the_proof_is_named_every_night(warn):
    """Their ids were changed, or the list of the night before is of the wrong export already."""
    assert warn(leads=PROVEN[:10]) == ()
    (warning,) = warn(leads=PROVEN[:9])
    assert warning.startswith("11 of the 20 leads")


def test_a_model_of_this_week_under_these_settings_needs_no_warning(warn):
    assert warn() == ()


def test_why_the_model_is_not_simply_the_registered_champion_is_said_first(
    warn, champion, settings
):
    champion.note = "MLflow cannot be reached."
    first, _ = warn(settings=change_lists(settings, horizon_days=7))
    assert first == "MLflow cannot be reached."


def test_a_changed_configuration_is_named_with_what_changed(warn, settings):
    (warning,) = warn(settings=change_lists(settings, horizon_days=7))
    assert "leadgain.toml has changed" in warning
    assert "(horizon_days was 30 and is 7)" in warning


def test_another_mapping_is_a_changed_configuration_too(warn, settings):
    renamed = settings.leads.model_copy(update={"converted_at": "won_at"})
    (warning,) = warn(settings=settings.model_copy(update={"leads": renamed}))
    assert "leadgain.toml has changed" in warning


def test_a_model_that_was_trained_after_the_list_may_know_what_became_of_its_leads(warn):
    (warning,) = warn(list_as_of=pd.Timestamp("2024-03-14", tz="UTC"))
    assert "trained as of 14 March 2024, after this list of 14 March 2024" in warning


def test_a_challenger_that_was_not_proven_is_named_while_the_older_model_ranks(warn):
    failed = TrainingRecord("2024-03-19T00:00:00Z", "f", 4, False, "Not enough.", "requested")
    (warning,) = warn(last=failed)
    assert "19 March 2024" in warning
    assert "Not enough. Version 3" in warning
    assert warn(last=replace(failed, promoted=True)) == ()


def test_renamed_activities_are_named_with_their_share(warn):
    (warning,) = warn(types=("call", "Call", "Call", "Call"))
    assert warning.startswith("75 % of the activities")
    assert warn(types=("call",) * 4 + ("visit",)) == ()


def test_without_inbound_activities_most_fresh_is_only_newest(warn, champion):
    for model in (champion, None):
        (warning,) = warn(champion=model, directions=("internal",))
        assert warning.startswith("No activity of the export is inbound")


def test_where_all_are_equally_fresh_random_order_was_beaten(warn, champion):
    champion.proof.backtest["most_fresh"] = -1 / 24
    (warning,) = warn()
    assert "random order" in warning


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
    report = report.replace("\N{NO-BREAK SPACE}", " ")
    assert "converted within 14 days of the list" in report
    assert "by last inbound activity" in report
    for said in (report, outcome.said):
        assert "horizon_days was 14 and is 7; fresh_by was last_inbound and is created" in said
        assert "may have learned from the outcomes" in said
