"""Whose turn it is: a missed night is made up once, and no night is worked twice."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from crm.export import GRACE
from pipelines.due import last_due
from pipelines.job import Job
from pipelines.max_hours import given_up_after
from publications.home import Hold, Home, replace_lasting

FILE = "schedule.json"
BEGUN = "begun"
"""Key of the run that was begun last; the names of schedules are the keys of turns taken."""


def why_not_now(
    home: Home, name: str, due: pd.Timestamp, *, cron: str, timezone: str, now: pd.Timestamp
) -> str | None:
    """Why a scheduled run need not work: its night was worked, or a later one is due as well.

    Parameters
    ----------
    home : where the turns that were taken are kept
    name : of the schedule, "score" or "train"
    due : the instant for which the run was planned
    cron, timezone : the schedule as it is today; an empty ``cron`` plans nothing
    now : aware
    """
    taken = _last_turn_by(now, home, name)
    if taken is not None and due <= taken:
        return f"The {name} of {due:%Y-%m-%d %H:%M} UTC was done already."
    later = last_due(cron, timezone, now) if cron else None
    if later is not None and later > due:
        return (
            f"The {name} of {due:%Y-%m-%d %H:%M} UTC is made up by that of {later:%Y-%m-%d %H:%M}."
        )
    return None


def take_turn(held: Hold, name: str, due: pd.Timestamp) -> None:
    """Remember that the run planned for ``due`` has had its turn."""
    _remember(held, {name: due.isoformat()})


@dataclass(frozen=True)
class Skipped:
    """A scheduled run that had nothing to do."""

    told: str


def patience(scheduled: str, job: Job) -> float:
    """Seconds to wait for another run at work: a schedule has time, somebody at a terminal not."""
    return 60 * job.settings.schedule.wait_minutes if scheduled else 0.0


@contextmanager
def turn(held: Hold, scheduled: str, job: Job) -> Iterator[Skipped | None]:
    """Take the turn of a run that a schedule began, or say why there is nothing to do.

    The turn is taken when the run is done or has failed: one that failed is not begun again before
    the next night. One that was killed or ended from outside is begun once more, and not a third
    time: what brought the machine down shall not do so all day.

    Parameters
    ----------
    held : Hold
    scheduled : name of the schedule; empty for a run that somebody asked for
    job : its settings hold the schedule, and its clock tells what is due by now
    """
    if not scheduled:
        yield None
        return
    section = job.settings.schedule
    due = _planned_for(job.now)
    cron = getattr(section, scheduled)
    why = why_not_now(held.home, scheduled, due, cron=cron, timezone=section.timezone, now=job.now)
    if why is not None:
        yield Skipped(why)
        return
    begun = f"{due.isoformat()} {scheduled}"
    if _turns(held.home).get(BEGUN) == begun:
        take_turn(held, scheduled, due)
    _remember(held, {BEGUN: begun})
    try:
        with given_up_after(section.max_hours, scheduled, held.home):
            yield None
    except Exception:
        take_turn(held, scheduled, due)
        raise
    take_turn(held, scheduled, due)


def _planned_for(now: pd.Timestamp) -> pd.Timestamp:
    """The instant for which Prefect planned this run."""
    from prefect.runtime import flow_run

    planned = flow_run.scheduled_start_time
    return now if planned is None else pd.Timestamp(planned).tz_convert("UTC").as_unit("us")


def last_turn(home: Home, name: str) -> pd.Timestamp | None:
    """The instant of the last turn that was taken; None where none was."""
    at = _turns(home).get(name)
    return None if at is None else pd.Timestamp(at)


def _last_turn_by(now: pd.Timestamp, home: Home, name: str) -> pd.Timestamp | None:
    """The last turn that was taken; one still to come was taken while the clock was wrong."""
    taken = last_turn(home, name)
    return None if taken is None or taken > now + GRACE else taken


def missed(
    home: Home, name: str, *, cron: str, timezone: str, now: pd.Timestamp
) -> pd.Timestamp | None:
    """The latest instant at which a run was due and none took its turn; None where none is missed.

    A home folder in which no turn was ever taken has missed nothing.
    """
    due = last_due(cron, timezone, now) if cron else None
    if due is None or last_turn(home, name) is None:
        return None
    taken = _last_turn_by(now, home, name)
    return due if taken is None or due > taken else None


def _remember(held: Hold, told: dict[str, str]) -> None:
    turns = _turns(held.home) | told
    replace_lasting(held.home.folder / FILE, f"{json.dumps(turns, indent=1)}\n".encode())


def _turns(home: Home) -> dict[str, str]:
    try:
        return dict(json.loads((home.folder / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):  # what is damaged is begun anew: no night is missed
        return {}
