"""What the tools read from the environment when they are imported, which collecting tests does."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipelines.runtime.environment import prepare_environment
from tests.cheap_tools import (
    copy_migrated_tables,
    leave_pictures_out,
    leave_prefect_out,
    patched,
)
from tests.faults.sandbox.sitecustomize import outbound
from tests.shared_folders import find_session_folder

FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
LONGEST = (
    "tests/faults/test_promises.py",
    "tests/services/",
    "tests/pipelines/",
    "tests/dashboard/",
)
"""What a worker begins with, so that both end at about the same time."""
LEFT_OUT = {"pictures": leave_pictures_out, "prefect": leave_prefect_out}
"""Mark of the tests that are about it -> what all others do without."""
LEFT: list[str] = []
"""What this session has tried to reach beyond this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Silent tools in a folder of this session, Prefect's temporary server among them."""
    # Where nothing keeps bytecode, each of some hundred processes would compile all libraries anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # Gone when the process ends, after Prefect has stopped its server there.
    folder = tempfile.TemporaryDirectory(prefix="leadgain-tests-", ignore_cleanup_errors=True)
    config.stash[FOLDER] = folder
    os.environ["PREFECT_HOME"] = str(Path(folder.name) / "prefect")  # not that of another worker
    prepare_environment(Path(folder.name))
    _register_hypothesis_profiles()
    sys.addaudithook(_refuse_outbound)


def _register_hypothesis_profiles() -> None:
    """``usual``, the same examples in CI each time, and ``thorough`` for ``--hypothesis-profile``.

    No example has to be quick: the machine may be busy.
    """
    from hypothesis import HealthCheck, settings

    calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("usual", max_examples=50, **calm)
    settings.register_profile("ci", max_examples=50, derandomize=True, database=None, **calm)
    settings.register_profile("thorough", max_examples=1000, **calm)
    settings.load_profile("ci" if os.environ.get("CI") == "true" else "usual")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The harness only when asked for; the longest groups of tests begin first."""
    if "harness" not in config.option.markexpr:
        harness = [item for item in items if item.get_closest_marker("harness")]
        config.hook.pytest_deselected(items=harness)
        items[:] = [item for item in items if item not in set(harness)]
    items.sort(key=lambda item: _find_turn(item.nodeid))


def _find_turn(nodeid: str) -> int:
    folders = (*LONGEST, "tests/")
    return next((n for n, name in enumerate(folders) if nodeid.startswith(name)), len(folders))


def _refuse_outbound(event: str, arguments: tuple[Any, ...]) -> None:
    if attempt := outbound(event, arguments):
        LEFT.append(attempt)
        raise ConnectionRefusedError(f"{attempt}: a test leaves this machine")


@pytest.fixture(autouse=True)
def offline() -> Iterator[None]:
    """No test talks to another machine."""
    before = len(LEFT)
    yield
    assert LEFT[before:] == []


@pytest.fixture(scope="session", autouse=True)
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """MLflow's tables are built once in this session."""
    with copy_migrated_tables(find_session_folder(tmp_path_factory) / "mlflow.db"):
        yield


@pytest.fixture(scope="session", autouse=True)
def left_out() -> Iterator[dict[str, pytest.MonkeyPatch]]:
    """What all tests but the marked ones do without: mark -> what undoes it."""
    with ExitStack() as until_done:
        yield {mark: until_done.enter_context(patched(out)) for mark, out in LEFT_OUT.items()}


@pytest.fixture(autouse=True)
def whole(
    request: pytest.FixtureRequest, left_out: dict[str, pytest.MonkeyPatch]
) -> Iterator[None]:
    """Reports hold their drawings, and flows run in Prefect, where a test is about that."""
    marks = [mark for mark in LEFT_OUT if request.node.get_closest_marker(mark)]
    for mark in marks:
        left_out[mark].undo()
    yield
    for mark in marks:
        LEFT_OUT[mark](left_out[mark])
