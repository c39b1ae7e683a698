"""What ``leadgain serve`` does: a Prefect server, the deployments, what was missed, and waiting."""

import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.config.sections import AlarmsSection, ScheduleSection
from pipelines.config.settings import Settings
from pipelines.runtime.alerts import send
from pipelines.runtime.environment import PrefectUnavailable, prefect_at_hand
from pipelines.runtime.progress import step
from pipelines.runtime.run_log import run_log, tell_of_silence, trial_alarm
from pipelines.scheduling.prefect_outage import (
    Contact,
    back_after,
    ceased_since,
    named_server,
    wait_until_back,
)
from pipelines.scheduling.schedule import Planned, alone, deployments, plan, serve, to_make_up
from publications.storage.home import Home

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
        leadgain's own server did not start, or has ended. One that PREFECT_API_URL names is waited
        for.
    """
    contact = Contact()
    with alone(home):
        _tell_of_mistakes(settings, home, console)
        while True:
            _end_in_order()
            try:
                return _served(settings, home, console, contact)
            except PrefectUnavailable:
                if named_server() is None:
                    raise
            _end_in_order()  # the loop that has ended took its handler with it
            _waited(settings, home, console, contact)


def _end_in_order() -> None:
    """Whoever ends a schedule that is not at work gets exit code 0, as where it is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _served(settings: Settings, home: Home, console: "Console", contact: Contact) -> None:
    """Work by the schedule until it is ended, or Prefect's server is away."""
    now = pd.Timestamp.now(tz="UTC")
    planned = plan(settings.schedule, now)
    with ExitStack() as until_done:
        with step("Getting ready"):
            at_hand = prefect_at_hand(home.folder, _load, keeps_schedule=True)
            until_done.enter_context(at_hand)
        contact.answered()
        late = to_make_up(home, settings.schedule, now)
        console.print(_told(planned, settings.schedule, late), soft_wrap=True)
        serve(deployments(settings.schedule, planned, settings.file, home), late, contact)


def _waited(settings: Settings, home: Home, console: "Console", contact: Contact) -> None:
    """Say that the server is away, wait for it, and say that it is back."""
    lost = contact.last
    gone = ceased_since(lost)
    console.print(gone, soft_wrap=True)
    tell_of_silence(gone, str(settings.file), home)
    wait_until_back()
    contact.answered()
    back = back_after(lost, contact.last)
    console.print(back, soft_wrap=True)
    with run_log(home) as log:
        log.info("serve: %s", back)


def _tell_of_mistakes(settings: Settings, home: Home, console: "Console") -> None:
    for mistake in settings.alarms.mistakes:
        console.print(mistake, soft_wrap=True, markup=False)
        with run_log(home) as log:
            log.warning("serve: %s", mistake)


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
