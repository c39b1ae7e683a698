"""Whether a challenger is promoted: its proof, signs of leakage, its duel with the champion."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.checks.run_checks import DataChecks
from crm.export import CLOCK_GRACE
from features.vocabulary import Vocabulary
from models.errors import ModelDamaged
from models.evaluation import verdicts
from models.registry.registry import (
    DEMOTED,
    ROLLED_BACK_FROM,
    RegisteredVersion,
    find_champion,
    promote,
    record_decision,
)
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.champion_cache import remember_champion
from pipelines.lifecycle.demotion import is_disproven
from pipelines.lifecycle.load_champion import load_version
from pipelines.lifecycle.model_metadata import ModelMetadata
from pipelines.lifecycle.run_context import RunContext
from pipelines.lifecycle.since_training import (
    append_matured_lists,
    rejudge_proof,
    score_matured_lists,
)
from pipelines.lifecycle.training_log import collect_proof_figures, round_figure
from pipelines.runtime.prefect_tasks import coarse_task
from publications.filesystem.json_files import format_instant

DUEL_FIGURES = ("gain", "champion_gain", "difference", "low", "high")
LEAKAGE_RULE = "known_before_the_outcome"
"""The gate's rule that finds what looks written after the outcome."""


@dataclass(frozen=True)
class PromotionDecision:
    """Whether the challenger is promoted, and why (not), with the duel's figures."""

    promoted: bool
    sentence: str
    duel: Mapping[str, Any] | None = None


@coarse_task(name="decide on the promotion")
def promote_if_better(
    challenger: LoadedVersion, verdict: verdicts.ProofVerdict, context: RunContext
) -> PromotionDecision:
    """Promote the challenger if it is proven, without leakage and not worse than the champion.

    Parameters
    ----------
    challenger : as registered, with its backtest; if promoted, it is the context's champion
    verdict : its proof
    context : with the lock; a champion whose files are damaged is fetched before the comparison
    """
    registry, number = context.registry, challenger.number
    present = find_champion(registry)
    if present is not None and present.version == number:
        if (made := _recover_decision(present, challenger.facts, context)) is not None:
            return made
        same = f"Version {number} is already the champion: training produced the same model."
        return PromotionDecision(True, same)
    obstacle = _describe_obstacle(challenger, verdict, context)
    decision = PromotionDecision(False, obstacle)
    if not obstacle:
        decision = _compare_with_champion(present, challenger, context)
    figures = _collect_figures(decision, verdict, challenger.facts)
    if decision.promoted:
        before = None if present is None else present.version
        promoted = promote(registry, number, replacing=before, decision=figures)
        context.set_champion(replace(challenger, version=promoted))
        remember_champion(context.lock, promoted)
    else:
        record_decision(registry, number, figures)
    return decision


def _recover_decision(
    present: RegisteredVersion, facts: ModelMetadata, context: RunContext
) -> PromotionDecision | None:
    """The decision of a run that was killed before it could record it; else None."""
    figures = present.decision
    if figures.get("known_until") != format_instant(facts.known_until):
        return None
    last = context.last_training
    if last is not None and last.version == present.version and last.at == context.list_as_of:
        return None
    duel = {
        name.removeprefix("duel."): figures[name] for name in figures if name.startswith("duel.")
    }
    if not duel:
        return PromotionDecision(True, figures["sentence"])
    measured = {name: float(duel[name]) if name in duel else None for name in DUEL_FIGURES}
    who = {"champion": int(duel["champion"]), "verdict": duel["verdict"], "rows": int(duel["rows"])}
    return PromotionDecision(True, figures["sentence"], who | measured)


def describe_leakage(vocabulary: Vocabulary, checks: DataChecks, trusted: tuple[str, ...]) -> str:
    """The gate's findings on inputs of a model that look written after the outcome, or "".

    Parameters
    ----------
    vocabulary : names the profile columns that the model uses; it uses the activities anyway
    checks : the gate's findings
    trusted : columns that the user has declared to be known before the outcome
    """
    used = {("leads", term.name) for term in vocabulary.profile} | {("activities", "type")}
    return " ".join(
        str(found["message"])
        for found in checks.warnings
        if found["rule"] == LEAKAGE_RULE
        and (found["table"], found["column"]) in used
        and found["column"] not in trusted
    )


