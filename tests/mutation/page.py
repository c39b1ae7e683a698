"""The table of mutants in docs/reliability.md, from the counts of the last runs."""

from pathlib import Path
from typing import Any

from tests.mutation.counts import COUNTS, read_counts
from tests.mutation.modules import ROOT

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = (
    "<!-- mutants: written by tests/mutation, held against docs/mutation_counts.json -->\n",
    "<!-- /mutants -->\n",
)
HEAD = (
    "| module | mutants | tried | noticed | equivalent | survived | day |\n"
    "|---|---|---|---|---|---|---|\n"
)


def block(rows: list[dict[str, Any]]) -> str:
    """All that stands between the page's two marks."""
    tried, noticed = (sum(row[key] for row in rows) for key in ("mutants", "noticed"))
    lines = "".join(
        f"| `{row['file']}` | {row['of']} | {row['mutants']} | {row['noticed']} "
        f"| {row['equivalent']} | {row['survived']} | {row['day']} |\n"
        for row in rows
    )
    return (
        f"\n{noticed:,} of the {tried:,} mutants that were tried were noticed "
        f"({100 * noticed / tried:.0f} %).\n\n{HEAD}{lines}\n"
    )


def refresh(page: Path = PAGE, counts: Path = COUNTS) -> None:
    """Put the block of the latest counts into the page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    text = before + BEGIN + block(read_counts(counts)) + END + after
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    refresh()
