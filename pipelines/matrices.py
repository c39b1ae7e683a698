"""The matrix of some snapshots of an export: training, scoring and explaining alike."""

import pandas as pd

from crm.export import Export
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn_vocabulary
from pipelines.job import Job


def vocabulary_until(until: pd.Timestamp, export: Export) -> Vocabulary:
    """The vocabulary that was known strictly before an instant."""
    return learn_vocabulary(export.leads, export.activities, export.profile, until=until)


def matrix(
    snapshots: pd.DataFrame, export: Export, vocabulary: Vocabulary, job: Job
) -> pd.DataFrame:
    """The model's inputs, one row a snapshot.

    Raises
    ------
    ValueError
        The export lacks a profile column that the vocabulary knows.
    """
    return build_matrix(
        snapshots,
        export.leads,
        export.activities,
        vocabulary,
        threads=job.settings.training.threads,
    )
