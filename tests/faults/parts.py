"""All that the harness tries, and the sample of it that every test run tries."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from publications.filesystem.failpoints import SCORING_FAILPOINTS, TRAINING_FAILPOINTS
from tests.faults import (
    clocks,
    disks,
    exports,
    kills,
    offline,
    promotions,
    readers,
    registries,
    soak,
    together,
)
from tests.faults.bench import Bench
from tests.faults.counts import FORKED, Row, Tally
from tests.faults.guards import GUARDS, Guard

AT_FILES = (
    "file.drafted/CURRENT",
    "folder.synced/publications",
)
"""Where a named instant comes more than once, the one that matters to readers."""
OF_BOTH = (
    *TRAINING_FAILPOINTS,
    "folder.synced/models",
    "file.drafted/champions.json",
    "file.drafted/last_training.json",
)

IN_TESTS = ("folder.synced/publications", "file.drafted/CURRENT")


@dataclass(frozen=True)
class Part:
    """Something that can be tried by itself."""

    promise: str
    """As in its rows; "all": of every one, "schedule": of the process behind the schedule."""
    full: Callable[[Bench], Iterable[Row]]
    sample: Callable[[Bench], Iterable[Row]] | None = None
    """In one lane, for every test run; None: only in the harness."""


def scoring_points() -> list[str]:
    """The named instants of a scoring, each where it matters."""
    met = [name for name in SCORING_FAILPOINTS if name not in ("file.drafted", "folder.synced")]
    return [*met, *AT_FILES]


PARTS: dict[str, Part] = {
    "scoring killed": Part(
        "R1",
        lambda b: [kills.at_failpoints(b, scoring_points(), training=False, real=True)],
        lambda b: [kills.at_failpoints(b, IN_TESTS, training=False, real=False, lanes=1)],
    ),
    "training killed": Part(
        "R1",
        lambda b: [kills.at_failpoints(b, OF_BOTH, training=True, real=True)],
        lambda b: [kills.at_failpoints(b, ("model.fitted",), training=True, real=False, lanes=1)],
    ),
    "killed at random": Part(
        "R1",
        lambda b: [kills.at_random(b, 50)],
    ),
    "at once": Part(
        "R3",
        lambda b: [
            together.at_once(b, 2, 20),
            together.at_once(b, 5, 20),
            together.at_once(b, 5, 3, real=True),
            together.refused_meanwhile(b),
            together.freed_by_kills(b, 10),
        ],
        lambda b: [
            together.at_once(b, 2, 1),
            together.refused_meanwhile(b),
            together.freed_by_kills(b, 1, real=False, within=together.BUSY_SECONDS),
        ],
    ),
    "readers": Part(
        "R4",
        lambda b: [readers.follow_each_other(b, 200), readers.between_steps(b, 20)],
        lambda b: [readers.follow_each_other(b, 10), readers.between_steps(b, 9)],
    ),
    "disks": Part("R5", disks.refusing_disks, disks.full_or_closed),
    "registry": Part(
        "R6",
        lambda b: [registries.away(b), registries.damaged(b), registries.damaged_away(b)],
        lambda b: [
            registries.away(b, ("nobody listens",), within=registries.BUSY_SECONDS),
            registries.damaged(b, ("columns swapped",)),
            registries.damaged_away(b, ("one byte flipped",)),
        ],
    ),
    "sizes": Part(
        "R8",
        lambda b: [exports.strange_sizes(b), exports.other_leads(b)],
        lambda b: [exports.strange_sizes(b, (0.45,)), exports.other_leads(b)],
    ),
    "too little": Part(
        "R11",
        lambda b: [exports.too_little(b)],
        lambda b: [exports.too_little(b, ("one lead", "under 120 conversions"))],
    ),
    "challengers": Part(
        "R12",
        lambda b: [promotions.bad_challengers(b), promotions.good_challenger(b)],
        lambda b: [promotions.bad_challengers(b, ("the best leads last",))],
    ),
    "rollback": Part(
        "R13",
        lambda b: [promotions.rolled_back(b, real=True)],
    ),
    "clocks": Part(
        "R15",
        lambda b: [clocks.one_run_a_day(_due()), clocks.other_clocks(b)],
        lambda b: [clocks.one_run_a_day(_due()), clocks.other_clocks(b, ("a day late",))],
    ),
    "offline": Part(
        "R16",
        lambda b: [
            offline.watched_run(b, "demo"),
            offline.watched_run(b, "run", "--config", b.config),
            *cut_off(b, "demo"),
        ],
    ),
    "guards": Part("all", lambda b: [with_and_without_guards(b)]),
    "soak": Part("schedule", lambda b: [soak.scheduled_runs(b)]),
}


def _due() -> clocks.Due:
    from pipelines.runtime.missed_runs import list_due_instants

    return list_due_instants


def cut_off(bench: Bench, command: str) -> list[Row]:
    """Without a network, where the system lets us make that."""
    return [] if offline.find_skip_reason() else [offline.cut_off_run(bench, command)]


def with_and_without_guards(bench: Bench) -> Row:
    """See that each check holds, take its guard out, and see that it fails."""
    tally = Tally("all", "guards taken out one by one: their checks must fail", FORKED)
    for guard in GUARDS:
        with tally.trial(f"{guard.promise}: {guard.is_there}"):
            row = guard.check(bench, {})
            assert row.kept, row.broken
            fails_without(guard, bench)
    return tally.row("each check holds with its guard and fails without it")


def fails_without(guard: Guard, bench: Bench) -> None:
    """Take a guard out: its check must fail, and must say what it was made for."""
    row = guard.check(bench, guard.taken_out)
    assert row.times > 0
    assert row.held < row.times, "the check holds without the guard"
    assert any(guard.complains in told for told in row.broken), row.broken
