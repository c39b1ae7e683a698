"""R12 and R13: who leads: a bad challenger never does, and an earlier model does when told to."""

import time

from tests.faults.bench import SECOND, Bench, champion_of, in_force
from tests.faults.counts import COMMAND, FORKED, Row, Tally
from tests.faults.holes import Holes

EARLIER, LATER = "2024-07-05T00:00:00Z", "2024-08-01T00:00:00Z"
BACK_SECONDS = 60.0
BACKTEST = "pipelines.flows.train:backtest_folds"
BAD: dict[str, tuple[str, Holes]] = {
    "constant scores": (SECOND, {BACKTEST: "tests.faults.holes:constant_scores"}),
    "scores that are not numbers": (SECOND, {BACKTEST: "tests.faults.holes:missing_scores"}),
    "shuffled labels": (SECOND, {BACKTEST: "tests.faults.holes:shuffled_scores"}),
    "the best leads last": (SECOND, {BACKTEST: "tests.faults.holes:upside_down"}),
    "a model of an earlier day": (EARLIER, {}),
}
"""What is wrong with the challenger -> the instant of its training, and what makes it so."""


def bad_challengers(
    bench: Bench, cases: tuple[str, ...] = tuple(BAD), holes: Holes | None = None
) -> Row:
    """Train challengers that must not lead."""
    tally = Tally("R12", "bad challengers of a champion", FORKED)
    lane = bench.lane("challengers").prepare()
    for case in cases:
        with tally.trial(case):
            assert champion_of(lane.home) == 1
            as_of, fault = BAD[case]
            ended = lane.run("train", as_of, replaced={**fault, **(holes or {})})
            assert ended.code == 0, ended.said
            assert champion_of(lane.home) == 1, "the alias moved"
        lane.put_back()
    return tally.row("the alias did not move")


def good_challenger(bench: Bench) -> Row:
    """The same training without a fault does lead: otherwise the row before says nothing."""
    tally = Tally("R12", "a sound challenger of the same champion", FORKED)
    lane = bench.lane("challenger").prepare()
    with tally.trial("a week later"):
        ended = lane.run("train", SECOND)
        assert ended.code == 0, ended.said
        assert champion_of(lane.home) == 2, ended.said
    return tally.row("it took over")


def rolled_back(bench: Bench, *, real: bool = False, holes: Holes | None = None) -> Row:
    """Let the earlier model lead again, and look at the next list."""
    tally = Tally("R13", "roll back, then score", COMMAND if real else FORKED)
    lane = bench.lane("rollback").prepare()
    ended = lane.run("run", SECOND, "--train")
    assert champion_of(lane.home) == 2, ended.said
    with tally.trial("to the version before"):
        assert in_force(lane.home).manifest["model"]["version"] == 2
        arguments = lane.arguments("rollback")
        begun = time.monotonic()
        ended = bench.command(*arguments).wait() if real else lane.run("rollback", replaced=holes)
        seconds = time.monotonic() - begun
        assert ended.code == 0, ended.said
        assert seconds < BACK_SECONDS
        ended = lane.run("score", LATER, replaced=holes)
        assert ended.code == 0, ended.said
        assert in_force(lane.home).manifest["model"]["version"] == 1, (
            "the next list does not use it"
        )
    return tally.row(f"the rollback took {seconds:.0f} s; the next list used it")
