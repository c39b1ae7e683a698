"""What a publication tells beside the list: facts, activities, and how the export comes in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.time_coverage import newest_by_table
from features.catalog import build_catalog
from features.histories import latest_activities
from features.vocabulary import Vocabulary
from features.volumes import activity_volumes
from models.scorer.explanations import NO_TOPIC, weightiest
from pipelines.data.checked_export import CheckedExport
from pipelines.data.dataset import told_of
from publications.tables.lead_details import reasons_parts, timeline_parts
from publications.tables.read_write import write_parts, write_table

FACTS = 12
LEADS_AT_ONCE = 50_000
"""It bounds the memory: a worklist may hold a million leads."""


@dataclass(frozen=True)
class Facts:
    """What the score of each listed lead is made of; contributions are in log odds."""

    told: npt.NDArray[np.object_]
    """Shape (n_leads, FACTS), in words, strongest first."""
    contributions: npt.NDArray[np.float64]
    """Of the same shape; 0 where a lead has fewer facts."""
    others: npt.NDArray[np.float64]
    """Shape (n_leads,): what all weaker facts come to."""


@dataclass(frozen=True)
class Stories:
    """What is to be told of the listed leads."""

    lead: npt.NDArray[np.integer]
    """Their positions in the export."""
    order: npt.NDArray[np.integer]
    """Which of them is called first, second and so on."""
    facts: Facts | None = None
    """None where no model ranked the list."""


def strongest_facts(
    moved: pd.DataFrame, X: pd.DataFrame, vocabulary: Vocabulary, policy: str = "periodic"
) -> Facts:
    """The twelve facts that move each lead's score most, in words.

    Parameters
    ----------
    moved : contributions by topic, one row a lead
    X : the matrix of the same leads
    vocabulary : of the model
    policy : periodic or on_arrival, of the lists
    """
    first_topic = build_catalog(vocabulary)[0].topic
    told = np.empty((len(X), FACTS), dtype=object)
    contributions, others = np.empty((len(X), FACTS)), np.empty(len(X))
    for first in range(0, len(X), LEADS_AT_ONCE):
        rows = slice(first, first + LEADS_AT_ONCE)
        topics, contributions[rows], others[rows] = weightiest(moved.iloc[rows], k=FACTS)
        anything = np.where(topics == NO_TOPIC, first_topic, topics)
        told[rows] = told_of(anything, X.iloc[rows], vocabulary, policy)
    return Facts(told, contributions, others)


def write_stories(
    folder: Path, stories: Stories, lead_id: pd.Series, checked: CheckedExport
) -> None:
    """Write reasons.parquet and timeline.parquet.

    Parameters
    ----------
    folder : of the run
    stories : Stories
    lead_id : of the worklist, in its order
    checked : CheckedExport
    """
    export = checked.export
    lead = stories.lead[stories.order]
    parts = latest_activities(lead, len(export.leads), export.activities, as_of=checked.as_of)
    write_parts(folder, "timeline.parquet", timeline_parts(lead_id, parts))
    if stories.facts is not None:
        facts = stories.facts
        told = reasons_parts(
            lead_id, facts.told, facts.contributions, facts.others, order=stories.order
        )
        write_parts(folder, "reasons.parquet", told)


def write_supply(folder: Path, checked: CheckedExport) -> None:
    """Write volumes.csv and freshness.csv."""
    volumes = activity_volumes(checked.export.activities, as_of=checked.as_of)
    write_table(folder, "volumes.csv", volumes)
    write_table(folder, "freshness.csv", newest_by_table(checked.export, as_of=checked.as_of))
