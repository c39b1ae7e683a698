"""List dates: fixed instants that do not depend on the export, so that lists stay comparable."""

import pandas as pd

GRID_ORIGIN = pd.Timestamp("2000-01-01", tz="UTC")
"""A Saturday at midnight UTC: with ``every_days = 7`` lists are drawn up for each Saturday."""


def build_list_dates(first: pd.Timestamp, last: pd.Timestamp, every_days: int) -> pd.DatetimeIndex:
    """All list dates in the closed interval ``[first, last]``, ascending, UTC.

    Parameters
    ----------
    first, last : aware time stamps; an empty index is returned when ``last < first``
    every_days : days between two lists, at least 1

    >>> stamps = pd.to_datetime(["2012-01-14", "2012-01-22"], utc=True)
    >>> [str(d.date()) for d in build_list_dates(stamps[0], stamps[1], 7)]
    ['2012-01-14', '2012-01-21']
    """
    if every_days < 1:
        raise ValueError(f"every_days must be at least 1, got {every_days}")
    step = pd.Timedelta(days=every_days)
    begin = GRID_ORIGIN + -((GRID_ORIGIN - first) // step) * step
    return pd.date_range(begin, last, freq=step, unit="us")


def find_list_date_before(instants: pd.Series, every_days: int) -> pd.Series:
    """The latest list date at or before each instant (which calling period it falls into).

    >>> stamps = pd.Series(pd.to_datetime(["2012-01-14 00:00", "2012-01-20 23:59"], utc=True))
    >>> find_list_date_before(stamps, 7).dt.day.tolist()
    [14, 14]
    """
    step = pd.Timedelta(days=every_days)
    return GRID_ORIGIN + ((instants - GRID_ORIGIN) // step) * step