def _describe_obstacle(
    challenger: LoadedVersion, verdict: verdicts.ProofVerdict, context: RunContext
) -> str:
    """Why a challenger may not be promoted, with or without a champion; empty if it may."""
    number, earlier = challenger.number, challenger.version.decision
    if not verdict.passed:
        return verdict.sentence
    by_hand = f"It is not promoted again automatically; `leadgain rollback {number}` does it."
    if earlier.get(ROLLED_BACK_FROM):
        return f"Training produced version {number}, which was rolled back. {by_hand}"
    if earlier.get(DEMOTED):
        return f"Training produced version {number}, which was demoted. {by_hand}"
    leakage = describe_leakage(
        challenger.facts.vocabulary,
        context.checked.checks,
        context.settings.training.known_before_the_outcome,
    )
    if leakage:
        return (
            f"{verdict.sentence} But the model may have seen the outcome, so it is not promoted. "
            f"{leakage} List columns known earlier under [training] known_before_the_outcome."
        )
    return ""


def _compare_with_champion(
    present: RegisteredVersion | None, challenger: LoadedVersion, context: RunContext
) -> PromotionDecision:
    facts = challenger.facts
    if present is None:
        return PromotionDecision(True, facts.verdict)
    try:
        champion = load_version(present, context)
    except ModelDamaged as error:
        return PromotionDecision(
            True, f"{facts.verdict} The champion can no longer be used: {error}"
        )
    if champion.facts.fingerprint != facts.fingerprint:
        return PromotionDecision(
            True,
            f"{facts.verdict} leadgain.toml has changed since the champion was trained, so the two "
            "cannot be compared and the proven challenger is promoted.",
        )
    if facts.known_until < champion.facts.known_until <= context.now + CLOCK_GRACE:
        return PromotionDecision(
            False,
            f"{facts.verdict} But it was trained on data up to {facts.known_until:%Y-%m-%d}, and "
            f"the champion on data up to {champion.facts.known_until:%Y-%m-%d}, so it is not "
            "promoted.",
        )
    return _compare_on_same_lists(champion, challenger, context)


def _compare_on_same_lists(
    champion: LoadedVersion, challenger: LoadedVersion, context: RunContext
) -> PromotionDecision:
    """Compare both on the same rows: the champion's backtest, and the lists matured since.

    A champion whose own proof fails cannot keep a challenger out: it is about to be demoted.
    """
    since = score_matured_lists(champion, context)
    comparison = verdicts.compare_with_champion(
        challenger.proof.backtest,
        append_matured_lists(champion, since),
        depth=context.settings.tiers.A,
        samples=context.settings.backtest.bootstrap_samples,
        seed=context.settings.training.seed,
    )
    duel = _collect_duel_figures(champion.number, comparison)
    if comparison.verdict != "worse":
        return PromotionDecision(True, comparison.sentence, duel)
    rejudged = rejudge_proof(champion, since, context)
    if rejudged is None or not is_disproven(champion, rejudged, context):
        return PromotionDecision(False, comparison.sentence, duel)
    disproven = (
        f"{comparison.sentence} But judged again with the outcomes known since its training, the "
        "champion fails its proof, and the challenger is proven, so it is promoted. "
        f"{rejudged.sentence}"
    )
    return PromotionDecision(True, disproven, duel)


def _collect_duel_figures(number: int, comparison: verdicts.Comparison) -> dict[str, Any]:
    found = comparison.difference
    if found is None:
        figures: dict[str, float | None] = dict.fromkeys(DUEL_FIGURES)
    else:
        values = (found.gain, found.other_gain, found.value, found.low, found.high)
        figures = {
            name: round_figure(value) for name, value in zip(DUEL_FIGURES, values, strict=True)
        }
    return {
        "champion": number,
        "verdict": comparison.verdict,
        "rows": comparison.rows,
        **figures,
    }


def _collect_figures(
    decision: PromotionDecision, verdict: verdicts.ProofVerdict, facts: ModelMetadata
) -> dict[str, object]:
    """The figures of a decision for the registry, which keeps each as a tag."""
    proof, duel = collect_proof_figures(verdict) or {}, decision.duel or {}
    return {
        "sentence": decision.sentence,
        "known_until": format_instant(facts.known_until),
        **{f"proof.{name}": value for name, value in proof.items()},
        **{f"duel.{name}": value for name, value in duel.items() if value is not None},
    }
