"""A challenger is promoted only when it is proven, above suspicion and not worse (R12)."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm.export import CLOCK_GRACE
from features.vocabulary import ProfileTerm, Vocabulary
from models.errors import ModelDamaged
from models.evaluation.verdicts import Comparison, Difference, ProofVerdict, prove
from models.registry.registry import DEMOTED, ROLLED_BACK_FROM
from pipelines.lifecycle import promotion
from pipelines.lifecycle.model_metadata import ModelMetadata
from pipelines.lifecycle.promotion import describe_leakage, promote_if_better
from pipelines.lifecycle.training_log import Demotion, TrainingRecord, collect_proof_figures
from publications.filesystem.json_files import format_instant
from publications.storage.home import Home
from publications.storage.lock import hold_home
from tests.models.frames import draw_scored_lists
from tests.pipelines.contexts import PreparedContext, build_checks
from tests.pipelines.lifecycle.test_model_metadata import FACTS

AHEAD = Difference(gain=0.55, other_gain=0.41, low=0.12, high=0.17)
PROVEN = ProofVerdict(passed=True, sentence="It is better.", depth=0.3, difference=AHEAD)
TESTED = draw_scored_lists(n_lists=6, n_leads=200)
SINCE = "the lists matured since"
SETTINGS = SimpleNamespace(
    tiers=SimpleNamespace(A=0.3),
    backtest=SimpleNamespace(bootstrap_samples=100),
    training=SimpleNamespace(seed=1, known_before_the_outcome=()),
)


def build_version(number: int, **decision) -> SimpleNamespace:
    return SimpleNamespace(version=number, decision=decision)


@dataclass(frozen=True)
class Model:
    """A version whose files nobody needs."""

    version: SimpleNamespace
    facts: ModelMetadata = FACTS
    proof: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(backtest=TESTED))

    @property
    def number(self) -> int:
        return self.version.version


@pytest.fixture
def context(tmp_path):
    with hold_home(Home(tmp_path)) as lock:
        yield build_decision_context(tmp_path, lock)


def build_decision_context(folder, lock, *warnings) -> PreparedContext:
    return PreparedContext(
        folder,
        lock,
        settings=SETTINGS,
        checked=build_checks(*warnings),
        list_as_of=FACTS.known_until,
    )


def build_leakage_warning(table: str, column: str) -> dict[str, str]:
    message = f"{column!r} looks written after the outcome."
    return {"table": table, "column": column, "rule": promotion.LEAKAGE_RULE, "message": message}


@pytest.fixture
def registry(monkeypatch):
    """A registry in memory: the champion, what was promoted, what was only recorded."""
    state = SimpleNamespace(champion=None, promoted=[], recorded=[], decisions={})

    def promote(_, number, *, replacing, decision):
        state.promoted.append((number, replacing))
        state.decisions[number] = decision
        return build_version(number, **format_tags(decision))

    def record(_, number, decision):
        state.recorded.append(number)
        state.decisions[number] = decision

    monkeypatch.setattr(promotion, "find_champion", lambda registry: state.champion)
    monkeypatch.setattr(promotion, "promote", promote)
    monkeypatch.setattr(promotion, "record_decision", record)
    monkeypatch.setattr(promotion, "remember_champion", lambda *_: None)
    return state


@pytest.fixture
def champion(registry, context, monkeypatch):
    """Version 1, trained when the challenger was, and tested on the same rows."""
    registry.champion = build_version(1)
    registry.champion.spec_sha256 = "of version 1"
    champion = SimpleNamespace(version=registry.champion, number=1, facts=FACTS, tested=TESTED)

    def answer(expected, result):
        """A stand-in that is asked about this champion, its lists since and this run."""

        def called(*given):
            assert given == expected
            return result()

        return called

    stand_ins = {
        "load_version": ((champion.version, context), lambda: champion),
        "score_matured_lists": ((champion, context), lambda: SINCE),
        "append_matured_lists": ((champion, SINCE), lambda: champion.tested),
        "rejudge_proof": ((champion, SINCE, context), lambda: champion.rejudged),
    }
    champion.rejudged = None
    for name, (expected, result) in stand_ins.items():
        monkeypatch.setattr(promotion, name, answer(expected, result))
    return champion


@pytest.fixture
def compared(champion, monkeypatch):
    """Both tested on the same rows, with the verdict that the test asks for."""

    def become(verdict: str) -> None:
        difference = None if verdict == "not comparable" else AHEAD
        found = Comparison(verdict, f"The challenger is {verdict}.", 100, difference)
        monkeypatch.setattr(promotion.verdicts, "compare_with_champion", lambda *_, **__: found)

    return become


@pytest.fixture
def decide(context):
    """Decide on a challenger that is better than the champion but for what is given."""

    def decide(number=2, verdict=PROVEN, *, tested=TESTED, context=context):
        version = number if isinstance(number, SimpleNamespace) else build_version(number)
        model = Model(version, proof=SimpleNamespace(backtest=tested))
        return promote_if_better.fn(model, verdict, context)

    return decide


def test_the_first_proven_model_leads(decide, registry):
    decision = decide(1)
    assert decision.promoted
    assert decision.sentence == FACTS.verdict
    assert registry.promoted == [(1, None)]


@pytest.mark.parametrize("verdict", ["better", "not worse", "not comparable"])
def test_a_challenger_that_is_not_worse_leads(decide, registry, compared, verdict):
    compared(verdict)
    assert decide().sentence == f"The challenger is {verdict}."
    assert registry.promoted == [(2, 1)]


def test_a_worse_challenger_does_not_lead(decide, registry, compared):
    compared("worse")
    decision = decide()
    assert not decision.promoted
    assert registry.promoted == []
    assert registry.recorded == [2]


UNPROVEN = ProofVerdict(False, "The difference is +1.0 points.", 0.3, replace(AHEAD, low=-0.02))


@pytest.fixture
def judged(champion):
    """The verdict on the champion's proof with the lists matured since its training."""

    def become(rejudged: ProofVerdict | None) -> None:
        champion.rejudged = rejudged

    return become


