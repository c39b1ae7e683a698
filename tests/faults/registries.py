"""R6: a registry that is no help, and a model that is damaged."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.bench import SECOND, Bench, Lane, content, in_force
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
    """Score while the registry is no help: by the last model known to lead, and it is said so."""
    tally = Tally("R6", "the registry's server is no help", FORKED)
    lane = bench.lane("away").prepare()
    longest = 0.0
    for case in cases:
        with tally.trial(case), AWAY[case]() as address:
            _move_registry(lane, address)
            begun = time.monotonic()
            variables = {"LEADGAIN_TRACKING__URI": address}
            ended = lane.run("score", SECOND, environment=variables, replaced=holes)
            longest = max(longest, time.monotonic() - begun)
            assert ended.code == 0, ended.said
            assert "which led when MLflow last answered" in ended.said, ended.said
            assert in_force(lane.home).manifest["model"]["version"] == 1
            assert longest < within, f"the list came after {longest:.0f} s"
        lane.put_back()
    return tally.row(f"the list came after {longest:.0f} s at most, and says which model ranked it")


def damaged_away(
    bench: Bench, cases: tuple[str, ...] = tuple(DAMAGES), holes: Holes | None = None
) -> Row:
    """Score while the registry is away and the copy in the home folder is damaged: not at all."""
    tally = Tally("R6", "no registry, and the last model is damaged", FORKED)
    lane = bench.lane("damaged-away").prepare()
    for case in cases:
        with tally.trial(case), reserve_closed_port() as address:
            before = content(in_force(lane.home))
            _move_registry(lane, address)
            DAMAGES[case](lane.home.models / "1")
            variables = {"LEADGAIN_TRACKING__URI": address}
            ended = lane.run("score", SECOND, environment=variables, replaced=holes)
            assert ended.code == 1, f"exit {ended.code}: {ended.said}"
            assert "is damaged" in ended.said, ended.said
            assert content(in_force(lane.home)) == before
        lane.put_back()
    return tally.row("nothing was published")


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
            assert "were damaged, so they were fetched again" in ended.said, ended.said
            assert in_force(lane.home).manifest["model"]["version"] == 1
        lane.put_back()
    return tally.row("fetched again from MLflow before anybody opened them")


def _move_registry(lane: Lane, address: str) -> None:
    """Let the remembered champion be one of the registry at this address."""
    file = lane.home.models / "champion.json"
    told = json.loads(file.read_text())
    told["registry"]["address"] = address
    file.write_text(json.dumps(told))
