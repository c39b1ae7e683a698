"""What the team calls fresh today: the ranking that a model has to beat."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.timeline import (
    DAY,
    MISSING,
    convert_to_instants,
    convert_to_microseconds,
    find_first_positions,
    find_last_times,
)

FreshBy = Literal["last_inbound", "last_activity", "created"]


def compute_days_since_fresh(
    snapshots: pd.DataFrame, leads: pd.DataFrame, activities: pd.DataFrame, *, by: FreshBy
) -> npt.NDArray[np.float64]:
    """Days from what makes a lead fresh to its snapshot; the smallest is called first.

    Parameters
    ----------
    snapshots, leads, activities : as for :func:`features.matrix.build_matrix`
    by : last_inbound or last_activity, strictly before ``as_of``; or created. A lead without
        such an activity counts from its creation.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-03", "2012-01-05"], utc=True).as_unit("us")
    >>> leads = pd.DataFrame({"created_at": at[:1]})
    >>> activities = pd.DataFrame({"lead": [0], "occurred_at": at[1:2], "direction": ["inbound"]})
    >>> snapshots = pd.DataFrame({"lead": [0, 0], "as_of": at[1:]})
    >>> compute_days_since_fresh(snapshots, leads, activities, by="last_inbound").tolist()
    [2.0, 2.0]
    """
    lead = snapshots["lead"].to_numpy()
    as_of = convert_to_microseconds(snapshots["as_of"])
    fresh = convert_to_microseconds(leads["created_at"])[lead]
    if by != "created":
        if by == "last_inbound":
            activities = activities[activities["direction"] == "inbound"]
        last = _find_last_activity(snapshots, leads, activities)
        fresh = np.where(last == MISSING, fresh, last)
    return np.asarray((as_of - fresh) / DAY)


def find_last_activity_at(
    snapshots: pd.DataFrame, leads: pd.DataFrame, activities: pd.DataFrame
) -> pd.Series:
    """When each snapshot's last activity strictly before ``as_of`` took place; missing if none.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-03"], utc=True).as_unit("us")
    >>> activities = pd.DataFrame({"lead": [0, 0], "occurred_at": at})
    >>> snapshots = pd.DataFrame({"lead": [0], "as_of": at[1:]})
    >>> leads = pd.DataFrame({"created_at": at[:1]})
    >>> find_last_activity_at(snapshots, leads, activities).dt.day.tolist()
    [1]
    """
    last = _find_last_activity(snapshots, leads, activities)
    return pd.Series(convert_to_instants(last), name="last_activity_at")


def _find_last_activity(
    snapshots: pd.DataFrame, leads: pd.DataFrame, activities: pd.DataFrame
) -> npt.NDArray[np.int64]:
    times = convert_to_microseconds(activities["occurred_at"])
    starts = find_first_positions(activities, len(leads))
    return find_last_times(
        times, starts, snapshots["lead"].to_numpy(), convert_to_microseconds(snapshots["as_of"])
    )