def test_a_champion_that_is_about_to_step_down_keeps_no_proven_challenger_out(
    decide, registry, compared, judged
):
    """Else it would win the duel, step down a moment later, and nobody would lead."""
    compared("worse")
    judged(UNPROVEN)
    decision = decide()
    assert registry.promoted == [(2, 1)]
    assert "judged again" in decision.sentence
    assert decision.sentence.endswith(UNPROVEN.sentence)
    assert decision.duel["verdict"] == "worse"
    assert registry.decisions[2]["sentence"] == decision.sentence


@pytest.mark.parametrize("again", [None, PROVEN], ids=["too little new", "it holds"])
def test_a_champion_whose_proof_stands_keeps_a_worse_challenger_out(
    decide, registry, compared, judged, again
):
    compared("worse")
    judged(again)
    assert not decide().promoted
    assert registry.promoted == []


def test_a_champion_that_a_person_has_restored_keeps_a_worse_challenger_out(
    decide, registry, compared, judged, context
):
    compared("worse")
    judged(UNPROVEN)
    demotion = Demotion(format_instant(FACTS.known_until), 1, "", None, True, "of version 1")
    context.record_demotion(demotion)
    assert not decide().promoted
    context.record_demotion(replace(demotion, version=3))
    assert decide().promoted


def test_an_unproven_challenger_does_not_follow_a_champion_that_is_about_to_step_down(
    decide, registry, compared, judged
):
    compared("worse")
    judged(UNPROVEN)
    decision = decide(verdict=UNPROVEN)
    assert not decision.promoted
    assert registry.promoted == []


def test_a_decision_is_kept_with_all_its_numbers(decide, registry, compared):
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
@pytest.mark.parametrize("first", [False, True], ids=["against a champion", "as the first"])
def test_a_challenger_whose_proof_fails_never_moves_the_alias(
    decide, registry, champion, tested, first
):
    registry.champion = None if first else registry.champion
    verdict = prove(tested, depth=0.3, samples=100)
    assert not verdict.passed
    decision = decide(verdict=verdict, tested=tested)
    assert not decision.promoted
    assert decision.sentence == verdict.sentence
    assert registry.promoted == []
    assert registry.recorded == [2]


def test_these_scores_would_have_been_proven_with_the_true_labels(decide, registry, champion):
    """So it is what was done to them that bars them."""
    verdict = prove(TESTED, depth=0.3, samples=100)
    assert verdict.passed
    assert decide(verdict=verdict).promoted


def test_a_stale_challenger_does_not_take_over(decide, registry, compared, champion):
    """`leadgain train --as-of` an earlier day: it would list today's leads knowing less."""
    champion.facts = replace(FACTS, known_until=pd.Timestamp("2024-03-15", tz="UTC"))
    compared("better")
    decision = decide()
    assert not decision.promoted
    assert registry.promoted == []
    assert "2024-03-14" in decision.sentence
    assert "2024-03-15" in decision.sentence


def test_a_champion_dated_in_the_future_keeps_nobody_out(decide, registry, compared, champion):
    """It was trained while the clock was wrong."""
    champion.facts = replace(FACTS, known_until=pd.Timestamp("2036-03-15", tz="UTC"))
    compared("not worse")
    assert decide().promoted


def test_a_champion_dated_by_a_clock_that_is_a_little_fast_keeps_its_place(
    decide, registry, compared, champion, context
):
    champion.facts = replace(FACTS, known_until=context.now + CLOCK_GRACE)
    compared("not worse")
    assert not decide().promoted


