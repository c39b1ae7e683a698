"""What ``leadgain serve`` does: a Prefect server, the deployments, what was missed, and waiting."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.alarms import send
from pipelines.environment import prefect_at_hand
from pipelines.progress import step
from pipelines.reporting import trial_alarm
from pipelines.schedule import Planned, alone, deployments, plan, serve, to_make_up
from pipelines.sections import AlarmsSection, ScheduleSection
from pipelines.settings import Settings
from publications.home import Home

if TYPE_CHECKING:
    from rich.console import Console


def serve_schedule(settings: Settings, home: Home, console: "Console") -> None:
    """Serve the schedule of one home folder until it is ended.

    Raises
    ------
    Busy
        Another process serves it.
    ConfigurationError
        ``[schedule]`` cannot be understood.
    PrefectUnavailable
        There is no Prefect server.
    """
    now = pd.Timestamp.now(tz="UTC")
    with alone(home), ExitStack() as until_done:
        planned = plan(settings.schedule, now)
        with step("Getting ready"):
            at_hand = prefect_at_hand(home.folder, _load, keeps_schedule=True)
            until_done.enter_context(at_hand)
        late = to_make_up(home, settings.schedule, now)
        console.print(_told(planned, settings.schedule, late), soft_wrap=True)
        serve(deployments(settings.schedule, planned, settings.file, home), late)


def try_alarms(alarms: AlarmsSection, home: Home) -> str:
    """Send a test to everyone whom ``[alarms]`` names, and say how it went.

    Raises
    ------
    ConfigurationError
        It names nobody, or was not wholly understood, or a way does not work.
    """
    if alarms.mistakes:
        raise ConfigurationError("\n".join(alarms.mistakes))
    if not alarms.email_to and not alarms.webhook:
        raise ConfigurationError(
            "[alarms] names nobody: set email_to and smtp, or webhook. Until then only the log "
            "and the exit code tell of a run that failed."
        )
    if failed := send(trial_alarm(home), alarms):
        raise ConfigurationError(" ".join(failed))
    people = [*alarms.email_to, *(["the webhook"] if alarms.webhook else [])]
    return f"A test was sent to {', '.join(people)}. Look whether it arrived."


def _load() -> None:
    from importlib import import_module

    import_module("prefect.runner")


def _told(planned: list[Planned], section: ScheduleSection, late: dict[str, pd.Timestamp]) -> str:
    lines = [
        f"{one.name} ({one.cron}): next at {_local(one.next_due, section.timezone)}"
        for one in planned
    ]
    lines += [f"{name}: now, as that of {due:%Y-%m-%d %H:%M} UTC" for name, due in late.items()]
    return "\n".join([*lines, "Ctrl-C ends the schedule."])


def _local(due: pd.Timestamp | None, timezone: str) -> str:
    return "no time" if due is None else f"{due.tz_convert(timezone):%Y-%m-%d %H:%M} {timezone}"
