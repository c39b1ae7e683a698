"""What the command shows: progress while it works, tables when it is done."""

import json
import textwrap
from collections.abc import Collection, Iterable, Mapping
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

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
from rich.text import Text

from pipelines.runtime.progress import Advance, Step, describe_versions
from publications.schema import RANKING_NAMES
from publications.storage.store import open_publication
from publications.wording.formatting import (
    count,
    keep_units,
    percent,
    percent_interval,
    points,
    points_interval,
)
from publications.wording.monitoring import (
    collect_first_warnings,
    describe_decision,
    summarize_model_state,
)

if TYPE_CHECKING:
    from models.registry.registry import RegisteredVersion
    from pipelines.cli.explain import Explanation
    from pipelines.data.checked_export import CheckedExport
    from pipelines.flows.train import Training
    from pipelines.publishing.publish import PublishedList
    from publications.storage.home import Home
    from publications.storage.store import Publication

RANKINGS = ("model", "most_fresh", "random")
"""Columns of the table of gains."""


def build_console() -> Console:
    """The standard output, where brackets in a path or in a CRM's own words mean nothing."""
    return Console(markup=False, highlight=False)


class ProgressLines:
    """One line a step on a terminal, with a bar where the length is known.

    Where the output is no terminal (a log, a pipe), and with ``verbose``, each step is written
    once, when it is done; ``verbose`` adds rows, peak memory and versions.
    """

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._verbose = verbose
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
        if self._verbose:
            self._console.print(describe_versions(), highlight=False)
        elif self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress.live.is_started:
            self._progress.stop()

    def begin(self, title: str) -> Advance:
        """Add a line for the step."""
        task = self._progress.add_task(title, total=None)
        self._tasks[title] = task

        def advance(done: int, total: int) -> None:
            self._progress.update(task, completed=done, total=total)

        return advance

    def end(self, step: Step) -> None:
        """Mark the step as done; one that failed keeps its line as it is."""
        task = self._tasks.pop(step.title)
        if self._verbose:
            self._console.print(step.describe(), highlight=False)
        if step.failed:
            return
        total = self._progress.tasks[task].total or 1
        self._progress.update(task, completed=total, total=total)
        if not (self._verbose or self._console.is_terminal):
            self._console.print(f"{step.title}: {step.seconds:.1f} s", highlight=False)


def build_gains_table(gain_table: pd.DataFrame) -> Table:
    """Gain of leadgain, most fresh first and random order by depth, with 95 % intervals.

    ``gain_table`` has the columns of the published file of that name.
    """
    table = Table(
        title="Share of the customers reached in the backtest, 95 % range", show_lines=True
    )
    table.add_column("Calling the first", justify="right")
    present = [name for name in RANKINGS if (gain_table["ranking"] == name).any()]
    for name in present:
        table.add_column(RANKING_NAMES[name], justify="right")
    if "model" in present:
        table.add_column("points more than most fresh first", justify="right")
    for depth, rows in gain_table.groupby("depth", sort=True):
        by_ranking = {row["ranking"]: row for _, row in rows.iterrows()}
        cells = [_format_share(by_ranking[name]) for name in present]
        if "model" in present:
            cells.append(_format_points(by_ranking["model"]))
        table.add_row(percent(float(str(depth))), *cells)
    return table


def _format_share(row: pd.Series) -> str:
    if row["gain_high"] - row["gain_low"] < 1e-12:
        return percent(row["gain"])
    return f"{percent(row['gain'])}\n{percent_interval(row['gain_low'], row['gain_high'])}"


def _format_points(row: pd.Series) -> str:
    written = (
        points(row["difference_to_most_fresh"]),
        points_interval(row["difference_low"], row["difference_high"]),
    )
    return "\n".join(text.removesuffix(" points") for text in written)


def build_tiers_table(tiers: pd.DataFrame) -> Table:
    """Conversion by tier, with the columns of the published ``tiers.csv``."""
    table = Table(title="Results by tier in the backtest")
    for header in ("Tier", "Leads", "Converted", "Share of the customers"):
        table.add_column(header, justify="left" if header == "Tier" else "right")
    for _, row in tiers.iterrows():
        interval = percent_interval(row["base_rate_low"], row["base_rate_high"], digits=1)
        table.add_row(
            str(row["tier"]),
            count(row["leads"]),
            f"{percent(row['base_rate'], digits=1)} ({interval})",
            percent(row["share_of_conversions"]),
        )
    return table


