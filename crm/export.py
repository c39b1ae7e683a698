"""What reading an export yields: typed frames, and an account of every row that came in."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from crm.contract import ProfileColumn

Severity = Literal["info", "warning", "error"]

CLOCK_GRACE = pd.Timedelta(hours=1)
"""How far ahead of ours the CRM's clock may be."""

QUARANTINE_COLUMNS = ("table", "file", "line", "column", "rule", "reason")
COUNT_COLUMNS = ("table", "rows_in", "kept", "quarantined", "excluded")


@dataclass(frozen=True)
class Finding:
    """Something that was repaired, left out or noticed while reading, said in one sentence."""

    table: str
    rule: str
    severity: Severity
    rows: int
    message: str


@dataclass(frozen=True)
class Export:
    """An export as typed frames, with every row accounted for. Instants are UTC.

    Attributes
    ----------
    leads : one row a kept lead, sorted by ``lead_id``: ``lead_id``, ``created_at``,
        ``converted_at``, ``closed_at``, ``owner_id``, then the profile columns by their own names
        (number float64, category and display text, yes_no boolean, date instant)
    activities : sorted by lead, then instant, then order in the file: ``lead`` (int32, row
        position in ``leads``), ``occurred_at``, ``type``, ``direction``, ``rep_id``
    profile : the profile columns with their kinds, declared or read off the data
    quarantine : one row a row that cannot be trusted: ``table``, ``file``, ``line`` (1-based line
        of the file; for Parquet and databases the row's number), ``column``, ``rule``, ``reason``;
        it never holds the content of a cell
    counts : one row a table: ``rows_in`` = ``kept`` + ``quarantined`` + ``excluded``
    findings : what was repaired, left out on purpose or noticed
    last_instant : the latest time stamp that does not lie in the future
    """

    leads: pd.DataFrame
    activities: pd.DataFrame
    profile: tuple[ProfileColumn, ...]
    quarantine: pd.DataFrame
    counts: pd.DataFrame
    findings: tuple[Finding, ...]
    last_instant: pd.Timestamp


def check_conservation(counts: pd.DataFrame) -> None:
    """Every row that came in was kept, quarantined or excluded.

    Raises
    ------
    AssertionError
        The sums differ: a fault of leadgain, not of the export.

    >>> check_conservation(pd.DataFrame([("leads", 5, 3, 1, 1)], columns=COUNT_COLUMNS))
    >>> check_conservation(pd.DataFrame([("leads", 5, 3, 1, 0)], columns=COUNT_COLUMNS))
    Traceback (most recent call last):
        ...
    AssertionError: leads: 5 rows in, but 3 kept + 1 quarantined + 0 excluded = 4
    """
    for table, rows_in, kept, quarantined, excluded in counts[list(COUNT_COLUMNS)].itertuples(
        index=False
    ):
        accounted = kept + quarantined + excluded
        if rows_in != accounted:
            raise AssertionError(
                f"{table}: {rows_in} rows in, but {kept} kept + {quarantined} quarantined "
                f"+ {excluded} excluded = {accounted}"
            )


def build_counts(rows: Sequence[tuple[str, int, int, int, int]]) -> pd.DataFrame:
    """One row a table, in the order given: table, rows_in, kept, quarantined, excluded."""
    return pd.DataFrame(rows, columns=list(COUNT_COLUMNS)).astype({"table": "str"})


def compute_content_sha256(export: Export) -> str:
    """SHA-256 of all that was read: equal for equal cells in equal order, whatever the files.

    Returns
    -------
    64 hexadecimal digits. Leads, activities and quarantine count, with their columns' names and
    kinds; what is derived from them does not.
    """
    digest = hashlib.sha256()
    for frame in (export.leads, export.activities, export.quarantine):
        for part in _yield_hashed_parts(frame):
            digest.update(part)
    return digest.hexdigest()


def _yield_hashed_parts(frame: pd.DataFrame) -> Iterator[bytes]:
    """Each column's name, kind and cells; a missing cell differs from every other."""
    yield f"{len(frame)}".encode()
    for name, column in frame.items():
        # Categories are told by their texts: which code a text has is of no matter.
        yield f"{name}|{column.dtype.name}".encode()
        yield pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes()
