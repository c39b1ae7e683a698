"""The matrix of some snapshots of a checked export; training and scoring alike."""

import pandas as pd

from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn_vocabulary
from pipelines.check import CheckedExport
from pipelines.job import Job


def vocabulary_until(until: pd.Timestamp, checked: CheckedExport) -> Vocabulary:
    """The vocabulary that was known strictly before an instant."""
    export = checked.export
    return learn_vocabulary(export.leads, export.activities, export.profile, until=until)


def matrix(
    snapshots: pd.DataFrame, checked: CheckedExport, vocabulary: Vocabulary, job: Job
) -> pd.DataFrame:
    """The model's inputs, one row a snapshot.

    Raises
    ------
    ValueError
        The export lacks a profile column that the vocabulary knows.
    """
    export = checked.export
    return build_matrix(
        snapshots,
        export.leads,
        export.activities,
        vocabulary,
        threads=job.settings.training.threads,
    )
