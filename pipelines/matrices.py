"""The matrix of some snapshots of an export: training, scoring and explaining alike."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.export import Export
from features.catalog import build_catalog
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn_vocabulary
from features.wording import on_arrival, sentences
from pipelines.job import Job


def vocabulary_until(until: pd.Timestamp, export: Export) -> Vocabulary:
    """The vocabulary that was known strictly before an instant."""
    return learn_vocabulary(export.leads, export.activities, export.profile, until=until)


def told_of(
    topics: npt.NDArray[np.object_], X: pd.DataFrame, vocabulary: Vocabulary, policy: str
) -> npt.NDArray[np.object_]:
    """The sentences on these topics of the rows of X, as `features.wording.sentences` has them.

    With lists on arrival a row stands at the lead's arrival and not at the list: they say so.
    """
    texts = sentences(topics, X, build_catalog(vocabulary))
    return on_arrival(texts) if policy == "on_arrival" else texts


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
