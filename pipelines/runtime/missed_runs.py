"""Scheduled runs: when one was due, which is made up, and when one that hangs is ended."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Timer

import pandas as pd

from crm.errors import ConfigurationError
from crm.export import GRACE
from pipelines.config.run_context import Job
from pipelines.runtime.exit_codes import OUR_FAULT
from publications.filesystem.durable_files import replace_lasting
from publications.storage.home import Home
from publications.storage.lock import Hold

LOOK_BACK = tuple(timedelta(hours=hours) for hours in (2, 48, 32 * 24, 400 * 24))
MOST = 1000
"""Prefect looks no further than so many instants."""


def due_instants(
    cron: str, timezone: str, start: pd.Timestamp, end: pd.Timestamp
) -> list[pd.Timestamp]:
    """When a schedule is due within ``[start, end]``, by Prefect's own rule.

    Where the clocks change, a daily time is due once: at the earlier of two equal hours, and an
    hour before one that is skipped.

    Raises
    ------
    ConfigurationError
        The five fields make no schedule, or name a day that never comes.

    >>> at = pd.Timestamp("2026-03-28", tz="UTC"), pd.Timestamp("2026-03-30", tz="UTC")
    >>> [str(due) for due in due_instants("30 5 * * *", "Europe/Amsterdam", *at)]
    ['2026-03-28 04:30:00+00:00', '2026-03-29 03:30:00+00:00']
    """
    from prefect.server.schemas.schedules import CronSchedule
    from prefect.utilities.asyncutils import run_coro_as_sync

    try:
        schedule = CronSchedule(cron=cron, timezone=timezone)
    except ValueError:
        raise ConfigurationError(
            f"[schedule] {cron!r} is no schedule. Write five fields: minute, hour, day, month, day "
            "of the week, such as '30 5 * * *' for 5:30 every day."
        ) from None
    try:
        found: Sequence[datetime] = run_coro_as_sync(
            schedule.get_dates(n=MOST, start=start.to_pydatetime(), end=end.to_pydatetime())
        )
    except ValueError:  # cron looked for such a day in vain
        raise ConfigurationError(
            f"[schedule] {cron!r} is never due: no such day comes. Correct its day or month."
        ) from None
    return [pd.Timestamp(due).tz_convert("UTC").as_unit("us") for due in found]


def last_due(cron: str, timezone: str, now: pd.Timestamp) -> pd.Timestamp | None:
    """The latest instant up to ``now`` at which a schedule was due; None if never in a year.

    >>> str(last_due("0 4 * * 6", "UTC", pd.Timestamp("2026-11-20 09:00", tz="UTC")))
    '2026-11-14 04:00:00+00:00'
    """
    for back in LOOK_BACK:
        found = due_instants(cron, timezone, now - back, now)
        if found:
            return found[-1]
    return None


@contextmanager
def given_up_after(hours: float, scheduled: str, home: Home) -> Iterator[None]:
    """End this process if the block takes longer: whatever hangs, the next night shall work.

    The process behind the schedule sees it gone and tells people. Nothing is half published by
    that; see docs/reliability.md.
    """
    late = Timer(3600 * hours, _give_up, [hours, scheduled, home])
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _give_up(hours: float, scheduled: str, home: Home) -> None:
    from pipelines.runtime.run_log import run_log

    with run_log(home) as log:
        log.error("%s: still at work after %g hours (max_hours), so it is ended.", scheduled, hours)
    os._exit(OUR_FAULT)


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