@pytest.mark.parametrize(
    ("mark", "why"),
    [(ROLLED_BACK_FROM, "rolled back"), (DEMOTED, "demoted")],
)
def test_a_version_that_lost_the_lead_does_not_take_it_again_by_itself(
    decide, registry, compared, mark, why
):
    compared("better")
    decision = decide(build_version(2, **{mark: "true"}))
    assert not decision.promoted
    assert registry.promoted == []
    assert why in decision.sentence
    assert "`leadgain rollback 2`" in decision.sentence


@pytest.mark.parametrize("first", [False, True], ids=["against a champion", "as the first"])
def test_a_challenger_that_may_have_seen_the_outcome_is_not_promoted(
    decide, registry, compared, context, first
):
    compared("better")
    registry.champion = None if first else registry.champion
    context.checked = build_checks(build_leakage_warning("leads", "source"))
    decision = decide()
    assert not decision.promoted
    assert registry.promoted == []
    assert "'source' looks written after the outcome." in decision.sentence
    assert "[training] known_before_the_outcome" in decision.sentence


def test_a_column_that_the_user_vouches_for_is_no_obstacle(decide, registry, compared, context):
    compared("better")
    training = SimpleNamespace(seed=1, known_before_the_outcome=("source",))
    context.settings = SimpleNamespace(**{**vars(SETTINGS), "training": training})
    context.checked = build_checks(build_leakage_warning("leads", "source"))
    assert decide().promoted


def test_a_sign_of_leakage_is_about_what_the_model_uses():
    vocabulary = Vocabulary(("call",), (ProfileTerm("source", "category"),))
    checks = build_checks(
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


def test_the_same_model_again_leads_already(decide, registry, champion):
    decision = decide(1)
    assert decision.promoted
    assert "is already the champion" in decision.sentence
    assert registry.promoted == registry.recorded == []


def format_tags(decision: dict[str, object]) -> dict[str, str]:
    """A decision as the registry gives it back: every figure is text."""
    return {name: str(figure) for name, figure in decision.items()}


@pytest.mark.parametrize("verdict", [None, "not worse", "not comparable"])
def test_a_run_that_ended_before_it_kept_its_decision_decides_the_same_again(
    decide, registry, champion, compared, verdict
):
    """Without a champion before it, with a comparison, and with one that gave no figures."""
    if verdict is None:
        registry.champion = None
    else:
        compared(verdict)
    before = decide()
    assert before.promoted
    assert before.sentence
    assert (before.duel and before.duel["champion"]) == (verdict and 1)
    registry.champion = build_version(2, **format_tags(registry.decisions[2]))
    assert decide(registry.champion) == before


def test_a_decision_that_was_kept_is_not_made_again(decide, registry, compared, context):
    compared("not worse")
    before = decide()
    date = format_instant(FACTS.known_until)
    context.record_training(TrainingRecord(date, "f", 2, True, before.sentence, "requested"))
    registry.champion = build_version(2, **format_tags(registry.decisions[2]))
    assert "is already the champion" in decide(registry.champion).sentence


def test_the_promoted_challenger_is_the_champion_of_the_run(decide, registry, context):
    """Nothing is fetched back."""
    decide(1)
    assert context.champion.version.decision["sentence"] == FACTS.verdict


def test_after_a_change_of_leadgain_toml_the_two_are_not_compared(decide, registry, champion):
    """By what the model itself carries: somebody may have deleted its run in MLflow."""
    champion.facts = replace(FACTS, fingerprint="another")
    decision = decide()
    assert decision.promoted
    assert "leadgain.toml has changed since the champion was trained" in decision.sentence
    assert "so the two cannot be compared and the proven" in decision.sentence


def test_a_champion_that_is_damaged_is_replaced(decide, registry, champion, monkeypatch):
    def damaged(*_):
        raise ModelDamaged("model.txt is not the file that was saved.")

    monkeypatch.setattr(promotion, "load_version", damaged)
    decision = decide()
    assert decision.promoted
    assert "can no longer be used: model.txt" in decision.sentence


def test_the_champion_is_also_held_against_the_lists_matured_since_its_training(
    decide, registry, champion
):
    """It was tested on the first list alone; the other five have matured since."""
    latest = TESTED[TESTED["list_date"] > TESTED["list_date"].min()]
    champion.tested = latest.assign(score=latest["score"] ** 2)  # the same order
    decision = decide(verdict=prove(TESTED, depth=0.3, samples=100))
    assert decision.promoted
    assert decision.duel["rows"] == len(latest)
    assert decision.duel["verdict"] == "not worse"
    assert decision.duel["difference"] == 0
