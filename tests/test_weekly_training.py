"""The figures of decision 0903 are those of the years that were measured."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "weekly_training.py"
NOTE = ROOT / "docs" / "decisions" / "0903-stepping-down.md"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("weekly_training", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["weekly_training"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with SCRIPT.with_suffix(".csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_notes_table_is_that_of_the_measured_years(benchmark, rows):
    assert "\n".join(benchmark.format_table(rows)) in NOTE.read_text(encoding="utf-8")


def test_no_year_of_the_plan_is_missing(rows):
    """200 CRMs of noise, and every other seed of those in which something can be foretold."""
    seeds = {"noise": range(201, 401), "weak": range(202, 401, 2), "good": range(202, 401, 2)}
    planned = [
        (kind, seed, down) for kind in seeds for seed in seeds[kind] for down in ("no", "yes")
    ]
    assert [(r["kind"], int(r["seed"]), r["stepping_down"]) for r in rows] == planned


def test_what_the_note_says_of_noise_is_counted(rows):
    noise = [r for r in rows if (r["kind"], r["stepping_down"]) == ("noise", "yes")]
    led = [int(r["weeks_led"]) for r in noise if r["ever"] == "1"]
    after = sum(r["leads"] == "1" for r in noise)
    told = " ".join(NOTE.read_text(encoding="utf-8").split())
    assert f"none of those {len(led)} models led for more than {max(led)} of the 52 weeks" in told
    assert f"Of {len(noise)} such CRMs {after} had a leading model" in told


def test_the_page_on_proofs_tells_the_same(benchmark, rows):
    told = " ".join((ROOT / "docs" / "proof.md").read_text(encoding="utf-8").split())
    cells = [line.strip("| ").split(" | ") for line in benchmark.format_table(rows)[2:]]
    found = {(kind, down): shares for kind, _, down, *shares in cells}
    (ever, _, without, _), (_, after, within, _) = (found["noise", down] for down in ("no", "yes"))
    assert f"converts, {ever} had a champion at some time" in told
    assert f"with it {after} had, and a champion was in use in {within} of the weeks" in told
    assert f"instead of {without}." in told
    assert f"and in {found['good', 'yes'][2]} of its weeks" in told


@pytest.mark.slow
def test_a_year_comes_out_as_it_was_measured(benchmark, rows):
    again = [
        {k: str(v) for k, v in row.items()} for row in benchmark.simulate_years("noise", [289])
    ]
    assert again == [r for r in rows if (r["kind"], r["seed"]) == ("noise", "289")]
