"""What docs/reliability.md promises: a sample in every test run, all of it in the harness.

``uv run pytest -m harness`` tries everything, writes docs/reliability_counts.json and brings the
table of docs/reliability.md up to date; with ``-k`` it does so for some parts.
"""

from importlib import import_module

import pytest

from tests.faults import clocks
from tests.faults.bench import Bench
from tests.faults.counts import Counts
from tests.faults.guards import GUARDS, Guard
from tests.faults.parts import PARTS

SAMPLED = [name for name, part in PARTS.items() if part.sample is not None]


def name_part(name: str) -> str:
    return f"{PARTS[name].promise}, {name}"


def name_guard(guard: Guard) -> str:
    return f"{guard.promise}, {guard.is_there}"


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLED, ids=name_part)
def test_a_promise_holds_each_time_that_it_is_tried(bench: Bench, name: str) -> None:
    sample = PARTS[name].sample
    assert sample is not None
    for row in sample(bench):
        assert row.broken == ()
        assert row.kept


@pytest.mark.harness
@pytest.mark.parametrize("name", PARTS, ids=name_part)
def test_everything_that_is_tried_holds(bench: Bench, counts: Counts, name: str) -> None:
    counts.rows[name] = list(PARTS[name].full(bench))
    assert [told for row in counts.rows[name] for told in row.broken] == []
    assert all(row.kept for row in counts.rows[name])


@pytest.mark.parametrize("guard", GUARDS, ids=name_guard)
def test_a_guard_is_where_the_harness_takes_it_out(guard: Guard) -> None:
    for place in (*guard.taken_out, *guard.taken_out.values()):
        if ":" in place:
            module, name = place.split(":")
            assert callable(getattr(import_module(module), name))


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
