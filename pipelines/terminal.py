"""What the command shows: progress while it works, tables when it is done."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from pipelines.progress import Advance

RANKING_NAMES = {"model": "leadgain", "most_fresh": "most fresh first", "random": "random order"}


class ProgressLines:
    """One line a step on a terminal, with a bar where the length is known.

    Where the output is no terminal (a log, a pipe) each step is written once, when it is done.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            console=console,
        )
        self._console = console
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "ProgressLines":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, title: str) -> Advance:
        """Add a line for the step."""
        task = self._progress.add_task(title, total=None)
        self._tasks[title] = task

        def advance(done: int, total: int) -> None:
            self._progress.update(task, completed=done, total=total)

        return advance

    def end(self, title: str) -> None:
        """Mark the step as done."""
        task = self._tasks.pop(title)
        total = self._progress.tasks[task].total or 1
        self._progress.update(task, completed=total, total=total)
        if not self._console.is_terminal:
            seconds = self._progress.tasks[task].elapsed or 0.0
            self._console.print(f"{title}: {seconds:.1f} s", highlight=False)


def gains_table(gain_table: pd.DataFrame) -> Table:
    """Gain of model, most fresh and random by depth, with 95 % bands.

    ``gain_table`` has the columns of the published file of that name.
    """
    table = Table(title="Share of the customers reached, on lists the model had not seen")
    table.add_column("Working the first", justify="right")
    present = [name for name in RANKING_NAMES if (gain_table["ranking"] == name).any()]
    for name in present:
        table.add_column(RANKING_NAMES[name], justify="right")
    if "model" in present:
        table.add_column("more than most fresh", justify="right")
    for depth, rows in gain_table.groupby("depth", sort=True):
        by_ranking = {row["ranking"]: row for _, row in rows.iterrows()}
        cells = [_share_with_band(by_ranking[name]) for name in present]
        if "model" in present:
            cells.append(_points_with_band(by_ranking["model"]))
        table.add_row(f"{depth:.0%}", *cells)
    return table


def _share_with_band(row: pd.Series) -> str:
    if row["gain_high"] - row["gain_low"] < 1e-12:
        return f"{row['gain']:.0%}"
    return f"{row['gain']:.0%} ({row['gain_low']:.0%} to {row['gain_high']:.0%})"


def _points_with_band(row: pd.Series) -> str:
    points = [
        100 * row[c] for c in ("difference_to_most_fresh", "difference_low", "difference_high")
    ]
    return f"{points[0]:+.0f} points ({points[1]:+.0f} to {points[2]:+.0f})"


def tiers_table(tiers: pd.DataFrame) -> Table:
    """Conversion by tier, with the columns of the published ``tiers.csv``."""
    table = Table(title="What each tier gave on those lists")
    for header in ("Tier", "Leads", "Converted", "Share of the customers"):
        table.add_column(header, justify="left" if header == "Tier" else "right")
    for row in tiers.itertuples():
        table.add_row(
            str(row.tier),
            f"{row.leads:,}",
            f"{row.base_rate:.1%} ({row.base_rate_low:.1%} to {row.base_rate_high:.1%})",
            f"{row.share_of_conversions:.0%}",
        )
    return table


def rows_table(title: str, headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """A plain table of text."""
    table = Table(title=title)
    for header in headers:
        table.add_column(header)
    for row in rows:
        table.add_row(*row)
    return table


def show_files(console: Console, files: Mapping[str, Path]) -> None:
    """Say where the results lie, one line a file, never broken across lines."""
    width = max(map(len, files), default=0)
    for title, path in files.items():
        console.print(f"{title:<{width}}  {path}", highlight=False, soft_wrap=True)
