"""How many mutants of each module the tests noticed, and which survivors change nothing."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.modules import MODULES, ROOT, Module
from tests.mutation.workspace import Mutant

COUNTS = ROOT / "docs" / "mutation_counts.json"
EQUIVALENTS = Path(__file__).parent / "equivalents.toml"


@dataclass(frozen=True)
class Equivalent:
    """Survivors that no test can notice: any of these lines, changed in this way."""

    module: str
    before: str
    """Text that the changed lines contain."""
    after: tuple[str, ...]
    """Texts one of which the new lines contain."""
    reason: str

    def covers(self, module: Module, mutant: Mutant) -> bool:
        """Whether this mutant is one of them."""
        return (
            self.module == module.name
            and self.before in mutant.before
            and any(text in mutant.after for text in self.after)
        )


def read_equivalents(file: Path = EQUIVALENTS) -> list[Equivalent]:
    """The survivors that were looked at one by one."""
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["equivalent"]
    return [Equivalent(**{**entry, "after": tuple(entry["after"])}) for entry in entries]


def count_mutants(
    module: Module, mutants: list[Mutant], equivalents: list[Equivalent], *, of: int
) -> tuple[dict[str, Any], list[Mutant]]:
    """The row of a module out of ``of`` mutants that it has, and the survivors to look at."""
    unnoticed = [mutant for mutant in mutants if not mutant.noticed]
    survivors = [
        mutant for mutant in unnoticed if not any(e.covers(module, mutant) for e in equivalents)
    ]
    row = {
        "name": module.name,
        "file": module.file,
        "of": of,
        "mutants": len(mutants),
        "noticed": len(mutants) - len(unnoticed),
        "equivalent": len(unnoticed) - len(survivors),
        "survived": len(survivors),
    }
    return row, survivors


def write_counts(file: Path, row: dict[str, Any], *, day: str, minutes: float | None) -> None:
    """Put the row of one module in the place of its old one, in the order of the modules."""
    known = {old["name"]: old for old in read_counts(file)} if file.exists() else {}
    kept = known.get(row["name"], {}).get("minutes") if minutes is None else minutes
    known[row["name"]] = row | {"day": day, "minutes": kept}
    rows = [known[module.name] for module in MODULES if module.name in known]
    file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def read_counts(file: Path = COUNTS) -> list[dict[str, Any]]:
    """What ``write_counts`` wrote: one row for each module."""
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return rows
