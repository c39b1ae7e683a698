"""Where the faults are tried: one Prefect server, one warm process, and home folders put back."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.environment import START_SECONDS
from pipelines.local_server import start_server
from publications.home import Home
from publications.store import Publication, current
from tests.faults.warm import Ended, Warm
from tests.pipelines.small_crm import small_crm, write_export

FIRST, SECOND = "2024-07-19T00:00:00Z", "2024-07-26T00:00:00Z"
"""The list that is in force before a fault, and the one that a faulty run is to publish."""
KEEP = {"LEADGAIN_PUBLICATIONS__KEEP": "7"}
"""The fewest that may be kept."""
OLD = 9
"""Publications in a home folder before a fault: more than are kept, so that some are removed."""
PATIENCE = 240.0


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
        """A home folder with publications in force, to which it can be put back."""
        return Lane(self, self.folder / name)


@contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    """Start what is needed, and end it whatever happens."""
    leads, activities = small_crm()
    config = write_export(folder / "crm", leads=leads, activities=activities)
    with prefect_server(folder / "prefect") as environment:
        warm = Warm(folder / "warm", environment)
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
        yield {"PREFECT_API_URL": server.url, "PREFECT_HOME": str(folder)}
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
    return [str(script)] if script.exists() else [sys.executable, "-m", "pipelines.cli"]


class Lane:
    """One home folder at one place: done up once, put back before each fault."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench, self.folder = bench, folder
        self.home = Home(folder / "home")
        self.environment = dict(KEEP)

    def arguments(self, command: str, as_of: str, *more: object) -> tuple[object, ...]:
        """Of ``leadgain``, for this home folder."""
        config = self.bench.config
        return (command, "--config", config, "--home", self.home.folder, "--as-of", as_of, *more)

    def run(self, command: str, as_of: str, *more: object, **how: Any) -> Ended:
        """Run a command in a fork."""
        variables = {**self.environment, **how.pop("environment", {})}
        arguments = self.arguments(command, as_of, *more)
        return self.bench.warm.run(*arguments, environment=variables, **how)

    def done_up(self) -> "Lane":
        """Publish a list, and add publications of earlier nights, so that some are removed."""
        ended = self.run("run", FIRST)
        assert ended.code == 0, ended.said
        first = in_force(self.home)
        for number in range(first.number + 1, first.number + OLD):
            shutil.copytree(first.folder, self.home.publications / str(number))
        self.home.current.write_text(f"{first.number + OLD - 1}\n")
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


def in_force(home: Home) -> Publication:
    """The publication that readers see; there must be one, and it must be whole."""
    publication = current(home)
    assert publication is not None, f"nothing is in force in {home.folder}"
    publication.verify()
    return publication


def content(publication: Publication) -> dict[str, Any]:
    """All that a publication holds but for the times of its run: equal content is equal bytes."""
    manifest = dict(publication.manifest)
    manifest.pop("times")
    return manifest
