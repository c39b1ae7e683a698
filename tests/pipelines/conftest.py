"""One Prefect server and one MLflow import for all flows of the tests."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.cli import main
from publications.home import Home
from publications.store import Publication, current
from tests.pipelines.small_crm import small_crm, write_export


@dataclass(frozen=True)
class Outcome:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def _tools_stay_home(tmp_path_factory):
    """Prefect's temporary server lives in one folder for the whole session."""
    from pipelines.environment import prepare

    prepare(tmp_path_factory.mktemp("tools"))


@pytest.fixture
def leadgain(capsys) -> Callable[..., Outcome]:
    """Run a command in this process."""

    def run(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), said.out, " ".join(said.err.split()))

    return run


@pytest.fixture
def crm(tmp_path) -> Path:
    """A small export; the path of its leadgain.toml."""
    leads, activities = small_crm()
    return write_export(tmp_path / "crm", leads=leads, activities=activities)


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """The home folder after ``leadgain demo`` in a process of its own, as a user runs it."""
    return run_demo(tmp_path_factory.mktemp("demo") / "home")


def run_demo(home: Path) -> Path:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()"]
    done = subprocess.run(
        [*command, "demo", "--home", str(home)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (home / "said.txt").write_text(done.stdout)
    return home


def in_force(home: Path) -> Publication:
    publication = current(Home(home))
    assert publication is not None, "nothing was published"
    return publication
