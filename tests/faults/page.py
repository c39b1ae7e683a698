"""The table of docs/reliability.md, from the counts of a run of the harness."""

from pathlib import Path
from typing import Any

from tests.faults.counts import Row, read_counts
from tests.faults.warm import ROOT

COUNTS = ROOT / "docs" / "reliability_counts.json"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = (
    "<!-- counts: written by tests/faults, held against docs/reliability_counts.json -->\n",
    "<!-- /counts -->\n",
)
HEAD = "| promise | what was tried | with | times | held | found |\n|---|---|---|---|---|---|\n"


def table(rows: list[Row]) -> str:
    """One line for each thing that was tried."""
    return HEAD + "".join(
        f"| {row.promise} | {row.tried} | {row.how} | {row.times:,} | {row.held:,} "
        f"| {row.found} |\n"
        for row in rows
    )


def block(rows: list[Row], told: dict[str, Any]) -> str:
    """All that stands between the page's two marks."""
    machine = told["machine"]
    again = "".join(
        f"- on {entry['date'][:10]}, at commit {entry['commit'][:12]}: "
        f"{'; '.join(entry['tried'])}\n"
        for entry in told.get("later", [])
    )
    later = f"\n\nTried again since then, each row the last time:\n\n{again}" if again else "\n"
    changed = " (with changes that were not committed)" if told["changed"] else ""
    reads = sum(row.times for row in rows if row.promise == "R4")
    return (
        f"\n{told['held']:,} of {told['times']:,} held, {reads:,} of them reads of R4, in "
        f"{told['minutes']:g} minutes on "
        f"{told['date'][:10]}, at commit {told['commit'][:12]}{changed}, with Python "
        f"{machine['python']} on {machine['cores']} cores and {machine['memory_gib']} GiB "
        f"({machine['system']}).{later}\n{table(rows)}\n"
    )


def refresh(page: Path = PAGE, counts: Path = COUNTS) -> None:
    """Put the block of the latest counts into the page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    text = before + BEGIN + block(*read_counts(counts)) + END + after
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    refresh()
