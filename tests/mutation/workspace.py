"""A folder in which mutmut changes one file of the product, and what its mutants came to."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.modules import ROOT, Module

PACKAGES = ("crm", "features", "models", "publications", "pipelines", "dashboard")
BESIDE_TESTS = ("data", "docs", "benchmarks", "deploy", "README.md")
"""Read by some tests from the folder above theirs."""
NOTICED = ("killed", "timeout", "segfault", "suspicious")
"""What mutmut calls a mutant with which the tests did not end well."""

OPTIONS = (
    "--import-mode=importlib",
    *("-p", "no:cacheprovider"),
    # mutmut begins many sessions in one process, and their garbage is none of a test's.
    *("-p", "no:unraisableexception"),
    *("-p", "no:threadexception"),
)

SETTINGS = """\
[tool.mutmut]
source_paths = {packages}
only_mutate = ["{file}"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = {options}
timeout_multiplier = 5.0
timeout_constant = 4.0
use_git_change_detection = false
track_dependencies = false

[tool.pytest.ini_options]
pythonpath = ["."]
markers = {markers}
filterwarnings = {filters}
"""


@dataclass(frozen=True)
class Mutant:
    """One small change of the product, and whether a test noticed."""

    name: str
    function: str
    before: str
    """The lines that it changes, without their indentation."""
    after: str
    noticed: bool


def prepare(module: Module, folder: Path) -> None:
    """Make the workspace, or bring its settings up to date; results in it are kept."""
    (folder / "mutants").mkdir(parents=True, exist_ok=True)
    for name in (*PACKAGES, "tests"):
        _link(folder / name)
    for name in BESIDE_TESTS:
        _link(folder / "mutants" / name, ROOT / name)
    if module.compiled:
        _copy_without_compiler(module, folder)
    (folder / "pyproject.toml").write_text(_build_settings(module), encoding="utf-8")


def run_mutmut(folder: Path, names: Iterable[str] = ()) -> None:
    """Try these mutants, or all that have no result yet, one at a time.

    Raises
    ------
    CalledProcessError
        mutmut could not run, for instance because a test fails without any mutant; its output is
        in ``mutmut.log``.
    """
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    with (folder / "mutmut.log").open("w") as log:
        subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
            stdout=log,
            stderr=log,
            check=True,
        )


def draw_sample(module: Module, folder: Path, size: int | None = None, seed: int = 1) -> list[str]:
    """Names of ``size`` mutants, the same for the same seed and source; all where it has fewer."""
    from mutmut.configuration import reset_config
    from mutmut.mutation.file_mutation import mutate_file_contents

    with chdir(folder):
        reset_config()
        source = Path(module.file).read_text(encoding="utf-8")
        found = mutate_file_contents(module.file, source).mutant_names
    names = [f"{module.dotted}.{name}" for name in found]
    if size is None or len(names) <= size:
        return names
    return sorted(random.Random(seed).sample(names, size))  # noqa: S311


def read_mutants(module: Module, folder: Path) -> list[Mutant]:
    """All mutants that were tried in this workspace."""
    from mutmut.configuration import reset_config
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code

    with chdir(folder):
        reset_config()
        data = SourceFileMutationData(path=module.file)
        data.load()
        tried = {name: code for name, code in data.exit_code_by_key.items() if code is not None}
        return [
            Mutant(
                name,
                _find_function(name),
                *_read_change(get_diff_for_mutant(name, path=module.file)),
                noticed=status_by_exit_code[code] in NOTICED,
            )
            for name, code in tried.items()
        ]


def _find_function(name: str) -> str:
    """The function inside mutmut's name: x_prove__mutmut_3, or xǁDifferenceǁvalue__mutmut_1."""
    mangled = name.rpartition(".")[2].partition("__mutmut_")[0]
    return mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")


def _read_change(diff: str) -> tuple[str, str]:
    lines = diff.splitlines()[2:]
    changed = [
        [line[1:].strip() for line in lines if line.startswith(sign) and "__mutmut_" not in line]
        for sign in "-+"
    ]
    return "\n".join(changed[0]), "\n".join(changed[1])


def _link(place: Path, target: Path | None = None) -> None:
    if place.is_symlink() or not place.exists():
        place.unlink(missing_ok=True)
        place.symlink_to(target or ROOT / place.name)


def _copy_without_compiler(module: Module, folder: Path) -> None:
    package = module.file.partition("/")[0]
    if (folder / package).is_symlink():
        (folder / package).unlink()
    shutil.copytree(ROOT / package, folder / package, dirs_exist_ok=True)
    file = folder / module.file
    # mutmut leaves decorated functions alone.
    file.write_text(re.sub(r"^@_(inline|compile)\n", "", file.read_text(), flags=re.MULTILINE))


def _build_settings(module: Module) -> str:
    import json
    import tomllib

    pytest = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    return SETTINGS.format(
        packages=json.dumps(PACKAGES),
        file=module.file,
        tests=json.dumps(module.tests),
        options=json.dumps(OPTIONS),
        markers=json.dumps(pytest["markers"]),
        filters=json.dumps(pytest["filterwarnings"]),
    )
