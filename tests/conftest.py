"""What the tools read from the environment when they are imported, which collecting tests does."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.runtime.environment import prepare_environment
from tests.faults.sandbox.sitecustomize import outbound

FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
LEFT: list[str] = []
"""What this session has tried to reach beyond this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Silent tools in a folder of this session, Prefect's temporary server among them."""
    # Gone when the process ends, after Prefect has stopped its server there.
    folder = tempfile.TemporaryDirectory(prefix="leadgain-tests-", ignore_cleanup_errors=True)
    config.stash[FOLDER] = folder
    prepare_environment(Path(folder.name))
    _bear_a_busy_machine()
    config.addinivalue_line("markers", "trial(name, work): what a test of faults has tried ahead")
    sys.addaudithook(_refuse_outbound)


def _bear_a_busy_machine() -> None:
    """No example of Hypothesis has to be quick; in CI it asks for none of that itself."""
    from hypothesis import HealthCheck, settings

    calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("busy machine", settings.default, **calm)
    settings.load_profile("busy machine")


def _refuse_outbound(event: str, arguments: tuple[Any, ...]) -> None:
    if told := outbound(event, arguments):
        LEFT.append(told)
        raise ConnectionRefusedError(f"{told}: a test leaves this machine")


@pytest.fixture(autouse=True)
def offline() -> Iterator[None]:
    """Nobody in this session talks to the world."""
    before = len(LEFT)
    yield
    assert LEFT[before:] == []
