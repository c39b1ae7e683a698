"""The figures of the guide's "Capacity" are the measured ones, and the measuring measures."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from docs.capacity import BEGIN, END, FIGURES, GUIDE, capacity_block

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("capacity", ROOT / "benchmarks" / "capacity.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["capacity"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def figures() -> dict:
    return json.loads(FIGURES.read_text(encoding="utf-8"))


def test_the_guides_figures_are_the_measured_ones(figures):
    guide = GUIDE.read_text(encoding="utf-8")
    assert guide.count(BEGIN) == guide.count(END) == 1
    assert guide.split(BEGIN)[1].split(END)[0] == capacity_block(figures)


def test_the_figures_say_where_and_of_what_they_are(figures):
    assert {"date", "commit", "leadgain", "machine", "load_before"} <= set(figures)
    assert not figures["commit"].endswith("+"), "files were changed that no commit holds"
    assert max(run["leads"] for run in figures["runs"]) >= 100_000
    assert [run["what"] for run in figures["runs"]] == ["a run with a training", "a scoring"] * 2


MEASURING = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from benchmarks import capacity

folder, command = Path(sys.argv[1]), sys.argv[2:]
really = capacity._read_pss_gb

def looked_at(process):
    found = really(process)
    if found > 0.2:
        (folder / "seen").touch()
    return found

capacity._read_pss_gb = looked_at
print(json.dumps(asdict(capacity.measure_command(command, folder / "home"))))
"""
"""In a process of its own: a child counts as large as its parent was when it was made."""


def test_memory_time_and_the_processes_below_are_measured(tmp_path):
    """Half a GB in the command, a fifth in a process that it starts, until both were looked at."""
    below = (
        "import pathlib, time\n"
        "kept = b'x' * 200_000_000\n"
        f"while not pathlib.Path({str(tmp_path / 'seen')!r}).exists(): time.sleep(0.1)\n"
        "time.sleep(1)\n"
    )
    script = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {below!r}])\n"
        "kept = b'x' * 500_000_000\n"
        "child.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", MEASURING, str(tmp_path), sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    took = json.loads(done.stdout)
    assert 0.5 < took["peak_gb"] < 0.6
    assert 0.2 < took["with_server_gb"] - took["peak_gb"] < 0.3
    assert took["seconds"] > 1
    assert 0 < took["cpu_seconds"] < took["seconds"]


def test_a_command_that_fails_ends_the_measuring_with_what_it_said(benchmark, tmp_path):
    script = "raise SystemExit('no lead is left')"
    with pytest.raises(SystemExit, match="no lead is left"):
        benchmark.measure_command((sys.executable, "-c", script), tmp_path / "home")


def test_servers_are_measured_as_compose_runs_them(benchmark):
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    asked = compose["mlflow"]["environment"] | compose["prefect"]["environment"]
    assert {
        key: asked[key] for key in benchmark.COMPOSE_ENVIRONMENT
    } == benchmark.COMPOSE_ENVIRONMENT
    assert "--workers 1" in " ".join(compose["mlflow"]["command"])
