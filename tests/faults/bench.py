"""Where the faults are tried: one Prefect server, one warm process, and home folders put back."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from pipelines.runtime.environment import START_SECONDS
from pipelines.runtime.prefect_server import start_server
from publications.storage.home import Home
from publications.storage.store import Publication, open_current
from tests.faults.warm import Ended, Warm
from tests.pipelines.small_crm import small_crm, write_export

FIRST, SECOND = "2024-07-19T00:00:00Z", "2024-07-26T00:00:00Z"
"""The list that is in force before a fault, and the one that a faulty run is to publish."""
KEEP = {"LEADGAIN_PUBLICATIONS__KEEP": "7"}
"""The fewest that may be kept."""
OLD = 9
"""Publications in a home folder before a fault: more than are kept, so that some are removed."""
PATIENCE = 240.0
COUNTER = count()
PREPARING = Lock()


@dataclass(frozen=True)
class Bench:
    """What every part of the harness needs."""

    folder: Path
    config: Path
    """The leadgain.toml of a small export."""
    environment: Mapping[str, str]
    """For every process: which Prefect server there is."""
    warm: Warm

    def command(self, *arguments: object, **variables: str) -> "Command":
        """Start the real command, in a process of its own."""
        return Command(arguments, {**self.environment, **variables})

    def lane(self, name: str) -> "Lane":
        """A home folder of its own, not made yet; each has another name."""
        return Lane(self, self.folder / f"{name}-{next(COUNTER)}")

    def prepare(self) -> Path:
        """A home folder with a model and publications, made once; it is only copied."""
        lane = Lane(self, self.folder / "done-up")
        with PREPARING:
            if not lane.home.folder.exists():
                _prepare_lane(lane)
        return lane.home.folder


@contextmanager
def open_bench(folder: Path, *, whole: bool = True) -> Iterator[Bench]:
    """Start what is needed, and end it whatever happens.

    ``whole``: whether commands in forks run in Prefect and draw their reports' pictures, which is
    most of their work.
    """
    leads, activities = small_crm()
    config = write_export(folder / "crm", leads=leads, activities=activities)
    with prefect_server(folder / "prefect") if whole else nullcontext({}) as environment:
        warm = Warm(folder / "warm", environment, whole=whole)
        try:
            yield Bench(folder, config, environment, warm)
        finally:
            warm.stop()


@contextmanager
def prefect_server(folder: Path) -> Iterator[Mapping[str, str]]:
    """One server for all processes: the variables that name it."""
    before = os.environ.get("PREFECT_HOME")
    os.environ["PREFECT_HOME"] = str(folder)
    folder.mkdir(parents=True)
    try:
        server = start_server(keeps_schedule=False)
    finally:
        if before is None:
            del os.environ["PREFECT_HOME"]
        else:
            os.environ["PREFECT_HOME"] = before
    try:
        server.wait_until_up(START_SECONDS)
        yield {
            "PREFECT_API_URL": server.url,
            "PREFECT_API_AUTH_STRING": server.credential,
            "PREFECT_HOME": str(folder),
        }
    finally:
        server.stop()


class Command:
    """The real ``leadgain`` command at work."""

    def __init__(self, arguments: tuple[object, ...], environment: Mapping[str, str]) -> None:
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [*leadgain(), *map(str, arguments)],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def wait(self, seconds: float = PATIENCE) -> Ended:
        """Wait until it has ended; one that needs longer is killed and is an error."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
        return Ended(self.process.returncode, out, err, time.monotonic() - self.begun)

    def kill_after(self, seconds: float) -> Ended:
        """End it as ``kill -9`` does, so long after its start; perhaps it is done by then."""
        try:
            self.process.wait(timeout=max(self.begun + seconds - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            self.process.kill()
        return self.wait()


def leadgain() -> list[str]:
    """The command as installed, or as it lies in the repository."""
    script = Path(sys.executable).with_name("leadgain")
    return [str(script)] if script.exists() else [sys.executable, "-m", "pipelines.cli.main"]


class Lane:
    """One home folder at one place, which can be put back to how it was."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench, self.folder = bench, folder
        self.config = bench.config
        self.home = Home(folder / "home")
        self.environment = dict(KEEP)

    def arguments(self, command: str, as_of: str = "", *more: object) -> tuple[object, ...]:
        """Of ``leadgain``, for this home folder."""
        instant = ("--as-of", as_of) if as_of else ()
        return (command, "--config", self.config, "--home", self.home.folder, *instant, *more)

    def run(self, command: str, as_of: str = "", *more: object, **how: Any) -> Ended:
        """Run a command in a fork."""
        variables = {**self.environment, **how.pop("environment", {})}
        arguments = self.arguments(command, as_of, *more)
        return self.bench.warm.run(*arguments, environment=variables, **how)

    def prepare(self) -> "Lane":
        """Have a home folder with a model and with publications of earlier nights."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.bench.prepare(), self.home.folder)
        _keep_own_artifacts(self.home)
        self.keep()
        return self

    def keep(self) -> None:
        """What ``put_back`` goes back to is the present state."""
        kept = self.folder / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.home.folder, kept)

    def put_back(self) -> None:
        """Have the home folder as it was kept."""
        shutil.rmtree(self.home.folder)
        shutil.copytree(self.folder / "kept", self.home.folder)


def _prepare_lane(lane: Lane) -> None:
    """Publish a list, and add publications of earlier nights, so that some will be removed."""
    ended = lane.run("run", FIRST)
    assert ended.code == 0, ended.said
    first = in_force(lane.home)
    for number in range(first.number + 1, first.number + OLD):
        shutil.copytree(first.folder, lane.home.publications / str(number))
    lane.home.current.write_text(f"{first.number + OLD - 1}\n")


def _keep_own_artifacts(home: Home) -> None:
    """MLflow keeps whole paths; those of a copied home would lead to the original."""
    with closing(sqlite3.connect(home.tracking_database)) as records, records:
        (kept,) = records.execute("SELECT artifact_uri FROM runs LIMIT 1").fetchone()
        moved = (kept.partition("/mlartifacts")[0], home.folder.as_uri())
        for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location")):
            statement = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
            records.execute(statement, moved)


def champion_of(home: Home) -> int | None:
    """The version behind the alias, as MLflow's own database tells it."""
    asked = "SELECT version FROM registered_model_aliases WHERE alias = 'champion'"
    with closing(sqlite3.connect(home.tracking_database)) as records:
        found = records.execute(asked).fetchone()
    return None if found is None else int(found[0])


def in_force(home: Home) -> Publication:
    """The publication that readers see; there must be one, and it must be whole."""
    publication = open_current(home)
    assert publication is not None, f"nothing is in force in {home.folder}"
    publication.verify()
    return publication


def content(publication: Publication) -> dict[str, Any]:
    """All that a publication holds but for the times of its run: equal content is equal bytes."""
    manifest = dict(publication.manifest)
    manifest.pop("times")
    return manifest
