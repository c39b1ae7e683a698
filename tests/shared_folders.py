"""Folders that are expensive to fill: one worker fills them, all workers read them."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def share_folder(
    factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]
) -> Path:
    """A folder of this session, filled once by whichever worker needs it first.

    Parameters
    ----------
    factory : of the worker
    name : of the folder, the same in all workers
    fill : writes into the folder, which is there and empty

    Who changes something in it takes a copy.
    """
    root = find_session_folder(factory)
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed halfway
            folder.mkdir()
            fill(folder)
            done.touch()
    return folder


def find_session_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this session share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
