"""Data for others: the training matrix, and a simulated CRM."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import CONFIG, HOME, AsOfOption, ConfigOption, FileOption, HomeOption
from pipelines.cli.session import build_request, open_session


def matrix(
    to: FileOption,
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
) -> None:
    """Write the training data with labels to a file.

    For people who fit models of their own.
    """
    request = build_request(config, home, as_of)
    request.settings  # noqa: B018 (a wrong leadgain.toml is refused first)
    with open_session(home) as console:
        from pipelines.cli.export_files import export_matrix

        rows, columns = export_matrix(request, to)
    console.print(f"{rows:,} rows with {columns} features written to {to}", soft_wrap=True)


def simulate(
    to: Annotated[Path, typer.Option("--to", help="Folder to write, with a leadgain.toml.")],
    leads: Annotated[int, typer.Option(min=1, help="Number of leads.")] = 67_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 1,
) -> None:
    """Write the export of a simulated CRM.

    Its true conversion probabilities are known.
    """
    with open_session(HOME) as console:
        from crm.simulator.simulate import simulate as write
        from pipelines.runtime.progress import step

        with step(f"Simulating {leads:,} leads") as current:
            made = write(to, leads=leads, seed=seed, progress=current.advance)
    console.print(
        f"{made.leads:,} leads, {made.activities:,} activities and {made.conversions:,} "
        f"conversions written to {to}. Next: leadgain run --config {to / 'leadgain.toml'}",
        soft_wrap=True,
    )
