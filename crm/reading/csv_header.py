"""The header of a CSV file: its separator, its names, and which column of ours each one is."""

import csv
import difflib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm.errors import DataRefused
from crm.reading.cell_values import TRIMMED_CHARACTERS

SEPARATORS = (",", ";", "\t", "|")
MAX_COLUMNS = 5_000

_DATA_PATTERN = re.compile(r"@|\d{5}|\d{4}-\d\d")
"""An e-mail address, a long number, a date: no part of a name, and not to be repeated."""


@dataclass(frozen=True)
class Header:
    """The names of a file's columns, trimmed, and how the file says them.

    ``skip`` counts the records up to and including the header (blank lines may come before it).
    """

    names: tuple[str, ...]
    separator: str
    skip: int


def read_header(text: str, expected: Iterable[str], file: str) -> Header:
    r"""The header that a text begins with, split by the separator that fits best.

    Parameters
    ----------
    text : the begin of the file
    expected : the names that leadgain.toml gives; the separator that yields most of them is right
    file : what messages call the file

    Raises
    ------
    DataRefused
        There is one column only, a name comes twice, or there are more than 5,000 columns.

    >>> read_header("id;created\n1;2024-01-01", ["id"], "leads.csv")
    Header(names=('id', 'created'), separator=';', skip=1)
    """
    wanted = {_normalize_name(name) for name in expected}
    body = text.lstrip("\r\n")
    blank = text[: len(text) - len(body)].replace("\r\n", "\n").count("\n")
    candidates = [(separator, _split_header(body, separator)) for separator in SEPARATORS]
    separator, names = max(
        candidates, key=lambda c: (len({_normalize_name(n) for n in c[1]} & wanted), len(c[1]))
    )
    _check_names(names, file)
    return Header(names, separator, blank + 1)


def _split_header(text: str, separator: str) -> tuple[str, ...]:
    # A header's record ends where the csv module says, so that names may hold newlines.
    try:
        record = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return ()
    return tuple(name.strip(TRIMMED_CHARACTERS) for name in record)


def _check_names(names: Sequence[str], file: str) -> None:
    if len(names) < 2:
        raise DataRefused(
            f"{file}, line 1: only one column was found. leadgain reads columns separated by a "
            "comma, a semicolon, a tab or a pipe; export the file with one of these."
        )
    if len(names) > MAX_COLUMNS:
        raise DataRefused(
            f"{file}, line 1: {len(names):,} columns; leadgain reads at most {MAX_COLUMNS:,}. "
            "Export only the columns that leadgain.toml names."
        )
    if any("\x00" in name for name in names):
        raise DataRefused(
            f"{file}, line 1: the header has NUL characters, as in UTF-16 text without a byte "
            'order mark. Export it as UTF-8, or say encoding = "utf-16-le" in leadgain.toml.'
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if twice:
        raise DataRefused(
            f"{file}, line 1: {len(twice)} duplicate column name(s): {format_names(twice)}. "
            "leadgain cannot tell which to use; rename or remove the duplicates in the export."
        )


def find_column(name: str, names: Sequence[str]) -> int | None:
    """The position of a column by its name, else by one that reads the same if only one does.

    Names read the same in another case, and with their accents composed or apart.

    >>> find_column("lead_id", ["Created", "Lead_ID"]), find_column("id", ["Lead_ID"])
    (1, None)
    """
    if name in names:
        return names.index(name)
    same = [i for i, other in enumerate(names) if _normalize_name(other) == _normalize_name(name)]
    return same[0] if len(same) == 1 else None


def _normalize_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def build_missing_column_error(
    table: str, key: str, name: str, names: Sequence[str], file: str
) -> DataRefused:
    """The refusal of a file that lacks a column: what was expected, found, and comes nearest."""
    folded = {other.casefold(): other for other in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    nearest = format_names([folded[n] for n in near])
    hint = f"Nearest: {nearest}. " if near and not any(map(_DATA_PATTERN.search, names)) else ""
    return DataRefused(
        f"{file} has no column {name!r}, which leadgain.toml names as [{table}] {key}. Found: "
        f"{format_names(names)}. {hint}Correct the name in leadgain.toml, or export the column."
    )


def format_names(names: Sequence[str], most: int = 20) -> str:
    """Column names for a message, unless the first line seems to hold data instead of names.

    >>> format_names(["id", "created"]), format_names(["L01", "ann@example.com"])
    ("'id', 'created'", '2 cells that look like data, so the header seems to be missing')
    """
    if any(_DATA_PATTERN.search(name) for name in names):
        return f"{len(names):,} cells that look like data, so the header seems to be missing"
    shown = ", ".join(repr(name[:60]) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
