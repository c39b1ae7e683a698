"""Snapshots: a lead at an instant, and whether it converted within the horizon after it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.frame_schema import INSTANT, check_dtypes
from crm.list_dates import build_list_dates, find_list_date_before
from features.list_policy import ListPolicy
from features.timeline import convert_to_instants, convert_to_microseconds

NEVER = np.iinfo(np.int64).max

SNAPSHOT_DTYPES = {"lead": "int32", "lead_id": "str", "as_of": INSTANT, "list_date": INSTANT}

Positions = npt.NDArray[np.int64]


def build_training_snapshots(
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
    >>> as_of = pd.Timestamp("2012-03-01", tz="UTC")
    >>> rows = build_training_snapshots(leads, as_of=as_of, policy=policy)
    >>> rows["as_of"].dt.strftime("%m-%d").tolist(), rows["converted"].tolist()
    (['01-07', '01-14'], [0, 1])
    """
    last = as_of - policy.horizon
    if policy.policy == "periodic":
        lead, at = _find_open_leads(leads, _build_past_list_dates(leads, last, policy), policy)
        listed = at
    else:
        lead, at = _find_arrival_rows(leads, last, policy)
        listed = _find_calling_period(at, policy)
    rows = _build_frame(leads, lead, at, listed)
    converted = convert_to_microseconds(leads["converted_at"])[lead]
    rows["converted"] = (
        (converted >= at)
        & (converted < at + _count_microseconds(policy.horizon))  # missing is the earliest int
    ).astype(np.int8)
    return rows


def build_scoring_snapshots(
    leads: pd.DataFrame, *, as_of: pd.Timestamp, policy: ListPolicy
) -> pd.DataFrame:
    """Today's list: the leads that are open at ``as_of``.

    Parameters
    ----------
    leads, policy : as in :func:`build_training_snapshots`
    as_of : aware; the instant of the list

    Returns
    -------
    DataFrame sorted by lead, the columns of :func:`build_training_snapshots` without ``converted``.
    With ``periodic`` every row stands at ``as_of``. With ``on_arrival`` a lead keeps its own
    row, ``delay_hours`` after its creation, and is listed for one calling period: rows in
    ``(as_of - every_days, as_of]``. ``list_date`` is the calling period that the row falls into.
    """
    now = np.array([_convert_to_microseconds(as_of)])
    lead, at = _find_open_leads(leads, now, policy)
    if policy.policy == "periodic":
        return _build_frame(leads, lead, at, at)
    arrived, arrival = _find_arrival_rows(leads, as_of, policy)
    period = _count_microseconds(pd.Timedelta(days=policy.every_days))
    listed = np.isin(arrived, lead) & (arrival > now - period)
    lead, at = arrived[listed], arrival[listed]
    return _build_frame(leads, lead, at, _find_calling_period(at, policy))


def _build_past_list_dates(
    leads: pd.DataFrame, last: pd.Timestamp, policy: ListPolicy
) -> Positions:
    if leads.empty:
        return np.empty(0, dtype=np.int64)
    dates = build_list_dates(leads["created_at"].min(), last, policy.every_days)
    return convert_to_microseconds(dates.to_series())


def _find_open_leads(
    leads: pd.DataFrame, dates: Positions, policy: ListPolicy
) -> tuple[Positions, Positions]:
    """All (lead, date) with created < date <= the lead's end and age <= max_age_days."""
    created = convert_to_microseconds(leads["created_at"])
    last = np.minimum(
        _compute_end(leads), created + _count_microseconds(pd.Timedelta(days=policy.max_age_days))
    )
    first = np.searchsorted(dates, created, side="right")
    count = np.maximum(np.searchsorted(dates, last, side="right") - first, 0)
    lead = np.repeat(np.arange(len(leads)), count)
    nth = np.arange(len(lead)) - np.repeat(np.cumsum(count) - count, count)
    return lead, dates[first[lead] + nth]


def _find_arrival_rows(
    leads: pd.DataFrame, last: pd.Timestamp, policy: ListPolicy
) -> tuple[Positions, Positions]:
    """The one row of each lead that is still open ``delay_hours`` after its creation."""
    at = convert_to_microseconds(leads["created_at"]) + _count_microseconds(
        pd.Timedelta(hours=policy.delay_hours)
    )
    within_age = policy.delay_hours <= 24 * policy.max_age_days
    lead = np.flatnonzero(
        (at <= _compute_end(leads)) & (at <= _convert_to_microseconds(last)) & within_age
    )
    return lead, at[lead]


def _compute_end(leads: pd.DataFrame) -> Positions:
    """When the lead left the lists: converted or closed, whichever came first."""
    ends = [convert_to_microseconds(leads[name]) for name in ("converted_at", "closed_at")]
    missing = np.iinfo(np.int64).min
    return np.minimum(*(np.where(end == missing, NEVER, end) for end in ends))


def _find_calling_period(at: Positions, policy: ListPolicy) -> Positions:
    return convert_to_microseconds(
        find_list_date_before(pd.Series(convert_to_instants(at)), policy.every_days)
    )


def _build_frame(
    leads: pd.DataFrame, lead: Positions, at: Positions, listed: Positions
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "lead": lead.astype(np.int32),
            "lead_id": leads["lead_id"].take(lead).reset_index(drop=True),
            "as_of": convert_to_instants(at),
            "list_date": convert_to_instants(listed),
        }
    )
    check_dtypes("snapshots", frame, SNAPSHOT_DTYPES)
    return frame


def _count_microseconds(delta: pd.Timedelta) -> int:
    return int(delta / pd.Timedelta(microseconds=1))


def _convert_to_microseconds(instant: pd.Timestamp) -> int:
    return int(convert_to_microseconds(pd.Series([instant]))[0])
