"""Train a challenger, prove it on lists it never saw, register it, promote the better one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.errors import DataRefused
from features.catalog import build_catalog, list_categorical_names
from features.freshness import compute_days_since_fresh
from features.snapshots import build_training_snapshots
from features.vocabulary import Vocabulary
from models.errors import ModelRefused, NotEnoughData
from models.evaluation import verdicts
from models.evaluation.backtest import (
    Fold,
    backtest_folds,
    refuse_too_little_data,
    split_rolling_origin,
)
from models.evaluation.baselines import most_fresh
from models.evaluation.gain_tables import (
    build_curve_table,
    build_gain_table,
    choose_table_depths,
    sample_gains,
)
from models.evaluation.tiers import build_tier_table, learn_cutoffs
from models.registry.registry import log_training, refuse_unreachable
from models.scorer.scorer import LeadScorer
from pipelines.config.run_request import RunRequest
from pipelines.data.checked_export import load_checked_export
from pipelines.data.dataset import compute_matrix, learn_vocabulary_until
from pipelines.lifecycle.champion import LoadedVersion, store_model_files
from pipelines.lifecycle.evidence import Evidence, write_evidence
from pipelines.lifecycle.load_champion import load_version
from pipelines.lifecycle.model_metadata import ModelMetadata, ModelSettings
from pipelines.lifecycle.promotion import PromotionDecision, promote_if_better
from pipelines.lifecycle.run_context import RunContext
from pipelines.lifecycle.training_log import TrainingRecord, collect_proof_figures
from pipelines.monitoring.drift import learn_input_reference
from pipelines.publishing.model_card import (
    compute_importance,
    describe_training,
    tabulate_first_contacts,
)
from pipelines.runtime.missed_runs import SkippedRun, get_wait_seconds, track_scheduled_run
from pipelines.runtime.prefect_tasks import coarse_task, reported_flow
from pipelines.runtime.progress import step
from publications.filesystem.failpoints import failpoint
from publications.filesystem.json_files import format_instant
from publications.storage.lock import hold_home
from publications.storage.run_folders import start_run

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Every matured snapshot with its label, and the baseline's score."""

    snapshots: pd.DataFrame
    most_fresh: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """The result of a training; ``proof`` is None where there was too little data."""

    decision: TrainingRecord
    proof: Evidence | None = None

    @property
    def summary(self) -> str:
        """The result in a sentence, for the log."""
        decision = self.decision
        if decision.version is None:
            return f"no model was trained. {decision.sentence}"
        promoted = "is the champion" if decision.promoted else "is not promoted"
        return f"version {decision.version} {promoted}. {decision.sentence}"


@reported_flow(name="train")
def train(request: RunRequest) -> Training | SkippedRun:
    """Check the export, then train, prove and register a challenger."""
    with (
        hold_home(request.home, wait_seconds=get_wait_seconds(request)) as lock,
        track_scheduled_run(lock, request) as skipped,
    ):
        return skipped or run_training(
            RunContext(request, lock, load_checked_export(request)), "requested"
        )


def run_training(context: RunContext, reason: str) -> Training:
    """The steps of a training, for the flows that build on it.

    ``reason`` says why, as part of a sentence.

    Raises
    ------
    DataRefused
        Not one lead has converted: the mapping must be wrong.
    RegistryUnavailable
        The model could not be registered; checked before the training starts.
    """
    refuse_unreachable(context.registry)
    history = build_history(context)
    failpoint("history.drawn")
    try:
        refuse_no_conversion(history, context)
        refuse_too_little_data(
            history.snapshots, min_conversions=context.settings.training.min_conversions
        )
        tested = run_backtest(history, context)
        failpoint("backtest.done")
        scorer, vocabulary = fit_model(history, tested, context)
        failpoint("model.fitted")
    except (NotEnoughData, ModelRefused) as error:
        record = _build_record(reason, PromotionDecision(False, str(error)), context)
        context.record_training(record)
        return Training(record)
    verdict = judge_proof(tested, context)
    proof = build_evidence(history, tested, scorer, vocabulary, context)
    facts = _build_metadata(history, tested, vocabulary, verdict, context)
    challenger = register_model(scorer, facts, proof, verdict, context)
    decision = promote_if_better(challenger, verdict, context)
    failpoint("champion.chosen")
    record = _build_record(reason, decision, context, version=challenger.number, verdict=verdict)
    context.record_training(record)
    failpoint("decision.kept")
    return Training(record, proof)


