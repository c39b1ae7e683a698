"""One process at a time in a home folder, by a lock of the operating system."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from publications.filesystem.durable_files import explain_write_errors
from publications.filesystem.failpoints import failpoint
from publications.storage.home import Home

POLL_SECONDS = 0.05


MIN_WAIT_SECONDS = 0.2
"""Somebody may only be looking whether the home is free: so long it is tried again."""


PROCESS_NUMBER_BYTES = 20
"""Of the process number in a lock's file, with blanks behind it."""


class Busy(RuntimeError):
    """Another process is at work in this home folder (exit code 4)."""


@dataclass(frozen=True)
class HomeLock:
    """Proof that this process holds the home folder; what writes into it asks for one."""

    home: Home


@contextmanager
def hold_home(home: Home, *, wait_seconds: float = 0.0) -> Iterator[HomeLock]:
    """Be the only process at work in a home folder, which is made if it is not there.

    The operating system keeps the lock and frees it when the process ends, however it ends.

    Parameters
    ----------
    home : Home
    wait_seconds : float
        How long to wait for another process; 0 does not wait.

    Raises
    ------
    Busy
        Another process still holds it; the message names its number where it left one.
    CannotWrite
        The folder cannot be made or written to.
    """
    with explain_write_errors(home.folder):
        home.make(home.runs, home.models, home.publications)
    with lock_file(home.lock, wait_seconds=wait_seconds):
        failpoint("home.held")
        yield HomeLock(home)


def refuse_busy(home: Home) -> None:
    """Say that a home folder is held before anything slow starts; ``hold_home`` says it for good.

    Raises
    ------
    Busy
        Another process holds it.
    """
    with explain_write_errors(
        home.lock
    ):  # a folder that is closed to us does not say what it holds
        is_there = home.lock.exists()
    if is_there:
        with _open_lock_file(home.lock) as descriptor:
            _acquire_lock(
                descriptor, home.lock, 0.0, fcntl.LOCK_SH
            )  # two who only look are not in the way


@contextmanager
def lock_file(file: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, whose folder must be there; raises as :func:`hold_home` does."""
    with _open_lock_file(file) as descriptor:
        _acquire_lock(descriptor, file, wait_seconds, fcntl.LOCK_EX)
        with explain_write_errors(file):
            # Never empty, not even for an instant: who is refused then is told by whom.
            os.pwrite(descriptor, f"{os.getpid():<{PROCESS_NUMBER_BYTES - 1}}\n".encode(), 0)
        yield


@contextmanager
def _open_lock_file(file: Path) -> Iterator[int]:
    with explain_write_errors(file):
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        # Unlocked by name: a child process may have inherited the open file.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _acquire_lock(descriptor: int, file: Path, wait_seconds: float, kind: int) -> None:
    deadline = time.monotonic() + max(wait_seconds, MIN_WAIT_SECONDS)
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(_format_busy_message(descriptor, file)) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _format_busy_message(descriptor: int, file: Path) -> str:
    holder = os.pread(descriptor, PROCESS_NUMBER_BYTES, 0).decode("ascii", errors="replace").strip()
    who = f"Process {holder}" if holder.isdecimal() else "Another process"
    return f"{who} is at work in {file.parent}. Wait until it is done, or use another --home."
