"""Open leads at an instant, and the matrix of some snapshots: one code for training and scoring."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.export import Export
from features.catalog import build_catalog
from features.list_policy import ListPolicy
from features.matrix import build_matrix
from features.snapshots import build_scoring_snapshots
from features.vocabulary import Vocabulary, learn_vocabulary
from features.wording import build_sentences, mark_on_arrival


def learn_vocabulary_until(until: pd.Timestamp, export: Export) -> Vocabulary:
    """The vocabulary that was known strictly before an instant."""
    return learn_vocabulary(export.leads, export.activities, export.profile, until=until)


def describe_topics(
    topics: npt.NDArray[np.object_], X: pd.DataFrame, vocabulary: Vocabulary, policy: str
) -> npt.NDArray[np.object_]:
    """The sentences on these topics of the rows of X, as ``build_sentences`` writes them.

    With lists on arrival each sentence ends in "(on arrival)", the time of its row.
    """
    texts = build_sentences(topics, X, build_catalog(vocabulary))
    return mark_on_arrival(texts) if policy == "on_arrival" else texts


def compute_matrix(
    snapshots: pd.DataFrame, export: Export, vocabulary: Vocabulary, threads: int
) -> pd.DataFrame:
    """The model's inputs, one row a snapshot.

    Raises
    ------
    ValueError
        The export lacks a profile column that the vocabulary knows.
    """
    return build_matrix(snapshots, export.leads, export.activities, vocabulary, threads=threads)


def find_open_leads(list_as_of: pd.Timestamp, export: Export, policy: ListPolicy) -> pd.DataFrame:
    """The open leads, as `features.snapshots.build_scoring_snapshots` has them.

    A list does not use what happens at its own instant. A list at the end of the export is the
    exception: leads that ended at that instant are left out. With dates instead of times these
    are all leads that ended on the last day.
    """
    listed = build_scoring_snapshots(export.leads, as_of=list_as_of, policy=policy)
    if list_as_of != export.last_instant:
        return listed
    leads = export.leads
    ended = ((leads["converted_at"] == list_as_of) | (leads["closed_at"] == list_as_of)).to_numpy()
    return listed[~ended[listed["lead"]]].reset_index(drop=True)
