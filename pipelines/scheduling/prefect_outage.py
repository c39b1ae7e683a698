"""An outage of the Prefect server at PREFECT_API_URL: report it, wait, report the recovery.

The schedule's own process waits, so that its journal has two messages and not one a
minute. See docs/decisions/1304-watching-prefect.md.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.runtime.environment import PrefectUnavailable, find_server_error, is_server_outage

if TYPE_CHECKING:
    from prefect.runner import Runner

RETRY_SECONDS = 10.0
"""Interval between attempts during an outage."""
WATCH_SECONDS = 5.0
"""Interval between checks: two fit in before Prefect's own poll has failed three times."""


@dataclass
class ServerContact:
    """When Prefect's server last answered."""

    last: pd.Timestamp = field(default_factory=lambda: pd.Timestamp.now(tz="UTC"))

    def record_answer(self) -> None:
        """Record an answer now."""
        self.last = pd.Timestamp.now(tz="UTC")


def find_named_server() -> str | None:
    """The server of ``PREFECT_API_URL`` without user, password, path and query.

    None where leadgain starts its own.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


async def run_until_signal(runner: "Runner", contact: ServerContact) -> None:
    """Work until Ctrl-C or SIGTERM; a run that is in progress is ended and publishes nothing.

    Raises
    ------
    ExceptionGroup
        The server has not answered twice in a row, or Prefect's runner failed.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_ignore_cancelled_callbacks)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(runner.start()), group.create_task(watch_server(contact))]
        await asyncio.sleep(0)  # the runner has now set its own handler, which ends at once
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await stop.wait()
        for task in tasks:
            task.cancel()


async def watch_server(contact: ServerContact) -> None:
    """Record when the server answers, and raise its error when it has failed twice in a row.

    The request needs the server's database, as those of Prefect's runner do.
    """
    import httpx
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        failed = False
        while True:
            try:
                await client.read_deployments(limit=1)
                contact.record_answer()
                failed = False
            except (httpx.TransportError, httpx.HTTPStatusError):
                if failed:
                    raise
                failed = True
            await asyncio.sleep(WATCH_SECONDS)


def _ignore_cancelled_callbacks(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Prefect asks a cancelled task for its error, which asyncio would log with a traceback."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def describe_outage(last: pd.Timestamp) -> str:
    """The message during an outage of the named server, or of leadgain's own."""
    if find_named_server() is None:
        return (
            "leadgain's own Prefect server no longer answers, so no run can start. Start the "
            "schedule again."
        )
    return (
        f"The Prefect server at {find_named_server()} has not answered since {last:%Y-%m-%d %H:%M} "
        f"UTC, so no run can start. leadgain tries again every {RETRY_SECONDS:.0f} seconds and "
        "then catches up on a missed night. Check that the server is running and that "
        "PREFECT_API_URL is right."
    )


def describe_recovery(last: pd.Timestamp, now: pd.Timestamp) -> str:
    """The message when it answers again.

    >>> at = pd.Timestamp("2026-11-20 03:12", tz="UTC")
    >>> describe_recovery(at, at + pd.Timedelta(minutes=12, seconds=9)).partition("answers ")[2]
    'again, after 12 minutes. The schedule continues.'
    """
    minutes = round((now - last).total_seconds() / 60)
    after = {0: "less than a minute", 1: "1 minute"}.get(minutes, f"{minutes} minutes")
    return (
        f"The Prefect server at {find_named_server()} answers again, after {after}. "
        "The schedule continues."
    )


def wait_for_server() -> None:
    """Wait until the server answers."""
    while find_server_error() is not None:
        time.sleep(RETRY_SECONDS)


@contextmanager
def translate_outage_errors(contact: ServerContact) -> Iterator[None]:
    """Turn what Prefect raises when its server is away into one sentence.

    Raises
    ------
    PrefectUnavailable
        The server no longer answers.
    ConfigurationError
        It refuses our credentials.
    """
    try:
        yield
    except Exception as error:
        if _is_refusal(error):
            raise ConfigurationError(
                f"The Prefect server at {find_named_server()} refuses leadgain's credentials. Set "
                "PREFECT_API_AUTH_STRING or PREFECT_API_KEY."
            ) from error
        others = error.split(_is_outage)[1] if isinstance(error, ExceptionGroup) else error
        if others is not None and not _is_outage(others):
            raise
        raise PrefectUnavailable(describe_outage(contact.last)) from error


def _is_refusal(error: BaseException) -> bool:
    """Whether the server asks for other credentials; one such error in a group is enough."""
    import httpx

    if isinstance(error, BaseExceptionGroup):
        return any(_is_refusal(one) for one in error.exceptions)
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403)


def _is_outage(error: BaseException) -> bool:
    """Whether the server does not answer, or Prefect's poll has given up on it."""
    given_up = isinstance(error, RuntimeError) and "error threshold" in str(error)
    return given_up or is_server_outage(error)
