"""The watch over the model in force: when it is called worn, and what is said of it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.evaluation.gain_tables import gain_table, measure
from models.monitoring.drift import CUSTOMARY
from pipelines.lifecycle.model_metadata import Meaning
from pipelines.lifecycle.since_training import COLUMNS
from pipelines.lifecycle.training_log import Decision, remember
from pipelines.monitoring.drift import Drift, Note, Reason
from pipelines.monitoring.monitor import looked_at
from publications.storage.home import Home
from publications.storage.lock import hold
from publications.wording.monitoring import KINDS, notes_of
from tests.models.frames import scored_lists
from tests.pipelines.lifecycle.test_model_metadata import FACTS

ROWS = scored_lists(n_lists=12, n_leads=200)
LISTS = sorted(ROWS["list_date"].unique())  # 6 January to 23 March 2024
TRAINED = pd.Timestamp("2024-03-10", tz="UTC")  # the six lists until 10 February had matured
DRIFTED = Drift(
    scores={"psi": 0.4, "limit": CUSTOMARY},
    reasons=(Reason("scores", "The scores are spread otherwise.", "its scores have drifted"),),
)


@pytest.fixture
def job(tmp_path) -> SimpleNamespace:
    settings = SimpleNamespace(
        backtest=SimpleNamespace(bootstrap_samples=200), training=SimpleNamespace(seed=1)
    )
    policy = SimpleNamespace(policy="periodic", every_days=7, horizon=pd.Timedelta(days=30))
    home = Home(tmp_path / "home")
    with hold(home) as held:
        remember(held, Decision(TRAINED.isoformat(), "f", 3, promoted=True, sentence="It leads."))
    return SimpleNamespace(settings=settings, policy=policy, home=home)


@pytest.fixture
def leading() -> SimpleNamespace:
    """Version 3, proven on the first six lists."""
    return SimpleNamespace(
        version=SimpleNamespace(version=3),
        facts=replace(FACTS, as_of=TRAINED),
        meaning=Meaning("periodic", 7, 30, "last_inbound", 0.3),
        proof=SimpleNamespace(
            backtest=between(0, 6),
            gain_table=gain_table(measure(between(0, 6), samples=200), [0.3]),
        ),
    )


def between(first: int, last: int) -> pd.DataFrame:
    return ROWS.loc[ROWS["list_date"].isin(LISTS[first:last]), COLUMNS].reset_index(drop=True)


def at(text: str) -> SimpleNamespace:
    instant = pd.Timestamp(text, tz="UTC")
    return SimpleNamespace(as_of=instant, told_until=instant)


SCORES = np.array([0.5, 0.3, 0.2, 0.05])
NONE = between(0, 0)


def test_a_model_of_today_has_nothing_against_it(leading, job):
    watch = looked_at(leading, NONE, Drift(), SCORES, at("2024-03-10"), job)
    assert not watch.worn
    assert (watch.sentences, watch.since, watch.again, watch.age_days) == ((), None, None, 0)


def test_the_lists_matured_since_are_told_with_their_gain_and_its_band(leading, job):
    watch = looked_at(leading, between(6, 12), Drift(), SCORES, at("2024-04-22"), job)
    assert not watch.worn
    since = watch.since
    assert (since["lists"], since["from"]) == (6, "2024-02-17T00:00:00Z")
    assert since["until"] == "2024-03-23T00:00:00Z"
    assert since["gain"] - since["most_fresh"] == pytest.approx(since["difference"])
    assert since["low"] < since["difference"] < since["high"]
    assert "6 lists have matured since its training" in since["sentence"]
    assert watch.again.passed


def test_a_model_that_ranks_worse_than_most_fresh_by_now_is_worn(leading, job):
    since = between(6, 12)
    upside_down = since.assign(score=1 - since["score"])
    watch = looked_at(leading, upside_down, Drift(), SCORES, at("2024-04-22"), job)
    assert watch.why == "it ranks worse than most fresh first by now"
    assert "on the lists of 17 February 2024 to 23 March 2024" in watch.reasons[0].sentence
    assert not watch.again.passed


def test_a_model_far_below_what_was_proven_is_worn(leading, job):
    """It ranks like most fresh first: its lead is 0, with hardly a band around it."""
    since = between(6, 12)
    as_fresh = since.assign(score=since["most_fresh"] / 10)
    watch = looked_at(leading, as_fresh, Drift(), SCORES, at("2024-04-22"), job)
    assert watch.why == "its gain has fallen"
    assert "does not keep what was proven" in watch.reasons[0].sentence


def test_a_tier_of_a_third_is_held_against_the_depth_that_the_table_has(leading, job):
    """A of [tiers] may be 0.333; tables tell whole percents."""
    leading.meaning = replace(leading.meaning, depth=0.333)
    leading.proof.gain_table = gain_table(measure(between(0, 6), samples=200), [0.3, 0.33, 0.5])
    watch = looked_at(leading, between(6, 9), Drift(), SCORES, at("2024-04-05"), job)
    assert not watch.worn


def test_one_list_alone_wears_no_model(leading, job):
    since = between(6, 7)
    upside_down = since.assign(score=1 - since["score"])
    watch = looked_at(leading, upside_down, Drift(), SCORES, at("2024-03-19"), job)
    assert watch.since["high"] < 0
    assert not watch.worn


def test_lists_on_which_nobody_converted_prove_nothing(leading, job):
    since = between(6, 12).assign(converted=0)
    watch = looked_at(leading, since, Drift(), SCORES, at("2024-04-22"), job)
    assert (watch.worn, watch.since, watch.again) == (False, None, None)


def test_a_model_is_worn_after_ninety_days(leading, job):
    assert not looked_at(leading, NONE, Drift(), SCORES, at("2024-06-08"), job).worn
    watch = looked_at(leading, NONE, Drift(), SCORES, at("2024-06-09"), job)
    assert watch.why == "it is 91 days old"
    assert watch.reasons[0].sentence.startswith("Version 3 was trained 91 days before this list.")
    assert "lists from 6 January 2024 to 10 February 2024" in watch.reasons[0].sentence


def test_drift_wears_a_model_once_there_is_a_newer_list_to_learn_from(leading, job):
    """The list of 10 February matures on 11 March."""
    before = looked_at(leading, NONE, DRIFTED, SCORES, at("2024-03-10"), job)
    assert not before.worn
    assert before.notes[0] == Note("scores", "The scores are spread otherwise.")
    after = looked_at(leading, NONE, DRIFTED, SCORES, at("2024-03-11"), job)
    assert after.why == "its scores have drifted"
    assert after.reasons[0].sentence == "The scores are spread otherwise."


def test_it_is_said_when_a_training_would_learn_something_new(leading, job):
    waiting = looked_at(leading, NONE, DRIFTED, SCORES, at("2024-03-10"), job)
    assert waiting.notes[-1].sentence.endswith("The next one matures on 11 March 2024.")
    ready = looked_at(leading, NONE, DRIFTED, SCORES, at("2024-03-11"), job)
    assert ready.notes[-1].sentence.endswith("the next `leadgain run` trains anew.")


def test_after_a_training_that_brought_nothing_the_next_list_is_waited_for(leading, job):
    failed = Decision("2024-06-20T00:00:00+00:00", "f", 4, promoted=False, sentence="Not proven.")
    with hold(job.home) as held:
        remember(held, failed)
    watch = looked_at(leading, NONE, Drift(), SCORES, at("2024-06-21"), job)
    assert watch.worn
    assert watch.notes[-1].sentence == (
        "No list has matured since the last training, of 20 June 2024, so another would learn "
        "nothing new. The next one matures on 24 June 2024."
    )


def test_a_proof_that_ceased_to_hold_is_told(leading, job):
    since = between(6, 12)
    watch = looked_at(
        leading, since.assign(score=1 - since["score"]), Drift(), SCORES, at("2024-04-22"), job
    )
    assert watch.notes[0].kind == "proof"
    told = watch.notes[0].sentence
    assert "the model's proof does not hold. Calling the first 30 %" in told


def test_every_note_has_a_kind_that_the_pages_know(leading, job):
    """Scores that drifted before anything new can be learned, and when that will be."""
    content = looked_at(leading, NONE, DRIFTED, SCORES, at("2024-03-10"), job).content()
    assert content["note_kinds"] == ["scores", "training"]
    assert len(content["notes"]) == 2
    assert set(content["note_kinds"]) <= set(KINDS)
    assert all(isinstance(note, str) for note in content["notes"]), "as in older publications"


def test_what_an_older_leadgain_would_have_said_is_placed_where_the_kinds_place_it(leading, job):
    """The notes of all kinds, once with their kinds and once as plain sentences only."""
    since = between(6, 12)
    drift = replace(DRIFTED, notes=(Note("inputs", "2 of 40 inputs have drifted: Calls."),))
    for now, matured in (
        ("2024-04-22", since.assign(score=1 - since["score"])),
        ("2024-03-10", NONE),
    ):
        content = looked_at(leading, matured, drift, SCORES, at(now), job).content()
        content["notes"] = [
            note.replace("The scores are", "The scores of today's leads are")
            for note in content["notes"]
        ]
        older = {key: told for key, told in content.items() if key != "note_kinds"}
        for kind in KINDS:
            assert notes_of(older, kind) == notes_of(content, kind), kind
        assert sum(len(notes_of(older, kind)) for kind in KINDS) == len(content["notes"])


def test_the_tiers_are_held_against_the_cut_offs_of_the_training(leading, job):
    """Cut-offs 0.4, 0.1 and 0: of four leads one is A, two are B and one is C."""
    watch = looked_at(leading, NONE, Drift(), SCORES, at("2024-03-10"), job)
    found = {share["tier"]: share["found"] for share in watch.tier_shares}
    assert found == {"A": 0.25, "B": 0.5, "C": 0.25}
    tested = leading.proof.backtest["score"]
    assert watch.tier_shares[0]["expected"] == pytest.approx((tested >= 0.4).mean())
    empty = looked_at(leading, NONE, Drift(), SCORES[:0], at("2024-03-10"), job)
    assert [share["found"] for share in empty.tier_shares] == [None] * 3


def test_the_published_watch_has_its_keys_and_is_the_same_each_time(leading, job):
    looks = [
        looked_at(leading, between(6, 12), DRIFTED, SCORES, at("2024-04-22"), job).to_json()
        for _ in range(2)
    ]
    assert looks[0] == looks[1]
    content = json.loads(looks[0])
    assert list(content) == [
        *("version", "trained_as_of", "age_days", "worn", "reasons", "notes", "note_kinds"),
        *("scores", "inputs", "tier_shares", "since_training"),
    ]
    assert content["trained_as_of"] == "2024-03-10T00:00:00Z"
    assert content["age_days"] == 43
    assert content["scores"] == {"psi": 0.4, "limit": 0.25}
