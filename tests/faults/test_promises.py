"""What docs/reliability.md promises, tried at small size; ``python -m tests.faults`` is the large.

The trials take minutes on one core, so those of the chosen tests are begun ahead, two at a time.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults import clocks, disks
from tests.faults.conftest import Ahead
from tests.faults.guards import GUARDS, Guard
from tests.faults.parts import PARTS, fails_without

NEEDS = {"disks": disks.find_skip_reason}
SMALL = [name for name, part in PARTS.items() if part.small is not None]


def parts() -> Iterator[Any]:
    for name in SMALL:
        small = PARTS[name].small
        assert small is not None
        why = NEEDS[name]() if name in NEEDS else ""
        begun = pytest.mark.trial(name, lambda bench, small=small: small(bench))
        mark = pytest.mark.skip(why) if why else begun
        yield pytest.param(name, id=f"{PARTS[name].promise}, {name}", marks=mark)


def guards() -> Iterator[Any]:
    for guard in (guard for guard in GUARDS if not guard.long):
        work = pytest.mark.trial(guard.is_there, lambda b, g=guard: fails_without(g, b))
        yield pytest.param(guard, id=f"{guard.promise}, {guard.is_there}", marks=work)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(parts()))
def test_a_promise_holds_each_time_that_it_is_tried(ahead: Ahead, name: str) -> None:
    for row in ahead.result(name):
        assert row.broken == ()
        assert row.kept


@pytest.mark.slow
@pytest.mark.parametrize("guard", list(guards()))
def test_without_its_guard_a_promise_breaks_and_the_check_says_so(
    ahead: Ahead, guard: Guard
) -> None:
    ahead.result(guard.is_there)


def test_no_fact_and_no_model_reads_the_time_of_day() -> None:
    assert clocks.clock_readers() == []


def test_a_place_that_reads_the_time_of_day_would_be_found() -> None:
    code = "import pandas as pd\nage = pd.Timestamp.now(tz='UTC') - created\n"
    assert list(clocks._clocks_in(code)) == [(2, "now")]


def test_every_promise_of_the_harness_has_a_guard_that_is_taken_out() -> None:
    assert {part.promise for part in PARTS.values()} - {guard.promise for guard in GUARDS} == {
        "all",
        "schedule",
    }
