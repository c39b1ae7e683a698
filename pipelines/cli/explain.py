"""One lead's score, told in full: every fact that moved it, and by how much."""

import difflib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.errors import ConfigurationError
from crm.export import Export
from crm.reading.export_reader import read_export
from features.catalog import build_catalog, list_topics
from features.list_policy import ListPolicy
from models.registry.registry import NoSuchVersion
from models.scorer.explanations import compute_topic_contributions
from pipelines.config.run_request import RunRequest
from pipelines.data.dataset import compute_matrix, describe_topics, find_open_leads
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.demotion import describe_missing_model
from pipelines.lifecycle.load_champion import find_usable_champion
from pipelines.lifecycle.run_context import RunContext


@dataclass(frozen=True)
class Explanation:
    """Why one lead has its score; ``facts`` has the columns fact, contribution (log odds)."""

    lead_id: str
    list_as_of: pd.Timestamp
    model_version: int
    score: float
    base_rate: float
    """What a lead of which nothing speaks for or against would score."""
    facts: pd.DataFrame
    note: str = ""
    """Why it is not simply the champion's; empty where it is."""


def explain_lead(lead_id: str, request: RunRequest) -> Explanation:
    """Read the export and tell the champion's score of one lead.

    The champion is the one that a scoring would take, also while MLflow is away or the
    champion is damaged; but nothing is written into the home folder.

    Raises
    ------
    ConfigurationError
        The lead is unknown, or not on the list at ``as_of``; the message says why.
    NoSuchVersion
        No model can rank the list; the message says why.
    """
    context = RunContext(request)
    champion = find_usable_champion(context)
    if champion is None:
        raise NoSuchVersion(
            "No model ranks the list, so there is no score to explain. "
            f"{describe_missing_model(context)}"
        )
    export = read_export(context.settings.mapping, now=context.now)
    list_as_of = request.resolve_list_as_of(export.last_instant)
    snapshot = _find_snapshot(lead_id, export, list_as_of, context.policy)
    X = compute_matrix(snapshot, export, champion.facts.vocabulary, context.threads)
    return _build_explanation(lead_id, list_as_of, X, champion, context.policy.policy)


def _build_explanation(
    lead_id: str, list_as_of: pd.Timestamp, X: pd.DataFrame, champion: LoadedVersion, policy: str
) -> Explanation:
    vocabulary = champion.facts.vocabulary
    moved = compute_topic_contributions(
        champion.scorer, X, list_topics(build_catalog(vocabulary))
    ).iloc[0]
    moved = moved[moved != 0].sort_values(key=np.abs, ascending=False, kind="stable")
    facts = describe_topics(np.array([moved.index.to_numpy(dtype=object)]), X, vocabulary, policy)[
        0
    ]
    base = champion.scorer.raw_score(X)[0] - moved.sum()
    return Explanation(
        lead_id=lead_id,
        list_as_of=list_as_of,
        model_version=champion.number,
        score=float(champion.scorer.predict_proba(X)[0, 1]),
        base_rate=float(champion.scorer.calibration_.probability(np.array([base]))[0]),
        facts=pd.DataFrame({"fact": facts, "contribution": moved.to_numpy()}),
        note=champion.note,
    )


def _find_snapshot(
    lead_id: str, export: Export, list_as_of: pd.Timestamp, policy: ListPolicy
) -> pd.DataFrame:
    listed = find_open_leads(list_as_of, export, policy)
    snapshot = listed[listed["lead_id"] == lead_id].reset_index(drop=True)
    if snapshot.empty:
        raise ConfigurationError(_describe_absence(lead_id, export, list_as_of, policy))
    return snapshot


def _describe_absence(
    lead_id: str, export: Export, list_as_of: pd.Timestamp, policy: ListPolicy
) -> str:
    leads = export.leads
    found = leads[leads["lead_id"] == lead_id]
    if found.empty:
        nearest = difflib.get_close_matches(lead_id, leads["lead_id"].tolist(), n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        return f"The export has no lead {lead_id!r} among its {len(leads):,} leads.{hint}"
    lead = found.iloc[0]
    day = "%Y-%m-%d %H:%M"
    if lead["created_at"] >= list_as_of:
        why = f"it came in on {lead['created_at']:{day}}"
    elif lead["converted_at"] <= list_as_of:
        why = f"it converted on {lead['converted_at']:{day}}"
    elif lead["closed_at"] <= list_as_of:
        why = f"it was closed on {lead['closed_at']:{day}}"
    elif policy.policy == "on_arrival":
        why = (
            f"it came in on {lead['created_at']:{day}}, and with lists on arrival a lead is listed "
            f"for {policy.every_days} day(s), {policy.delay_hours:g} hour(s) "
            f"after that"
        )
    else:
        why = f"it is older than max_age_days, it came in on {lead['created_at']:{day}}"
    return f"Lead {lead_id} is not on the list of {list_as_of:{day}}: {why}."
