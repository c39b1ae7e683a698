"""Train a challenger, prove it on lists it never saw, register it, let the better one lead."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.errors import DataRefused
from features.catalog import build_catalog, categorical_names
from features.freshness import days_since_fresh
from features.snapshots import training_snapshots
from features.vocabulary import Vocabulary
from models.errors import ModelRefused, NotEnoughData
from models.evaluation import verdicts
from models.evaluation.backtest import Fold, backtest, refuse_too_little, rolling_origin
from models.evaluation.baselines import most_fresh
from models.evaluation.gain_tables import gain_table, gains, measure, table_depths
from models.evaluation.tiers import learn_cutoffs, tier_table
from models.monitoring.drift import Reference
from models.registry.registry import CHAMPION, RegisteredVersion, log_training, reachable
from models.scorer.scorer import LeadScorer
from pipelines.config.registry_address import registry_of
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport, checked_export
from pipelines.data.dataset import matrix, vocabulary_until
from pipelines.lifecycle.champion import keep_files
from pipelines.lifecycle.champion_cache import remember_champion
from pipelines.lifecycle.evidence import ProofFrames, write_proof
from pipelines.lifecycle.model_metadata import Meaning, ModelFacts, fingerprint
from pipelines.lifecycle.promotion import Ruling, let_lead
from pipelines.lifecycle.training_log import Decision, proof_figures, remember
from pipelines.monitoring.drift import learn_inputs
from pipelines.publishing.model_card import first_contacts, tell_training, weigh_facts
from pipelines.runtime.missed_runs import Skipped, patience, turn
from pipelines.runtime.prefect_tasks import coarse_task, reported_flow
from pipelines.runtime.progress import step
from publications.filesystem.failpoints import failpoint
from publications.storage.lock import Hold, hold
from publications.storage.run_folders import start_run

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Every matured snapshot with its label, and the baseline's score."""

    snapshots: pd.DataFrame
    most_fresh: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """What a training came to; ``proof`` is None where there was too little data."""

    decision: Decision
    proof: ProofFrames | None = None

    @property
    def told(self) -> str:
        """What it came to, for the log."""
        decision = self.decision
        if decision.version is None:
            return f"no model was trained. {decision.sentence}"
        leads = "leads" if decision.promoted else "does not lead"
        return f"version {decision.version} {leads}. {decision.sentence}"


@reported_flow(name="train")
def train(
    config: str,
    home: str,
    as_of: str | None = None,
    now: str | None = None,
    warn_when_stale: bool = True,
    any_size: bool = False,
    scheduled: str = "",
) -> Training | Skipped:
    """Check the export, then train, prove and register a challenger."""
    job = Job.of(
        config, home, as_of=as_of, now=now, warn_when_stale=warn_when_stale, any_size=any_size
    )
    waits = patience(scheduled, job)
    with hold(job.home, wait_seconds=waits) as held, turn(held, scheduled, job) as skipped:
        return skipped or trained(checked_export(job), job, held, "it was asked for")


def trained(checked: CheckedExport, job: Job, held: Hold, why: str) -> Training:
    """The steps of a training, for the flows that build on it.

    ``why`` says what it is done for, as part of a sentence.

    Raises
    ------
    DataRefused
        Not one lead has converted: then the mapping is wrong, not the sales team.
    RegistryUnavailable
        The model could not be registered; found out before the work is done.
    """
    reachable(registry_of(job))
    history = draw_history(checked, job)
    failpoint("history.drawn")
    try:
        refuse_no_conversion(checked, history)
        refuse_too_little(history.snapshots, min_conversions=job.settings.training.min_conversions)
        tested = run_backtest(history, checked, job)
        failpoint("backtest.done")
        scorer, vocabulary = fit(history, tested, checked, job)
        failpoint("model.fitted")
    except (NotEnoughData, ModelRefused) as error:
        decision = _decision(checked, job, why, Ruling(False, str(error)))
        remember(held, decision)
        return Training(decision)
    proof = replace(
        measure_gains(tested, job),
        importance=weigh_facts(scorer, vocabulary, history.snapshots, checked, job),
        first_contact=first_contacts(tested, checked, job),
        training=tell_training(
            history.snapshots, folds_of(history, job), tested, scorer, vocabulary, checked, job
        ),
    )
    verdict = judge_proof(tested, job)
    inputs = learn_inputs(history.snapshots, vocabulary, checked, job)
    facts = _facts(history, tested, vocabulary, verdict, inputs, checked, job)
    version = register(scorer, facts, proof, verdict, job, held)
    ruling = let_lead(version, proof.backtest, verdict, facts, checked, job, held)
    if ruling.promoted:
        leads = replace(version, aliases=(CHAMPION,))
        remember_champion(held, registry_of(job), leads, now=job.now)
    failpoint("champion.chosen")
    decision = _decision(checked, job, why, ruling, version=version.version, verdict=verdict)
    remember(held, decision)
    failpoint("decision.kept")
    return Training(decision, proof)


