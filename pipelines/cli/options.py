"""Options that several commands share, with the help that `--help` shows."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path, typer.Option("--config", help="How the export maps onto leadgain's tables.")
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
    typer.Option("--as-of", help="Instant of the list; default: the export's last time stamp."),
]
AnySizeOption = Annotated[
    bool,
    typer.Option(
        "--any-size", help="The export may be far from its usual size, or of other leads."
    ),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Publish even if the list would say the same.")
]
TrainOption = Annotated[
    bool, typer.Option("--train", help="Train even if the last training is recent.")
]
ToOption = Annotated[Path, typer.Option("--to", help="Where to write it.")]


def print_version(asked: bool) -> None:
    """Print which leadgain this is, and end."""
    if asked:
        typer.echo(f"leadgain {version('leadgain')}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", help="Which leadgain this is.", callback=print_version, is_eager=True
    ),
]

HOME = Path("leadgain-home")
