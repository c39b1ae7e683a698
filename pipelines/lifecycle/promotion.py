"""How a challenger takes the lead, or does not: its proof, its alarms, its duel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crm.checks.run_checks import DataChecks
from crm.export import GRACE
from features.vocabulary import Vocabulary
from models.errors import ModelDamaged
from models.evaluation import verdicts
from models.registry.registry import (
    ROLLED_BACK_FROM,
    STEPPED_DOWN,
    RegisteredVersion,
    champion,
    note_decision,
    promote,
)
from pipelines.config.registry_address import registry_of
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import Champion, opened
from pipelines.lifecycle.demotion import is_disproven
from pipelines.lifecycle.model_metadata import ModelFacts
from pipelines.lifecycle.since_training import judged_again, matured_since, with_matured
from pipelines.lifecycle.training_log import last_decision, proof_figures, rounded
from pipelines.runtime.prefect_tasks import coarse_task
from publications.storage.lock import Hold

DUEL_FIGURES = ("gain", "champion_gain", "difference", "low", "high")
HINDSIGHT = "known_before_the_outcome"
"""The gate's rule that finds what looks written after the outcome."""


@dataclass(frozen=True)
class Ruling:
    """Whether the challenger leads now, and why (not), with the duel's figures."""

    promoted: bool
    sentence: str
    duel: Mapping[str, Any] | None = None


@coarse_task(name="decide who leads")
def let_lead(
    challenger: RegisteredVersion,
    tested: pd.DataFrame,
    verdict: verdicts.Proof,
    facts: ModelFacts,
    checked: CheckedExport,
    job: Job,
    held: Hold,
) -> Ruling:
    """Let the challenger lead if it is proven, above suspicion and not worse than the champion.

    Parameters
    ----------
    challenger : as registered
    tested : its backtest
    verdict : its proof
    facts : what travels with it
    checked : the export with the gate's findings
    job, held : Job and Hold; a champion whose copy is damaged is mended before the duel
    """
    registry = registry_of(job)
    present = champion(registry)
    if present is not None and present.version == challenger.version:
        if (made := _made_before(present, facts, checked, job)) is not None:
            return made
        same = f"Version {challenger.version} leads already: the training gave the same model."
        return Ruling(True, same)
    barred = _why_barred(challenger, verdict, facts, checked, job)
    ruling = Ruling(False, barred)
    if not barred:
        ruling = _against(present, tested, facts, checked, job, held)
    decision = _figures(ruling, verdict, facts)
    if ruling.promoted:
        before = None if present is None else present.version
        promote(registry, challenger.version, replacing=before, decision=decision)
    else:
        note_decision(registry, challenger.version, decision)
    return ruling


def _made_before(
    present: RegisteredVersion, facts: ModelFacts, checked: CheckedExport, job: Job
) -> Ruling | None:
    """What a run decided that was ended before it could keep its decision; else None."""
    told = present.decision
    if told.get("as_of") != facts.as_of.isoformat():
        return None
    kept = last_decision(job.home)
    if kept is not None and kept.version == present.version and kept.at == checked.as_of:
        return None
    duel = {name.removeprefix("duel."): told[name] for name in told if name.startswith("duel.")}
    if not duel:
        return Ruling(True, told["sentence"])
    figures = {name: float(duel[name]) if name in duel else None for name in DUEL_FIGURES}
    who = {"champion": int(duel["champion"]), "verdict": duel["verdict"], "rows": int(duel["rows"])}
    return Ruling(True, told["sentence"], who | figures)


def hindsight_alarms(vocabulary: Vocabulary, checks: DataChecks, trusted: tuple[str, ...]) -> str:
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
        if found["rule"] == HINDSIGHT
        and (found["table"], found["column"]) in used
        and found["column"] not in trusted
    )


