"""What happened to each lead of a list: its latest activities, for people to read."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import humanize_name
from features.timeline import convert_to_microseconds, find_first_positions, find_known_ends

MAX_ACTIVITIES = 100
UNKNOWN_TYPE = "Other kind of activity"
LEADS_PER_FRAME = 8_192
"""It bounds the memory: so many leads have 819,200 activities at most."""


def find_latest_activities(
    lead: npt.NDArray[np.integer],
    n_leads: int,
    activities: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    most: int = MAX_ACTIVITIES,
    leads_per_frame: int = LEADS_PER_FRAME,
) -> Iterator[pd.DataFrame]:
    """The latest activities of each lead strictly before ``as_of``, the newest first.

    Parameters
    ----------
    lead : positions of the listed leads in the export, in the order in which they are told
    n_leads : leads of the export
    activities : of the export
    as_of : aware
    most : of each lead, at most so many
    leads_per_frame : of how many leads a frame tells

    Yields
    ------
    DataFrame with columns place (position in ``lead``), occurred_at, type (in plain words),
    direction (text); sorted by place. At least one frame, if only an empty one.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-02", "2012-01-03"], utc=True).as_unit("us")
    >>> activities = pd.DataFrame({"lead": [0, 0, 0], "occurred_at": at, "type": "offer_sent",
    ...     "direction": "outbound"}).astype({"type": "category", "direction": "category"})
    >>> (part,) = find_latest_activities(np.array([0]), 1, activities, as_of=at[2])
    >>> part["occurred_at"].dt.day.tolist(), part["type"].unique().tolist()
    ([2, 1], ['Offer sent'])
    """
    starts = find_first_positions(activities, n_leads)
    times = convert_to_microseconds(activities["occurred_at"])
    until = np.full(len(lead), convert_to_microseconds(pd.Series([as_of]))[0])
    ends = find_known_ends(times, starts, lead, until)
    begins = np.maximum(starts[lead], ends - most)
    for first in range(0, max(len(lead), 1), leads_per_frame):
        part = slice(first, first + leads_per_frame)
        place, row = _list_newest_first(begins[part], ends[part])
        yield _build_activity_frame(activities, place + first, row)


def _list_newest_first(
    begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of the stretches ``[begin, end)``: which one, and each of its positions from its end."""
    count = ends - begins
    place = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, ends[place] - 1 - nth


def _build_activity_frame(
    activities: pd.DataFrame, place: npt.NDArray[np.int64], row: npt.NDArray[np.int64]
) -> pd.DataFrame:
    kinds, directions = activities["type"], activities["direction"]
    # The last word of each is for code -1: a missing type, a missing direction.
    words = pd.Series([*map(humanize_name, kinds.cat.categories), UNKNOWN_TYPE], dtype="str").array
    names = pd.Series([*directions.cat.categories, "internal"], dtype="str").array
    return pd.DataFrame(
        {
            "place": place,
            "occurred_at": activities["occurred_at"].take(row).array,
            "type": words[kinds.cat.codes.to_numpy()[row]],
            "direction": names[directions.cat.codes.to_numpy()[row]],
        }
    )
