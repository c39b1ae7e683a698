"""The served deployments: score every night, train every week."""

import hashlib
import os
import signal
import socket
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.config.sections import ScheduleSection
from pipelines.runtime.missed_runs import find_missed_run, list_due_instants
from pipelines.scheduling.prefect_outage import ServerContact, translate_outage_errors
from publications.filesystem.durable_files import explain_write_errors
from publications.storage.home import Home
from publications.storage.lock import Busy, lock_file
from publications.storage.store import open_current

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

FLOWS = {"train": "train", "score": "run"}
"""Deployment -> flow, in the order in which missed ones are made up."""
PLANNING_PERIOD = pd.Timedelta(days=400)


@dataclass(frozen=True)
class PlannedDeployment:
    """One deployment and when it is due next."""

    name: str
    cron: str
    next_due: pd.Timestamp | None


def plan_deployments(section: ScheduleSection, now: pd.Timestamp) -> list[PlannedDeployment]:
    """What is served, and when each is due next.

    Raises
    ------
    ConfigurationError
        A schedule cannot be understood, or there is none.
    """
    planned = []
    for name in FLOWS:
        cron = getattr(section, name)
        if cron:
            due = list_due_instants(cron, section.timezone, now, now + PLANNING_PERIOD)
            planned.append(PlannedDeployment(name, cron, due[0] if due else None))
    if not planned:
        raise ConfigurationError(
            "[schedule] score and train are both empty, so there is nothing to serve."
        )
    return planned


@contextmanager
def lock_schedule(home: Home) -> Iterator[None]:
    """Be the only schedule of a home folder.

    Raises
    ------
    Busy
        Another process serves it already.
    """
    with explain_write_errors(home.prefect):
        home.prefect.mkdir(parents=True, exist_ok=True)  # Prefect warns where it cannot make it
    with ExitStack() as held:
        try:
            held.enter_context(lock_file(home.serve_lock))
        except Busy as error:
            who = str(error).partition(" is at work in ")[0]
            raise Busy(
                f"Its schedule is served already: {who} does it, for {home.folder}. One is enough."
            ) from None
        yield


def build_deployments(
    section: ScheduleSection, planned: list[PlannedDeployment], config: Path, home: Home
) -> list["RunnerDeployment"]:
    """What Prefect is told: which flow, when, with which texts."""
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from pipelines.flows.nightly import run
    from pipelines.flows.train import train

    flows: dict[str, Any] = {"run": run, "train": train}
    told = []
    for one in planned:
        deployment = flows[FLOWS[one.name]].to_deployment(
            name=build_deployment_name(one.name, home),
            schedule=Cron(one.cron, timezone=section.timezone),
            parameters={
                "config": str(config.resolve()),
                "home": str(home.folder),
                "scheduled": one.name,
            },
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        told.append(deployment)
    return told


def build_deployment_name(name: str, home: Home) -> str:
    """What Prefect calls a deployment: on a server that others use as well, with its home folder.

    >>> build_deployment_name("score", Home(Path("/var/lib/leadgain")))
    'score'
    """
    if not os.environ.get("PREFECT_API_URL"):
        return name
    where = f"{socket.gethostname()}:{home.folder}"
    return f"{name}-{home.folder.name}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def find_missed_runs(
    home: Home, section: ScheduleSection, now: pd.Timestamp
) -> dict[str, pd.Timestamp]:
    """Deployment -> the one night to make up; a home without any list gets its first one now."""
    found = {
        name: find_missed_run(home, name, cron=cron, timezone=section.timezone, now=now)
        for name in FLOWS
        for cron in [getattr(section, name)]
    }
    if found["score"] is None and section.score and open_current(home) is None:
        found["score"] = now
    return {name: due for name, due in found.items() if due is not None}


def run_schedule(
    told: list["RunnerDeployment"], late: dict[str, pd.Timestamp], contact: ServerContact
) -> None:
    """Work by the schedule until Ctrl-C or SIGTERM, one run at a time.

    Parameters
    ----------
    told : the deployments
    late : schedule -> the instant for which a run is made up first
    contact : told when Prefect's server answers

    Raises
    ------
    PrefectUnavailable
        Its server has ceased to answer.
    """
    import asyncio

    from prefect.deployments import run_deployment
    from prefect.runner import Runner

    with translate_outage_errors(contact):
        runner = Runner(name="leadgain", limit=1, pause_on_shutdown=False)
        for deployment in told:
            runner.add_deployment(deployment)
        for deployment in told:
            due = late.get(deployment.parameters["scheduled"])
            if due is not None:
                which = f"{deployment.flow_name}/{deployment.name}"
                run_deployment(which, scheduled_time=due.to_pydatetime(), timeout=0)
        asyncio.run(_run_until_signal(runner.start()))


async def _run_until_signal(working: Coroutine[Any, Any, None]) -> None:
    """Work until Ctrl-C or SIGTERM; a run at work is ended in order, which publishes nothing."""
    import asyncio

    task = asyncio.create_task(working)
    await asyncio.sleep(0)  # the runner has set its own handler, which waits for nothing
    for told in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(told, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
