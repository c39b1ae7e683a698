"""How a challenger takes the lead, or does not: its proof, its alarms, its duel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

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
from pipelines.config.registry_address import get_registry
from pipelines.config.run_context import RunContext
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import Champion, load_version
from pipelines.lifecycle.demotion import is_disproven
from pipelines.lifecycle.model_metadata import ModelMetadata
from pipelines.lifecycle.since_training import (
    append_matured_lists,
    judge_again,
    score_matured_lists,
)
from pipelines.lifecycle.training_log import collect_proof_figures, read_last_training, round_figure
from pipelines.runtime.prefect_tasks import coarse_task
from publications.storage.lock import HomeLock

DUEL_FIGURES = ("gain", "champion_gain", "difference", "low", "high")
LEAKAGE_RULE = "known_before_the_outcome"
"""The gate's rule that finds what looks written after the outcome."""


@dataclass(frozen=True)
class PromotionDecision:
    """Whether the challenger leads now, and why (not), with the duel's figures."""

    promoted: bool
    sentence: str
    duel: Mapping[str, Any] | None = None


@coarse_task(name="decide who leads")
def promote_if_better(
    challenger: RegisteredVersion,
    tested: pd.DataFrame,
    verdict: verdicts.ProofVerdict,
    facts: ModelMetadata,
    checked: CheckedExport,
    context: RunContext,
    lock: HomeLock,
) -> PromotionDecision:
    """Let the challenger lead if it is proven, above suspicion and not worse than the champion.

    Parameters
    ----------
    challenger : as registered
    tested : its backtest
    verdict : its proof
    facts : what travels with it
    checked : the export with the gate's findings
    context, lock : Job and Hold; a champion whose copy is damaged is mended before the duel
    """
    registry = get_registry(context)
    present = find_champion(registry)
    if present is not None and present.version == challenger.version:
        if (made := _recover_decision(present, facts, checked, context)) is not None:
            return made
        same = f"Version {challenger.version} leads already: the training gave the same model."
        return PromotionDecision(True, same)
    barred = _describe_obstacle(challenger, verdict, facts, checked, context)
    ruling = PromotionDecision(False, barred)
    if not barred:
        ruling = _compare_with_champion(present, tested, facts, checked, context, lock)
    decision = _collect_figures(ruling, verdict, facts)
    if ruling.promoted:
        before = None if present is None else present.version
        promote(registry, challenger.version, replacing=before, decision=decision)
    else:
        record_decision(registry, challenger.version, decision)
    return ruling


def _recover_decision(
    present: RegisteredVersion, facts: ModelMetadata, checked: CheckedExport, context: RunContext
) -> PromotionDecision | None:
    """What a run decided that was ended before it could keep its decision; else None."""
    told = present.decision
    if told.get("as_of") != facts.as_of.isoformat():
        return None
    kept = read_last_training(context.home)
    if kept is not None and kept.version == present.version and kept.at == checked.as_of:
        return None
    duel = {name.removeprefix("duel."): told[name] for name in told if name.startswith("duel.")}
    if not duel:
        return PromotionDecision(True, told["sentence"])
    figures = {name: float(duel[name]) if name in duel else None for name in DUEL_FIGURES}
    who = {"champion": int(duel["champion"]), "verdict": duel["verdict"], "rows": int(duel["rows"])}
    return PromotionDecision(True, told["sentence"], who | figures)


def describe_leakage(vocabulary: Vocabulary, checks: DataChecks, trusted: tuple[str, ...]) -> str:
    """What the gate says of inputs of a model that look written after the outcome; or nothing.

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
    challenger: RegisteredVersion,
    verdict: verdicts.ProofVerdict,
    facts: ModelMetadata,
    checked: CheckedExport,
    context: RunContext,
) -> str:
    """Why a challenger may not lead whoever the champion is; empty if it may."""
    number = challenger.version
    if not verdict.passed:
        return verdict.sentence
    back = f"It does not lead again by itself; `leadgain rollback {number}` lets it."
    if challenger.decision.get(ROLLED_BACK_FROM):
        return f"The training gave version {number}, from which the lead was taken back. {back}"
    if challenger.decision.get(DEMOTED):
        return f"The training gave version {number}, whose proof has ceased to hold. {back}"
    alarms = describe_leakage(
        facts.vocabulary, checked.checks, context.settings.training.known_before_the_outcome
    )
    if alarms:
        return (
            f"{verdict.sentence} But the model may have seen the outcome, so it does not lead. "
            f"{alarms} What was known before goes into known_before_the_outcome of [training]."
        )
    return ""


def _compare_with_champion(
    present: RegisteredVersion | None,
    tested: pd.DataFrame,
    facts: ModelMetadata,
    checked: CheckedExport,
    context: RunContext,
    lock: HomeLock,
) -> PromotionDecision:
    if present is None:
        return PromotionDecision(True, facts.verdict)
    try:
        champion = load_version(present, context, lock)
    except ModelDamaged as error:
        return PromotionDecision(
            True, f"{facts.verdict} The champion cannot be used any more: {error}"
        )
    if champion.facts.fingerprint != facts.fingerprint:
        changed = "leadgain.toml has changed since the champion was trained, so the two cannot be "
        return PromotionDecision(
            True, f"{facts.verdict} {changed}compared and the proven challenger leads."
        )
    if facts.as_of < champion.facts.as_of <= context.now + CLOCK_GRACE:
        known = f"{facts.as_of:%Y-%m-%d}, and the champion knows what came until "
        known += f"{champion.facts.as_of:%Y-%m-%d}"
        late = f"{facts.verdict} But it was trained as of {known}: it does not take over."
        return PromotionDecision(False, late)
    return _compare_on_same_lists(champion, tested, checked, context)


def _compare_on_same_lists(
    champion: Champion, tested: pd.DataFrame, checked: CheckedExport, context: RunContext
) -> PromotionDecision:
    """The two on the same rows: those of the champion's backtest, and those matured since.

    A champion whose own proof has ceased to hold keeps nobody out: it is about to step down.
    """
    since = score_matured_lists(champion, checked, context)
    comparison = verdicts.compare_with_champion(
        tested,
        append_matured_lists(champion, since),
        depth=context.settings.tiers.A,
        samples=context.settings.backtest.bootstrap_samples,
        seed=context.settings.training.seed,
    )
    duel = _collect_duel_figures(champion.version.version, comparison)
    if comparison.verdict != "worse":
        return PromotionDecision(True, comparison.sentence, duel)
    again = judge_again(champion, since, context)
    if again is None or not is_disproven(champion, again, context.home):
        return PromotionDecision(False, comparison.sentence, duel)
    disproven = (
        f"{comparison.sentence} But judged again with the lists that have matured since its "
        f"training, the champion's proof does not hold, and the challenger is proven, so it leads. "
        f"{again.sentence}"
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
    told = {"champion": number, "verdict": comparison.verdict, "rows": comparison.rows}
    return told | figures


def _collect_figures(
    ruling: PromotionDecision, verdict: verdicts.ProofVerdict, facts: ModelMetadata
) -> dict[str, object]:
    """All of a decision for the registry, which keeps each figure as a tag."""
    proof, duel = collect_proof_figures(verdict) or {}, ruling.duel or {}
    return {
        "sentence": ruling.sentence,
        "as_of": facts.as_of.isoformat(),
        **{f"proof.{name}": value for name, value in proof.items()},
        **{f"duel.{name}": value for name, value in duel.items() if value is not None},
    }
