"""Write the figures and pictures of the README from a run of the demo.

``uv run python docs/refresh.py leadgain-home`` after ``uv run leadgain demo``.
"""

import sys
from pathlib import Path

import pandas as pd

from publications.schema import RANKING_NAMES
from publications.storage.home import Home
from publications.storage.store import Publication, open_current
from publications.wording.formatting import percent, percent_interval

RANKINGS = ("model", "most_fresh", "random")
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = (
    "<!-- demo: written by docs/refresh.py, held against a run by the tests -->\n",
    ("<!-- /demo -->\n"),
)


def demo_table(gain_table: pd.DataFrame) -> str:
    """The README's table: share of the customers reached, by depth and ranking."""
    lines = [
        "| calling the first | "
        + " | ".join(RANKING_NAMES[ranking] for ranking in RANKINGS)
        + " |",
        "|" + "---|" * (1 + len(RANKINGS)),
    ]
    for depth, rows in gain_table.groupby("depth", sort=True):
        cells = [_cell(rows[rows["ranking"] == ranking].iloc[0]) for ranking in RANKINGS]
        lines.append(f"| {percent(float(depth))} of each list | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(row: pd.Series) -> str:
    if row["ranking"] == "random":
        return percent(row["gain"])
    return f"{percent(row['gain'])} ({percent_interval(row['gain_low'], row['gain_high'])})"


def demo_block(publication: Publication) -> str:
    """All that stands between the README's two marks."""
    return (
        "\n"
        + demo_table(publication.table("gain_table.csv"))
        + "\nShare of the customers reached, with 95 % intervals.\n\n"
    )


def refresh(home: Path) -> None:
    """Put the block and the pictures of the publication in force into the repository."""
    publication = open_current(Home(home.resolve()))
    if publication is None:
        raise SystemExit(f"Nothing was published in {home}. Run `leadgain demo` first.")
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    README.write_text(before + BEGIN + demo_block(publication) + END + after, encoding="utf-8")
    images = README.parent / "docs" / "images"
    (images / "gains.png").write_bytes(publication.read("gains.png"))


if __name__ == "__main__":
    refresh(Path(sys.argv[1]))
