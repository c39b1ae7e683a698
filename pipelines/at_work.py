"""How a command works: tools kept quiet, progress shown, Prefect at hand where a flow needs it.

Heavy libraries are imported inside the functions, because the command imports this for its help.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.job import Job


@contextmanager
def at_work(home: Path) -> Iterator["Console"]:
    """Tools kept quiet and inside the home folder, progress on the error stream."""
    from rich.console import Console

    from pipelines.environment import prepare
    from pipelines.progress import listening
    from pipelines.terminal import ProgressLines, screen

    prepare(home)
    with ProgressLines(Console(stderr=True)) as lines, listening(lines):
        yield screen()


@contextmanager
def in_flow(config: Path, home: Path, as_of: str | None) -> Iterator["Console"]:
    """The same with Prefect at hand; what cannot be meant is refused before anything starts."""
    job_of(config, home, as_of)
    with at_work(home) as console:
        from pipelines.environment import prefect_at_hand
        from pipelines.progress import step

        with ExitStack() as until_done:
            with step("Getting ready"):
                until_done.enter_context(prefect_at_hand(home, _load_libraries))
            yield console


def _load_libraries() -> None:
    """What every flow needs sooner or later: ten seconds of imports, and the kernel compiled."""
    from importlib import import_module

    from features.matrix import warm_up

    for name in ("pipelines.run", "great_expectations", "lightgbm", "mlflow"):
        import_module(name)
    warm_up()


def job_of(config: Path, home: Path, as_of: str | None) -> "Job":
    """The work that a command was asked for."""
    from pipelines.job import Job

    return Job.of(str(config), str(home), as_of=as_of)
