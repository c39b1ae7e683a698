"""The home folder: where everything lies, who may write, and how to write so that it lasts."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from publications.failpoints import failpoint
from publications.figures import size

POLL_SECONDS = 0.05
LOOK_SECONDS = 0.2
"""Somebody may only be looking whether the home is free: so long it is tried again."""
NAME_BYTES = 20
"""Of the process number in a lock's file, with blanks behind it."""


class Busy(RuntimeError):
    """Another process is at work in this home folder (exit code 4)."""


class CannotWrite(RuntimeError):
    """The disk is full, read-only or closed to us; the message says which list is in force."""


@dataclass(frozen=True)
class Home:
    """The paths of one home folder; ``folder`` is absolute."""

    folder: Path

    @property
    def runs(self) -> Path:
        """Work in progress, one folder a run; nobody else reads it."""
        return self.folder / "runs"

    @property
    def models(self) -> Path:
        """One folder a model version."""
        return self.folder / "models"

    @property
    def publications(self) -> Path:
        """One immutable folder a publication."""
        return self.folder / "publications"

    @property
    def current(self) -> Path:
        """The file that holds the number of the publication in force."""
        return self.folder / "CURRENT"

    @property
    def lock(self) -> Path:
        """The file that the working process locks; it names that process."""
        return self.folder / "LOCK"

    @property
    def serving(self) -> Path:
        """The file that the process behind the schedule locks."""
        return self.folder / "SERVING"

    @property
    def logs(self) -> Path:
        """What the runs said."""
        return self.folder / "logs"

    @property
    def tracking_database(self) -> Path:
        """MLflow's records."""
        return self.folder / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's files."""
        return self.folder / "mlartifacts"

    @property
    def prefect(self) -> Path:
        """Prefect's own home."""
        return self.folder / "prefect"


@dataclass(frozen=True)
class Hold:
    """Proof that this process holds the home folder; what writes into it asks for one."""

    home: Home


@contextmanager
def hold(home: Home, *, wait_seconds: float = 0.0) -> Iterator[Hold]:
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
    with writing(home.folder):
        for folder in (home.runs, home.models, home.publications):
            folder.mkdir(parents=True, exist_ok=True)
    with locked(home.lock, wait_seconds=wait_seconds):
        failpoint("home.held")
        yield Hold(home)


def refuse_busy(home: Home) -> None:
    """Say that a home folder is held before anything slow starts; ``hold`` says it for good.

    Raises
    ------
    Busy
        Another process holds it.
    """
    with writing(home.lock):  # a folder that is closed to us does not say what it holds
        is_there = home.lock.exists()
    if is_there:
        with _opened(home.lock) as descriptor:
            _lock(descriptor, home.lock, 0.0, fcntl.LOCK_SH)  # two who only look are not in the way


@contextmanager
def locked(file: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, whose folder must be there; raises as :func:`hold` does."""
    with _opened(file) as descriptor:
        _lock(descriptor, file, wait_seconds, fcntl.LOCK_EX)
        with writing(file):
            # Never empty, not even for an instant: who is refused then is told by whom.
            os.pwrite(descriptor, f"{os.getpid():<{NAME_BYTES - 1}}\n".encode(), 0)
        yield


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    with writing(file):
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        # Unlocked by name: a child process may have inherited the open file.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _lock(descriptor: int, file: Path, wait_seconds: float, kind: int) -> None:
    deadline = time.monotonic() + max(wait_seconds, LOOK_SECONDS)
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(_busy_message(descriptor, file)) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _busy_message(descriptor: int, file: Path) -> str:
    holder = os.pread(descriptor, NAME_BYTES, 0).decode("ascii", errors="replace").strip()
    who = f"Process {holder}" if holder.isdecimal() else "Another process"
    return f"{who} is at work in {file.parent}. Wait until it is done, or use another --home."


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn whatever the disk says while writing below ``path`` into one clear sentence.

    Raises
    ------
    CannotWrite
        Naming the path, the reason and the free space.
    """
    try:
        yield
    except OSError as error:
        raise CannotWrite(
            f"{refused_by_disk(path, error)} What was published before is untouched. "
            "Mend this and run again."
        ) from error


def refused_by_disk(path: Path, error: OSError) -> str:
    """What the disk said while writing below ``path``, in one sentence with the free space."""
    named = Path(os.fsdecode(error.filename)) if error.filename else path
    place = named if named.is_absolute() else path / named  # a name inside a folder being deleted
    return f"Cannot write {place}: {_reason(error)}; {_free_space(path)}."


def _reason(error: OSError) -> str:
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))


def _free_space(path: Path) -> str:
    # A closed folder does not say what it holds: `Path.exists` would raise.
    existing = next((p for p in (path, *path.parents) if os.path.exists(p)), Path("/"))  # noqa: PTH110
    try:
        return f"{size(shutil.disk_usage(existing).free)} are free there"
    except OSError:
        return "the free space there is not known"


def write_lasting(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with writing(path), path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_lasting(path: Path, content: bytes) -> None:
    """Replace a file in one step: whoever reads it sees the old content or the new one."""
    draft = path.with_name(f"{path.name}.new")
    write_lasting(draft, content)
    with writing(path):
        failpoint("file.drafted", path.name)
        draft.replace(path)
        sync(path.parent)


def move_lasting(folder: Path, target: Path) -> None:
    """Move a finished folder to its place in one step, once the disk has all of it.

    Raises
    ------
    FileExistsError
        The target is there already; nothing was moved.
    CannotWrite
        The disk does not let us.
    """
    if target.exists():
        raise FileExistsError(errno.EEXIST, "is there already", str(target))
    with writing(target):
        for path in sorted(folder.rglob("*"), reverse=True):
            sync(path)
        sync(folder)
        failpoint("folder.synced", target.parent.name)
        folder.rename(target)
        sync(target.parent)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Wait until the disk has a file's content, or a folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def start_run(held: Hold, run_id: str) -> Path:
    """Make an empty folder ``runs/<run_id>``; what killed runs left behind is cleared away.

    Raises
    ------
    CannotWrite
        The disk does not let us.
    """
    runs = held.home.runs
    with writing(runs):
        for leftover in runs.iterdir():
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
        folder = runs / run_id
        folder.mkdir()
        failpoint("run.started")
    return folder
