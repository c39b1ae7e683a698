"""How a command works: tools kept quiet, progress shown, Prefect at hand where a flow needs it.

Heavy libraries are imported inside the functions, because the command imports this for its help.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.config.run_context import Job
    from pipelines.runtime.missed_runs import Skipped
    from publications.storage.store import Publication

T = TypeVar("T")

CONFIG = Path("leadgain.toml")
"""What ``--config`` names where nobody says otherwise."""


@contextmanager
def at_work(home: Path) -> Iterator["Console"]:
    """Tools kept quiet and inside the home folder, progress on the error stream."""
    from rich.console import Console

    from pipelines.cli.output import ProgressLines, screen
    from pipelines.runtime.environment import prepare
    from pipelines.runtime.progress import listening

    prepare(home)
    with ProgressLines(Console(stderr=True)) as lines, listening(lines):
        yield screen()


@contextmanager
def in_flow(flow: str, config: Path, home: Path, as_of: str | None) -> Iterator["Console"]:
    """The same with Prefect at hand; what cannot be meant is refused before anything starts."""
    with ExitStack() as until_done:
        with false_starts_told(flow, config, home):
            warn_of(job_of(config, home, as_of).settings.alarms.mistakes)
            console = until_done.enter_context(at_work(home))
            from pipelines.runtime.environment import prefect_at_hand
            from pipelines.runtime.progress import step

            with step("Getting ready"):
                until_done.enter_context(prefect_at_hand(home, _load_libraries))
        yield console


@contextmanager
def false_starts_told(flow: str, config: Path, home: Path) -> Iterator[None]:
    """What cannot even begin is told to people: a timer's run, a schedule.

    At a terminal somebody reads it.
    """
    try:
        yield
    except Exception as error:
        if flow != "check" and not sys.stderr.isatty():
            from pipelines.runtime.run_log import tell_of_false_start

            tell_of_false_start(flow, error, str(config), str(home))
        raise


def warn_of(mistakes: Iterable[str]) -> None:
    """Say on the error stream what does not stop a command."""
    from rich.console import Console
    from rich.markup import escape

    for mistake in mistakes:
        told = f"[bold yellow]leadgain:[/] {escape(mistake)}"
        Console(stderr=True).print(told, soft_wrap=True, highlight=False)


def _load_libraries() -> None:
    """What every flow needs sooner or later: ten seconds of imports, and the kernel compiled."""
    from importlib import import_module

    from features.matrix import warm_up

    for name in ("pipelines.flows.nightly", "great_expectations", "lightgbm", "mlflow"):
        import_module(name)
    warm_up()


def asked_for(outcome: "T | Skipped") -> T:
    """What a flow came to that somebody asked for: only one that a schedule began is skipped."""
    from pipelines.runtime.missed_runs import Skipped

    if isinstance(outcome, Skipped):
        raise TypeError(outcome.told)
    return outcome


def job_of(config: Path, home: Path, as_of: str | None) -> "Job":
    """The work that a command was asked for."""
    from pipelines.config.run_context import Job

    return Job.of(str(config), str(home), as_of=as_of)


def if_there(config: Path) -> Path | None:
    """The configuration for commands that can do without; one that was named must be there."""
    return config if config != CONFIG or config.exists() else None


def refuse_no_home(home: Path) -> None:
    """Looking into a home folder that is not there does not make it.

    Raises
    ------
    ConfigurationError
        Saying what makes one.
    CannotWrite
        It is there, and closed to us.
    """
    from crm.errors import ConfigurationError
    from publications.filesystem.durable_files import CannotWrite

    if home.is_dir() and not os.access(home, os.R_OK | os.X_OK):
        raise CannotWrite(_closed(home.resolve()))
    if not home.is_dir():
        raise ConfigurationError(
            f"There is no home folder {home.resolve()} yet, so there is no model. `leadgain demo` "
            "or `leadgain run` makes one; --home names another folder."
        )


def _closed(path: object) -> str:
    return (
        f"{path} is closed to the user who runs this. Run it as leadgain's user, or give the home "
        "folder back to that user."
    )


def in_force(home: Path) -> "Publication":
    """The publication in force.

    Raises
    ------
    ConfigurationError
        Nothing was published yet.
    PublicationDamaged
        ``CURRENT`` or the manifest cannot be understood or read, or ``CURRENT`` is lost.
    """
    from crm.errors import ConfigurationError
    from pipelines.config.run_context import home_at
    from publications.storage.store import AGAIN, PublicationDamaged, current

    place = home_at(home)
    try:
        publication = current(place)
    except PermissionError as error:
        raise PublicationDamaged(_closed(error.filename)) from None
    if publication is not None:
        return publication
    if any(path.name.isdecimal() for path in place.publications.glob("*")):
        raise PublicationDamaged(
            f"{place.current} is not there, so no list is in force, although there are some in "
            f"{place.publications}.{AGAIN}"
        )
    raise ConfigurationError(
        f"Nothing was published in {home.resolve()} yet. `leadgain demo` or `leadgain run` "
        "does it; --home names another folder."
    )
