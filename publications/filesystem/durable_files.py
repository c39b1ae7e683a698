"""Write files and folders so that they last, or say clearly why the disk refused."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publications.filesystem.failpoints import failpoint


class CannotWrite(RuntimeError):
    """The disk is full, read-only or closed to us; the message says which list is in force."""


@contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
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
            f"{describe_disk_error(path, error)} The published list is not affected. "
            "Fix this and run again."
        ) from error


def describe_disk_error(path: Path, error: OSError) -> str:
    """What the disk said while writing below ``path``, in one sentence with the free space."""
    named = Path(os.fsdecode(error.filename)) if error.filename else path
    place = named if named.is_absolute() else path / named  # a name inside a folder being deleted
    return f"Cannot write {place}: {_describe_reason(error)}; {_describe_free_space(path)}."


def _describe_reason(error: OSError) -> str:
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))


def _describe_free_space(path: Path) -> str:
    # A closed folder does not say what it holds: `Path.exists` would raise.
    existing = next((p for p in (path, *path.parents) if os.path.exists(p)), Path("/"))  # noqa: PTH110
    from rich.filesize import decimal

    try:
        return f"{decimal(shutil.disk_usage(existing).free)} are free there"
    except OSError:
        return "the free space there is not known"


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with explain_write_errors(path), path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Replace a file in one step: whoever reads it sees the old content or the new one."""
    draft = path.with_name(f"{path.name}.new")
    write_durably(draft, content)
    with explain_write_errors(path):
        failpoint("file.drafted", path.name)
        draft.replace(path)
        sync(path.parent)


def move_durably(folder: Path, target: Path) -> None:
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
    with explain_write_errors(target):
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
