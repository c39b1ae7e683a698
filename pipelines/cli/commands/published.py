"""What was published, and the model behind it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import (
    CONFIG,
    HOME,
    AsOfOption,
    ConfigOption,
    FileOption,
    HomeOption,
)
from pipelines.cli.session import (
    build_request,
    find_optional_config,
    load_current_publication,
    open_session,
    refuse_missing_home,
)


class Exportable(StrEnum):
    """What ``leadgain export`` can write."""

    WORKLIST = "worklist"
    GAINS = "gains"
    TIERS = "tiers"


def report(
    home: HomeOption = HOME,
    to: Annotated[
        Path | None, typer.Option("--to", help="Also write the report to this file.")
    ] = None,
) -> None:
    """Summarize the published list and name its files."""
    from pipelines.cli.export_files import export_report
    from pipelines.cli.output import build_console, show_publication

    publication = load_current_publication(home)
    if to is not None:
        export_report(publication, to)
    show_publication(build_console(), publication, to)


def export(
    what: Annotated[Exportable, typer.Argument(help="What to write.")],
    to: FileOption,
    home: HomeOption = HOME,
    separator: Annotated[
        str, typer.Option(help="Column separator of a CSV: comma, semicolon or tab.")
    ] = ",",
    excel: Annotated[
        bool, typer.Option("--excel", help="Begin the CSV with the mark that Excel needs.")
    ] = False,
) -> None:
    """Write the list, the gain curves or the tiers to a file."""
    from pipelines.cli.export_files import export_table
    from pipelines.cli.output import build_console

    rows = export_table(
        load_current_publication(home), what.value, to, separator=separator, excel=excel
    )
    build_console().print(f"{rows:,} rows written to {to}", soft_wrap=True)


def explain(
    lead_id: Annotated[str, typer.Argument(help="The lead's id in the CRM.")],
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
) -> None:
    """Explain one lead's score."""
    request = build_request(config, home, as_of)
    request.settings  # noqa: B018 (a wrong leadgain.toml is refused first)
    refuse_missing_home(home)
    with open_session(home) as console:
        from pipelines.cli.explain import explain_lead
        from pipelines.cli.output import show_explanation
        from pipelines.runtime.progress import step

        with step("Reading the export and the model"):
            explanation = explain_lead(lead_id, request)
    show_explanation(console, explanation)


def models(config: ConfigOption = CONFIG, home: HomeOption = HOME) -> None:
    """List the model versions with their gains, newest first."""
    refuse_missing_home(home)
    with open_session(home) as console:
        from models.registry.registry import list_versions
        from pipelines.cli.output import show_versions
        from pipelines.config.registry_address import load_registry

        versions = list_versions(load_registry(find_optional_config(config), home))
    show_versions(console, versions)


def rollback(
    version: Annotated[
        int | None, typer.Argument(help="Model version; default: the one used before.")
    ] = None,
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
) -> None:
    """Put an earlier model version back in use.

    The next list is scored with it.
    """
    refuse_missing_home(home)
    with open_session(home) as console:
        from pipelines.config.registry_address import load_registry
        from pipelines.config.run_request import resolve_home
        from pipelines.lifecycle.load_champion import roll_back_champion
        from publications.storage.lock import hold_home

        registry = load_registry(find_optional_config(config), home)
        with hold_home(resolve_home(home)) as lock:
            champion = roll_back_champion(registry, version, lock)
    console.print(
        f"Version {champion.version} is in use from the next list on. "
        "`leadgain score` makes one now."
    )