def _why_barred(
    challenger: RegisteredVersion,
    verdict: verdicts.Proof,
    facts: ModelFacts,
    checked: CheckedExport,
    job: Job,
) -> str:
    """Why a challenger may not lead whoever the champion is; empty if it may."""
    number = challenger.version
    if not verdict.passed:
        return verdict.sentence
    back = f"It does not lead again by itself; `leadgain rollback {number}` lets it."
    if challenger.decision.get(ROLLED_BACK_FROM):
        return f"The training gave version {number}, from which the lead was taken back. {back}"
    if challenger.decision.get(STEPPED_DOWN):
        return f"The training gave version {number}, whose proof has ceased to hold. {back}"
    alarms = hindsight_alarms(
        facts.vocabulary, checked.checks, job.settings.training.known_before_the_outcome
    )
    if alarms:
        return (
            f"{verdict.sentence} But the model may have seen the outcome, so it does not lead. "
            f"{alarms} What was known before goes into known_before_the_outcome of [training]."
        )
    return ""


def _against(
    present: RegisteredVersion | None,
    tested: pd.DataFrame,
    facts: ModelFacts,
    checked: CheckedExport,
    job: Job,
    held: Hold,
) -> Ruling:
    if present is None:
        return Ruling(True, facts.verdict)
    try:
        leading = opened(present, job, held)
    except ModelDamaged as error:
        return Ruling(True, f"{facts.verdict} The champion cannot be used any more: {error}")
    if leading.facts.fingerprint != facts.fingerprint:
        changed = "leadgain.toml has changed since the champion was trained, so the two cannot be "
        return Ruling(True, f"{facts.verdict} {changed}compared and the proven challenger leads.")
    if facts.as_of < leading.facts.as_of <= job.now + GRACE:
        known = f"{facts.as_of:%Y-%m-%d}, and the champion knows what came until "
        known += f"{leading.facts.as_of:%Y-%m-%d}"
        late = f"{facts.verdict} But it was trained as of {known}: it does not take over."
        return Ruling(False, late)
    return _after_a_duel(leading, tested, checked, job)


def _after_a_duel(
    leading: Champion, tested: pd.DataFrame, checked: CheckedExport, job: Job
) -> Ruling:
    """The two on the same rows: those of the champion's backtest, and those matured since.

    A champion whose own proof has ceased to hold keeps nobody out: it is about to step down.
    """
    since = matured_since(leading, checked, job)
    comparison = verdicts.compare(
        tested,
        with_matured(leading, since),
        depth=job.settings.tiers.A,
        samples=job.settings.backtest.bootstrap_samples,
        seed=job.settings.training.seed,
    )
    duel = _duel_figures(leading.version.version, comparison)
    if comparison.verdict != "worse":
        return Ruling(True, comparison.sentence, duel)
    again = judged_again(leading, since, job)
    if again is None or not is_disproven(leading, again, job.home):
        return Ruling(False, comparison.sentence, duel)
    disproven = (
        f"{comparison.sentence} But judged again with the lists that have matured since its "
        f"training, the champion's proof does not hold, and the challenger is proven, so it leads. "
        f"{again.sentence}"
    )
    return Ruling(True, disproven, duel)


def _duel_figures(number: int, comparison: verdicts.Comparison) -> dict[str, Any]:
    found = comparison.difference
    if found is None:
        figures: dict[str, float | None] = dict.fromkeys(DUEL_FIGURES)
    else:
        values = (found.gain, found.other_gain, found.value, found.low, found.high)
        figures = {name: rounded(value) for name, value in zip(DUEL_FIGURES, values, strict=True)}
    told = {"champion": number, "verdict": comparison.verdict, "rows": comparison.rows}
    return told | figures


def _figures(ruling: Ruling, verdict: verdicts.Proof, facts: ModelFacts) -> dict[str, object]:
    """All of a decision for the registry, which keeps each figure as a tag."""
    proof, duel = proof_figures(verdict) or {}, ruling.duel or {}
    return {
        "sentence": ruling.sentence,
        "as_of": facts.as_of.isoformat(),
        **{f"proof.{name}": value for name, value in proof.items()},
        **{f"duel.{name}": value for name, value in duel.items() if value is not None},
    }