def show_checks(console: Console, checked: "CheckedExport") -> None:
    """Rows in and out, findings, warnings, and that the export passed."""
    _show_counts(console, checked.export.counts)
    _show_sentences(console, "Findings", (f.message for f in checked.export.findings))
    gate = (str(result["message"]) for result in checked.checks.warnings)
    _show_sentences(console, "Warnings", (*checked.comparison_warnings, *gate))
    console.print(
        f"The export passed {len(checked.checks.results)} checks; warnings are shown above. "
        f"The list is for {checked.list_as_of:%Y-%m-%d %H:%M} UTC."
    )


def show_training(console: Console, training: "Training") -> None:
    """The result of the training, in the words of its decision."""
    decision = training.decision
    console.print(f"Reason for the training: {decision.reason}.")
    if decision.version is None:
        console.print(Text.assemble(("No model:", "yellow"), f" {decision.sentence}"))
        return
    state = "is now in use" if decision.promoted else "was not put in use"
    _show_text(console, f"Model version {decision.version} {state}. {decision.sentence}")


def show_published_list(
    console: Console, listing: "PublishedList", home: "Home", shown: str = ""
) -> None:
    """The gains, the tiers, and the paths of the results.

    ``shown`` is what the training before it came to: a reason given there is not repeated.
    """
    if listing.proof is None:
        without = ("No model: the list is sorted most fresh first.", "yellow")
        reason = "" if listing.no_model_reason == shown else f" {listing.no_model_reason}"
        console.print(Text.assemble(without, reason))
    else:
        console.print(build_gains_table(listing.proof.gain_table))
        console.print(build_tiers_table(listing.proof.tiers))
    publication = open_publication(home, listing.publication)
    known = {shown, listing.no_model_reason or "", *listing.warnings}
    show_monitoring(console, publication, known)
    _show_sentences(console, "Warnings", listing.warnings)
    if not listing.is_new:
        console.print(
            f"Nothing new: publication {publication.number} has the same list, so nothing was "
            "published. Use --again to publish anyway."
        )
    show_list(console, publication)
    show_files(console, _list_result_files(publication.folder))


def show_list(console: Console, publication: "Publication") -> None:
    """The size and date of a published list, and the rows in quarantine."""
    manifest = publication.manifest
    counts = manifest["counts"]
    tiers = (f", {count(n)} in tier {tier}" for tier, n in counts["tiers"].items())
    leads = count(counts["leads_listed"], "open lead", "open leads")
    as_of = pd.Timestamp(manifest["as_of"])
    console.print(
        f"Publication {publication.number}: {leads} as of {as_of:%Y-%m-%d %H:%M} UTC"
        f"{''.join(tiers)}."
    )
    aside = [
        f"{count(row['quarantined'])} of {count(row['rows_in'])} {row['table']}"
        for row in counts["rows"]
        if row["quarantined"]
    ]
    if aside:
        console.print(f"In quarantine: {', '.join(aside)}. See the report.")


def show_publication(console: Console, publication: "Publication", written: Path | None) -> None:
    """The current publication: its proof in a few lines, and its report."""
    if "gain_table.csv" in publication.file_names:
        console.print(build_gains_table(publication.table("gain_table.csv")))
        console.print(build_tiers_table(publication.table("tiers.csv")))
    else:
        reason = publication.manifest["model"]["missing_because"]
        without = ("The current list was made without a model.", "yellow")
        console.print(Text.assemble(without, f" {reason}"))
    warnings = publication.manifest["warnings"]
    show_monitoring(
        console, publication, {publication.manifest["model"]["missing_because"], *warnings}
    )
    _show_sentences(console, "Warnings", warnings)
    show_list(console, publication)
    files = _list_result_files(publication.folder)
    show_files(console, files if written is None else {**files, "Written": written.absolute()})


def show_monitoring(
    console: Console, publication: "Publication", shown: Collection[str | None]
) -> None:
    """The model since its training, and the last training where it is not shown yet."""
    if "monitoring.json" in publication.file_names:
        watch = json.loads(publication.read("monitoring.json"))
        _show_text(
            console, summarize_model_state(watch), style="yellow" if watch["degraded"] else ""
        )
        _show_sentences(
            console, "Why", (why for why in collect_first_warnings(watch) if why not in shown)
        )
    if "decision.json" in publication.file_names:
        decision = json.loads(publication.read("decision.json"))
        if decision["sentence"] not in shown:
            _show_text(console, describe_decision(decision))


