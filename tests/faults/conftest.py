"""One bench for all tests of faults; what they need is tried two at a time."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.faults.bench import Bench, open_bench

AT_ONCE = 2


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with open_bench(tmp_path_factory.mktemp("faults")) as opened:
        yield opened


class Ahead:
    """Trials that are begun before the test that asks for them, two at a time."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.begun: dict[str, Future[Any]] = {}

    def begin(self, name: str, work: Callable[[Bench], Any]) -> None:
        if name not in self.begun:
            self.begun[name] = self.pool.submit(work, self.bench)

    def result(self, name: str) -> Any:
        return self.begun[name].result()


@pytest.fixture(scope="session")
def ahead(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Ahead]:
    """All trials of the tests that were chosen, in their order."""
    trials = Ahead(bench)
    for item in request.session.items:
        trial = item.get_closest_marker("trial")
        if trial is not None:
            trials.begin(*trial.args)
    yield trials
    trials.pool.shutdown(cancel_futures=True)
