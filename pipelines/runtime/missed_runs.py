"""Scheduled runs: when they are due, which missed one is made up, and when a long one is ended."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from threading import Timer
from zoneinfo import ZoneInfo

import pandas as pd
from cronsim import CronSim, CronSimError

from crm.errors import ConfigurationError
from crm.export import CLOCK_GRACE
from pipelines.config.run_request import RunRequest
from pipelines.runtime.exit_codes import INTERNAL_ERROR
from publications.filesystem.durable_files import replace_durably
from publications.filesystem.json_files import encode_json, format_instant
from publications.storage.home import Home
from publications.storage.lock import HomeLock

CLOCK_CHANGE = pd.Timedelta(hours=3)
"""More than clocks are ever set forward or back."""
CRON_FIELD = re.compile(r"(\d|[*,/-]|[A-Za-z]{3})+")
"""What cronsim and Prefect read alike; of L, W and # each has its own idea."""


def list_due_instants(
    cron: str, timezone: str, start: pd.Timestamp, end: pd.Timestamp
) -> list[pd.Timestamp]:
    """When a schedule is due within ``[start, end]``; for the errors see :func:`iterate_due`.

    >>> at = pd.Timestamp("2026-03-28", tz="UTC"), pd.Timestamp("2026-03-30", tz="UTC")
    >>> [str(due) for due in list_due_instants("30 5 * * *", "Europe/Amsterdam", *at)]
    ['2026-03-28 04:30:00+00:00', '2026-03-29 03:30:00+00:00']
    """
    instants = iterate_due(cron, timezone, start - CLOCK_CHANGE)
    until_end = takewhile(lambda due: due <= end + CLOCK_CHANGE, instants)
    return sorted({due for due in until_end if start <= due <= end})


def find_next_due(cron: str, timezone: str, now: pd.Timestamp) -> pd.Timestamp | None:
    """The first instant from ``now`` on at which a schedule is due; None if there is none."""
    instants = iterate_due(cron, timezone, now - CLOCK_CHANGE)
    return next((due for due in instants if due >= now), None)


def find_last_due(cron: str, timezone: str, now: pd.Timestamp) -> pd.Timestamp | None:
    """The latest instant up to ``now`` at which a schedule was due; None if there is none.

    >>> str(find_last_due("0 4 * * 6", "UTC", pd.Timestamp("2026-11-20 09:00", tz="UTC")))
    '2026-11-14 04:00:00+00:00'
    """
    instants = iterate_due(cron, timezone, now + CLOCK_CHANGE, reverse=True)
    return next((due for due in instants if due <= now), None)


def iterate_due(
    cron: str, timezone: str, start: pd.Timestamp, *, reverse: bool = False
) -> Iterator[pd.Timestamp]:
    """Instants at which a schedule is due after ``start``, or before it if ``reverse``.

    cronsim counts on the local wall clock; see docs/decisions/1303-cronsim.md. Where the clocks
    are set, instants may come out of order by the length of that change.

    Raises
    ------
    ConfigurationError
        The five fields make no schedule, or name a day that never comes.
    """
    if len(cron.split()) != 5 or not all(map(CRON_FIELD.fullmatch, cron.split())):
        raise _build_cron_error(cron)
    zone = ZoneInfo(timezone)
    wall_clock = start.floor("s").tz_convert(zone).tz_localize(None).to_pydatetime()
    try:
        wall_times = CronSim(cron, wall_clock, reverse=reverse)
    except CronSimError:
        raise _build_cron_error(cron) from None
    return (_localize(wall_time, zone) for wall_time in wall_times)


def _build_cron_error(cron: str) -> ConfigurationError:
    return ConfigurationError(
        f"[schedule] {cron!r} is not a schedule, or its day never comes. Write five fields: "
        "minute, hour, day, month, day of the week, such as '30 5 * * *' for 5:30 every day."
    )


def _localize(wall_time: datetime, zone: ZoneInfo) -> pd.Timestamp:
    """The instant of a wall-clock time as Prefect takes it.

    Of an hour that comes twice the first; a time that is skipped by the clock after the change.
    """
    first = wall_time.replace(tzinfo=zone)
    skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall_time
    return pd.Timestamp(first.replace(fold=int(skipped))).tz_convert("UTC").as_unit("us")


