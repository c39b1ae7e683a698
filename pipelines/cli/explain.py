"""One lead's score, told in full: every fact that moved it, and by how much."""

import difflib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.errors import ConfigurationError
from crm.export import Export
from crm.reading.export_reader import read_export
from features.catalog import build_catalog, topics
from models.registry.registry import NoSuchVersion
from models.scorer.explanations import topic_contributions
from pipelines.config.run_context import Job
from pipelines.data.dataset import matrix, open_at, told_of
from pipelines.lifecycle.champion import Champion, trusted_champion
from pipelines.lifecycle.demotion import why_no_model


@dataclass(frozen=True)
class Explanation:
    """Why one lead has its score; ``facts`` has the columns fact, contribution (log odds)."""

    lead_id: str
    as_of: pd.Timestamp
    model_version: int
    score: float
    base_rate: float
    """What a lead of which nothing speaks for or against would score."""
    facts: pd.DataFrame
    note: str = ""
    """Why it is not simply the champion's; empty where it is."""


def explain_lead(lead_id: str, job: Job) -> Explanation:
    """Read the export and tell the champion's score of one lead.

    The champion is the one that a scoring would take, also on a night on which MLflow is away or
    the champion is damaged; but nothing is written into the home folder.

    Raises
    ------
    ConfigurationError
        The lead is unknown, or not on the list at ``as_of``; the message says why.
    NoSuchVersion
        No model leads; the message says why.
    RegistryUnavailable, ModelDamaged
        There is no model to trust.
    """
    leading = trusted_champion(job)
    if leading is None:
        raise NoSuchVersion(f"No model leads, so there is no score to explain. {why_no_model(job)}")
    export = read_export(job.settings.mapping, now=job.now)
    as_of = job.as_of_or(export.last_instant)
    snapshot = _snapshot_of(lead_id, export, as_of, job)
    X = matrix(snapshot, export, leading.facts.vocabulary, job)
    return _explained(lead_id, as_of, X, leading, job.policy.policy)


def _explained(
    lead_id: str, as_of: pd.Timestamp, X: pd.DataFrame, leading: Champion, policy: str
) -> Explanation:
    vocabulary = leading.facts.vocabulary
    moved = topic_contributions(leading.scorer, X, topics(build_catalog(vocabulary))).iloc[0]
    moved = moved[moved != 0].sort_values(key=np.abs, ascending=False, kind="stable")
    told = told_of(np.array([moved.index.to_numpy(dtype=object)]), X, vocabulary, policy)[0]
    base = leading.scorer.raw_score(X)[0] - moved.sum()
    return Explanation(
        lead_id=lead_id,
        as_of=as_of,
        model_version=leading.version.version,
        score=float(leading.scorer.predict_proba(X)[0, 1]),
        base_rate=float(leading.scorer.calibration_.probability(np.array([base]))[0]),
        facts=pd.DataFrame({"fact": told, "contribution": moved.to_numpy()}),
        note=leading.note,
    )


def _snapshot_of(lead_id: str, export: Export, as_of: pd.Timestamp, job: Job) -> pd.DataFrame:
    listed = open_at(as_of, export, job)
    snapshot = listed[listed["lead_id"] == lead_id].reset_index(drop=True)
    if snapshot.empty:
        raise ConfigurationError(_why_absent(lead_id, export, as_of, job))
    return snapshot


def _why_absent(lead_id: str, export: Export, as_of: pd.Timestamp, job: Job) -> str:
    leads = export.leads
    found = leads[leads["lead_id"] == lead_id]
    if found.empty:
        nearest = difflib.get_close_matches(lead_id, leads["lead_id"].tolist(), n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        return f"The export has no lead {lead_id!r} among its {len(leads):,} leads.{hint}"
    lead = found.iloc[0]
    day = "%Y-%m-%d %H:%M"
    if lead["created_at"] >= as_of:
        why = f"it came in on {lead['created_at']:{day}}"
    elif lead["converted_at"] <= as_of:
        why = f"it converted on {lead['converted_at']:{day}}"
    elif lead["closed_at"] <= as_of:
        why = f"it was closed on {lead['closed_at']:{day}}"
    elif job.policy.policy == "on_arrival":
        why = (
            f"it came in on {lead['created_at']:{day}}, and with lists on arrival a lead is listed "
            f"for {job.policy.every_days} day(s), {job.policy.delay_hours:g} hour(s) after that"
        )
    else:
        why = f"it is older than max_age_days, it came in on {lead['created_at']:{day}}"
    return f"Lead {lead_id} is not on the list of {as_of:{day}}: {why}."
