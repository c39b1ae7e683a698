"""Who stands on a list that is handed out."""

import pandas as pd

from crm.export import Export
from features.snapshots import scoring_snapshots
from pipelines.job import Job


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
