"""How busy the export is: activities per day and kind, so that a source that fell silent shows."""

import numpy as np
import pandas as pd

from features.catalog import humanize_name
from features.vocabulary import MAX_TYPES

DAYS = 90
OTHER_KINDS = "Other kinds of activity"


def count_daily_activities(
    activities: pd.DataFrame, *, as_of: pd.Timestamp, days: int = DAYS
) -> pd.DataFrame:
    """Count the activities of each UTC day, by kind.

    Parameters
    ----------
    activities : of the export
    as_of : aware; activities strictly before it count
    days : so many, the last one being the day of the last instant before ``as_of``

    Returns
    -------
    DataFrame with columns day (midnight UTC), type (in plain words), activities; sorted by day,
    then type. A day without activities of a kind has no row. Beyond the 40 most frequent kinds
    all others are one.

    >>> at = pd.to_datetime(["2012-01-01 09:00", "2012-01-01 18:00", "2012-01-02 00:00"], utc=True)
    >>> activities = pd.DataFrame({"occurred_at": at, "type": "call"}).astype({"type": "category"})
    >>> count_daily_activities(activities, as_of=at[2])[["type", "activities"]].values.tolist()
    [['Call', 2]]
    """
    last = (as_of - pd.Timedelta(microseconds=1)).floor("D")
    first = last - pd.Timedelta(days=days - 1)
    at = activities["occurred_at"]
    known = activities[(at >= first) & (at < as_of)]
    kinds = _name_kinds(known["type"])
    day = known["occurred_at"].dt.floor("D").rename("day")
    counts = kinds.groupby([day, kinds.rename("type")], sort=True, observed=True).size()
    return counts.rename("activities").reset_index().astype({"type": "str"})


def _name_kinds(types: pd.Series) -> pd.Series:
    """The 40 most frequent kinds in words, all others as one; kinds that read alike are one."""
    words = np.array([*map(humanize_name, types.cat.categories), OTHER_KINDS], dtype=object)
    codes = types.cat.codes.to_numpy() % len(words)  # -1, missing, is the last
    counted = pd.Series(np.bincount(codes, minlength=len(words))).groupby(words).sum()
    ranked = sorted(counted.items(), key=lambda kind: (-kind[1], kind[0]))
    kept = {name for name, _ in ranked[:MAX_TYPES]}
    told = np.array([word if word in kept else OTHER_KINDS for word in words], dtype=object)
    place, distinct = pd.factorize(told, sort=True)
    kinds = pd.Categorical.from_codes(place[codes], pd.Index(distinct, dtype="str"))
    return pd.Series(kinds, index=types.index)
