"""docs/reliability.md says how many mutants were noticed, and nothing else."""

from pathlib import Path

import pytest

from tests.mutation.counts import (
    Equivalent,
    count_mutants,
    read_counts,
    read_equivalents,
    write_counts,
)
from tests.mutation.modules import MODULES, ROOT, Module
from tests.mutation.page import BEGIN, END, PAGE, block
from tests.mutation.workspace import Mutant

ENOUGH = 0.9
TIERS = Module("tiers", "models/evaluation/tiers.py", ())


def test_the_page_shows_the_counts_of_the_last_run() -> None:
    shown = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert shown == block(read_counts()), "run `python -m tests.mutation.page`"


@pytest.mark.parametrize("row", read_counts(), ids=lambda row: row["name"])
def test_nine_of_ten_mutants_of_each_module_are_noticed(row: dict) -> None:
    assert row["noticed"] + row["equivalent"] + row["survived"] == row["mutants"] <= row["of"]
    assert row["noticed"] >= ENOUGH * (row["mutants"] - row["equivalent"])


def test_every_module_was_tried_with_tests_that_are_there() -> None:
    assert {row["file"] for row in read_counts()} <= {module.file for module in MODULES}
    assert [t for module in MODULES for t in module.tests if not (ROOT / t).exists()] == []


@pytest.mark.parametrize("entry", read_equivalents(), ids=lambda entry: entry.before)
def test_a_survivor_that_was_looked_at_is_still_in_the_code(entry: Equivalent) -> None:
    file = next(ROOT / module.file for module in MODULES if module.name == entry.module)
    assert entry.before in file.read_text(encoding="utf-8")
    assert entry.reason


def test_survivors_are_counted_apart_from_equivalent_mutants(tmp_path: Path) -> None:
    mutants = [
        Mutant("a", "f", "x = 1", "x = 2", noticed=True),
        Mutant("b", "f", 'y = "utf-8"', 'y = "UTF-8"', noticed=False),
        Mutant("c", "f", "z = 1", "z = 2", noticed=False),
    ]
    same = Equivalent("tiers", '"utf-8"', ('"UTF-8"',), "names of codecs have no case")
    row, survivors = count_mutants(TIERS, mutants, [same], of=5)
    assert (row["noticed"], row["equivalent"], row["survived"]) == (1, 1, 1)
    assert survivors == [mutants[2]]
    write_counts(tmp_path / "counts.json", row, day="2026-11-29", minutes=1.5)
    write_counts(tmp_path / "counts.json", row, day="2026-11-30", minutes=None)
    (read,) = read_counts(tmp_path / "counts.json")
    assert (read["day"], read["minutes"]) == ("2026-11-30", 1.5)
    assert "| 5 | 3 | 1 | 1 | 1 | 2026-11-30 |" in block([read])