@coarse_task(name="draw up the matured lists")
def draw_history(checked: CheckedExport, job: Job) -> History:
    """The training rows: every open lead at every past list date whose horizon has passed."""
    export = checked.export
    with step("Drawing up the past lists"):
        snapshots = training_snapshots(export.leads, as_of=checked.told_until, policy=job.policy)
        days = days_since_fresh(
            snapshots, export.leads, export.activities, by=job.settings.freshness.by
        )
    return History(snapshots, most_fresh(days))


def refuse_no_conversion(checked: CheckedExport, history: History) -> None:
    """Tell a mapping that finds no conversion at all from a team that had few.

    Raises
    ------
    DataRefused
        No lead converted before ``as_of``.
    """
    leads = checked.export.leads
    if (leads["converted_at"] < checked.as_of).any() or history.snapshots["converted"].any():
        return
    raise DataRefused(
        f"Not one of the {len(leads):,} leads has converted before {checked.as_of:%Y-%m-%d %H:%M}, "
        "so there is nothing to learn from and nothing to prove. Check that [leads] converted_at "
        "(or converted_when) in leadgain.toml names the column that says who became a customer. "
        "Nothing was published."
    )


@coarse_task(name="backtest")
def run_backtest(history: History, checked: CheckedExport, job: Job) -> pd.DataFrame:
    """Score every test list by a model that only used labels known by then."""
    settings = job.settings
    folds = folds_of(history, job)

    def matrix_for(
        origin: pd.Timestamp, train_rows: Rows, test_rows: Rows
    ) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
        vocabulary = vocabulary_until(origin, checked.export)
        X_train, X_test = (
            matrix(history.snapshots.iloc[rows], checked.export, vocabulary, job)
            for rows in (train_rows, test_rows)
        )
        return X_train, X_test, categorical_names(build_catalog(vocabulary))

    with step("Proving the ranking on lists it has not seen") as advance:
        return backtest(
            history.snapshots,
            history.snapshots["converted"],
            history.most_fresh,
            folds=folds,
            matrix_for=matrix_for,
            make_scorer=lambda: new_scorer(job),
            shares=settings.tiers.shares,
            frozen=settings.tiers.mode == "frozen",
            progress=advance,
        )


def folds_of(history: History, job: Job) -> list[Fold]:
    """Which rows each fit of the backtest learns from and is tested on."""
    return rolling_origin(
        history.snapshots,
        horizon=job.policy.horizon,
        share=job.settings.backtest.share,
        max_fits=job.settings.backtest.max_fits,
    )


@coarse_task(name="fit the model to deploy")
def fit(
    history: History, tested: pd.DataFrame, checked: CheckedExport, job: Job
) -> tuple[LeadScorer, Vocabulary]:
    """Learn from all matured lists; probabilities are calibrated on the backtest's scores."""
    with step("Fitting the model to deploy"):
        vocabulary = vocabulary_until(checked.as_of, checked.export)
        X = matrix(history.snapshots, checked.export, vocabulary, job)
        scorer = new_scorer(job).fit(
            X, history.snapshots["converted"], categorical_names(build_catalog(vocabulary))
        )
        return scorer.calibrate(tested["raw_score"], tested["converted"]), vocabulary


