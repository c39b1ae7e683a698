"""A challenger takes the lead only when it is proven, above suspicion and not worse (R12)."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.vocabulary import ProfileTerm, Vocabulary
from models.errors import ModelDamaged
from models.evaluation.verdicts import Comparison, Difference, ProofVerdict, prove
from models.registry.registry import DEMOTED, ROLLED_BACK_FROM
from pipelines.lifecycle import promotion as duel
from pipelines.lifecycle.promotion import describe_leakage, promote_if_better
from pipelines.lifecycle.training_log import (
    TrainingRecord,
    collect_proof_figures,
    write_training_record,
)
from publications.storage.home import Home
from publications.storage.lock import hold_home
from tests.models.frames import draw_scored_lists
from tests.pipelines.lifecycle.test_model_metadata import FACTS

AHEAD = Difference(gain=0.55, other_gain=0.41, low=0.12, high=0.17)
PROVEN = ProofVerdict(passed=True, sentence="It is better.", depth=0.3, difference=AHEAD)
TESTED = draw_scored_lists(n_lists=6, n_leads=200)
SETTINGS = SimpleNamespace(
    tiers=SimpleNamespace(A=0.3),
    backtest=SimpleNamespace(bootstrap_samples=100),
    training=SimpleNamespace(seed=1, known_before_the_outcome=()),
)
JOB = SimpleNamespace(settings=SETTINGS, now=pd.Timestamp("2024-03-20", tz="UTC"))


def build_version(number: int, **decision) -> SimpleNamespace:
    return SimpleNamespace(version=number, decision=decision)


def build_gate(*warnings: dict[str, str]) -> SimpleNamespace:
    return SimpleNamespace(checks=SimpleNamespace(warnings=list(warnings)))


def build_leakage_warning(table: str, column: str) -> dict[str, str]:
    message = f"{column!r} looks written after the outcome."
    return {"table": table, "column": column, "rule": duel.LEAKAGE_RULE, "message": message}


@pytest.fixture
def registry(monkeypatch):
    """A registry in memory: who leads, what was promoted, what was only noted."""
    held = SimpleNamespace(leads=None, promoted=[], noted=[], decisions={})

    def promote(_, number, *, replacing, decision):
        held.promoted.append((number, replacing))
        held.decisions[number] = decision

    def note(_, number, decision):
        held.noted.append(number)
        held.decisions[number] = decision

    monkeypatch.setattr(duel, "get_registry", lambda context: held)
    monkeypatch.setattr(duel, "find_champion", lambda registry: held.leads)
    monkeypatch.setattr(duel, "promote", promote)
    monkeypatch.setattr(duel, "record_decision", note)
    return held


@pytest.fixture
def champion(registry, monkeypatch):
    """Version 1 leads, was trained when the challenger was, and was tested on the same rows."""
    registry.leads = build_version(1)
    champion = SimpleNamespace(version=registry.leads, facts=FACTS, tested=TESTED)
    monkeypatch.setattr(duel, "load_version", lambda *_: champion)
    monkeypatch.setattr(duel, "score_matured_lists", lambda *_: None)
    monkeypatch.setattr(duel, "append_matured_lists", lambda found, _: found.tested)
    monkeypatch.setattr(duel, "judge_again", lambda *_: None)
    return champion


@pytest.fixture
def compared(champion, monkeypatch):
    """Both tested on the same rows, with the verdict that the test asks for."""

    def become(verdict: str) -> None:
        found = Comparison(verdict, f"The challenger is {verdict}.", 100, AHEAD)
        monkeypatch.setattr(duel.verdicts, "compare_with_champion", lambda *_, **__: found)

    return become


def decide(
    number: int = 2,
    verdict: ProofVerdict = PROVEN,
    *,
    tested=TESTED,
    facts=FACTS,
    checked=None,
    context=JOB,
):
    given = number if isinstance(number, SimpleNamespace) else build_version(number)
    return promote_if_better.fn(
        given, tested, verdict, facts, checked or build_gate(), context, None
    )


def test_the_first_proven_model_leads(registry):
    ruling = decide(1)
    assert ruling.promoted
    assert ruling.sentence == FACTS.verdict
    assert registry.promoted == [(1, None)]


@pytest.mark.parametrize("verdict", ["better", "not worse", "not comparable"])
def test_a_challenger_that_is_not_worse_leads(registry, compared, verdict):
    compared(verdict)
    assert decide().sentence == f"The challenger is {verdict}."
    assert registry.promoted == [(2, 1)]


def test_a_worse_challenger_does_not_lead(registry, compared):
    compared("worse")
    ruling = decide()
    assert not ruling.promoted
    assert registry.promoted == []
    assert registry.noted == [2]


UNPROVEN = ProofVerdict(False, "The difference is +1.0 points.", 0.3, replace(AHEAD, low=-0.02))


@pytest.fixture
def judged(champion, monkeypatch, tmp_path):
    """What the champion's proof comes to with the lists that have matured since its training."""
    champion.version.aliases = ("champion",)

    def become(again: ProofVerdict | None) -> SimpleNamespace:
        monkeypatch.setattr(duel, "judge_again", lambda *_: again)
        return SimpleNamespace(**vars(JOB), home=Home(tmp_path))

    return become