@contextmanager
def limit_run_hours(hours: float, scheduled: str, home: Home) -> Iterator[None]:
    """End this process if the block takes longer, so that the next night can work.

    The process behind the schedule notices and sends an alert. Nothing is half published by that;
    see docs/reliability.md.
    """
    timer = Timer(3600 * hours, _end_process, [hours, scheduled, home])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end_process(hours: float, scheduled: str, home: Home) -> None:
    from pipelines.runtime.run_log import open_run_log

    with open_run_log(home) as log:
        log.error("%s: still running after %g hours (max_hours); ended.", scheduled, hours)
    os._exit(INTERNAL_ERROR)


FILE = "schedule.json"
STARTED_KEY = "started"
"""Key of the run that was started last; the other keys are the names of schedules."""


def find_skip_reason(
    home: Home, name: str, due: pd.Timestamp, *, cron: str, timezone: str, now: pd.Timestamp
) -> str | None:
    """Why a scheduled run need not work: it was done already, or a later one is due as well.

    Parameters
    ----------
    home : where the last runs are recorded
    name : of the schedule, "score" or "train"
    due : the instant for which the run was planned
    cron, timezone : the schedule as it is today; an empty ``cron`` plans nothing
    now : aware
    """
    last = _read_last_run_until(now, home, name)
    if last is not None and due <= last:
        return f"The {name} run for {due:%Y-%m-%d %H:%M} UTC is already done."
    later = find_last_due(cron, timezone, now) if cron else None
    if later is not None and later > due:
        return (
            f"Skipped the {name} run for {due:%Y-%m-%d %H:%M} UTC: the run for "
            f"{later:%Y-%m-%d %H:%M} covers it."
        )
    return None


def record_run(lock: HomeLock, name: str, due: pd.Timestamp) -> None:
    """Record that the run planned for ``due`` is finished."""
    _write_runs(lock, {name: format_instant(due)})


@dataclass(frozen=True)
class SkippedRun:
    """A scheduled run that had nothing to do."""

    summary: str


def get_wait_seconds(request: RunRequest) -> float:
    """Seconds to wait for another run; a person at a terminal does not wait."""
    return 60 * request.settings.schedule.wait_minutes if request.scheduled else 0.0


@contextmanager
def track_scheduled_run(lock: HomeLock, request: RunRequest) -> Iterator[SkippedRun | None]:
    """Record a run that a schedule started, or say why there is nothing to do.

    A run that is done or has failed is finished: one that failed is not repeated before the next
    night. One that was killed or ended from outside is started once more, and not a third time:
    whatever brought the machine down must not do so all day.

    Parameters
    ----------
    lock : of the home folder
    request : names the schedule that started the run, if one did
    """
    scheduled = request.scheduled
    if not scheduled:
        yield None
        return
    section = request.settings.schedule
    due = _find_planned_instant(request.now)
    cron = getattr(section, scheduled)
    reason = find_skip_reason(
        lock.home, scheduled, due, cron=cron, timezone=section.timezone, now=request.now
    )
    if reason is not None:
        yield SkippedRun(reason)
        return
    started = f"{format_instant(due)} {scheduled}"
    if _read_runs(lock.home).get(STARTED_KEY) == started:
        record_run(lock, scheduled, due)
    _write_runs(lock, {STARTED_KEY: started})
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
    """The instant for which the last finished run was planned; None where there was none."""
    at = _read_runs(home).get(name)
    return None if at is None else pd.Timestamp(at)


def _read_last_run_until(now: pd.Timestamp, home: Home, name: str) -> pd.Timestamp | None:
    """The last finished run; one from the future was recorded while the clock was wrong."""
    last = read_last_run(home, name)
    return None if last is None or last > now + CLOCK_GRACE else last


def find_missed_run(
    home: Home, name: str, *, cron: str, timezone: str, now: pd.Timestamp
) -> pd.Timestamp | None:
    """The latest instant at which a run was due and none took place; None where none is missed.

    A home folder without any scheduled run has missed nothing.
    """
    due = find_last_due(cron, timezone, now) if cron else None
    if due is None or read_last_run(home, name) is None:
        return None
    last = _read_last_run_until(now, home, name)
    return due if last is None or due > last else None


def _write_runs(lock: HomeLock, changes: dict[str, str]) -> None:
    runs = _read_runs(lock.home) | changes
    replace_durably(lock.home.folder / FILE, encode_json(runs))


def _read_runs(home: Home) -> dict[str, str]:
    try:
        return dict(json.loads((home.folder / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):  # a damaged record starts anew: no night is missed
        return {}
