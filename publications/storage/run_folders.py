"""Folders for work in progress, one a run."""

import shutil
from pathlib import Path

from publications.filesystem.durable_files import explain_write_errors
from publications.filesystem.failpoints import failpoint
from publications.storage.lock import HomeLock


def start_run(lock: HomeLock, run_id: str) -> Path:
    """Make an empty folder ``runs/<run_id>``; what killed runs left behind is cleared away.

    Raises
    ------
    CannotWrite
        The disk does not let us.
    """
    runs = lock.home.runs
    with explain_write_errors(runs):
        for leftover in runs.iterdir():
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
        folder = runs / run_id
        folder.mkdir()
        failpoint("run.started")
    return folder
