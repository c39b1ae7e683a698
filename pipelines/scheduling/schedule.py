"""The served deployments: score every night, train every week."""

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.config.sections import ScheduleSection
from pipelines.runtime.missed_runs import find_missed_run, find_next_due
from pipelines.scheduling.prefect_outage import (
    RETRY_SECONDS,
    ServerContact,
    run_until_signal,
    translate_outage_errors,
)
from publications.filesystem.durable_files import explain_write_errors
from publications.storage.home import Home
from publications.storage.lock import Busy, lock_file
from publications.storage.store import open_current

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

FLOWS = {"train": "train", "score": "run"}
"""Deployment -> flow, in the order in which missed runs are caught up."""


@dataclass(frozen=True)
class PlannedDeployment:
    """One deployment and when it is due next."""

    name: str
    cron: str
    next_due: pd.Timestamp | None


def plan_deployments(section: ScheduleSection, now: pd.Timestamp) -> list[PlannedDeployment]:
    """The deployments to serve, and when each is due next.

    Raises
    ------
    ConfigurationError
        A schedule cannot be understood, or there is none.
    """
    planned = []
    for name in FLOWS:
        cron = getattr(section, name)
        if cron:
            next_due = find_next_due(cron, section.timezone, now)
            planned.append(PlannedDeployment(name, cron, next_due))
    if not planned:
        raise ConfigurationError(
            "[schedule] score and train are both empty, so there is nothing to serve."
        )
    return planned


@contextmanager
def lock_schedule(home: Home) -> Iterator[None]:
    """Lock the schedule of a home folder.

    Raises
    ------
    Busy
        Another process serves it already.
    """
    with explain_write_errors(home.prefect):
        home.make(home.prefect)  # Prefect warns where it cannot make it
    with ExitStack() as held:
        try:
            held.enter_context(lock_file(home.serve_lock))
        except Busy as error:
            who = str(error).partition(" is at work in ")[0]
            raise Busy(
                f"{who} already serves the schedule of {home.folder}. One is enough."
            ) from None
        yield


def build_deployments(
    section: ScheduleSection, planned: list[PlannedDeployment], config: Path, home: Home
) -> list["RunnerDeployment"]:
    """Prefect's deployments: which flow, when, with which parameters."""
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from pipelines.flows.nightly import run
    from pipelines.flows.train import train

    flows: dict[str, Any] = {"run": run, "train": train}
    return [
        flows[FLOWS[one.name]].to_deployment(
            name=build_deployment_name(one.name, home),
            schedule=Cron(one.cron, timezone=section.timezone),
            parameters={
                "request": {
                    "config": str(config.resolve()),
                    "home": str(home.folder),
                    "scheduled": one.name,
                }
            },
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for one in planned
    ]


def build_deployment_name(name: str, home: Home) -> str:
    """Prefect's name of a deployment: on a shared server it names the home folder as well.

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
    """Deployment -> the one missed run to catch up; a home without any list is due now."""
    found = {
        name: find_missed_run(home, name, cron=cron, timezone=section.timezone, now=now)
        for name in FLOWS
        for cron in [getattr(section, name)]
    }
    if found["score"] is None and section.score and open_current(home) is None:
        found["score"] = now
    return {name: due for name, due in found.items() if due is not None}


def run_schedule(
    deployments: list["RunnerDeployment"], missed: dict[str, pd.Timestamp], contact: ServerContact
) -> None:
    """Run the schedule until Ctrl-C or SIGTERM, one run at a time.

    Parameters
    ----------
    deployments : what Prefect starts, and when
    missed : schedule -> the due time of the missed run to start with
    contact : records when Prefect's server answers

    Raises
    ------
    PrefectUnavailable
        Its server no longer answers.
    """
    import asyncio

    from prefect.deployments import run_deployment
    from prefect.runner import Runner

    with translate_outage_errors(contact):
        runner = Runner(
            name="leadgain", limit=1, pause_on_shutdown=False, query_seconds=RETRY_SECONDS
        )
        for deployment in deployments:
            runner.add_deployment(deployment)
        for deployment in deployments:
            due = missed.get(deployment.parameters["request"]["scheduled"])
            if due is not None:
                which = f"{deployment.flow_name}/{deployment.name}"
                run_deployment(which, scheduled_time=due.to_pydatetime(), timeout=0)
        asyncio.run(run_until_signal(runner, contact))
