"""Publish atomically, read safely.

Whatever happens, at whatever instant, ``CURRENT`` names a whole publication whose hashes hold.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publications.filesystem.durable_files import (
    CannotWrite,
    describe_disk_error,
    explain_write_errors,
    move_durably,
    replace_durably,
    sync,
    write_durably,
)
from publications.filesystem.failpoints import failpoint
from publications.filesystem.json_files import encode_json, format_instant
from publications.schema import FILES, MANIFEST, find_published_file
from publications.storage.home import Home
from publications.storage.lock import Busy, HomeLock, hold_home
from publications.storage.run_folders import start_run
from publications.tables.read_write import count_rows, read_rows_of_rank, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Busy",
    "CannotWrite",
    "Home",
    "HomeLock",
    "Provenance",
    "Publication",
    "PublicationDamaged",
    "delete_old_publications",
    "explain_write_errors",
    "find_unchanged_publication",
    "hold_home",
    "move_durably",
    "open_current",
    "open_publication",
    "publish",
    "start_run",
    "write_durably",
    "write_table",
]

REMOVED_SUFFIX = ".removed"
"""Ending of a publication's folder that is being deleted."""
PUBLISH_AGAIN_HINT = " `leadgain score --again` publishes a new list."
"""The end of what is said of a damaged publication, where nobody has done so since."""


class PublicationDamaged(RuntimeError):
    """A published file is not what was published; the message names it and both hashes."""


@dataclass(frozen=True)
class Provenance:
    """Where a publication comes from, for its manifest. The times stand nowhere else."""

    as_of: datetime
    started_at: datetime
    code_version: str
    model_version: int | None = None
    model_sha256: str | None = None
    no_model_reason: str | None = None
    """Why there is no model; then the list is most fresh first."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As JSON values, secrets left out."""
    counts: Mapping[str, Any] = field(default_factory=dict)
    """As JSON values: rows in, kept, quarantined, excluded; whatever else was counted."""
    warnings: Sequence[str] = ()
    """What must be said beside the list, as sentences."""
    inputs_sha256: str | None = None
    """Of all that decides what the list says; two publications of the same are one too many."""


