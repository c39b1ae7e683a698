"""What happened to each lead of a list: its latest activities, for people to read."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import humanise
from features.timeline import first_positions, known_until, microseconds

MOST_ACTIVITIES = 100
UNKNOWN = "Other kind of activity"
LEADS_AT_ONCE = 8_192
"""It bounds the memory: so many leads have 819,200 activities at most."""


def latest_activities(
    lead: npt.NDArray[np.integer],
    n_leads: int,
    activities: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    most: int = MOST_ACTIVITIES,
    leads_at_once: int = LEADS_AT_ONCE,
) -> Iterator[pd.DataFrame]:
    """The latest activities of each lead strictly before ``as_of``, the newest first.

    Parameters
    ----------
    lead : positions of the listed leads in the export, in the order in which they are told
    n_leads : leads of the export
    activities : of the export, sorted by (lead, occurred_at)
    as_of : aware
    most : of each lead, at most so many
    leads_at_once : of how many leads a frame tells

    Yields
    ------
    DataFrame with columns place (position in ``lead``), occurred_at, type (in plain words),
    direction (text); sorted by place. At least one frame, if only an empty one.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-02", "2012-01-03"], utc=True).as_unit("us")
    >>> activities = pd.DataFrame({"lead": [0, 0, 0], "occurred_at": at, "type": "offer_sent",
    ...     "direction": "outbound"}).astype({"type": "category", "direction": "category"})
    >>> (part,) = latest_activities(np.array([0]), 1, activities, as_of=at[2])
    >>> part["occurred_at"].dt.day.tolist(), part["type"].unique().tolist()
    ([2, 1], ['Offer sent'])
    """
    starts = first_positions(activities, n_leads)
    times = microseconds(activities["occurred_at"])
    until = np.full(len(lead), microseconds(pd.Series([as_of]))[0])
    ends = known_until(times, starts, lead, until)
    begins = np.maximum(starts[lead], ends - most)
    for first in range(0, max(len(lead), 1), leads_at_once):
        part = slice(first, first + leads_at_once)
        place, row = _newest_first(begins[part], ends[part])
        yield _told(activities, place + first, row)


def _newest_first(
    begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of the stretches ``[begin, end)``: which one, and each of its positions from its end."""
    count = ends - begins
    place = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, ends[place] - 1 - nth


def _told(
    activities: pd.DataFrame, place: npt.NDArray[np.int64], row: npt.NDArray[np.int64]
) -> pd.DataFrame:
    kinds, directions = activities["type"], activities["direction"]
    # The last word of each is for code -1: a missing type, a missing direction.
    words = pd.Series([*map(humanise, kinds.cat.categories), UNKNOWN], dtype="str").array
    names = pd.Series([*directions.cat.categories, "internal"], dtype="str").array
    return pd.DataFrame(
        {
            "place": place,
            "occurred_at": activities["occurred_at"].take(row).array,
            "type": words[kinds.cat.codes.to_numpy()[row]],
            "direction": names[directions.cat.codes.to_numpy()[row]],
        }
    )
