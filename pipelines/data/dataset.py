"""Open leads at an instant, and the matrix of some snapshots: one code for training and scoring."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.export import Export
from features.catalog import build_catalog
from features.matrix import build_matrix
from features.snapshots import scoring_snapshots
from features.vocabulary import Vocabulary, learn_vocabulary
from features.wording import on_arrival, sentences
from pipelines.config.run_context import Job


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


def open_at(as_of: pd.Timestamp, export: Export, job: Job) -> pd.DataFrame:
    """The open leads, as `features.snapshots.scoring_snapshots` has them.

    What happens at the instant of a list is not known to it. But at the end of the export nothing
    else is to come: who ended at that very instant is not called any more. With dates instead of
    times these are all who ended on the last day.
    """
    listed = scoring_snapshots(export.leads, as_of=as_of, policy=job.policy)
    if as_of != export.last_instant:
        return listed
    leads = export.leads
    ended = ((leads["converted_at"] == as_of) | (leads["closed_at"] == as_of)).to_numpy()
    return listed[~ended[listed["lead"]]].reset_index(drop=True)