@coarse_task(name="build the past lists")
def build_history(context: RunContext) -> History:
    """The training rows: every open lead at every past list date whose horizon has passed."""
    export = context.export
    with step("Building the past lists") as current:
        snapshots = build_training_snapshots(
            export.leads, as_of=context.known_until, policy=context.policy
        )
        days = compute_days_since_fresh(
            snapshots, export.leads, export.activities, by=context.settings.freshness.by
        )
        current.rows = len(snapshots)
    return History(snapshots, most_fresh(days))


def refuse_no_conversion(history: History, context: RunContext) -> None:
    """Refuse an export without any conversion: that is a wrong mapping, not a weak team.

    Raises
    ------
    DataRefused
        No lead converted before ``as_of``.
    """
    leads = context.export.leads
    if (leads["converted_at"] < context.list_as_of).any() or history.snapshots["converted"].any():
        return
    raise DataRefused(
        f"Not one of the {len(leads):,} leads has converted before "
        f"{context.list_as_of:%Y-%m-%d %H:%M}, so there are no outcomes to learn from. Check that "
        "[leads] converted_at (or converted_when) in leadgain.toml names the column that records "
        "conversions. Nothing was published."
    )


@coarse_task(name="backtest")
def run_backtest(history: History, context: RunContext) -> pd.DataFrame:
    """Score every test list by a model that only used labels known by then."""
    settings = context.settings
    folds = build_folds(history, context)

    def build_matrices(
        origin: pd.Timestamp, train_rows: Rows, test_rows: Rows
    ) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
        vocabulary = learn_vocabulary_until(origin, context.export)
        X_train, X_test = (
            compute_matrix(
                history.snapshots.iloc[rows], context.export, vocabulary, context.threads
            )
            for rows in (train_rows, test_rows)
        )
        return X_train, X_test, list_categorical_names(build_catalog(vocabulary))

    with step("Testing the ranking on unseen lists", rows=len(history.snapshots)) as current:
        return backtest_folds(
            history.snapshots,
            history.snapshots["converted"],
            history.most_fresh,
            folds=folds,
            build_matrices=build_matrices,
            make_scorer=lambda: build_scorer(context),
            shares=settings.tiers.shares,
            frozen=settings.tiers.mode == "frozen",
            progress=current.advance,
        )


def build_folds(history: History, context: RunContext) -> list[Fold]:
    """Which rows each fit of the backtest learns from and is tested on."""
    return split_rolling_origin(
        history.snapshots,
        horizon=context.policy.horizon,
        share=context.settings.backtest.share,
        max_fits=context.settings.backtest.max_fits,
    )


@coarse_task(name="fit the model to deploy")
def fit_model(
    history: History, tested: pd.DataFrame, context: RunContext
) -> tuple[LeadScorer, Vocabulary]:
    """Fit on all matured lists; probabilities are calibrated on the backtest's scores."""
    with step("Fitting the model to deploy", rows=len(history.snapshots)):
        vocabulary = learn_vocabulary_until(context.list_as_of, context.export)
        X = compute_matrix(history.snapshots, context.export, vocabulary, context.threads)
        scorer = build_scorer(context).fit(
            X, history.snapshots["converted"], list_categorical_names(build_catalog(vocabulary))
        )
        return scorer.calibrate(tested["raw_score"], tested["converted"]), vocabulary


def build_evidence(
    history: History,
    tested: pd.DataFrame,
    scorer: LeadScorer,
    vocabulary: Vocabulary,
    context: RunContext,
) -> Evidence:
    """The frames that document a backtest and the model fitted after it."""
    folds = build_folds(history, context)
    gains, gain_table, tiers = measure_gains(tested, context)
    return Evidence(
        backtest=tested,
        gains=gains,
        gain_table=gain_table,
        tiers=tiers,
        importance=compute_importance(scorer, vocabulary, history.snapshots, context),
        training=describe_training(history.snapshots, folds, tested, scorer, vocabulary, context),
        first_contact=tabulate_first_contacts(tested, context),
    )


