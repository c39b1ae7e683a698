"""The wheel: what somebody gets who installs leadgain without a clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installer would; built offline."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*build, "--directory", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_code_and_nothing_else_of_the_repository(installed: Path) -> None:
    rooms = {"crm", "features", "models", "publications", "pipelines", "dashboard"}
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == rooms


def test_what_is_no_code_but_needed_is_in_the_wheel(installed: Path) -> None:
    for room in ("dashboard", "publications"):
        for file in (ROOT / room).rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                assert (installed / file.relative_to(ROOT)).read_bytes() == file.read_bytes()


def test_the_demo_finds_its_data_in_an_installation(installed: Path) -> None:
    """A Python that sees the unpacked wheel and not the repository."""
    found = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            "from pipelines.cli.sample_data import *; print(find_demo_config())",
        ],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    config = Path(found.stdout.strip())
    assert config.is_relative_to(installed)
    for file in (ROOT / "data" / "loan_applications").iterdir():
        assert (config.parent / file.name).read_bytes() == file.read_bytes()
    source = config.parents[1] / "README.md"
    assert "BPI Challenge 2012" in source.read_text(encoding="utf-8"), "the data must be cited"
