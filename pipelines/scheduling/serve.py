"""``leadgain serve``: a Prefect server, the deployments, missed runs, and waiting out an outage."""

import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.config.sections import AlertsSection, ScheduleSection
from pipelines.config.settings import Settings
from pipelines.runtime.alerts import refuse_unusable_urls, send_alert
from pipelines.runtime.environment import PrefectUnavailable, provide_prefect
from pipelines.runtime.progress import step
from pipelines.runtime.run_log import alert_outage, build_test_alert, open_run_log
from pipelines.scheduling.prefect_outage import (
    ServerContact,
    describe_outage,
    describe_recovery,
    find_named_server,
    wait_for_server,
)
from pipelines.scheduling.schedule import (
    PlannedDeployment,
    build_deployments,
    find_missed_runs,
    lock_schedule,
    plan_deployments,
    run_schedule,
)
from publications.storage.home import Home
from publications.wording.formatting import count

if TYPE_CHECKING:
    from rich.console import Console


def serve_schedule(settings: Settings, home: Home, console: "Console") -> None:
    """Serve the schedule of one home folder until Ctrl-C or SIGTERM.

    Raises
    ------
    Busy
        Another process serves it.
    ConfigurationError
        ``[schedule]`` cannot be understood, or an address of ``[alerts]`` cannot be used.
    PrefectUnavailable
        leadgain's own server did not start, or has ended. An outage of one that PREFECT_API_URL
        names is waited out.
    """
    refuse_unusable_urls(settings.alerts)
    contact = ServerContact()
    with lock_schedule(home):
        while True:
            _exit_on_sigterm()
            try:
                return _serve_until_outage(settings, home, console, contact)
            except PrefectUnavailable:
                if find_named_server() is None:
                    raise
            _exit_on_sigterm()  # the handler ended with the event loop
            _wait_out_outage(settings, home, console, contact)


def _exit_on_sigterm() -> None:
    """SIGTERM between two event loops ends the schedule with exit code 0, as within one."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _serve_until_outage(
    settings: Settings, home: Home, console: "Console", contact: ServerContact
) -> None:
    """Run the schedule until a signal or an outage of Prefect's server."""
    now = pd.Timestamp.now(tz="UTC")
    planned = plan_deployments(settings.schedule, now)
    with ExitStack() as until_done:
        with step("Getting ready"):
            until_done.enter_context(
                provide_prefect(home.folder, _load_runner, keeps_schedule=True)
            )
        contact.record_answer()
        missed = find_missed_runs(home, settings.schedule, now)
        console.print(_describe_schedule(planned, settings.schedule, missed), soft_wrap=True)
        deployments = build_deployments(settings.schedule, planned, settings.file, home)
        run_schedule(deployments, missed, contact)


def _wait_out_outage(
    settings: Settings, home: Home, console: "Console", contact: ServerContact
) -> None:
    """Report the outage, wait until the server answers, and report that it does."""
    last_answer = contact.last
    outage = describe_outage(last_answer)
    console.print(outage, soft_wrap=True)
    alert_outage(outage, str(settings.file), home)
    wait_for_server()
    contact.record_answer()
    recovery = describe_recovery(last_answer, contact.last)
    console.print(recovery, soft_wrap=True)
    with open_run_log(home) as log:
        log.info("serve: %s", recovery)


def send_test_alert(section: AlertsSection, home: Home) -> str:
    """Send a test to every address of ``[alerts]``, and return a sentence about it.

    Raises
    ------
    ConfigurationError
        There is no address, or one of them did not take the message.
    """
    if not section.urls:
        raise ConfigurationError(
            "[alerts] urls is empty, so failed runs are reported only in the log and by the exit "
            "code."
        )
    if failed := send_alert(build_test_alert(home), section):
        raise ConfigurationError("\n".join(failed))
    return (
        f"Test sent to {count(len(section.urls), 'address', 'addresses')}. Check that it arrived."
    )


def _load_runner() -> None:
    from importlib import import_module

    import_module("prefect.runner")


def _describe_schedule(
    planned: list[PlannedDeployment], section: ScheduleSection, missed: dict[str, pd.Timestamp]
) -> str:
    lines = [
        f"{one.name} ({one.cron}): next {_format_local_time(one.next_due, section.timezone)}"
        for one in planned
    ]
    lines += [
        f"{name}: now, for {due:%Y-%m-%d %H:%M} UTC, which was missed"
        for name, due in missed.items()
    ]
    return "\n".join([*lines, "Ctrl-C ends the schedule."])


def _format_local_time(due: pd.Timestamp | None, timezone: str) -> str:
    return "never" if due is None else f"{due.tz_convert(timezone):%Y-%m-%d %H:%M} {timezone}"
