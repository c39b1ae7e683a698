"""R6: a registry that is no help, and a model that is damaged."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.bench import SECOND, Bench, in_force
from tests.faults.counts import FORKED, Row, Tally
from tests.faults.holes import Holes
from tests.models.bad_servers import (
    BROKEN,
    LOGIN,
    delay_answer,
    open_black_hole,
    reserve_closed_port,
    run_server,
)
from tests.models.damages import cut_off, flip_a_byte, swap_columns

DECIDED_SECONDS, BUSY_SECONDS = 30.0, 180.0
"""A list by then; the latter where other trials keep the machine busy."""
AWAY: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "nobody listens": reserve_closed_port,
    "it takes every connection and says nothing": open_black_hole,
    "it needs a minute for every answer": lambda: run_server(delay_answer(60, LOGIN)),
    "it answers with an error": lambda: run_server(BROKEN),
    "it answers with a page to sign in": lambda: run_server(LOGIN),
}
DAMAGES = {"one byte flipped": flip_a_byte, "cut off": cut_off, "columns swapped": swap_columns}


def away(
    bench: Bench,
    cases: tuple[str, ...] = tuple(AWAY),
    holes: Holes | None = None,
    within: float = DECIDED_SECONDS,
) -> Row:
    """Score while the registry is no help: by the newest champion here, and it is said so."""
    tally = Tally("R6", "the registry's server is no help", FORKED)
    lane = bench.lane("away").prepare()
    longest = 0.0
    for case in cases:
        with tally.trial(case), AWAY[case]() as address:
            begun = time.monotonic()
            variables = {"LEADGAIN_TRACKING__URI": address}
            ended = lane.run("score", SECOND, environment=variables, replaced=holes)
            longest = max(longest, time.monotonic() - begun)
            assert ended.code == 0, ended.said
            assert "The scores are those of version 1" in ended.said, ended.said
            assert in_force(lane.home).manifest["model"]["version"] == 1
            assert longest < within, f"the list came after {longest:.0f} s"
        lane.put_back()
    return tally.row(f"the list came after {longest:.0f} s at most, and says which model ranked it")


def damaged_away(
    bench: Bench, cases: tuple[str, ...] = tuple(DAMAGES), holes: Holes | None = None
) -> Row:
    """Score while the registry is away and the copy in the home folder is damaged: freshness."""
    tally = Tally("R6", "no registry, and the last model is damaged", FORKED)
    lane = bench.lane("damaged-away").prepare()
    for case in cases:
        with tally.trial(case), reserve_closed_port() as address:
            DAMAGES[case](lane.home.models / "1")
            variables = {"LEADGAIN_TRACKING__URI": address}
            ended = lane.run("score", SECOND, environment=variables, replaced=holes)
            assert ended.code == 0, f"exit {ended.code}: {ended.said}"
            assert "most fresh first" in ended.said, ended.said
            assert "No earlier champion" in ended.said, ended.said
            assert in_force(lane.home).manifest["model"]["version"] is None
        lane.put_back()
    return tally.row("the list was published most fresh first, and says why")


def damaged(
    bench: Bench, cases: tuple[str, ...] = tuple(DAMAGES), holes: Holes | None = None
) -> Row:
    """Score with a damaged copy in the home folder: it is fetched again, and said so."""
    tally = Tally("R6", "the champion's files are damaged", FORKED)
    lane = bench.lane("damaged").prepare()
    for case in cases:
        with tally.trial(case):
            DAMAGES[case](lane.home.models / "1")
            ended = lane.run("score", SECOND, replaced=holes)
            assert ended.code == 0, ended.said
            assert "was fetched from MLflow" in ended.said, ended.said
            assert in_force(lane.home).manifest["model"]["version"] == 1
        lane.put_back()
    return tally.row("fetched again from MLflow before anybody opened them")
