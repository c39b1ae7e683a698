"""The slow, obvious twin of the window kernel: one row, one lead, plain Python."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from crm.contract import DIRECTIONS

DAY = timedelta(days=1)
NAN = math.nan


class Activity(NamedTuple):
    at: datetime
    type: str
    direction: str
    rep: str | None


def compute_slow_rows(
    snapshots: pd.DataFrame, leads: pd.DataFrame, activities: pd.DataFrame, types: tuple[str, ...]
) -> pd.DataFrame:
    by_lead: dict[int, list[Activity]] = {}
    for row in activities.itertuples():
        rep = None if pd.isna(row.rep_id) else row.rep_id
        activity = Activity(row.occurred_at.to_pydatetime(), row.type, row.direction, rep)
        by_lead.setdefault(row.lead, []).append(activity)
    created = leads["created_at"].dt.to_pydatetime()
    rows = (
        compute_slow_row(created[s.lead], by_lead.get(s.lead, []), s.as_of.to_pydatetime(), types)
        for s in snapshots.itertuples()
    )
    return pd.DataFrame(rows)


def compute_slow_row(
    created: datetime, activities: list[Activity], as_of: datetime, types: tuple[str, ...]
) -> dict[str, float]:
    known = [a for a in activities if a.at < as_of]
    row = {}
    for subject, mine in split_by_subject(known, types):
        ages = [(as_of - a.at) / DAY for a in mine]
        for n in (1, 7, 30, 90):
            row[f"{subject}_{n}d"] = len(select_within_days(mine, as_of, n))
        row[f"{subject}_ever"] = len(mine)
        row[f"days_since_{subject}"] = min(ages, default=NAN)
        row[f"days_since_first_{subject}"] = max(ages, default=NAN)
        for n in (7, 30):
            row[f"{subject}_decayed_{n}d"] = sum(0.5 ** (age / n) for age in ages)
    return row | describe_journey(created, known, as_of, types)


def split_by_subject(
    known: list[Activity], types: tuple[str, ...]
) -> Iterator[tuple[str, list[Activity]]]:
    yield "other_type", [a for a in known if a.type not in types]
    for name in types:
        yield name, [a for a in known if a.type == name]
    for direction in DIRECTIONS:
        yield direction, [a for a in known if a.direction == direction]
    yield "activity", known


def describe_journey(
    created: datetime, known: list[Activity], as_of: datetime, types: tuple[str, ...]
) -> dict[str, float]:
    def code(a: Activity | None) -> int:
        return 0 if a is None else types.index(a.type) + 2 if a.type in types else 1

    def age(a: Activity | None) -> float:
        return NAN if a is None else (as_of - a.at) / DAY

    last, second, third = ([None] * 3 + known)[:-4:-1]
    inbound = [a for a in known if a.direction == "inbound"]
    outbound = [a for a in known if a.direction == "outbound"]
    week = len(select_within_days(known, as_of, 7))
    before = len(select_within_days(known, as_of, 37)) - week
    to_first = (outbound[0].at - created) / DAY * 24 if outbound else NAN
    return {
        "last_type": code(last),
        "second_last_type": code(second),
        "third_last_type": code(third),
        "last_direction": DIRECTIONS.index(last.direction) + 2 if last else 0,
        "last_inbound_type": code(inbound[-1] if inbound else None),
        "last_outbound_type": code(outbound[-1] if outbound else None),
        "days_since_second_last": age(second),
        "days_since_third_last": age(third),
        "days_between_last_two": (last.at - second.at) / DAY if last and second else NAN,
        **{
            f"active_days_{n}d": len({a.at.date() for a in select_within_days(known, as_of, n)})
            for n in (7, 30, 90)
        },
        "pace_7d": week / (before * 7 / 30) if before else NAN,
        "reps_ever": len({a.rep for a in known} - {None}),
        "reps_30d": len({a.rep for a in select_within_days(known, as_of, 30)} - {None}),
        "hours_to_first_outbound": to_first,
        "hours_without_outbound": NAN if outbound else (as_of - created) / DAY * 24,
        "inbound_since_outbound": count_trailing(known, "inbound", until="outbound"),
        "outbound_since_inbound": count_trailing(known, "outbound", until="inbound"),
    }


def select_within_days(activities: list[Activity], as_of: datetime, days: int) -> list[Activity]:
    return [a for a in activities if as_of - days * DAY <= a.at < as_of]


def count_trailing(known: list[Activity], direction: str, *, until: str) -> int:
    count = 0
    for a in reversed(known):
        if a.direction == until:
            break
        count += a.direction == direction
    return count
