"""The lists that have matured since a model was trained, scored and judged with its proof."""

from typing import Any

import pandas as pd

from crm.list_dates import list_date_before
from features.freshness import days_since_fresh
from features.snapshots import training_snapshots
from models.evaluation.baselines import most_fresh
from models.evaluation.verdicts import Proof
from models.monitoring import decay as wear
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport
from pipelines.data.dataset import matrix
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.model_metadata import fingerprint
from pipelines.runtime.progress import step

COLUMNS = ["as_of", "list_date", "lead_id", "score", "most_fresh", "converted"]


def matured_since(leading: Champion, checked: CheckedExport, job: Job) -> pd.DataFrame:
    """Rows whose label was not complete when the model was trained, and is now.

    Returns
    -------
    DataFrame
        as_of, list_date, lead_id, score, most_fresh and converted; no row where no list has
        matured since, or where leadgain.toml means something else by a list than it did then.
    """
    export, policy = checked.export, job.policy
    rows = training_snapshots(export.leads, as_of=checked.told_until, policy=policy)
    new = rows["as_of"] + policy.horizon > leading.facts.as_of
    rows = rows[new].reset_index(drop=True)
    if rows.empty or leading.facts.fingerprint != fingerprint(job.settings):
        return pd.DataFrame(columns=COLUMNS)
    with step("Scoring the lists that have matured since the training"):
        X = matrix(rows, export, leading.facts.vocabulary, job)
        days = days_since_fresh(rows, export.leads, export.activities, by=job.settings.freshness.by)
        score = leading.scorer.predict_proba(X)[:, 1]
    return rows.assign(score=score, most_fresh=most_fresh(days))[COLUMNS]


def judged_again(leading: Champion, since: pd.DataFrame, job: Job) -> Proof | None:
    """Judge the model's proof again with ``matured_since``; None where that holds too little."""
    return wear.proven_again(leading.proof.backtest[COLUMNS], since, **how_judged(leading, job))


def how_judged(leading: Champion, job: Job) -> dict[str, Any]:
    """The arguments of a proof that is about the model in force: depth, samples and seed."""
    return {
        "depth": leading.meaning.depth,
        "samples": job.settings.backtest.bootstrap_samples,
        "seed": job.settings.training.seed,
    }


def with_matured(leading: Champion, since: pd.DataFrame) -> pd.DataFrame:
    """All rows that the model scored without knowing the outcome: its backtest, and since then."""
    before = leading.proof.backtest[COLUMNS]
    return before if since.empty else pd.concat([before, since], ignore_index=True)


def has_matured_since(instant: pd.Timestamp, checked: CheckedExport, job: Job) -> bool:
    """Whether a list has matured after an instant, so that a training learns something new."""
    return latest_matured(checked.told_until, job) > latest_matured(instant, job)


def latest_matured(until: pd.Timestamp, job: Job) -> pd.Timestamp:
    """The date of the latest list all of whose labels are complete at an instant.

    With lists on arrival a list is a calling period, which must be over as well.
    """
    return _grid_date(until - _ripening(job), job)


def next_maturity(until: pd.Timestamp, job: Job) -> pd.Timestamp:
    """When the next list will have matured, as seen from an instant."""
    step_days = pd.Timedelta(days=job.policy.every_days)
    return latest_matured(until, job) + step_days + _ripening(job)


def _ripening(job: Job) -> pd.Timedelta:
    """From the date of a list until all its labels are complete."""
    period = pd.Timedelta(days=job.policy.every_days)
    return job.policy.horizon + (period if job.policy.policy == "on_arrival" else pd.Timedelta(0))


def _grid_date(instant: pd.Timestamp, job: Job) -> pd.Timestamp:
    found: pd.Timestamp = list_date_before(pd.Series([instant]), job.policy.every_days).iloc[0]
    return found
