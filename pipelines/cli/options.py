"""Options that several commands share, with the help that `--help` shows."""

from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

HOME = Path("leadgain-home")
CONFIG = Path("leadgain.toml")
"""The default of ``--config``."""

ConfigOption = Annotated[
    Path, typer.Option("--config", help="Configuration: where the export is and what it holds.")
]
HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="LEADGAIN_HOME",
        help="Folder of models and publications.",
        readable=False,  # a closed one is refused in our words, and alerts are sent
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Date and time of the list, such as 2026-11-20 05:30; default: the export's last "
        "time stamp.",
    ),
]
AnySizeOption = Annotated[
    bool,
    typer.Option(
        "--any-size", help="Accept an export of unusual size, or with other leads than before."
    ),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Publish even if nothing has changed since the last list.")
]
TrainOption = Annotated[
    bool, typer.Option("--train", help="Train even if the last training is recent.")
]
FileOption = Annotated[
    Path, typer.Option("--to", help="File to write, ending in .csv or .parquet.")
]


_verbose: ContextVar[bool] = ContextVar("verbose", default=False)


def use_verbose(wanted: bool) -> None:
    """Remember whether the terminal shows each step with rows and memory."""
    _verbose.set(wanted)


def is_verbose() -> bool:
    """Whether ``--verbose`` was given."""
    return _verbose.get()


def print_version(wanted: bool) -> None:
    """Print the version, and exit."""
    if wanted:
        typer.echo(f"leadgain {version('leadgain')}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", help="Show the version and exit.", callback=print_version, is_eager=True
    ),
]
