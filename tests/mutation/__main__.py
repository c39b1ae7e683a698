"""Change the code in small ways and count what its tests notice.

``uv run python -m tests.mutation`` tries all mutants of all modules, one at a time.
``--only tiers`` tries one module, ``--sample 60`` only so many mutants of each, drawn with a fixed
seed. Results are kept in ``build/mutation``: ``--again`` tries those that were not noticed once
more, after a test was written for them. Each run writes docs/mutation_counts.json and the table of
docs/reliability.md, and prints the survivors that nobody has looked at yet.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from tests.mutation.counts import COUNTS, count_mutants, read_equivalents, write_counts
from tests.mutation.modules import MODULES, ROOT, Module
from tests.mutation.page import refresh
from tests.mutation.workspace import Mutant, draw_sample, prepare, read_mutants, run_mutmut

FOLDER = ROOT / "build" / "mutation"
SEED = 1

console = Console(highlight=False, soft_wrap=True, markup=False)


def main() -> None:
    """Try what was asked for, write the counts and print the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    names = [module.name for module in MODULES]
    parser.add_argument("--only", action="append", choices=names, help="one module")
    parser.add_argument("--sample", type=int, help="try only so many mutants of each module")
    parser.add_argument("--again", action="store_true", help="try again what was not noticed")
    parser.add_argument("--count", action="store_true", help="only count the results that are kept")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where results are kept")
    asked = parser.parse_args()
    for module in MODULES:
        if not asked.only or module.name in asked.only:
            _try_module(module, asked)


def _try_module(module: Module, asked: argparse.Namespace) -> None:
    folder = asked.folder / module.name.replace(" ", "_")
    begun = time.monotonic()
    prepare(module, folder)
    if not asked.count:
        run_mutmut(folder, _choose(module, folder, asked))
    mutants = read_mutants(module, folder)
    row, survivors = count_mutants(
        module, mutants, read_equivalents(), of=len(draw_sample(module, folder))
    )
    minutes = None if asked.count else round((time.monotonic() - begun) / 60, 1)
    write_counts(COUNTS, row, day=datetime.now(UTC).date().isoformat(), minutes=minutes)
    refresh()
    console.print(
        f"{row['name']}: {row['mutants']} of {row['of']} mutants, {row['noticed']} noticed, "
        f"{row['equivalent']} equivalent, {row['survived']} survived"
    )
    for mutant in survivors:
        console.print(_describe(mutant))


def _choose(module: Module, folder: Path, asked: argparse.Namespace) -> list[str]:
    if asked.again:
        return [mutant.name for mutant in read_mutants(module, folder) if not mutant.noticed]
    return draw_sample(module, folder, asked.sample, SEED)


def _describe(mutant: Mutant) -> str:
    lines = [f"- {line}" for line in mutant.before.splitlines()]
    lines += [f"+ {line}" for line in mutant.after.splitlines()]
    return "\n    ".join([f"  {mutant.name}", *lines])


if __name__ == "__main__":
    main()
