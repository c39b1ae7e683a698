"""Snapshots: a lead at an instant, and whether it converted within the horizon after it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.list_dates import list_date_before, list_dates
from features.timeline import instants, microseconds

NEVER = np.iinfo(np.int64).max

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ListPolicy:
    """When a lead stands on a list, and for how long afterwards a conversion counts."""

    policy: Literal["periodic", "on_arrival"] = "periodic"
    every_days: int = 7
    delay_hours: float = 1.0
    """With ``on_arrival``: hours between a lead's creation and its one row."""
    horizon_days: int = 30
    max_age_days: int = 365

    @property
    def horizon(self) -> pd.Timedelta:
        """How long after a snapshot a conversion counts.

        >>> ListPolicy(horizon_days=14).horizon
        Timedelta('14 days 00:00:00')
        """
        return pd.Timedelta(days=self.horizon_days)


def training_snapshots(
    leads: pd.DataFrame, *, as_of: pd.Timestamp, policy: ListPolicy
) -> pd.DataFrame:
    """Every open lead at every past list date whose horizon has matured, with its label.

    Parameters
    ----------
    leads : the export's leads; ``created_at``, ``converted_at``, ``closed_at`` are read
    as_of : aware; a row is matured when its instant + horizon lies at or before it
    policy : periodic (one row per open lead and list date) or on_arrival (one row per lead)

    Returns
    -------
    DataFrame sorted by (lead, as_of): ``lead`` (position in ``leads``), ``lead_id``, ``as_of``,
    ``list_date``, ``converted``: 1 when the lead converted in ``[as_of, as_of + horizon)``.
    A lead whose horizon is still running has no row; no leads, no rows.

    >>> day = lambda *texts: pd.to_datetime(list(texts), utc=True).as_unit("us")
    >>> leads = pd.DataFrame({"lead_id": ["a"], "created_at": day("2012-01-01"),
    ...     "converted_at": day("2012-01-16"), "closed_at": day(None)})
    >>> policy = ListPolicy(every_days=7, horizon_days=7)
    >>> rows = training_snapshots(leads, as_of=pd.Timestamp("2012-03-01", tz="UTC"), policy=policy)
    >>> rows["as_of"].dt.strftime("%m-%d").tolist(), rows["converted"].tolist()
    (['01-07', '01-14'], [0, 1])
    """
    last = as_of - policy.horizon
    if policy.policy == "periodic":
        lead, at = _open_on(leads, _past_list_dates(leads, last, policy), policy)
        listed = at
    else:
        lead, at = _on_arrival(leads, last, policy)
        listed = _calling_period(at, policy)
    rows = _frame(leads, lead, at, listed)
    converted = microseconds(leads["converted_at"])[lead]
    rows["converted"] = (
        (converted >= at) & (converted < at + _us(policy.horizon))  # missing is the earliest int
    ).astype(np.int8)
    return rows


def scoring_snapshots(
    leads: pd.DataFrame, *, as_of: pd.Timestamp, policy: ListPolicy
) -> pd.DataFrame:
    """Today's list: the leads that are open at ``as_of``.

    Parameters
    ----------
    leads, policy : as in :func:`training_snapshots`
    as_of : aware; the instant of the list

    Returns
    -------
    DataFrame sorted by lead, the columns of :func:`training_snapshots` without ``converted``.
    With ``periodic`` every row stands at ``as_of``. With ``on_arrival`` a lead keeps its own
    row, ``delay_hours`` after its creation, and is listed for one calling period: rows in
    ``(as_of - every_days, as_of]``. ``list_date`` is the calling period that the row falls into.
    """
    now = np.array([_us_since_epoch(as_of)])
    lead, at = _open_on(leads, now, policy)
    if policy.policy == "periodic":
        return _frame(leads, lead, at, at)
    arrived, arrival = _on_arrival(leads, as_of, policy)
    period = _us(pd.Timedelta(days=policy.every_days))
    listed = np.isin(arrived, lead) & (arrival > now - period)
    lead, at = arrived[listed], arrival[listed]
    return _frame(leads, lead, at, _calling_period(at, policy))


def _past_list_dates(leads: pd.DataFrame, last: pd.Timestamp, policy: ListPolicy) -> Positions:
    if leads.empty:
        return np.empty(0, dtype=np.int64)
    dates = list_dates(leads["created_at"].min(), last, policy.every_days)
    return microseconds(dates.to_series())


def _open_on(
    leads: pd.DataFrame, dates: Positions, policy: ListPolicy
) -> tuple[Positions, Positions]:
    """All (lead, date) with created < date <= the lead's end and age <= max_age_days."""
    created = microseconds(leads["created_at"])
    last = np.minimum(_ended(leads), created + _us(pd.Timedelta(days=policy.max_age_days)))
    first = np.searchsorted(dates, created, side="right")
    count = np.maximum(np.searchsorted(dates, last, side="right") - first, 0)
    lead = np.repeat(np.arange(len(leads)), count)
    nth = np.arange(len(lead)) - np.repeat(np.cumsum(count) - count, count)
    return lead, dates[first[lead] + nth]


def _on_arrival(
    leads: pd.DataFrame, last: pd.Timestamp, policy: ListPolicy
) -> tuple[Positions, Positions]:
    """The one row of each lead that is still open ``delay_hours`` after its creation."""
    at = microseconds(leads["created_at"]) + _us(pd.Timedelta(hours=policy.delay_hours))
    within_age = policy.delay_hours <= 24 * policy.max_age_days
    lead = np.flatnonzero((at <= _ended(leads)) & (at <= _us_since_epoch(last)) & within_age)
    return lead, at[lead]


def _ended(leads: pd.DataFrame) -> Positions:
    """When the lead left the lists: converted or closed, whichever came first."""
    ends = [microseconds(leads[name]) for name in ("converted_at", "closed_at")]
    missing = np.iinfo(np.int64).min
    return np.minimum(*(np.where(end == missing, NEVER, end) for end in ends))


def _calling_period(at: Positions, policy: ListPolicy) -> Positions:
    return microseconds(list_date_before(pd.Series(instants(at)), policy.every_days))


def _frame(leads: pd.DataFrame, lead: Positions, at: Positions, listed: Positions) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead": lead.astype(np.int32),
            "lead_id": leads["lead_id"].take(lead).reset_index(drop=True),
            "as_of": instants(at),
            "list_date": instants(listed),
        }
    )


def _us(delta: pd.Timedelta) -> int:
    return int(delta / pd.Timedelta(microseconds=1))


def _us_since_epoch(instant: pd.Timestamp) -> int:
    return int(microseconds(pd.Series([instant]))[0])
