"""One bench for all tests of faults, and the counts of what the harness has tried."""

from collections.abc import Iterator

import pytest

from tests.faults.bench import Bench, open_bench
from tests.faults.counts import Counts, record_counts
from tests.faults.page import COUNTS, refresh
from tests.faults.parts import PARTS


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Bench]:
    """The harness tries whole commands; its sample in every test run leaves out what is slow."""
    whole = "harness" in pytestconfig.option.markexpr
    with open_bench(tmp_path_factory.mktemp("faults"), whole=whole) as opened:
        yield opened


@pytest.fixture(scope="session")
def counts() -> Iterator[Counts]:
    """What the parts have counted; written when the last of them is done."""
    counts = Counts()
    yield counts
    record_counts(COUNTS, counts, whole=counts.rows.keys() == PARTS.keys())
    refresh()
