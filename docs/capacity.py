"""Write the table of the operations guide's "Capacity" from docs/capacity.json.

``python docs/capacity.py`` does it; ``benchmarks/capacity.py`` measures, and then calls this.
"""

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
FIGURES = DOCS / "capacity.json"
GUIDE = DOCS / "operations.md"
BEGIN, END = (
    "<!-- capacity: written by docs/capacity.py from docs/capacity.json, which "
    "benchmarks/capacity.py measures -->\n",
    "<!-- /capacity -->\n",
)


def capacity_block(figures: dict[str, Any]) -> str:
    """All that stands between the guide's two marks."""
    parts = (_measured_on(figures), _of_runs(figures["runs"]), _at_rest(figures["at_rest"]))
    return "\n" + "\n".join((*parts, _on_disk(figures["disk"]))) + "\n"


def _measured_on(figures: dict[str, Any]) -> str:
    machine = figures["machine"]
    return (
        f"Measured on {figures['date']} with leadgain {figures['leadgain']} at commit "
        f"{figures['commit']},\non {machine['cores']} cores ({machine['processor']}) with "
        f"{machine['memory_gb']:.0f} GB. Before it began, other work\n"
        f"there had made a load of {figures['load_before']:.1f}; a quiet machine has 0 and is "
        "faster:\n"
    )


def _of_runs(runs: list[dict[str, Any]]) -> str:
    lines = [
        "| data | | memory at its peak | with Prefect's server | time | of which computing |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        data = (
            f"{run['data']}: {run['leads']:,} leads, {run['activities']:,} activities, "
            f"{run['open_leads']:,} open"
        )
        lines.append(
            f"| {data} | {run['what']} | {_gb(run['peak_gb'])} | {_gb(run['with_server_gb'])} | "
            f"{_time(run['seconds'])} | {_time(run['cpu_seconds'])} |"
        )
    return "\n".join(lines) + "\n"


def _at_rest(rows: list[dict[str, Any]]) -> str:
    lines = ["| between the runs | memory |", "|---|---|"]
    lines += [f"| {row['what']} | {_gb(row['gb'])} |" for row in rows]
    return "\n".join(lines) + "\n"


def _on_disk(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| home folder after its first run | on disk | a list | a training |",
        "|---|---|---|---|",
    ]
    for row in rows:
        sizes = (_mb(row[part]) for part in ("home_mb", "list_mb", "training_mb"))
        lines.append(f"| {row['data']} | {' | '.join(sizes)} |")
    return "\n".join(lines) + "\n"


def _gb(size: float) -> str:
    return f"{size:.1f} GB"


def _mb(size: float) -> str:
    return f"{size:.0f} MB"


def _time(seconds: float) -> str:
    """Seconds, or minutes where there are two.

    >>> _time(61.4), _time(252)
    ('61 s', '4.2 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def refresh() -> None:
    """Put the figures into the guide."""
    before, rest = GUIDE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    GUIDE.write_text(before + BEGIN + capacity_block(figures) + END + after, encoding="utf-8")


if __name__ == "__main__":
    refresh()
