"""The ``leadgain`` command. What a command needs is imported when it runs: help is quick."""

import sys
from collections.abc import Sequence
from traceback import clear_frames
from typing import Annotated, NoReturn

import typer

from pipelines.cli.commands import data, nightly, published, services
from pipelines.cli.options import VersionOption, use_verbose
from pipelines.runtime.exit_codes import INTERRUPTED, describe_error, find_exit_code

COMMANDS = (
    nightly.demo,
    nightly.run,
    nightly.check,
    nightly.train,
    nightly.score,
    published.report,
    published.export,
    published.explain,
    published.models,
    published.rollback,
    services.dashboard,
    services.serve,
    data.matrix,
    data.simulate,
)
"""In the order in which the help lists them."""
DEBUG, VERBOSE = "--debug", "--verbose"
"""They may stand anywhere."""


def build_app() -> typer.Typer:
    """Build the command; its help is plain text, in which ``[schedule]`` is no markup."""
    app = typer.Typer(
        name="leadgain",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(accept_global_options)
    for command in COMMANDS:
        app.command()(command)
    return app


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command; every error is one paragraph and an exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        use_verbose(VERBOSE in given)
        build_app()([argument for argument in given if argument not in (DEBUG, VERBOSE)])
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            _print_error("Interrupted. The published list is not affected.")
        raise
    except Exception as error:
        if DEBUG in given:
            raise
        _print_error(describe_error(error))
        _release_frames(error)
        sys.exit(find_exit_code(error))
    sys.exit(0)


def accept_global_options(
    version: VersionOption = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show a traceback if the command fails.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option(VERBOSE, help="Show each step with rows, seconds and memory.")
    ] = False,
) -> None:
    """Turn a CRM's export into a ranked list of leads to call, and prove that it works."""


def _release_frames(error: BaseException | None) -> None:
    """Drop the frames' variables: a DuckDB connection among them must not outlive Python."""
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__context__


def _print_error(paragraph: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    message = f"[bold red]leadgain:[/] {escape(paragraph)}"
    Console(stderr=True).print(message, soft_wrap=True, highlight=False)
