"""The watch over the model in force: when it is called degraded, and what is said of it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.evaluation.gain_tables import build_gain_table, sample_gains
from models.monitoring.drift import LARGE_SHIFT_PSI
from pipelines.lifecycle.model_metadata import ModelSettings
from pipelines.lifecycle.since_training import COLUMNS
from pipelines.lifecycle.training_log import TrainingRecord
from pipelines.monitoring.drift import Drift, Note, Reason
from pipelines.monitoring.monitor import judge_model
from tests.models.frames import draw_scored_lists
from tests.pipelines.contexts import PreparedContext
from tests.pipelines.lifecycle.test_model_metadata import FACTS

ROWS = draw_scored_lists(n_lists=12, n_leads=200)
LISTS = sorted(ROWS["list_date"].unique())  # 6 January to 23 March 2024
TRAINED = pd.Timestamp("2024-03-10", tz="UTC")  # the six lists until 10 February had matured
DRIFTED = Drift(
    scores={"psi": 0.4, "limit": LARGE_SHIFT_PSI},
    reasons=(Reason("scores", "The scores have drifted.", "its scores have drifted"),),
)


TRAINING = TrainingRecord("2024-03-10T00:00:00Z", "f", 3, True, "It is better.", "requested")


@pytest.fixture
def context(tmp_path) -> PreparedContext:
    """A list of any date; its last training is that of 10 March."""
    settings = SimpleNamespace(
        backtest=SimpleNamespace(bootstrap_samples=200), training=SimpleNamespace(seed=1)
    )
    policy = SimpleNamespace(policy="periodic", every_days=7, horizon=pd.Timedelta(days=30))
    return PreparedContext(tmp_path, settings=settings, policy=policy, last_training=TRAINING)


@pytest.fixture
def judge(champion, context):
    """Judge the model at a date."""

    def judge(date, since=None, drift=Drift(), scores=SCORES):  # noqa: B008 (frozen)
        context.list_as_of = context.known_until = pd.Timestamp(date, tz="UTC")
        return judge_model(champion, NONE if since is None else since, drift, scores, context)

    return judge


@pytest.fixture
def champion() -> SimpleNamespace:
    """Version 3, proven on the first six lists."""
    return SimpleNamespace(
        number=3,
        facts=replace(FACTS, known_until=TRAINED),
        meaning=ModelSettings("periodic", 7, 30, "last_inbound", 0.3),
        proof=SimpleNamespace(
            backtest=select_lists(0, 6),
            gain_table=build_gain_table(sample_gains(select_lists(0, 6), samples=200), [0.3]),
        ),
    )


def select_lists(first: int, last: int) -> pd.DataFrame:
    return ROWS.loc[ROWS["list_date"].isin(LISTS[first:last]), COLUMNS].reset_index(drop=True)


SCORES = np.array([0.5, 0.3, 0.2, 0.05])
NONE = select_lists(0, 0)


def test_a_model_of_today_has_nothing_against_it(judge):
    watch = judge("2024-03-10")
    assert not watch.degraded
    assert (watch.sentences, watch.since_training, watch.rejudged, watch.age_days) == (
        (),
        None,
        None,
        0,
    )


def test_the_lists_matured_since_are_told_with_their_gain_and_its_band(judge):
    watch = judge("2024-04-22", select_lists(6, 12))
    assert not watch.degraded
    since = watch.since_training
    assert (since["lists"], since["from"]) == (6, "2024-02-17T00:00:00Z")
    assert since["until"] == "2024-03-23T00:00:00Z"
    assert since["gain"] - since["most_fresh"] == pytest.approx(since["difference"])
    assert since["low"] < since["difference"] < since["high"]
    assert "6 lists have matured since its training" in since["sentence"]
    assert watch.rejudged.passed


def test_a_model_that_ranks_worse_than_most_fresh_by_now_is_worn(judge):
    since = select_lists(6, 12)
    upside_down = since.assign(score=1 - since["score"])
    watch = judge("2024-04-22", upside_down)
    assert watch.why == "it now ranks worse than most fresh first"
    assert "on the lists of 17 February 2024 to 23 March 2024" in watch.reasons[0].sentence
    assert not watch.rejudged.passed


def test_a_model_far_below_what_was_proven_is_worn(judge):
    """It ranks like most fresh first: its lead is 0, with hardly a band around it."""
    since = select_lists(6, 12)
    as_fresh = since.assign(score=since["most_fresh"] / 10)
    watch = judge("2024-04-22", as_fresh)
    assert watch.why == "its gain has fallen"
    assert "less well than proven" in watch.reasons[0].sentence


def test_a_tier_of_a_third_is_held_against_the_depth_that_the_table_has(judge, champion):
    """A of [tiers] may be 0.333; tables tell whole percents."""
    champion.meaning = replace(champion.meaning, depth=0.333)
    champion.proof.gain_table = build_gain_table(
        sample_gains(select_lists(0, 6), samples=200), [0.3, 0.33, 0.5]
    )
    watch = judge("2024-04-05", select_lists(6, 9))
    assert not watch.degraded


def test_one_list_alone_wears_no_model(judge):
    since = select_lists(6, 7)
    upside_down = since.assign(score=1 - since["score"])
    watch = judge("2024-03-19", upside_down)
    assert watch.since_training["high"] < 0
    assert not watch.degraded


def test_lists_on_which_nobody_converted_prove_nothing(judge):
    since = select_lists(6, 12).assign(converted=0)
    watch = judge("2024-04-22", since)
    assert (watch.degraded, watch.since_training, watch.rejudged) == (False, None, None)


def test_a_model_is_worn_after_ninety_days(judge):
    assert not judge("2024-06-08").degraded
    watch = judge("2024-06-09")
    assert watch.why == "it is 91 days old"
    assert watch.reasons[0].sentence.startswith("Version 3 was trained 91 days before this list.")
    assert "lists from 6 January 2024 to 10 February 2024" in watch.reasons[0].sentence


def test_drift_wears_a_model_once_there_is_a_newer_list_to_learn_from(judge):
    """The list of 10 February matures on 11 March."""
    before = judge("2024-03-10", drift=DRIFTED)
    assert not before.degraded
    assert before.notes[0] == Note("scores", "The scores have drifted.")
    after = judge("2024-03-11", drift=DRIFTED)
    assert after.why == "its scores have drifted"
    assert after.reasons[0].sentence == "The scores have drifted."


def test_it_is_said_when_a_training_would_learn_something_new(judge):
    waiting = judge("2024-03-10", drift=DRIFTED)
    assert waiting.notes[-1].sentence.endswith("are known on 11 March 2024.")
    ready = judge("2024-03-11", drift=DRIFTED)
    assert ready.notes[-1].sentence.endswith("the next `leadgain run` retrains.")


def test_after_a_training_that_gave_no_champion_the_next_outcomes_are_waited_for(judge, context):
    context.last_training = replace(TRAINING, list_as_of="2024-06-20T00:00:00Z", promoted=False)
    watch = judge("2024-06-21")
    assert watch.degraded
    assert "20 June 2024" in watch.notes[-1].sentence
    assert "24 June 2024" in watch.notes[-1].sentence


def test_a_proof_that_ceased_to_hold_is_told(judge):
    since = select_lists(6, 12)
    watch = judge("2024-04-22", since.assign(score=1 - since["score"]))
    assert watch.notes[0].kind == "proof"
    told = watch.notes[0].sentence
    assert "no longer proven. Calling the first 30 %" in told


def test_every_note_has_a_kind_that_the_pages_know(judge):
    """Scores that drifted before anything new can be learned, and when that will be."""
    content = judge("2024-03-10", drift=DRIFTED).content()
    assert content["note_kinds"] == ["scores", "training"]
    assert len(content["notes"]) == 2
    assert all(isinstance(note, str) for note in content["notes"]), "as in older publications"


def test_the_tiers_are_held_against_the_cut_offs_of_the_training(judge, champion):
    """Cut-offs 0.4, 0.1 and 0: of four leads one is A, two are B and one is C."""
    watch = judge("2024-03-10")
    found = {share["tier"]: share["found"] for share in watch.tier_shares}
    assert found == {"A": 0.25, "B": 0.5, "C": 0.25}
    tested = champion.proof.backtest["score"]
    assert watch.tier_shares[0]["expected"] == pytest.approx((tested >= 0.4).mean())
    empty = judge("2024-03-10", scores=SCORES[:0])
    assert [share["found"] for share in empty.tier_shares] == [None] * 3


def test_the_published_watch_has_its_keys_and_is_the_same_each_time(judge):
    looks = [judge("2024-04-22", select_lists(6, 12), DRIFTED).content() for _ in range(2)]
    assert looks[0] == looks[1]
    content = looks[0]
    assert list(content) == [
        *("version", "known_until", "age_days", "degraded", "reasons", "notes", "note_kinds"),
        *("scores", "inputs", "tier_shares", "since_training"),
    ]
    assert content["known_until"] == "2024-03-10T00:00:00Z"
    assert content["age_days"] == 43
    assert content["scores"] == {"psi": 0.4, "limit": 0.25}
