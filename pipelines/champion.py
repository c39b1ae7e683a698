"""Who leads: the registry's champion, loaded and trusted, and how a challenger takes its place."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models import proof as verdicts
from models.errors import ModelDamaged
from models.registry import (
    RegisteredVersion,
    Registry,
    champion,
    embedded,
    fetch,
    note_decision,
    promote,
)
from models.scorer import LeadScorer
from pipelines.job import Job, home_at
from pipelines.model_facts import Meaning, ModelFacts
from pipelines.proof import ProofFrames, read_proof
from pipelines.sections import TrackingSection
from pipelines.settings import load_settings
from pipelines.tasks import coarse_task
from publications.home import Home


@dataclass(frozen=True)
class Champion:
    """The model that scores today's list, with its proof."""

    version: RegisteredVersion
    scorer: LeadScorer
    facts: ModelFacts
    proof: ProofFrames
    meaning: Meaning


def registry_of(job: Job) -> Registry:
    """The home folder's own registry, or the server that leadgain.toml names."""
    return _registry(job.settings.tracking, job.home)


def registry_at(config: Path | None, home: Path) -> Registry:
    """The same for commands that need no export: without a leadgain.toml, the home's own."""
    tracking = TrackingSection() if config is None else load_settings(config).tracking
    return _registry(tracking, home_at(home))


def _registry(tracking: TrackingSection, home: Home) -> Registry:
    if tracking.uri:
        return Registry(tracking.uri, experiment=tracking.experiment, model_name=tracking.model)
    return embedded(
        home.tracking_database,
        home.artifacts,
        experiment=tracking.experiment,
        model_name=tracking.model,
    )


@coarse_task(name="load the champion")
def load_champion(job: Job) -> Champion | None:
    """The champion; None where no version leads.

    Raises
    ------
    ModelDamaged
        Its files are not what was registered; they were not opened.
    """
    version = champion(registry_of(job))
    return None if version is None else opened(version, job)


def opened(version: RegisteredVersion, job: Job) -> Champion:
    """A registered version from the home folder, or fetched there from the registry first.

    Raises
    ------
    ModelDamaged
        Its files are not what was registered; they were not opened.
    """
    folder = job.home.models / str(version.version)
    if not folder.exists():
        fetch(registry_of(job), version.version, folder)
    scorer = LeadScorer.load(folder, threads=job.settings.training.threads)
    facts = ModelFacts.from_dict(scorer.extra_)
    meaning = facts.meaning or Meaning.of(job.settings)
    return Champion(version, scorer, facts, read_proof(folder), meaning)


@coarse_task(name="decide who leads")
def let_lead(
    challenger: RegisteredVersion,
    tested: pd.DataFrame,
    verdict: verdicts.Proof,
    facts: ModelFacts,
    job: Job,
) -> tuple[bool, str]:
    """Let the challenger lead if it is proven and not worse than the champion.

    Returns
    -------
    Whether it leads now, and why (not), as sentences.
    """
    registry = registry_of(job)
    present = champion(registry)
    if verdict.passed and present is not None and present.version == challenger.version:
        return (
            True,
            f"Version {challenger.version} leads already: the training gave the same model.",
        )
    allowed, sentence = False, verdict.sentence
    if verdict.passed:
        allowed, sentence = _against(present, tested, facts, job)
    decision = {"sentence": sentence, "as_of": facts.as_of.isoformat()}
    if allowed:
        before = None if present is None else present.version
        promote(registry, challenger.version, replacing=before, decision=decision)
    else:
        note_decision(registry, challenger.version, decision)
    return allowed, sentence


def _against(
    present: RegisteredVersion | None, tested: pd.DataFrame, facts: ModelFacts, job: Job
) -> tuple[bool, str]:
    if present is None:
        return True, facts.verdict
    if present.tags.get("fingerprint") != facts.fingerprint:
        changed = "leadgain.toml has changed since the champion was trained, so the two cannot be "
        return True, f"{facts.verdict} {changed}compared and the proven challenger leads."
    try:
        before = opened(present, job).proof.backtest
    except ModelDamaged as error:
        return True, f"{facts.verdict} The champion cannot be used any more: {error}"
    if pd.Timestamp(present.tags.get("as_of", facts.as_of)) > facts.as_of:
        known = f"{facts.as_of:%Y-%m-%d}, and the champion knows what came until "
        known += f"{pd.Timestamp(present.tags['as_of']):%Y-%m-%d}"
        return False, f"{facts.verdict} But it was trained as of {known}: it does not take over."
    comparison = verdicts.compare(
        tested,
        before,
        depth=job.settings.tiers.A,
        samples=job.settings.backtest.bootstrap_samples,
        seed=job.settings.training.seed,
    )
    return comparison.verdict != "worse", comparison.sentence
