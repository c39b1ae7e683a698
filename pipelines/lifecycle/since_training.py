"""The lists that matured since a model's training: score them, judge its proof with them."""

from typing import Any

import pandas as pd

from crm.list_dates import find_list_date_before
from features.freshness import compute_days_since_fresh
from features.snapshots import build_training_snapshots
from models.evaluation.baselines import most_fresh
from models.evaluation.verdicts import ProofVerdict
from models.monitoring.decay import prove_again
from pipelines.data.dataset import compute_matrix
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.run_context import RunContext
from pipelines.runtime.progress import step

COLUMNS = ["as_of", "list_date", "lead_id", "score", "most_fresh", "converted"]


def score_matured_lists(champion: LoadedVersion, context: RunContext) -> pd.DataFrame:
    """Rows whose label was not complete when the model was trained, and is now.

    Returns
    -------
    DataFrame
        as_of, list_date, lead_id, score, most_fresh and converted; no row where no list has
        matured since, or where the list settings of leadgain.toml have changed.
    """
    export, policy = context.export, context.policy
    rows = build_training_snapshots(export.leads, as_of=context.known_until, policy=policy)
    new = rows["as_of"] + policy.horizon > champion.facts.known_until
    rows = rows[new].reset_index(drop=True)
    if rows.empty or champion.facts.fingerprint != context.fingerprint:
        return pd.DataFrame(columns=COLUMNS)
    with step("Scoring past lists with newly known outcomes"):
        X = compute_matrix(rows, export, champion.facts.vocabulary, context.threads)
        days = compute_days_since_fresh(
            rows, export.leads, export.activities, by=context.settings.freshness.by
        )
        score = champion.scorer.predict_proba(X)[:, 1]
    return rows.assign(score=score, most_fresh=most_fresh(days))[COLUMNS]


def rejudge_proof(
    champion: LoadedVersion, since: pd.DataFrame, context: RunContext
) -> ProofVerdict | None:
    """Judge the model's proof again with ``score_matured_lists``; None with too few rows."""
    return prove_again(
        champion.proof.backtest[COLUMNS], since, **build_verdict_arguments(champion, context)
    )


def build_verdict_arguments(champion: LoadedVersion, context: RunContext) -> dict[str, Any]:
    """The arguments for judging the model in force: depth, samples and seed."""
    return {
        "depth": champion.meaning.depth,
        "samples": context.settings.backtest.bootstrap_samples,
        "seed": context.settings.training.seed,
    }


def append_matured_lists(champion: LoadedVersion, since: pd.DataFrame) -> pd.DataFrame:
    """All rows that the model scored without knowing the outcome: its backtest, and since then."""
    before = champion.proof.backtest[COLUMNS]
    return before if since.empty else pd.concat([before, since], ignore_index=True)


def has_matured_since(instant: pd.Timestamp, context: RunContext) -> bool:
    """Whether a list has matured after an instant, so that retraining has new outcomes."""
    return find_latest_matured(context.known_until, context) > find_latest_matured(instant, context)


def find_latest_matured(until: pd.Timestamp, context: RunContext) -> pd.Timestamp:
    """The date of the latest list all of whose labels are complete at an instant.

    With lists on arrival a list is a calling period, which must be over as well.
    """
    return _find_list_date(until - _compute_label_maturity(context), context)


def find_next_maturity(until: pd.Timestamp, context: RunContext) -> pd.Timestamp:
    """When the next list will have matured, as seen from an instant."""
    step_days = pd.Timedelta(days=context.policy.every_days)
    return find_latest_matured(until, context) + step_days + _compute_label_maturity(context)


def _compute_label_maturity(context: RunContext) -> pd.Timedelta:
    """From the date of a list until all its labels are complete."""
    period = pd.Timedelta(days=context.policy.every_days)
    return context.policy.horizon + (
        period if context.policy.policy == "on_arrival" else pd.Timedelta(0)
    )


def _find_list_date(instant: pd.Timestamp, context: RunContext) -> pd.Timestamp:
    found: pd.Timestamp = find_list_date_before(
        pd.Series([instant]), context.policy.every_days
    ).iloc[0]
    return found