def test_a_champion_that_is_about_to_step_down_keeps_no_proven_challenger_out(
    registry, compared, judged
):
    """Else it would win the duel, step down a moment later, and nobody would lead."""
    compared("worse")
    ruling = decide(context=judged(UNPROVEN))
    assert registry.promoted == [(2, 1)]
    assert ruling.sentence == (
        "The challenger is worse. But judged again with the lists that have matured since its "
        "training, the champion's proof does not hold, and the challenger is proven, so it leads. "
        "The difference is +1.0 points."
    )
    assert ruling.duel["verdict"] == "worse"
    assert registry.decisions[2]["sentence"] == ruling.sentence


@pytest.mark.parametrize("again", [None, PROVEN], ids=["too little new", "it holds"])
def test_a_champion_whose_proof_stands_keeps_a_worse_challenger_out(
    registry, compared, judged, again
):
    compared("worse")
    assert not decide(context=judged(again)).promoted
    assert registry.promoted == []


def test_an_unproven_challenger_does_not_follow_a_champion_that_is_about_to_step_down(
    registry, compared, judged
):
    compared("worse")
    ruling = decide(verdict=UNPROVEN, context=judged(UNPROVEN))
    assert not ruling.promoted
    assert registry.promoted == []


def test_a_decision_is_kept_with_all_its_numbers(registry, compared):
    compared("worse")
    assert decide().duel == {
        "champion": 1,
        "verdict": "worse",
        "rows": 100,
        "gain": 0.55,
        "champion_gain": 0.41,
        "difference": 0.14,
        "low": 0.12,
        "high": 0.17,
    }
    kept = registry.decisions[2]
    assert kept["sentence"] == "The challenger is worse."
    assert (kept["duel.champion_gain"], kept["duel.low"], kept["duel.rows"]) == (0.41, 0.12, 100)
    expected = {"depth": 0.3, "gain": 0.55, "most_fresh": 0.41, "difference": 0.14}
    assert collect_proof_figures(PROVEN) == expected | {"low": 0.12, "high": 0.17}
    for name, figure in collect_proof_figures(PROVEN).items():
        assert kept[f"proof.{name}"] == figure


def shuffle_outcomes(tested: pd.DataFrame) -> pd.DataFrame:
    """The same scores for outcomes that were dealt out anew on each list."""
    outcomes = tested.groupby("list_date")["converted"].transform(
        lambda labels: labels.sample(frac=1, random_state=4).to_numpy()
    )
    return tested.assign(converted=outcomes)


BAD = {
    "shuffled labels": shuffle_outcomes(TESTED),
    "constant scores": TESTED.assign(score=0.5),
    "a score that is no number": TESTED.assign(score=TESTED["score"].mask(TESTED.index == 7)),
    "no score that is a number": TESTED.assign(score=np.nan),
    "one class": TESTED.assign(converted=0),
    "the order of most fresh": TESTED.assign(score=TESTED["most_fresh"]),
    "the wrong way round": TESTED.assign(score=1 - TESTED["score"]),
}


@pytest.mark.parametrize("tested", BAD.values(), ids=BAD)
@pytest.mark.parametrize("leads", [True, False], ids=["against a champion", "as the first"])
def test_a_challenger_whose_proof_fails_never_moves_the_alias(registry, champion, tested, leads):
    registry.leads = build_version(1) if leads else None
    verdict = prove(tested, depth=0.3, samples=100)
    assert not verdict.passed
    ruling = decide(verdict=verdict, tested=tested)
    assert not ruling.promoted
    assert ruling.sentence == verdict.sentence
    assert registry.promoted == []
    assert registry.noted == [2]


def test_these_scores_would_have_been_proven_with_the_true_labels(registry, champion):
    """So it is what was done to them that bars them."""
    verdict = prove(TESTED, depth=0.3, samples=100)
    assert verdict.passed
    assert decide(verdict=verdict).promoted


def test_a_stale_challenger_does_not_take_over(registry, compared, champion):
    """`leadgain train --as-of` an earlier day: it would list today's leads knowing less."""
    champion.facts = replace(FACTS, as_of=pd.Timestamp("2024-03-15", tz="UTC"))
    compared("better")
    ruling = decide()
    assert not ruling.promoted
    assert registry.promoted == []
    told = "trained as of 2024-03-14, and the champion knows what came until 2024-03-15"
    assert told in ruling.sentence


def test_a_champion_dated_in_the_future_keeps_nobody_out(registry, compared, champion):
    """It was trained while the clock was wrong."""
    champion.facts = replace(FACTS, as_of=pd.Timestamp("2036-03-15", tz="UTC"))
    compared("not worse")
    assert decide().promoted


