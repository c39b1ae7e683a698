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
from crm.export import CLOCK_GRACE
from pipelines.config.run_context import RunContext
from pipelines.runtime.exit_codes import INTERNAL_ERROR
from publications.filesystem.durable_files import replace_durably
from publications.storage.home import Home
from publications.storage.lock import HomeLock

LOOKBACK_PERIODS = tuple(timedelta(hours=hours) for hours in (2, 48, 32 * 24, 400 * 24))
MAX_INSTANTS = 1000
"""Prefect looks no further than so many instants."""


def list_due_instants(
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
    >>> [str(due) for due in list_due_instants("30 5 * * *", "Europe/Amsterdam", *at)]
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
            schedule.get_dates(n=MAX_INSTANTS, start=start.to_pydatetime(), end=end.to_pydatetime())
        )
    except ValueError:  # cron looked for such a day in vain
        raise ConfigurationError(
            f"[schedule] {cron!r} is never due: no such day comes. Correct its day or month."
        ) from None
    return [pd.Timestamp(due).tz_convert("UTC").as_unit("us") for due in found]


def find_last_due(cron: str, timezone: str, now: pd.Timestamp) -> pd.Timestamp | None:
    """The latest instant up to ``now`` at which a schedule was due; None if never in a year.

    >>> str(find_last_due("0 4 * * 6", "UTC", pd.Timestamp("2026-11-20 09:00", tz="UTC")))
    '2026-11-14 04:00:00+00:00'
    """
    for back in LOOKBACK_PERIODS:
        found = list_due_instants(cron, timezone, now - back, now)
        if found:
            return found[-1]
    return None


@contextmanager
def limit_run_hours(hours: float, scheduled: str, home: Home) -> Iterator[None]:
    """End this process if the block takes longer: whatever hangs, the next night shall work.

    The process behind the schedule sees it gone and tells people. Nothing is half published by
    that; see docs/reliability.md.
    """
    late = Timer(3600 * hours, _end_process, [hours, scheduled, home])
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _end_process(hours: float, scheduled: str, home: Home) -> None:
    from pipelines.runtime.run_log import open_run_log

    with open_run_log(home) as log:
        log.error("%s: still at work after %g hours (max_hours), so it is ended.", scheduled, hours)
    os._exit(INTERNAL_ERROR)


FILE = "schedule.json"
STARTED_KEY = "begun"
"""Key of the run that was begun last; the names of schedules are the keys of turns taken."""


def find_skip_reason(
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
    taken = _read_last_run_until(now, home, name)
    if taken is not None and due <= taken:
        return f"The {name} of {due:%Y-%m-%d %H:%M} UTC was done already."
    later = find_last_due(cron, timezone, now) if cron else None
    if later is not None and later > due:
        return (
            f"The {name} of {due:%Y-%m-%d %H:%M} UTC is made up by that of {later:%Y-%m-%d %H:%M}."
        )
    return None


def record_run(lock: HomeLock, name: str, due: pd.Timestamp) -> None:
    """Remember that the run planned for ``due`` has had its turn."""
    _write_runs(lock, {name: due.isoformat()})


@dataclass(frozen=True)
class SkippedRun:
    """A scheduled run that had nothing to do."""

    summary: str


def get_wait_seconds(scheduled: str, context: RunContext) -> float:
    """Seconds to wait for another run at work: a schedule has time, somebody at a terminal not."""
    return 60 * context.settings.schedule.wait_minutes if scheduled else 0.0


@contextmanager
def track_scheduled_run(
    lock: HomeLock, scheduled: str, context: RunContext
) -> Iterator[SkippedRun | None]:
    """Take the turn of a run that a schedule began, or say why there is nothing to do.

    The turn is taken when the run is done or has failed: one that failed is not begun again before
    the next night. One that was killed or ended from outside is begun once more, and not a third
    time: what brought the machine down shall not do so all day.

    Parameters
    ----------
    lock : Hold
    scheduled : name of the schedule; empty for a run that somebody asked for
    context : its settings hold the schedule, and its clock tells what is due by now
    """
    if not scheduled:
        yield None
        return
    section = context.settings.schedule
    due = _find_planned_instant(context.now)
    cron = getattr(section, scheduled)
    why = find_skip_reason(
        lock.home, scheduled, due, cron=cron, timezone=section.timezone, now=context.now
    )
    if why is not None:
        yield SkippedRun(why)
        return
    begun = f"{due.isoformat()} {scheduled}"
    if _read_runs(lock.home).get(STARTED_KEY) == begun:
        record_run(lock, scheduled, due)
    _write_runs(lock, {STARTED_KEY: begun})
    try:
        with limit_run_hours(section.max_hours, scheduled, lock.home):
            yield None
    except Exception:
        record_run(lock, scheduled, due)
        raise
    record_run(lock, scheduled, due)


def _find_planned_instant(now: pd.Timestamp) -> pd.Timestamp:
    """The instant for which Prefect planned this run."""
    from prefect.runtime import flow_run

    planned = flow_run.scheduled_start_time
    return now if planned is None else pd.Timestamp(planned).tz_convert("UTC").as_unit("us")


def read_last_run(home: Home, name: str) -> pd.Timestamp | None:
    """The instant of the last turn that was taken; None where none was."""
    at = _read_runs(home).get(name)
    return None if at is None else pd.Timestamp(at)


def _read_last_run_until(now: pd.Timestamp, home: Home, name: str) -> pd.Timestamp | None:
    """The last turn that was taken; one still to come was taken while the clock was wrong."""
    taken = read_last_run(home, name)
    return None if taken is None or taken > now + CLOCK_GRACE else taken


def find_missed_run(
    home: Home, name: str, *, cron: str, timezone: str, now: pd.Timestamp
) -> pd.Timestamp | None:
    """The latest instant at which a run was due and none took its turn; None where none is missed.

    A home folder in which no turn was ever taken has missed nothing.
    """
    due = find_last_due(cron, timezone, now) if cron else None
    if due is None or read_last_run(home, name) is None:
        return None
    taken = _read_last_run_until(now, home, name)
    return due if taken is None or due > taken else None


def _write_runs(lock: HomeLock, told: dict[str, str]) -> None:
    turns = _read_runs(lock.home) | told
    replace_durably(lock.home.folder / FILE, f"{json.dumps(turns, indent=1)}\n".encode())


def _read_runs(home: Home) -> dict[str, str]:
    try:
        return dict(json.loads((home.folder / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):  # what is damaged is begun anew: no night is missed
        return {}
