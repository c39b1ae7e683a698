"""The ``leadgain`` command. What a command needs is imported when it runs: help is quick."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from traceback import clear_frames
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipelines.cli.options import (
    HOME,
    AgainOption,
    AnySizeOption,
    AsOfOption,
    ConfigOption,
    HomeOption,
    ToOption,
    TrainOption,
    VersionOption,
)
from pipelines.cli.session import (
    CONFIG,
    alert_failed_starts,
    build_context,
    find_optional_config,
    load_current_publication,
    open_flow_session,
    open_session,
    refuse_missing_home,
    require_outcome,
)
from pipelines.runtime.exit_codes import INTERRUPTED, describe_error, find_exit_code

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.publishing.publish import PublishedList

app = typer.Typer(
    name="leadgain",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DEBUG = "--debug"


class Exportable(StrEnum):
    """What ``leadgain export`` can write."""

    WORKLIST = "worklist"
    GAINS = "gains"
    TIERS = "tiers"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command; every refusal is one paragraph and an exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app([argument for argument in given if argument != DEBUG])
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            _print_error("Interrupted. What is published is whole: `leadgain report` tells it.")
        raise
    except Exception as error:
        if DEBUG in given:
            raise
        _print_error(describe_error(error))
        _release_frames(error)
        sys.exit(find_exit_code(error))
    sys.exit(0)


def _release_frames(error: BaseException | None) -> None:
    """What failed, and what that was made of, may hold DuckDB, which must not outlive Python."""
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__context__


def _print_error(paragraph: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    message = f"[bold red]leadgain:[/] {escape(paragraph)}"
    Console(stderr=True).print(message, soft_wrap=True, highlight=False)


@app.callback()
def accept_global_options(
    version: VersionOption = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show a traceback if it fails.")] = False,
) -> None:
    """Turn a CRM's export into a ranked worklist, and prove that it beats newest-first."""


@app.command()
def demo(home: HomeOption = HOME) -> None:
    """Run everything on real leads: 13,087 loan applications that come with leadgain."""
    from pipelines.cli.sample_data import find_demo_config

    _run_nightly(find_demo_config(), home, None, warn_when_stale=False, train_anyway=True)


@app.command()
def run(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    train_anyway: TrainOption = False,
    any_size: AnySizeOption = False,
    again: AgainOption = False,
) -> None:
    """Check the export, train when a training is due, then score and publish the list."""
    _run_nightly(
        config,
        home,
        as_of,
        warn_when_stale=True,
        train_anyway=train_anyway,
        any_size=any_size,
        again=again,
    )


@app.command()
def check(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    any_size: AnySizeOption = False,
) -> None:
    """Read the export and say whether it can be trusted; nothing is published."""
    with open_flow_session("check", config, home, as_of) as console:
        from pipelines.cli import output as terminal
        from pipelines.flows.check import check as flow

        checked = flow(str(config), str(home), as_of, any_size=any_size)
    terminal.show_checks(console, checked)


@app.command()
def train(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    any_size: AnySizeOption = False,
) -> None:
    """Train a model, prove it on lists it has not seen, and let it lead if it is not worse."""
    with open_flow_session("train", config, home, as_of) as console:
        from pipelines.cli import output as terminal
        from pipelines.flows.train import train as flow

        training = require_outcome(flow(str(config), str(home), as_of, any_size=any_size))
    terminal.show_training(console, training)


@app.command()
def score(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    any_size: AnySizeOption = False,
    again: AgainOption = False,
) -> None:
    """Score today's list with the model in force, and publish it."""
    with open_flow_session("score", config, home, as_of) as console:
        from pipelines.flows.score import score as flow

        listing = flow(str(config), str(home), as_of, any_size=any_size, again=again)
    _show_published_list(console, listing, home)


@app.command()
def report(
    home: HomeOption = HOME,
    to: Annotated[Path | None, typer.Option("--to", help="Also write the page there.")] = None,
) -> None:
    """Say in a few lines what the list is worth, and where the whole report lies."""
    from pipelines.cli import output as terminal
    from pipelines.cli.export_files import export_report

    publication = load_current_publication(home)
    if to is not None:
        export_report(publication, to)
    terminal.show_publication(terminal.build_console(), publication, to)


@app.command()
def export(
    what: Annotated[Exportable, typer.Argument(help="What to write.")],
    to: ToOption,
    home: HomeOption = HOME,
    separator: Annotated[str, typer.Option(help="Between the columns of a CSV.")] = ",",
    excel: Annotated[
        bool, typer.Option("--excel", help="Mark the CSV as UTF-8, which Excel needs.")
    ] = False,
) -> None:
    """Write the worklist, the gain curves or the tiers as CSV or Parquet, by the file's ending."""
    from pipelines.cli.export_files import export_table

    rows = export_table(
        load_current_publication(home), what.value, to, separator=separator, excel=excel
    )
    _build_console().print(f"{rows:,} rows written to {to}", soft_wrap=True)


@app.command()
def explain(
    lead_id: Annotated[str, typer.Argument(help="The lead, as the CRM names it.")],
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
) -> None:
    """Tell every fact behind one lead's score, and how much it weighs."""
    context = build_context(config, home, as_of)
    refuse_missing_home(home)
    with open_session(home) as console:
        from pipelines.cli import output as terminal
        from pipelines.cli.explain import explain_lead
        from pipelines.runtime.progress import step

        with step("Reading the export and the model"):
            explanation = explain_lead(lead_id, context)
    terminal.show_explanation(console, explanation)


