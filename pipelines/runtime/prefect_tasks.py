"""The kinds of Prefect flow and the one kind of task that leadgain uses."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Flow, flow, task
from prefect.cache_policies import NO_CACHE

from pipelines.runtime.exit_codes import redact_error
from pipelines.runtime.run_log import alert_crash, log_run

P = ParamSpec("P")
R = TypeVar("R")


def pickle_free_flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Mark a function as a flow that leaves no pickle behind.

    Prefect keeps no result of it. The error of a flow that failed it keeps whatever it is told,
    and by default as a pickle: here as JSON, in words that quote no cell.
    """

    def decorate(function: Callable[P, R]) -> Flow[P, R]:
        return flow(
            name=name,
            persist_result=False,
            result_serializer="json",
            on_crashed=[alert_crash],
        )(_redact_errors(function))

    return decorate


def reported_flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Mark a function as a flow that people hear of: in the log, and where it fails by alert.

    It takes a ``request``, and what it returns tells itself in a sentence, ``told``.
    """

    def decorate(function: Callable[P, R]) -> Flow[P, R]:
        @wraps(function)
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            given: dict[str, Any] = signature(function).bind(*args, **kwargs).arguments
            request = given["request"]
            with log_run(name, str(request.config), str(request.home.folder)) as report:
                outcome = function(*args, **kwargs)
                report.done(outcome)
                return outcome

        return pickle_free_flow(name)(told)

    return decorate


def coarse_task(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as a task that hands frames on in memory.

    Prefect caches nothing of it and writes no result: its way to do so is pickle.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        kept = _redact_errors(function)
        decorated = task(name=name, cache_policy=NO_CACHE, persist_result=False)(kept)
        return cast(Callable[P, R], decorated)

    return decorate


def _redact_errors(function: Callable[P, R]) -> Callable[P, R]:
    """The same function; what nobody foresaw is raised in words that Prefect may keep."""

    @wraps(function)
    def worded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            kept = redact_error(error)
            if kept is error:
                raise
            raise kept from error  # --debug shows both

    return worded
