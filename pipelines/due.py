"""When a schedule is due, by cron with a time zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd

from crm.errors import ConfigurationError

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
