"""The one kind of Prefect task that leadgain uses."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE

P = ParamSpec("P")
R = TypeVar("R")


def coarse_task(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as a task that hands frames on in memory.

    Prefect caches nothing of it and writes no result: its way to do so is pickle.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        decorated = task(name=name, cache_policy=NO_CACHE, persist_result=False)(function)
        return cast(Callable[P, R], decorated)

    return decorate
