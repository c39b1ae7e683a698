"""What is mutated, and the tests that must notice."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One file of the product with the tests at its mirrored path."""

    name: str
    file: str
    tests: tuple[str, ...]
    compiled: bool = False
    """Whether numba compiles it; mutants run as plain Python."""

    @property
    def dotted(self) -> str:
        """The name under which it is imported."""
        return self.file.removesuffix(".py").replace("/", ".")


def _mirror(name: str, file: str, *more: str, compiled: bool = False) -> Module:
    folder, _, leaf = file.rpartition("/")
    return Module(name, file, (f"tests/{folder}/test_{leaf}", *more), compiled)


MODULES = (
    _mirror("CSV safety", "publications/tables/safe_csv.py"),
    _mirror("tiers", "models/evaluation/tiers.py"),
    _mirror("verdicts", "models/evaluation/verdicts.py"),
    _mirror("gain curves", "models/evaluation/gain_curves.py"),
    _mirror("bootstrap", "models/evaluation/bootstrap.py"),
    _mirror("calibration", "models/scorer/calibration.py"),
    _mirror("gain tables", "models/evaluation/gain_tables.py"),
    _mirror("snapshots", "features/snapshots.py"),
    _mirror("backtest", "models/evaluation/backtest.py"),
    _mirror(
        "store",
        "publications/storage/store.py",
        "tests/publications/storage/test_store_clearing.py",
    ),
    _mirror("promotion", "pipelines/lifecycle/promotion.py"),
    _mirror("windows", "features/windows.py", compiled=True),
)
