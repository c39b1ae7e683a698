"""A Prefect server named by URL that is away: said once, waited for, and said once more.

The schedule's own process waits, so that its journal holds two sentences and not one a minute.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from crm.errors import ConfigurationError
from pipelines.runtime.environment import PrefectUnavailable, find_server_error

RETRY_SECONDS = 10.0
"""A server that is away is asked so often."""


@dataclass
class ServerContact:
    """When Prefect's server last answered."""

    last: pd.Timestamp = field(default_factory=lambda: pd.Timestamp.now(tz="UTC"))

    def record_answer(self) -> None:
        """Just now."""
        self.last = pd.Timestamp.now(tz="UTC")


def find_named_server() -> str | None:
    """The server of ``PREFECT_API_URL`` as people may read it; None where leadgain brings its own.

    A user and a password in the address are left out.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@contextmanager
def track_polls(contact: ServerContact) -> Iterator[None]:
    """Note when the server answers Prefect's runner, which says nothing itself.

    Where polls fail, Prefect's loop prints the tracebacks of the last ones before it gives up; its
    own printer is an argument that the runner does not hand on. Beside the poll for runs, another
    loop looks for cancelled ones: it gives up never, and leaves that to the poll. Where it did, or
    where it is cancelled, Prefect runs into an error that asyncio logs.
    """
    from asyncio import CancelledError

    poller: Any = import_module("prefect.runner._scheduled_run_poller")
    observers: Any = import_module("prefect._internal.observers")
    loop = poller.critical_service_loop

    async def quiet(workload: Callable[[], Any], **how: Any) -> None:
        async def noted() -> None:
            await workload()
            contact.record_answer()

        await loop(noted, **how, printer=_print_nothing)

    async def patient(workload: Callable[[], Any], **how: Any) -> None:
        with suppress(CancelledError):
            await loop(workload, **how, printer=_print_nothing, backoff=sys.maxsize)

    poller.critical_service_loop, observers.critical_service_loop = quiet, patient
    try:
        yield
    finally:
        poller.critical_service_loop = observers.critical_service_loop = loop


def _print_nothing(*_: object) -> None:
    """Instead of ``print``."""


def describe_outage(last: pd.Timestamp) -> str:
    """What is said when the server is away: the one that was named, or that of leadgain's own."""
    if find_named_server() is None:
        return (
            "Prefect's server has ceased to answer, so no run can start. The schedule goes on when "
            "it is served again."
        )
    return (
        f"Prefect's server at {find_named_server()} has not answered since {last:%Y-%m-%d %H:%M} "
        f"UTC, "
        f"so no run can start. It is asked again every {RETRY_SECONDS:.0f} seconds, and the "
        f"schedule "
        "goes on when it answers; a night that is missed until then is made up once. Look whether "
        "that server is up and whether PREFECT_API_URL names it."
    )


def describe_recovery(last: pd.Timestamp, now: pd.Timestamp) -> str:
    """What is said when it answers again.

    >>> at = pd.Timestamp("2026-11-20 03:12", tz="UTC")
    >>> describe_recovery(at, at + pd.Timedelta(minutes=12, seconds=9)).partition("answers ")[2]
    'again, after 12 minutes; the schedule goes on.'
    """
    minutes = round((now - last).total_seconds() / 60)
    after = {0: "less than a minute", 1: "1 minute"}.get(minutes, f"{minutes} minutes")
    return (
        f"Prefect's server at {find_named_server()} answers again, after {after}; "
        "the schedule goes on."
    )


def wait_for_server() -> None:
    """Ask until it answers."""
    while find_server_error() is not None:
        time.sleep(RETRY_SECONDS)


@contextmanager
def translate_outage_errors(contact: ServerContact) -> Iterator[None]:
    """Turn what Prefect raises when its server is away into a sentence of ours.

    Raises
    ------
    PrefectUnavailable
        It has ceased to answer.
    ConfigurationError
        It does not let us in.
    """
    try:
        with track_polls(contact):
            yield
    except Exception as gone:
        if _is_refusal(gone):
            raise ConfigurationError(
                f"Prefect's server at {find_named_server()} does not let leadgain in. "
                "PREFECT_API_AUTH_STRING or PREFECT_API_KEY signs in."
            ) from gone
        others = gone.split(_is_outage)[1] if isinstance(gone, ExceptionGroup) else gone
        if others is not None and not _is_outage(others):
            raise
        raise PrefectUnavailable(describe_outage(contact.last)) from gone


def _is_refusal(error: BaseException) -> bool:
    """Whether the server wants another sign-in; said in a group, it counts as well."""
    import httpx

    if isinstance(error, BaseExceptionGroup):
        return any(_is_refusal(one) for one in error.exceptions)
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403)


def _is_outage(error: BaseException) -> bool:
    """Whether the server did not answer, or not in earnest, or Prefect has asked it in vain."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500
    given_up = isinstance(error, RuntimeError) and "error threshold" in str(error)
    return given_up or isinstance(error, httpx.TransportError)
