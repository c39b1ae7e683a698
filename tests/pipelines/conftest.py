"""Runs of the command: on a small CRM, done once and copied, and the demo as a user runs it."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.cli.main import main
from publications.storage.home import Home
from publications.storage.store import Publication, open_current
from tests.pipelines.small_crm import small_crm, write_export
from tests.shared_folders import share_folder

PRINTED = "printed.txt"
"""Beside a home folder: what the command printed."""


@dataclass(frozen=True)
class Outcome:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str
    """On one line, as a paragraph may be broken anywhere."""

    @property
    def said(self) -> str:
        """The standard output on one line."""
        return " ".join(self.out.split())


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


@dataclass(frozen=True)
class FinishedRun:
    """A run on the small CRM that is done; whoever writes into its home takes a copy."""

    config: Path
    home: Path
    said: str


@pytest.fixture(scope="session")
def night(tmp_path_factory) -> FinishedRun:
    """``leadgain run`` on the small CRM: version 1 is the champion, publication 1 is in force."""

    def fill(folder: Path) -> None:
        leads, activities = small_crm()
        run_night(write_export(folder / "crm", leads=leads, activities=activities), folder / "home")

    folder = share_folder(tmp_path_factory, "night", fill)
    return load_finished_run(folder / "crm" / "leadgain.toml", folder / "home")


@pytest.fixture(scope="session")
def second_night(night, tmp_path_factory) -> FinishedRun:
    """Another run, with a horizon of 10 days instead of 14: version 2 is the champion."""

    def fill(folder: Path) -> None:
        shutil.copytree(night.home, folder / "home")
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "10")
            run_night(night.config, folder / "home")

    home = share_folder(tmp_path_factory, "second_night", fill) / "home"
    return load_finished_run(night.config, home)


@pytest.fixture
def published(night, tmp_path) -> Path:
    """A home folder of the test's own in which the first run is done."""
    return Path(shutil.copytree(night.home, tmp_path / "home"))


@pytest.fixture
def moved(night, tmp_path) -> FinishedRun:
    """The first run with an export of the test's own, which may change: a run in that folder."""
    folder = tmp_path / "moved"
    shutil.copytree(night.config.parent, folder / "crm")
    return run_night(folder / "crm" / "leadgain.toml", folder / "home")


def run_night(config: Path, home: Path, *more: str) -> FinishedRun:
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as stop:
        main(["run", "--config", str(config), "--home", str(home), *more])
    assert not stop.value.code, printed.getvalue()
    (home.parent / PRINTED).write_text(printed.getvalue())
    return load_finished_run(config, home)


def load_finished_run(config: Path, home: Path) -> FinishedRun:
    return FinishedRun(config, home, " ".join((home.parent / PRINTED).read_text().split()))


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """The home folder after ``leadgain demo`` in a process of its own, as a user runs it."""
    return share_folder(tmp_path_factory, "demo", lambda folder: run_demo(folder / "home")) / "home"


def run_demo(home: Path) -> Path:
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "demo", "--home", str(home)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (home.parent / PRINTED).write_text(done.stdout)
    return home


def load_current(home: Path) -> Publication:
    publication = open_current(Home(home))
    assert publication is not None, "nothing was published"
    return publication


def has_no_publication(home: Path) -> bool:
    return not (home / "CURRENT").exists()