@pytest.mark.parametrize(
    ("mark", "why"),
    [(ROLLED_BACK_FROM, "the lead was taken back"), (DEMOTED, "has ceased to hold")],
)
def test_a_version_that_lost_the_lead_does_not_take_it_again_by_itself(
    registry, compared, mark, why
):
    compared("better")
    ruling = decide(build_version(2, **{mark: "true"}))
    assert not ruling.promoted
    assert registry.promoted == []
    assert why in ruling.sentence
    assert "`leadgain rollback 2` lets it" in ruling.sentence


@pytest.mark.parametrize("leads", [True, False], ids=["against a champion", "as the first"])
def test_a_challenger_that_may_have_seen_the_outcome_does_not_lead(registry, compared, leads):
    compared("better")
    registry.leads = registry.leads if leads else None
    ruling = decide(checked=build_gate(build_leakage_warning("leads", "source")))
    assert not ruling.promoted
    assert registry.promoted == []
    assert "'source' looks written after the outcome." in ruling.sentence
    assert "known_before_the_outcome of [training]" in ruling.sentence


def test_a_column_that_the_user_vouches_for_bars_nobody(registry, compared):
    compared("better")
    training = SimpleNamespace(seed=1, known_before_the_outcome=("source",))
    context = SimpleNamespace(settings=SimpleNamespace(**{**vars(SETTINGS), "training": training}))
    assert decide(
        checked=build_gate(build_leakage_warning("leads", "source")), context=context
    ).promoted


def test_an_alarm_is_about_what_the_model_uses():
    vocabulary = Vocabulary(("call",), (ProfileTerm("source", "category"),))
    checks = build_gate(
        build_leakage_warning("leads", "source"),
        build_leakage_warning("leads", "lost_reason"),  # declared as display: no model sees it
        build_leakage_warning("activities", "type"),
        {
            **build_leakage_warning("leads", "source"),
            "rule": "another",
            "message": "Something else.",
        },
    ).checks
    assert describe_leakage(vocabulary, checks, ()) == (
        "'source' looks written after the outcome. 'type' looks written after the outcome."
    )
    assert describe_leakage(vocabulary, checks, ("source", "type")) == ""


def test_the_same_model_again_leads_already(registry, champion):
    ruling = decide(1)
    assert ruling.promoted
    assert "leads already: the training gave the same model" in ruling.sentence
    assert registry.promoted == registry.noted == []


def format_tags(decision: dict[str, object]) -> dict[str, str]:
    """A decision as the registry gives it back: every figure is text."""
    return {name: str(figure) for name, figure in decision.items()}


@pytest.fixture
def home(tmp_path):
    """A job with a home folder in which no decision was kept."""
    return SimpleNamespace(settings=SETTINGS, home=Home(tmp_path))


def test_a_run_that_ended_before_it_kept_its_decision_decides_the_same_again(
    registry, compared, home
):
    compared("not worse")
    checked = SimpleNamespace(checks=SimpleNamespace(warnings=[]), as_of=FACTS.as_of)
    before = decide(checked=checked, context=home)
    assert before.promoted
    assert before.duel["champion"] == 1
    registry.leads = build_version(2, **format_tags(registry.decisions[2]))
    again = decide(registry.leads, checked=checked, context=home)
    assert again == before


def test_a_decision_that_was_kept_is_not_made_again(registry, compared, home):
    compared("not worse")
    checked = SimpleNamespace(checks=SimpleNamespace(warnings=[]), as_of=FACTS.as_of)
    before = decide(checked=checked, context=home)
    with hold_home(home.home) as held:
        write_training_record(
            held, TrainingRecord(FACTS.as_of.isoformat(), "f", 2, True, before.sentence)
        )
    registry.leads = build_version(2, **format_tags(registry.decisions[2]))
    assert "leads already" in decide(registry.leads, checked=checked, context=home).sentence


def test_after_a_change_of_leadgain_toml_the_two_are_not_compared(registry, champion):
    """By what the model itself carries: somebody may have deleted its run in MLflow."""
    champion.facts = replace(FACTS, fingerprint="another")
    ruling = decide()
    assert ruling.promoted
    assert "leadgain.toml has changed since the champion was trained" in ruling.sentence


def test_a_champion_that_is_damaged_is_replaced(registry, champion, monkeypatch):
    def damaged(*_):
        raise ModelDamaged("model.txt is not the file that was saved.")

    monkeypatch.setattr(duel, "load_version", damaged)
    ruling = decide()
    assert ruling.promoted
    assert "The champion cannot be used any more: model.txt is not the file" in ruling.sentence


def test_the_champion_is_also_held_against_the_lists_matured_since_its_training(registry, champion):
    """It was tested on the first list alone; the other five have matured since."""
    latest = TESTED[TESTED["list_date"] > TESTED["list_date"].min()]
    champion.tested = latest.assign(score=latest["score"] ** 2)  # the same order
    ruling = decide(verdict=prove(TESTED, depth=0.3, samples=100))
    assert ruling.promoted
    assert ruling.duel["rows"] == len(latest)
    assert ruling.duel["verdict"] == "not worse"
    assert ruling.duel["difference"] == 0