@dataclass(frozen=True)
class Publication:
    """One publication, as its manifest describes it; it stays the same while newer ones appear."""

    number: int
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def file_names(self) -> tuple[str, ...]:
        """The files that it holds, beside the manifest."""
        return tuple(self.manifest["files"])

    def read(self, name: str) -> bytes:
        """Read one file and hold it against the manifest.

        Raises
        ------
        KeyError
            The publication has no such file; publications without a model lack some.
        PublicationDamaged
            The file is missing, or is not what was published.
        """
        expected = self.manifest["files"][self._require_file(name)]["sha256"]
        try:
            content = (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise PublicationDamaged(
                f"Publication {self.number} has lost its {name} "
                f"({self.folder}).{PUBLISH_AGAIN_HINT}"
            ) from None
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise PublicationDamaged(
                f"{self.folder / name} is damaged: SHA-256 {expected} was published, "
                f"{found} is there.{PUBLISH_AGAIN_HINT}"
            )
        return content

    def table(self, name: str) -> "pd.DataFrame":
        """Read one table with the dtypes of its columns; raises as ``read`` does."""
        return read_table(self.read(name), name)

    def read_lead_rows(self, name: str, rank: int) -> "pd.DataFrame":
        """Read the rows of one listed lead without reading the rest of a large table.

        Parameters
        ----------
        name : a Parquet file sorted by its first column, the lead's place in the worklist
        rank : that place

        Raises
        ------
        KeyError
            The publication has no such file.
        PublicationDamaged
            The part that was read is not what was published. Only ``read`` and ``verify`` see
            to the whole file.
        """
        path = self.folder / self._require_file(name)
        try:
            return read_rows_of_rank(path, rank)
        except OSError as error:
            raise PublicationDamaged(
                f"{path} is missing or damaged ({type(error).__name__}).{PUBLISH_AGAIN_HINT}"
            ) from error

    def verify(self) -> None:
        """Read every file once; raises as ``read`` does."""
        for name in self.file_names:
            self.read(name)

    def _require_file(self, name: str) -> str:
        if name not in self.manifest["files"]:
            reason = self.manifest["model"]["missing_because"]
            without_model = reason and find_published_file(name).needs_model
            because = f": there is no model, because {reason}" if without_model else ""
            raise KeyError(f"publication {self.number} holds no {name}{because}")
        return name


def publish(
    lock: HomeLock, run_folder: Path, provenance: Provenance, published_at: datetime
) -> int:
    """Make the files of a run the publication in force.

    The files are described in ``manifest.json`` and synced, the folder becomes
    ``publications/<number>/`` in one step and ``CURRENT`` is replaced in another. A run that
    ends before the last step changes nothing for readers.

    Parameters
    ----------
    lock : Hold
        Of the home folder, from ``hold(home)``.
    run_folder : Path
        Holds the files of ``publications.schema`` and nothing else; it is moved away.
    provenance : Provenance
    published_at : datetime
        The present instant, aware.

    Returns
    -------
    The publication's number: 1, 2, 3 and so on. A number is not used twice.

    Raises
    ------
    ValueError
        A file is missing or unknown.
    CannotWrite
        The disk does not let us; the publication in force stays, unless the message says that the
        new one is in force already.
    """
    home = lock.home
    with explain_write_errors(run_folder):
        failpoint("files.written")
        manifest = _build_manifest(run_folder, provenance, published_at)
    write_durably(run_folder / MANIFEST, manifest)
    with explain_write_errors(home.publications):
        failpoint("manifest.written")
        number = max(_find_used_numbers(home), default=0) + 1
        move_durably(run_folder, home.publications / str(number))
        failpoint("folder.moved")
    _put_in_force(home, number)
    return number


def _put_in_force(home: Home, number: int) -> None:
    try:
        with explain_write_errors(home.current):
            replace_durably(home.current, f"{number}\n".encode())
            failpoint("current.replaced")
    except CannotWrite as error:
        cause = error.__cause__
        if _read_current_number(home) != number or not isinstance(cause, OSError):
            raise
        raise CannotWrite(
            f"Publication {number} is current, but the disk has not confirmed it. "
            f"{describe_disk_error(home.current, cause)} Fix this and run again with --again."
        ) from cause


def find_unchanged_publication(home: Home, inputs_sha256: str) -> Publication | None:
    """The publication in force, if it was made of the same inputs and is whole; else None."""
    try:
        publication = open_current(home)
        if publication is None or publication.manifest.get("inputs_sha256") != inputs_sha256:
            return None
        publication.verify()
    except PublicationDamaged:
        return None
    return publication


def open_current(home: Home) -> Publication | None:
    """Open the publication in force; None where nothing was published yet.

    Raises
    ------
    PublicationDamaged
        ``CURRENT`` or the manifest cannot be understood.
    """
    number = _read_current_number(home)
    while number is not None:
        try:
            return _read_publication(home, number)
        except FileNotFoundError:
            before, number = number, _read_current_number(home)
            if number == before:  # not merely replaced and cleared away meanwhile
                raise PublicationDamaged(
                    f"{home.current} names publication {number}, which is missing or lacks "
                    f"its {MANIFEST}.{PUBLISH_AGAIN_HINT}"
                ) from None
    return None


def delete_old_publications(lock: HomeLock, count: int) -> list[int]:
    """Delete old publications; the one in force and the latest ``count`` before it stay.

    What an earlier call could not delete is deleted as well.

    Returns
    -------
    The numbers that were deleted, ascending.

    Raises
    ------
    CannotWrite
        The disk does not let us; the message says that the publication in force is not concerned.
    """
    home = lock.home
    in_force = _read_current_number(home)
    if in_force is None:
        return []
    numbers = (int(p.name) for p in home.publications.iterdir() if p.name.isdecimal())
    older = sorted(number for number in numbers if number < in_force)
    removed = older[: max(len(older) - count, 0)]
    try:
        _delete_publications(home, removed)
    except OSError as error:
        raise CannotWrite(
            f"Publication {in_force} is current and complete, but older ones could not be deleted. "
            f"{describe_disk_error(home.publications, error)} Fix this; the next run deletes "
            "them."
        ) from error
    return removed


def _delete_publications(home: Home, numbers: Sequence[int]) -> None:
    for number in numbers:
        folder = home.publications / str(number)
        folder.rename(folder.with_suffix(REMOVED_SUFFIX))
    sync(home.publications)
    failpoint("old.set_aside")
    for folder in home.publications.glob(f"*{REMOVED_SUFFIX}"):
        shutil.rmtree(folder)
    failpoint("old.removed")


def _build_manifest(run_folder: Path, provenance: Provenance, published_at: datetime) -> bytes:
    has_model = provenance.model_version is not None
    agreed = {f.name for f in FILES if (has_model or not f.needs_model) and not f.optional}
    needed = agreed - {MANIFEST}
    found = {path.name for path in run_folder.iterdir()} - {MANIFEST}
    if missing := sorted(needed - found):
        raise ValueError(f"the publication lacks {', '.join(missing)}")
    if unknown := sorted(found - {file.name for file in FILES}):
        raise ValueError(f"a publication does not hold {', '.join(unknown)}")
    content = {
        "as_of": format_instant(provenance.as_of),
        "model": {
            "version": provenance.model_version,
            "sha256": provenance.model_sha256,
            "missing_because": provenance.no_model_reason,
        },
        "code_version": provenance.code_version,
        "files": {name: _describe_file(run_folder / name) for name in sorted(found)},
        "counts": provenance.counts,
        "warnings": list(provenance.warnings),
        "settings": provenance.settings,
        "inputs_sha256": provenance.inputs_sha256,
        "times": {
            "started_at": format_instant(provenance.started_at),
            "published_at": format_instant(published_at),
        },
    }
    return encode_json(content)


def _describe_file(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    described: dict[str, int | str] = {"bytes": path.stat().st_size, "sha256": sha256}
    if find_published_file(path.name).columns:
        described["rows"] = count_rows(path)
    return described


def _find_used_numbers(home: Home) -> list[int]:
    """All numbers ever used that can be seen: what killed runs left half done counts as well."""
    names = [path.name.removesuffix(REMOVED_SUFFIX) for path in home.publications.iterdir()]
    in_use = [int(name) for name in names if name.isdecimal()]
    try:
        in_force = _read_current_number(home)
    except PublicationDamaged:  # the new publication mends it
        return in_use
    return in_use if in_force is None else [*in_use, in_force]


def _read_current_number(home: Home) -> int | None:
    try:
        text = home.current.read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not text.isdecimal():
        raise PublicationDamaged(
            f"{home.current} should have a number, it has {text[:40]!r}.{PUBLISH_AGAIN_HINT}"
        )
    return int(text)


def open_publication(home: Home, number: int) -> Publication:
    """Open one publication by its number, in force or not.

    Raises
    ------
    PublicationDamaged
        It is not there (any more), or its manifest cannot be understood.
    """
    try:
        return _read_publication(home, number)
    except FileNotFoundError:
        raise PublicationDamaged(
            f"{home.publications / str(number)} is missing or lacks its {MANIFEST}."
        ) from None


def _read_publication(home: Home, number: int) -> Publication:
    folder = home.publications / str(number)
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        for key in ("files", "model", "times", "as_of"):
            manifest[key]
    except (ValueError, KeyError, TypeError) as error:
        raise PublicationDamaged(f"{folder / MANIFEST} is damaged: {error!r}.") from error
    return Publication(number, folder, manifest)
