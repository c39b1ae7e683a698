"""How a command works: tools kept quiet, progress shown, Prefect at hand where a flow needs it.

Heavy libraries are imported inside the functions, because the command imports this for its help.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.cli.options import CONFIG, is_verbose

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.config.run_request import RunRequest
    from pipelines.runtime.missed_runs import SkippedRun
    from publications.storage.store import Publication

T = TypeVar("T")


@contextmanager
def open_session(home: Path) -> Iterator["Console"]:
    """Tools kept quiet and inside the home folder, progress on the error stream."""
    from rich.console import Console

    from pipelines.cli.output import ProgressLines, build_console
    from pipelines.runtime.environment import prepare_environment
    from pipelines.runtime.progress import use_listener

    prepare_environment(home)
    lines = ProgressLines(Console(stderr=True), verbose=is_verbose())
    with lines, use_listener(lines):
        yield build_console()


@contextmanager
def open_flow_session(
    flow: str, config: Path, home: Path, as_of: str | None, **options: Any
) -> Iterator[tuple["Console", "RunRequest"]]:
    """The same with Prefect at hand, and the request; wrong ones are refused before it starts."""
    with ExitStack() as until_done:
        with alert_failed_starts(flow, config, home):
            from pipelines.runtime.alerts import refuse_unusable_urls

            request = build_request(config, home, as_of, **options)
            refuse_unusable_urls(request.settings.alerts)
            console = until_done.enter_context(open_session(home))
            from pipelines.runtime.environment import provide_prefect
            from pipelines.runtime.progress import step

            with step("Getting ready"):
                until_done.enter_context(provide_prefect(home, partial(_load_libraries, flow)))
        yield console, request


@contextmanager
def alert_failed_starts(flow: str, config: Path, home: Path) -> Iterator[None]:
    """What cannot even begin is told to people: a timer's run, a schedule.

    At a terminal somebody reads it.
    """
    try:
        yield
    except Exception as error:
        if flow != "check" and not sys.stderr.isatty():
            from pipelines.runtime.run_log import alert_failed_start

            alert_failed_start(flow, error, str(config), str(home))
        raise


def _load_libraries(flow: str) -> None:
    """What a flow needs sooner or later: ten seconds of imports, and the kernel compiled.

    A check of the data needs neither a model nor features.
    """
    from importlib import import_module

    if flow == "check":
        import_module("pipelines.flows.check")
        import_module("great_expectations")
        return
    from features.matrix import compile_kernel

    for name in ("pipelines.flows.nightly", "great_expectations", "lightgbm", "mlflow"):
        import_module(name)
    compile_kernel()


def require_outcome(outcome: "T | SkippedRun") -> T:
    """What a flow came to that somebody asked for: only one that a schedule began is skipped."""
    from pipelines.runtime.missed_runs import SkippedRun

    if isinstance(outcome, SkippedRun):
        raise TypeError(outcome.summary)
    return outcome


def build_request(config: Path, home: Path, as_of: str | None, **options: Any) -> "RunRequest":
    """What a command was asked to do."""
    from pipelines.config.run_request import RunRequest

    return RunRequest.of(config, home, as_of=as_of, **options)


def find_optional_config(config: Path) -> Path | None:
    """The configuration for commands that can do without; one that was named must be there."""
    return config if config != CONFIG or config.exists() else None


def refuse_missing_home(home: Path) -> None:
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
        raise CannotWrite(_describe_closed_path(home.resolve()))
    if not home.is_dir():
        raise ConfigurationError(
            f"There is no home folder {home.resolve()} yet, so there is no model. Run "
            "`leadgain demo` or `leadgain run`, or set another folder with --home."
        )


def _describe_closed_path(path: object) -> str:
    return (
        f"{path} cannot be read by this user. Run the command as leadgain's user, or make that "
        "user the owner of the home folder."
    )


def load_current_publication(home: Path) -> "Publication":
    """The publication in force.

    Raises
    ------
    ConfigurationError
        Nothing was published yet.
    PublicationDamaged
        ``CURRENT`` or the manifest cannot be understood or read, or ``CURRENT`` is lost.
    """
    from crm.errors import ConfigurationError
    from pipelines.config.run_request import resolve_home
    from publications.storage.store import PUBLISH_AGAIN_HINT, PublicationDamaged, open_current

    place = resolve_home(home)
    try:
        publication = open_current(place)
    except PermissionError as error:
        raise PublicationDamaged(_describe_closed_path(error.filename)) from None
    if publication is not None:
        return publication
    if any(path.name.isdecimal() for path in place.publications.glob("*")):
        raise PublicationDamaged(
            f"{place.current} is missing, so there is no current list, although there are some in "
            f"{place.publications}.{PUBLISH_AGAIN_HINT}"
        )
    raise ConfigurationError(
        f"Nothing has been published in {home.resolve()} yet. Run `leadgain demo` or "
        "`leadgain run`, or set another folder with --home."
    )