@app.command()
def matrix(
    to: ToOption,
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
) -> None:
    """Write the training matrix with its labels, for people with models of their own."""
    context = build_context(config, home, as_of)
    with open_session(home) as console:
        from pipelines.cli.export_files import export_matrix

        rows, columns = export_matrix(context, to)
    console.print(f"{rows:,} rows with {columns} features written to {to}", soft_wrap=True)


@app.command()
def models(config: ConfigOption = CONFIG, home: HomeOption = HOME) -> None:
    """List the model versions with their gains, the newest first."""
    refuse_missing_home(home)
    with open_session(home) as console:
        from models.registry.registry import list_versions
        from pipelines.cli import output as terminal
        from pipelines.config.registry_address import load_registry

        known = list_versions(load_registry(find_optional_config(config), home))
    terminal.show_versions(console, known)


@app.command()
def rollback(
    version: Annotated[
        int | None, typer.Argument(help="Which one; default: the one before the present.")
    ] = None,
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
) -> None:
    """Let an earlier model lead again; the next scoring uses it."""
    refuse_missing_home(home)
    with open_session(home) as console:
        from pipelines.config.registry_address import load_registry
        from pipelines.config.run_context import resolve_home
        from pipelines.lifecycle.champion import roll_back_champion
        from publications.storage.lock import hold_home

        versions = load_registry(find_optional_config(config), home)
        with hold_home(resolve_home(home)) as lock:
            leads = roll_back_champion(versions, version, lock, now=datetime.now(UTC))
    console.print(
        f"Version {leads.version} leads from the next scoring on. `leadgain score` lists it now."
    )


@app.command()
def dashboard(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Where the browser finds it.")
    ] = 8501,
    public: Annotated[
        bool, typer.Option("--public", help="Answer the whole network; needs a sign-in.")
    ] = False,
) -> None:
    """Show the list and its proof in the browser, on this machine only unless --public."""
    from pipelines.cli.dashboard import build_dashboard_start
    from pipelines.config.run_context import resolve_home
    from pipelines.config.sections import DashboardSection
    from pipelines.config.settings import load_settings

    given = find_optional_config(config)
    section = DashboardSection() if given is None else load_settings(given).dashboard
    start = build_dashboard_start(
        resolve_home(home), section, folder=config.resolve().parent, port=port, public=public
    )
    _build_console().print(
        f"The dashboard of {home} is at {start.url}. Ctrl-C ends it.", soft_wrap=True
    )
    start.serve()


@app.command()
def serve(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    test_alerts: Annotated[
        bool, typer.Option("--test-alerts", help="Send a test to [alerts], and serve nothing.")
    ] = False,
) -> None:
    """Score every night and train every week, by [schedule], until Ctrl-C."""
    from pipelines.config.run_context import resolve_home
    from pipelines.config.settings import load_settings
    from pipelines.scheduling.serve import send_test_alert, serve_schedule

    if test_alerts:
        sent = send_test_alert(load_settings(config).alerts, resolve_home(home))
        _build_console().print(sent, soft_wrap=True)
        return
    with alert_failed_starts("serve", config, home):
        settings = load_settings(config)
        with open_session(home) as console:
            serve_schedule(settings, resolve_home(home), console)


@app.command()
def simulate(
    to: ToOption,
    leads: Annotated[int, typer.Option(min=1, help="How many leads.")] = 67_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another world.")] = 1,
) -> None:
    """Write the export of a made-up CRM whose true conversion probabilities are known."""
    with open_session(HOME) as console:
        from crm.simulator.simulate import simulate as write
        from pipelines.runtime.progress import step

        with step(f"Simulating {leads:,} leads") as advance:
            made = write(to, leads=leads, seed=seed, progress=advance)
    console.print(
        f"{made.leads:,} leads, {made.activities:,} activities and {made.conversions:,} "
        f"conversions written to {to}. Next: leadgain run --config {to / 'leadgain.toml'}",
        soft_wrap=True,
    )


def _run_nightly(
    config: Path,
    home: Path,
    as_of: str | None,
    *,
    warn_when_stale: bool,
    train_anyway: bool,
    any_size: bool = False,
    again: bool = False,
) -> None:
    with open_flow_session("run", config, home, as_of) as console:
        from pipelines.cli import output as terminal
        from pipelines.flows.nightly import run as flow

        night = require_outcome(
            flow(
                str(config),
                str(home),
                as_of,
                warn_when_stale=warn_when_stale,
                train_anyway=train_anyway,
                any_size=any_size,
                again=again,
            )
        )
    told = ""
    if night.training is not None:
        terminal.show_training(console, night.training)
        told = night.training.decision.sentence
    _show_published_list(console, night.listing, home, told)


def _show_published_list(
    console: "Console", listing: "PublishedList", home: Path, told: str = ""
) -> None:
    from pipelines.cli.output import show_published_list
    from pipelines.config.run_context import resolve_home

    show_published_list(console, listing, resolve_home(home), told)


def _build_console() -> "Console":
    from pipelines.cli.output import build_console

    return build_console()