@coarse_task(name="measure the gains")
def measure_gains(
    tested: pd.DataFrame, context: RunContext
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Gain curves with intervals, the table at few depths, and the tiers."""
    samples, seed = context.settings.backtest.bootstrap_samples, context.settings.training.seed
    with step("Measuring the gains", rows=len(tested)) as current:
        measured = sample_gains(tested, samples=samples, seed=seed, progress=current.advance)
        return (
            build_curve_table(measured),
            build_gain_table(measured, choose_table_depths(context.settings.tiers.A)),
            build_tier_table(tested, samples=samples, seed=seed),
        )


@coarse_task(name="judge the proof")
def judge_proof(tested: pd.DataFrame, context: RunContext) -> verdicts.ProofVerdict:
    """Whether the model beats most fresh first at the share of tier A."""
    return verdicts.prove(
        tested,
        depth=context.settings.tiers.A,
        samples=context.settings.backtest.bootstrap_samples,
        seed=context.settings.training.seed,
    )


@coarse_task(name="register the model")
def register_model(
    scorer: LeadScorer,
    facts: ModelMetadata,
    proof: Evidence,
    verdict: verdicts.ProofVerdict,
    context: RunContext,
) -> LoadedVersion:
    """Log the training in MLflow and keep the version's files in the home folder."""
    with step("Registering the model"):
        folder = start_run(context.lock, f"train-{facts.known_until:%Y%m%dT%H%M%SZ}")
        scorer.save(folder, facts.to_dict())
        written = write_evidence(folder, proof, depth=context.settings.tiers.A)
        failpoint("model.saved")
        version = log_training(
            context.registry,
            folder,
            params=_collect_params(scorer, context),
            metrics=_collect_metrics(proof, verdict),
            tags={
                "fingerprint": facts.fingerprint,
                "known_until": format_instant(facts.known_until),
            },
        )
        failpoint("model.logged")
        is_registered = store_model_files(folder, version, context.home)
        failpoint("model.kept")
    if is_registered:
        return LoadedVersion(version, scorer, facts, written)
    return load_version(version, context)


def build_scorer(context: RunContext) -> LeadScorer:
    """An unfitted scorer."""
    return LeadScorer(seed=context.settings.training.seed, threads=context.threads)


def _build_metadata(
    history: History,
    tested: pd.DataFrame,
    vocabulary: Vocabulary,
    verdict: verdicts.ProofVerdict,
    context: RunContext,
) -> ModelMetadata:
    lists = history.snapshots["list_date"]
    return ModelMetadata(
        fingerprint=context.fingerprint,
        known_until=context.known_until,
        trained_from=lists.min(),
        trained_until=lists.max(),
        vocabulary=vocabulary,
        cutoffs=learn_cutoffs(tested["score"], context.settings.tiers.shares),
        verdict=verdict.sentence,
        meaning=ModelSettings.of(context.settings),
        inputs=learn_input_reference(history.snapshots, vocabulary, context),
        proven=verdict.passed,
    )


def _build_record(
    reason: str,
    decision: PromotionDecision,
    context: RunContext,
    *,
    version: int | None = None,
    verdict: verdicts.ProofVerdict | None = None,
) -> TrainingRecord:
    return TrainingRecord(
        list_as_of=format_instant(context.list_as_of),
        fingerprint=context.fingerprint,
        version=version,
        promoted=decision.promoted,
        sentence=decision.sentence,
        reason=reason,
        proof=None if verdict is None else collect_proof_figures(verdict),
        duel=decision.duel,
    )


def _collect_params(scorer: LeadScorer, context: RunContext) -> Mapping[str, object]:
    lists = {f"lists_{name}": value for name, value in context.settings.lists.model_dump().items()}
    return {**scorer.params, "seed": scorer.seed, "columns": len(scorer.columns_), **lists}


def _collect_metrics(proof: Evidence, verdict: verdicts.ProofVerdict) -> Mapping[str, float]:
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
