"""How long a lead waited for the team's first outbound activity, as known at a snapshot."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.timeline import HOUR, MISSING, convert_to_microseconds, find_first_positions


def compute_hours_to_first_outbound(
    snapshots: pd.DataFrame, leads: pd.DataFrame, activities: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Hours from creation to the first outbound activity strictly before ``as_of``.

    Parameters
    ----------
    snapshots, leads, activities : as for :func:`features.matrix.build_matrix`

    Returns
    -------
    ndarray of shape (n_snapshots,); NaN where there was none yet.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-03"], utc=True).as_unit("us")
    >>> leads = pd.DataFrame({"created_at": at[:1]})
    >>> activities = pd.DataFrame({"lead": [0], "occurred_at": at[1:], "direction": ["outbound"]})
    >>> later = pd.to_datetime(["2012-01-03", "2012-01-04"], utc=True).as_unit("us")
    >>> snapshots = pd.DataFrame({"lead": [0, 0], "as_of": later})
    >>> compute_hours_to_first_outbound(snapshots, leads, activities).tolist()
    [nan, 48.0]
    """
    first = _find_first_outbound(leads, activities)
    lead = snapshots["lead"].to_numpy()
    known = (first[lead] != MISSING) & (first[lead] < convert_to_microseconds(snapshots["as_of"]))
    hours = (first - convert_to_microseconds(leads["created_at"])) / HOUR
    return np.where(known, hours[lead], np.nan)


def has_outbound(activities: pd.DataFrame) -> bool:
    """Whether the export tells of any outbound activity at all.

    >>> has_outbound(pd.DataFrame({"direction": ["inbound", "internal"]}))
    False
    """
    return bool((activities["direction"] == "outbound").any())


def _find_first_outbound(leads: pd.DataFrame, activities: pd.DataFrame) -> npt.NDArray[np.int64]:
    """When each lead's first outbound activity took place; missing if there is none."""
    outbound = activities[activities["direction"] == "outbound"]
    starts = find_first_positions(outbound, len(leads))
    first = np.full(len(leads), MISSING)
    some = starts[:-1] < starts[1:]
    first[some] = convert_to_microseconds(outbound["occurred_at"])[starts[:-1][some]]
    return first
