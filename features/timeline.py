"""Instants as integer microseconds, and where each lead's activities lie.

Integers compare exactly, so "strictly before ``as_of``" means just that, to the microsecond.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

DAY = 86_400_000_000
HOUR = 3_600_000_000
MISSING = np.iinfo(np.int64).min

Microseconds = npt.NDArray[np.int64]


def convert_to_microseconds(series: pd.Series) -> Microseconds:
    """Aware instants as microseconds since 1970 UTC; missing is the earliest int64.

    >>> convert_to_microseconds(pd.Series(pd.to_datetime(["1970-01-01T00:00:01Z"]))).tolist()
    [1000000]
    """
    return series.to_numpy(dtype="datetime64[us]").view(np.int64)


def convert_to_instants(us: Microseconds) -> pd.DatetimeIndex:
    """The way back from :func:`convert_to_microseconds`.

    >>> str(convert_to_instants(np.array([1_000_000]))[0])
    '1970-01-01 00:00:01+00:00'
    """
    return pd.DatetimeIndex(us.view("datetime64[us]")).tz_localize("UTC")


def find_first_positions(activities: pd.DataFrame, n_leads: int) -> npt.NDArray[np.int64]:
    """Where each lead's activities begin: lead i owns rows ``[starts[i], starts[i + 1])``.

    Parameters
    ----------
    activities : of the export, or some of them; their order was checked when they were read
        (docs/decisions/1301-frames-are-checked-once.md)
    n_leads : leads of the export, those without activities included

    >>> find_first_positions(pd.DataFrame({"lead": [0, 0, 2]}), n_leads=3).tolist()
    [0, 2, 2, 3]
    """
    lead = activities["lead"].to_numpy()
    return np.searchsorted(lead, np.arange(n_leads + 1), side="left").astype(np.int64)


def find_known_ends(
    times: Microseconds,
    starts: npt.NDArray[np.int64],
    lead: npt.NDArray[np.integer],
    as_of: Microseconds,
) -> npt.NDArray[np.int64]:
    """Where each snapshot's known activities end: those at or after ``as_of`` lie behind.

    Parameters
    ----------
    times : of the activities, sorted by (lead, time)
    starts : as given by :func:`find_first_positions`
    lead, as_of : the snapshots

    A binary search in each lead's own stretch, all snapshots at once.

    >>> find_known_ends(np.array([10, 20]), np.array([0, 2]), np.array([0, 0]), np.array([20, 21]))
    array([1, 2])
    """
    low: npt.NDArray[np.int64] = starts[lead]
    high = starts[lead + 1]
    while (low < high).any():
        middle = (low + high) // 2
        searching = low < high
        known = searching.copy()
        known[searching] = times[middle[searching]] < as_of[searching]
        low = np.where(known, middle + 1, low)
        high = np.where(searching & ~known, middle, high)
    return low


def find_last_times(
    times: Microseconds,
    starts: npt.NDArray[np.int64],
    lead: npt.NDArray[np.integer],
    as_of: Microseconds,
) -> Microseconds:
    """When the last activity strictly before ``as_of`` took place; missing when there is none.

    Parameters
    ----------
    times, starts, lead, as_of : as in :func:`find_known_ends`

    >>> find_last_times(np.array([10, 20]), np.array([0, 2]), np.array([0, 0]), np.array([20, 21]))
    array([10, 20])
    """
    end = find_known_ends(times, starts, lead, as_of)
    found = np.full(len(lead), MISSING)
    some = end > starts[lead]
    found[some] = times[end[some] - 1]
    return found
