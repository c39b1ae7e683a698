"""R3: several processes at once in one home folder, and the lock after a kill."""

import fcntl
import os
import re
import time
from collections import Counter
from collections.abc import Callable

import pandas as pd

from publications.filesystem.failpoints import VARIABLE
from publications.storage.home import Home
from tests.faults.bench import FIRST, PATIENCE, Bench, Lane, in_force
from tests.faults.counts import COMMAND, FORKED, Row, Tally
from tests.faults.holes import Holes
from tests.faults.warm import KILLED, Ended

BUSY = 4
FREE_SECONDS, BUSY_SECONDS = 1.0, 60.0
"""How soon the lock is free; the latter where other trials keep the machine busy."""


def at_once(bench: Bench, processes: int, rounds: int, *, real: bool = False) -> Row:
    """Start so many scorings at once, each round of another instant."""
    tried = f"{processes} scorings started at once"
    tally = Tally("R3", tried, COMMAND if real else FORKED)
    lane = bench.lane(f"together-{processes}-{real:d}").prepare()
    ends: Counter[str] = Counter()
    for number in range(rounds):
        as_of = (pd.Timestamp(FIRST) + pd.Timedelta(hours=number + 1)).isoformat()
        with tally.trial(f"round {number + 1}"):
            ends.update(_round(lane, as_of, processes, real=real))
    return tally.row(f"{ends['published']} lists were published, {ends['busy']} processes refused")


def _round(lane: Lane, as_of: str, processes: int, *, real: bool) -> Counter[str]:
    before = in_force(lane.home).number
    arguments = lane.arguments("score", as_of)
    bench = lane.bench
    started = [
        bench.command(*arguments, **lane.environment)
        if real
        else bench.warm.start(arguments, environment=lane.environment)
        for _ in range(processes)
    ]
    ended = {process.pid: process.wait(PATIENCE) for process in started}
    published = [pid for pid, end in ended.items() if end.code == 0]
    busy = [end for end in ended.values() if end.code == BUSY]
    assert published, "nobody published"
    assert len(published) + len(busy) == processes, [end.code for end in ended.values()]
    for end in busy:
        assert _names_another(end, lane.home) in ended, end.said
    stands = sum("--again publishes it" in ended[pid].said for pid in published)
    after = in_force(lane.home)
    assert after.number == before + len(published) - stands
    assert pd.Timestamp(after.manifest["as_of"]) == pd.Timestamp(as_of)
    return Counter(published=len(published) - stands, busy=len(busy))


def refused_meanwhile(bench: Bench, holes: Holes | None = None) -> Row:
    """Start a scoring while another is surely in the middle of its work."""
    tally = Tally("R3", "a scoring started while another is at work", FORKED)
    lane = bench.lane("meanwhile").prepare()
    arguments = lane.arguments("score", FIRST)
    paused = {**lane.environment, VARIABLE: "export.read:pause"}
    with tally.trial("at work"):
        first = bench.warm.start(arguments, environment=paused, replaced=holes)
        try:
            _wait_until(first.pid, lane.home, lambda: True)
            second = bench.warm.start(arguments, environment=lane.environment, replaced=holes)
            ended = second.wait(PATIENCE)
        finally:
            first.kill()
            first.wait()
        assert ended.code == BUSY, f"two worked at once: exit {ended.code}: {ended.said}"
        assert _names_another(ended, lane.home) == first.pid, ended.said
    return tally.row("refused, with the other's number")


def _names_another(ended: Ended, home: Home) -> int:
    """The process that a refusal names."""
    pattern = rf"Process (\d+) is at work in {re.escape(str(home.folder))}\. Wait until it is done"
    found = re.search(pattern, ended.said)
    assert found, f"the refusal names nobody: {ended.said}"
    return int(found[1])


def freed_by_kills(
    bench: Bench, times: int, *, real: bool = True, within: float = FREE_SECONDS
) -> Row:
    """Kill the process that holds the home folder, and wait for the lock."""
    tried = f"the lock is free within {within:g} s of a kill"
    tally = Tally("R3", tried, COMMAND if real else FORKED)
    lane = bench.lane(f"freed-{real:d}").prepare()
    longest = 0.0
    variables = {**lane.environment, VARIABLE: "export.read:pause"}
    arguments = lane.arguments("score", FIRST)
    for number in range(times):
        with tally.trial(f"kill {number + 1}"):
            process = (
                bench.command(*arguments, **variables)
                if real
                else bench.warm.start(arguments, environment=variables)
            )
            try:
                _wait_until(process.pid, lane.home, lambda: _is_held(lane.home))
            finally:
                os.kill(process.pid, 9)
                killed = time.monotonic()
            seconds = _until_free(lane.home) - killed
            assert process.wait().code == KILLED
            longest = max(longest, seconds)
            assert seconds < within
    return tally.row(f"the longest wait was {1000 * longest:.0f} ms")


def _wait_until(pid: int, home: Home, held: Callable[[], bool]) -> None:
    """Until the lock's file names a process, and it holds the lock."""
    deadline = time.monotonic() + PATIENCE
    while not (home.lock.read_text().strip() == str(pid) and held()):
        assert time.monotonic() < deadline, f"process {pid} never held {home.folder}"
        time.sleep(0.02)


def _until_free(home: Home) -> float:
    while _is_held(home):
        time.sleep(0.001)
    return time.monotonic()


def _is_held(home: Home) -> bool:
    """Whether another process has the lock; asked for with a shared one, given back at once."""
    with home.lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
        return False
