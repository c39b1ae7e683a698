"""Every guard, what takes it out, and the check that must then fail."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import (
    clocks,
    disks,
    exports,
    holes,
    kills,
    offline,
    promotions,
    readers,
    registries,
    together,
)
from tests.faults.bench import Bench
from tests.faults.counts import Row
from tests.faults.holes import Holes

HOLES = "tests.faults.holes:"


@dataclass(frozen=True)
class Guard:
    """One guard of a promise."""

    promise: str
    is_there: str
    """What it sees to, as a sentence."""
    taken_out: Holes
    check: Callable[[Bench, Holes], Row]
    """Tries a case or two that hold with the guard and must not hold without."""
    complains: str
    """Part of what the check says without the guard."""


GUARDS = (
    Guard(
        "R1",
        "A publication is whole in its place before CURRENT names it.",
        {"publications.storage.store:move_durably": HOLES + "current_first"},
        lambda bench, out: kills.at_failpoints(
            bench, ["folder.synced/publications"], training=False, real=False, lanes=1, holes=out
        ),
        "PublicationDamaged",
    ),
    Guard(
        "R2",
        "A model is fitted with the seed of leadgain.toml.",
        {"pipelines.flows.train:build_scorer": HOLES + "other_seed"},
        lambda bench, out: kills.at_failpoints(
            bench, ["model.fitted"], training=True, real=False, lanes=1, holes=out
        ),
        "the run after the kill differs",
    ),
    Guard(
        "R3",
        "The operating system's lock lets one process at a time in.",
        {"publications.storage.lock:_acquire_lock": HOLES + "always_free"},
        together.refused_meanwhile,
        "two worked at once",
    ),
    Guard(
        "R4",
        "A publication takes another's place in one step.",
        {"publications.storage.store:move_durably": HOLES + "current_first"},
        lambda bench, out: readers.between_steps(bench, 2, holes=out),
        "PublicationDamaged",
    ),
    Guard(
        "R5",
        "What the disk says becomes a sentence with the path and the free space.",
        {"publications.storage.store:explain_write_errors": HOLES + "any_error"},
        lambda bench, out: disks.full_at_steps(
            bench.lane("guard").prepare(), ("files.written",), holes=out
        ),
        "Internal error",
    ),
    Guard(
        "R6",
        "A model's files are held against their registered hashes before anybody opens them.",
        {"pipelines.lifecycle.champion:verify_version_files": HOLES + "nothing"},
        lambda bench, out: registries.damaged(bench, ("columns swapped",), holes=out),
        "The matrix does not fit the model",
    ),
    Guard(
        "R8",
        "The size of an export is held against the runs before.",
        {"pipelines.data.checked_export:compute_usual_rows": HOLES + "no_rows"},
        lambda bench, out: exports.strange_sizes(bench, (0.45,), holes=out),
        "exit 0",
    ),
    Guard(
        "R8",
        "An export has to know the leads of the list in force.",
        {"pipelines.data.checked_export:refuse_other_leads": HOLES + "nothing"},
        lambda bench, out: exports.other_leads(bench, holes=out),
        "exit 0",
    ),
    Guard(
        "R11",
        "Nothing is learned from fewer conversions than were asked for.",
        {"pipelines.flows.train:refuse_too_little_data": HOLES + "nothing"},
        lambda bench, out: exports.too_little(bench, ("under 120 conversions",), holes=out),
        "a model was made",
    ),
    Guard(
        "R12",
        "A challenger leads only if its proof holds and it is not worse than the champion.",
        {
            "pipelines.lifecycle.promotion:_describe_obstacle": HOLES + "not_barred",
            "pipelines.lifecycle.promotion:_compare_with_champion": HOLES + "takes_over",
        },
        lambda bench, out: promotions.bad_challengers(bench, ("the best leads last",), holes=out),
        "the alias moved",
    ),
    Guard(
        "R13",
        "A rollback moves the alias that the next scoring asks for.",
        {"models.registry.registry:set_champion": HOLES + "nothing"},
        lambda bench, out: promotions.rolled_back(bench, holes=out),
        "the next list does not use it",
    ),
    Guard(
        "R15",
        "Every fact is told as of the list's instant.",
        {"pipelines.flows.train:compute_days_since_fresh": HOLES + "fresh_by_the_clock"},
        lambda bench, out: clocks.other_clocks(bench, ("a day late",), holes=out),
        "another list",
    ),
    Guard(
        "R16",
        "The tools that would report home are told not to.",
        {"the variables": "are taken away"},
        lambda bench, out: offline.watched_run(
            bench, "train", "--config", bench.config, prepared=not out
        ),
        "mlflow-telemetry",
    ),
    Guard(
        "R15",
        "A night without a third hour, or with two of them, has one run.",
        {"pipelines.runtime.missed_runs:list_due_instants": HOLES + "due_by_the_wall"},
        lambda _, out: clocks.one_run_a_day(holes.due_by_the_wall if out else _due()),
        "runs on 2026-",
    ),
)


def _due() -> clocks.Due:
    from pipelines.runtime.missed_runs import list_due_instants

    return list_due_instants
