"""The details beside the list: facts, activities, and the volume and age of the export."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.time_coverage import find_newest_by_table
from features.catalog import build_catalog
from features.histories import find_latest_activities
from features.vocabulary import Vocabulary
from features.volumes import count_daily_activities
from models.scorer.explanations import NO_TOPIC, find_largest_contributions
from pipelines.data.dataset import describe_topics
from pipelines.lifecycle.run_context import RunContext
from publications.tables.lead_details import build_reason_parts, build_timeline_parts
from publications.tables.read_write import write_table, write_table_parts

FACTS = 12
LEADS_AT_ONCE = 50_000
"""Limits the memory: a worklist may have a million leads."""


@dataclass(frozen=True)
class LeadFacts:
    """The facts behind each listed lead's score; contributions are in log odds."""

    sentences: npt.NDArray[np.object_]
    """Shape (n_leads, FACTS), in words, strongest first."""
    contributions: npt.NDArray[np.float64]
    """Of the same shape; 0 where a lead has fewer facts."""
    other_contributions: npt.NDArray[np.float64]
    """Shape (n_leads,): the sum of all weaker facts."""


@dataclass(frozen=True)
class LeadDetails:
    """The order and the facts of the listed leads."""

    lead: npt.NDArray[np.integer]
    """Their positions in the export."""
    order: npt.NDArray[np.integer]
    """Positions in calling order."""
    facts: LeadFacts | None = None
    """None where no model ranked the list."""


def find_strongest_facts(
    moved: pd.DataFrame, X: pd.DataFrame, vocabulary: Vocabulary, policy: str = "periodic"
) -> LeadFacts:
    """The twelve facts that contribute most to each lead's score, in words.

    Parameters
    ----------
    moved : contributions by topic, one row a lead
    X : the matrix of the same leads
    vocabulary : of the model
    policy : periodic or on_arrival, of the lists
    """
    first_topic = build_catalog(vocabulary)[0].topic
    sentences = np.empty((len(X), FACTS), dtype=object)
    contributions, others = np.empty((len(X), FACTS)), np.empty(len(X))
    for first in range(0, len(X), LEADS_AT_ONCE):
        rows = slice(first, first + LEADS_AT_ONCE)
        topics, contributions[rows], others[rows] = find_largest_contributions(
            moved.iloc[rows], k=FACTS
        )
        anything = np.where(topics == NO_TOPIC, first_topic, topics)
        sentences[rows] = describe_topics(anything, X.iloc[rows], vocabulary, policy)
    return LeadFacts(sentences, contributions, others)


def write_lead_details(
    folder: Path, details: LeadDetails, lead_id: pd.Series, context: RunContext
) -> None:
    """Write reasons.parquet and timeline.parquet.

    Parameters
    ----------
    folder : of the run
    lead_id : of the worklist, in its order
    """
    export = context.export
    lead = details.lead[details.order]
    parts = find_latest_activities(
        lead, len(export.leads), export.activities, as_of=context.list_as_of
    )
    write_table_parts(folder, "timeline.parquet", build_timeline_parts(lead_id, parts))
    if details.facts is not None:
        facts = details.facts
        reasons = build_reason_parts(
            lead_id,
            facts.sentences,
            facts.contributions,
            facts.other_contributions,
            order=details.order,
        )
        write_table_parts(folder, "reasons.parquet", reasons)


def write_volumes_and_freshness(folder: Path, context: RunContext) -> None:
    """Write volumes.csv and freshness.csv."""
    volumes = count_daily_activities(context.export.activities, as_of=context.list_as_of)
    write_table(folder, "volumes.csv", volumes)
    write_table(
        folder, "freshness.csv", find_newest_by_table(context.export, as_of=context.list_as_of)
    )