@coarse_task(name="measure the gains")
def measure_gains(tested: pd.DataFrame, job: Job) -> ProofFrames:
    """Gain curves with bands, the table at few depths, and the tiers."""
    samples, seed = job.settings.backtest.bootstrap_samples, job.settings.training.seed
    with step("Measuring the gains") as advance:
        measured = measure(tested, samples=samples, seed=seed, progress=advance)
        return ProofFrames(
            backtest=tested,
            gains=gains(measured),
            gain_table=gain_table(measured, table_depths(job.settings.tiers.A)),
            tiers=tier_table(tested, samples=samples, seed=seed),
        )


@coarse_task(name="judge the proof")
def judge_proof(tested: pd.DataFrame, job: Job) -> verdicts.Proof:
    """Whether the model beats most fresh first at the share of tier A."""
    return verdicts.prove(
        tested,
        depth=job.settings.tiers.A,
        samples=job.settings.backtest.bootstrap_samples,
        seed=job.settings.training.seed,
    )


@coarse_task(name="register the model")
def register(
    scorer: LeadScorer,
    facts: ModelFacts,
    proof: ProofFrames,
    verdict: verdicts.Proof,
    job: Job,
    held: Hold,
) -> RegisteredVersion:
    """Log the training in MLflow and keep the version's files in the home folder."""
    with step("Registering the model"):
        folder = start_run(held, f"train-{facts.as_of:%Y%m%dT%H%M%SZ}")
        scorer.save(folder, facts.to_dict())
        write_proof(folder, proof, depth=job.settings.tiers.A)
        failpoint("model.saved")
        version = log_training(
            registry_of(job),
            folder,
            params=_params(scorer, job),
            metrics=_metrics(proof, verdict),
            tags={"fingerprint": facts.fingerprint, "as_of": facts.as_of.isoformat()},
        )
        failpoint("model.logged")
        keep_files(folder, version, held.home)
        failpoint("model.kept")
    return version


def new_scorer(job: Job) -> LeadScorer:
    """An unfitted scorer."""
    return LeadScorer(seed=job.settings.training.seed, threads=job.settings.training.threads)


def _facts(
    history: History,
    tested: pd.DataFrame,
    vocabulary: Vocabulary,
    verdict: verdicts.Proof,
    inputs: Reference,
    checked: CheckedExport,
    job: Job,
) -> ModelFacts:
    lists = history.snapshots["list_date"]
    return ModelFacts(
        fingerprint=fingerprint(job.settings),
        as_of=checked.told_until,
        trained_from=lists.min(),
        trained_until=lists.max(),
        vocabulary=vocabulary,
        cutoffs=learn_cutoffs(tested["score"], job.settings.tiers.shares),
        verdict=verdict.sentence,
        meaning=Meaning.of(job.settings),
        inputs=inputs,
        proven=verdict.passed,
    )


def _decision(
    checked: CheckedExport,
    job: Job,
    why: str,
    ruling: Ruling,
    *,
    version: int | None = None,
    verdict: verdicts.Proof | None = None,
) -> Decision:
    return Decision(
        as_of=checked.as_of.isoformat(),
        fingerprint=fingerprint(job.settings),
        version=version,
        promoted=ruling.promoted,
        sentence=ruling.sentence,
        why=why,
        proof=None if verdict is None else proof_figures(verdict),
        duel=ruling.duel,
    )


def _params(scorer: LeadScorer, job: Job) -> Mapping[str, object]:
    lists = {f"lists_{name}": value for name, value in job.settings.lists.model_dump().items()}
    return {**scorer.params, "seed": scorer.seed, "columns": len(scorer.columns_), **lists}


def _metrics(proof: ProofFrames, verdict: verdicts.Proof) -> Mapping[str, float]:
    table = proof.gain_table
    named = zip(table["ranking"], table["depth"], table["gain"], strict=True)
    metrics = {
        f"gain_{ranking}_at_{round(100 * depth)}": gain
        for ranking, depth, gain in named
        if ranking in ("model", "most_fresh")
    }
    metrics["tested_rows"] = len(proof.backtest)
    metrics["tested_conversions"] = proof.backtest["converted"].sum()
    if verdict.difference is not None:
        metrics |= {f"difference_{k}": v for k, v in asdict(verdict.difference).items()}
    return {name: float(value) for name, value in metrics.items()}
