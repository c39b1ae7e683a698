"""Named instants: each at one place, each with a listed name, and none without its variable."""

import ast
import errno
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from publications.filesystem.durable_files import CannotWrite, replace_durably
from publications.filesystem.failpoints import (
    SCORING_FAILPOINTS,
    TRAINING_FAILPOINTS,
    VARIABLE,
    failpoint,
)
from publications.storage.home import Home

ROOT = Path(__file__).parents[2]
ROOMS = ("crm", "features", "models", "publications", "pipelines", "dashboard")


def list_named_failpoints() -> Counter[str]:
    """Every first argument of a call of ``failpoint``, as it stands in the code."""
    names: Counter[str] = Counter()
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "failpoint":
                    name = ast.literal_eval(node.args[0])
                    names[name] += 1
    return names


def test_every_failpoint_that_is_listed_stands_at_exactly_one_place_and_no_other_exists() -> None:
    assert list_named_failpoints() == Counter(TRAINING_FAILPOINTS + SCORING_FAILPOINTS)
    assert len(SCORING_FAILPOINTS) >= 12


def test_a_failpoint_does_nothing_without_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    failpoint("files.written")


def test_a_failpoint_costs_less_than_twenty_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    fastest = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(1000):
            failpoint("files.written")
        fastest = min(fastest, (time.perf_counter() - begun) / 1000)
    assert fastest < 20e-6


def test_another_name_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "folder.moved:error")
    failpoint("files.written")


def test_an_error_is_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "files.written:error")
    with pytest.raises(OSError, match="No space left on device") as full:
        failpoint("files.written")
    assert full.value.errno == errno.ENOSPC


def test_one_of_several_files_can_be_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, "file.drafted/CURRENT:error")
    home = Home(tmp_path)
    replace_durably(tmp_path / "champions.json", b"{}")
    with pytest.raises(CannotWrite, match="No space left on device"):
        replace_durably(home.current, b"1\n")
    assert not home.current.exists()


def test_an_unknown_deed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "files.written:explode")
    with pytest.raises(ValueError, match="after the colon comes kill, error or pause"):
        failpoint("files.written")


def start_other_process(what: str) -> "subprocess.Popen[bytes]":
    code = "from publications.filesystem.failpoints import failpoint; failpoint('files.written')"
    environment = {**os.environ, VARIABLE: f"files.written:{what}"}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)


def test_a_kill_ends_the_process_as_kill_9_does() -> None:
    assert start_other_process("kill").wait(timeout=30) == -signal.SIGKILL


def test_a_pause_lasts_until_somebody_ends_the_process() -> None:
    with start_other_process("pause") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.kill()
    assert process.returncode == -signal.SIGKILL