def show_explanation(console: Console, explanation: "Explanation") -> None:
    """Every fact with a bar: how much it raises or lowers the score."""
    reach = explanation.facts["contribution"].abs().max()
    table = Table(title=f"Lead {explanation.lead_id}")
    table.add_column("Fact")
    table.add_column("lowers", justify="right", style="red")
    table.add_column("raises", style="green")
    pairs = zip(explanation.facts["fact"], explanation.facts["contribution"], strict=True)
    for fact, weight in pairs:
        bar = "█" * max(1, round(12 * abs(weight) / reach))
        table.add_row(fact, bar if weight < 0 else "", bar if weight > 0 else "")
    console.print(table)
    console.print(
        f"The score is {percent(explanation.score, 1)}; a typical lead has "
        f"{percent(explanation.base_rate, 1)}. "
        f"Model version {explanation.model_version}, as of "
        f"{explanation.list_as_of:%Y-%m-%d %H:%M} UTC."
    )
    _show_sentences(console, "Warnings", [explanation.note] if explanation.note else [])


def show_versions(console: Console, versions: "list[RegisteredVersion]") -> None:
    """One row per version: its state, its gains at the cut of tier A; below, the decisions."""
    if not versions:
        console.print("No model has been trained here yet. Run `leadgain train`.")
        return
    table = Table(title="Model versions and the share of the customers reached")
    for header in ("", "state", "as of"):
        table.add_column(header)
    for header in ("calling", RANKING_NAMES["model"], "most fresh\nfirst", "points\nmore"):
        table.add_column(header, justify="right", no_wrap=True)
    for version in versions:
        gain = collect_gain(version)
        ahead = f"{points(gain['difference'])}\n{points_interval(gain['low'], gain['high'])}"
        table.add_row(
            str(version.version),
            describe_state(version),
            version.tags.get("known_until", "")[:10],
            percent(gain["depth"]),
            percent(gain["gain"], 1),
            percent(gain["most_fresh"], 1),
            ahead.replace(" points", ""),
        )
    console.print(table)
    console.print("Each on its own test lists, with the 95 % range of the difference. Decisions:")
    for version in versions:
        sentence = version.decided or "No decision yet."
        shown = f"{version.version} ({version.model_sha256[:12]}): {sentence}"
        _show_indented(console, shown)


STATES = {"stepped_down": "demoted", "rolled_back_from": "rolled back"}
"""Mark that the registry keeps with a version's decision -> in words."""


def describe_state(version: "RegisteredVersion") -> str:
    """Whether a version is the champion, was it before, or was demoted or rolled back."""
    if "champion" in version.aliases:
        return "in use"
    marks = [words for mark, words in STATES.items() if version.decision.get(mark)]
    before = ["used before"] if "previous" in version.aliases and not marks else []
    return ", ".join([*marks, *before])


def collect_gain(version: "RegisteredVersion") -> dict[str, float]:
    """Depth, gain, most_fresh, difference, low and high at the tier-A cut; nan where unknown."""
    names = ("depth", "gain", "most_fresh", "difference", "low", "high")
    kept = {name: version.decision.get(f"proof.{name}") for name in names}
    return {name: nan if text is None else float(text) for name, text in kept.items()}


def show_files(console: Console, files: Mapping[str, Path]) -> None:
    """Print the paths of the results, one line per file, never wrapped."""
    width = max(map(len, files), default=0)
    for title, path in files.items():
        console.print(f"{title:<{width}}  {path}", soft_wrap=True)


def _list_result_files(folder: Path) -> dict[str, Path]:
    return {
        "Worklist": folder / "worklist.csv",
        "Report": folder / "report.html",
        "Everything": folder,
    }


def _show_counts(console: Console, counts: pd.DataFrame) -> None:
    table = Table(title="Rows")
    for header in ("table", "in", "kept", "quarantined", "excluded"):
        table.add_column(header, justify="left" if header == "table" else "right")
    for name, *numbers in counts.itertuples(index=False):
        table.add_row(str(name), *(f"{int(n):,}" for n in numbers))
    console.print(table)


def _show_sentences(console: Console, title: str, sentences: Iterable[str]) -> None:
    for i, sentence in enumerate(sentences):
        if i == 0:
            console.print(f"{title}:")
        _show_indented(console, sentence)


def _show_indented(console: Console, sentence: str) -> None:
    _show_text(console, sentence, indent="  ")


def _show_text(console: Console, text: str, *, indent: str = "", style: str = "") -> None:
    """A paragraph in which numbers keep to their units: rich itself breaks at any space."""
    lines = textwrap.wrap(
        keep_units(text),
        console.width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.print(Text("\n".join(lines), style), soft_wrap=True)
