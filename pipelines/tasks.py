"""The one kind of Prefect task that leadgain uses."""

from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

coarse_task = partial(task, cache_policy=NO_CACHE, persist_result=False)
"""A task that hands frames on in memory: Prefect caches nothing and writes no result."""
