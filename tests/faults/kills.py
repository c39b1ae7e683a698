"""R1 and R2: readers see the list before a kill or the one after; run again, the same bytes."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from publications.filesystem.failpoints import VARIABLE
from publications.storage.home import Home
from tests.faults.bench import SECOND, Bench, Lane, content, in_force
from tests.faults.counts import COMMAND, FORKED, Row, Tally
from tests.faults.holes import Holes
from tests.faults.warm import KILLED, Ended

SEED = 4


@dataclass(frozen=True)
class State:
    """What must be the same however often a run was killed on its way there."""

    publication: dict[str, Any]
    model: dict[str, str]
    """File -> SHA-256 of the model that leads."""


@dataclass(frozen=True)
class Scene:
    """A home folder, the command that is disturbed there, and what it gives undisturbed."""

    lane: Lane
    command: tuple[object, ...]
    before: State
    after: State
    seconds: float
    """How long the undisturbed command took."""

    def killed(self, ended: Ended, *, at_once: bool, holes: Holes | None = None) -> str:
        """Which state readers see after a kill, and see to it that the same run then succeeds.

        Parameters
        ----------
        ended : how the disturbed command ended
        at_once : whether the command must have been killed
        holes : guards that are taken out
        """
        assert ended.code == KILLED or not at_once, f"not killed, exit {ended.code}: {ended.said}"
        number = in_force(self.lane.home).number
        seen = read_state(self.lane.home).publication
        assert seen in (self.before.publication, self.after.publication), "another publication"
        again = self.lane.bench.warm.run(
            *self.command, environment=self.lane.environment, replaced=holes
        )
        assert again.code == 0, f"the run after the kill: exit {again.code}: {again.said}"
        differing = list_differences(read_state(self.lane.home), self.after)
        assert not differing, f"the run after the kill differs: {differing}"
        assert in_force(self.lane.home).number >= number, "an older number is in force"
        left = [path.name for path in self.lane.home.runs.iterdir()]
        assert left == [], f"left in runs: {left}"
        return "before" if seen == self.before.publication else "after"


def record_scene(lane: Lane, command: str, *more: object) -> Scene:
    """Run the command undisturbed in a lane that is done up, then put the lane back."""
    before = read_state(lane.home)
    arguments = lane.arguments(command, SECOND, *more)
    ended = lane.bench.warm.run(*arguments, environment=lane.environment)
    assert ended.code == 0, ended.said
    after = read_state(lane.home)
    assert before.publication != after.publication
    lane.put_back()
    return Scene(lane, arguments, before, after, ended.seconds)


def read_state(home: Home) -> State:
    """The publication in force, and the files of the model that it names."""
    publication = in_force(home)
    version = publication.manifest["model"]["version"]
    folder = home.models / str(version)
    model = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    assert model["model.txt"] == publication.manifest["model"]["sha256"]
    return State(content(publication), model)


def list_differences(found: State, expected: State) -> list[str]:
    """The names of what differs, for people."""
    pairs = {
        **{
            f"{k} of the manifest": (found.publication.get(k), v)
            for k, v in expected.publication.items()
            if k != "files"
        },
        **{
            k: (found.publication["files"].get(k), v)
            for k, v in expected.publication["files"].items()
        },
        **{f"the model's {k}": (found.model.get(k), v) for k, v in expected.model.items()},
    }
    return [
        f"{name} ({json.dumps(a)[:200]} for {json.dumps(b)[:200]})"
        for name, (a, b) in pairs.items()
        if a != b
    ]


def at_failpoints(
    bench: Bench,
    names: Iterable[str],
    *,
    training: bool,
    real: bool,
    lanes: int = 2,
    holes: Holes | None = None,
) -> Row:
    """Kill the command at each failpoint."""
    what = "a training and scoring" if training else "a scoring"
    tried = f"{what} killed at each of its named instants, then run again"
    tally = Tally("R1, R2", tried, COMMAND if real else FORKED)

    def kill(scene: Scene, name: str) -> str:
        variables = {**scene.lane.environment, VARIABLE: f"{name}:kill"}
        if real:
            ended = bench.command(*scene.command, **variables).wait()
        else:
            ended = bench.warm.run(*scene.command, environment=variables, replaced=holes)
        return scene.killed(ended, at_once=True, holes=holes)

    return _each(bench, list(names), kill, tally, training=training, lanes=lanes)


def at_random(bench: Bench, times: int, *, lanes: int = 2, seed: int = SEED) -> Row:
    """Kill the real command at instants drawn evenly over its length.

    Parameters
    ----------
    bench : Bench
    times : how many instants
    lanes : how many commands are at work at once
    seed : of the instants
    """
    tried = "a training and scoring killed at random instants, then run again"
    tally = Tally("R1, R2", tried, COMMAND)
    drawn = random.Random(seed)  # noqa: S311 (instants, not secrets)
    instants = [str(drawn.random()) for _ in range(times)]
    lengths: dict[int, float] = {}
    when: Counter[str] = Counter()

    def kill(scene: Scene, share: str) -> str:
        key = id(scene)
        if key not in lengths:
            ended = bench.command(*scene.command, **scene.lane.environment).wait()
            assert ended.code == 0, ended.said
            lengths[key] = ended.seconds
            scene.lane.put_back()
        command = bench.command(*scene.command, **scene.lane.environment)
        ended = command.kill_after(float(share) * lengths[key])
        at_work = "work" if "Getting ready" in ended.err else "imports"
        when["end" if ended.code == 0 else at_work] += 1
        return scene.killed(ended, at_once=False)

    row = _each(bench, instants, kill, tally, training=True, lanes=lanes)
    told = f"{when['imports']} during the imports, {when['work']} at work, {when['end']} at the end"
    return tally.row(f"{row.found}; {told}")


def _each(
    bench: Bench,
    names: list[str],
    kill: Callable[[Scene, str], str],
    tally: Tally,
    *,
    training: bool,
    lanes: int,
) -> Row:
    """Try every name, in so many lanes at once."""
    command = ("run", "--train") if training else ("score",)
    seen: Counter[str] = Counter()
    left, lock = list(names), Lock()

    def work(number: int) -> None:
        place = record_scene(bench.lane(f"{command[0]}-{number}").prepare(), *command)
        while True:
            with lock:
                if not left:
                    return
                name = left.pop(0)
            with tally.trial(name):
                seen[kill(place, name)] += 1
            place.lane.put_back()

    with ThreadPoolExecutor(lanes) as pool:
        for done in [pool.submit(work, number) for number in range(lanes)]:
            done.result()
    return tally.row(f"readers saw the list before {seen['before']} times, after {seen['after']}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"
