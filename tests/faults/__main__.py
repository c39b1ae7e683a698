"""Try everything at full size and write the counts: ``uv run python -m tests.faults``.

``--only R1`` tries one promise, ``--small`` the size of the tests. Only a whole run writes
docs/reliability_counts.json, from which docs/reliability.md takes its table; ``--only R1 --again``
puts the rows of what was mended since in the place of the old ones, and the page says so.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.faults.bench import open_bench
from tests.faults.counts import Row, replace_rows, write_counts
from tests.faults.page import COUNTS, refresh
from tests.faults.parts import PARTS, Part
from tests.faults.warm import ROOT

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run what was asked for; 0 where every promise held each time."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    names = sorted({part.promise for part in PARTS.values()} | PARTS.keys())
    parser.add_argument("--only", action="append", choices=names, help="one promise or part")
    parser.add_argument("--small", action="store_true", help="the size of the tests")
    parser.add_argument("--again", action="store_true", help="replace these rows of the counts")
    parser.add_argument("--to", type=Path, help="write the counts there")
    asked = parser.parse_args()
    chosen = {
        name: part
        for name, part in PARTS.items()
        if not asked.only or name in asked.only or part.promise in asked.only
    }
    whole = len(chosen) == len(PARTS) and not asked.small
    folder = Path(tempfile.mkdtemp(prefix="leadgain-faults-"))
    begun = time.monotonic()
    told = circumstances(datetime.now(UTC))  # at the start: others may commit meanwhile
    try:
        rows = _run(chosen, folder, small=asked.small)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told["minutes"] = round((time.monotonic() - begun) / 60, 1)
    told["size"] = "small" if asked.small else "nightly"
    to = asked.to or (COUNTS if whole or asked.again else None)
    if to is not None and asked.again:
        replace_rows(to, rows, told)
    elif to is not None:
        write_counts(to, rows, told)
    if to == COUNTS:
        refresh()
    return 0 if all(row.kept for row in rows) else 1


def _run(chosen: dict[str, Part], folder: Path, *, small: bool) -> list[Row]:
    from pipelines.runtime.environment import prepare_environment

    tools = folder / "tools"
    tools.mkdir()
    prepare_environment(tools)
    rows: list[Row] = []
    with open_bench(folder) as bench:
        for name, part in chosen.items():
            tried = part.small if small else part.nightly
            if tried is None:
                continue
            console.print(f"[bold]{part.promise}[/] {name} (about {part.minutes:g} min)")
            begun = time.monotonic()
            for row in tried(bench):
                rows.append(row)
                _show(row)
            console.print(f"     {time.monotonic() - begun:.0f} s", style="dim")
    return rows


def _show(row: Row) -> None:
    mark = "[green]held[/]" if row.kept else "[red]broken[/]"
    console.print(f"     {mark} {row.held} of {row.times}: {row.tried} ({row.how}). {row.found}")
    for told in row.broken:
        console.print(f"          {told}", style="red", markup=False)


def circumstances(at: datetime) -> dict[str, Any]:
    """When, on what and of which commit the counts are."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "python": platform.python_version(),
        },
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
