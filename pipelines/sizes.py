"""How large the export usually is: half of it, or twice as much, is another export."""

import hashlib
import json
from collections.abc import Mapping
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from pipelines.settings import Settings
from publications.figures import count, percent
from publications.history import LATEST, latest_readable
from publications.home import Home
from publications.store import Publication

RUNS = 7
SHRUNK = 0.75
"""Of the most rows that one of the latest publications had: what is told."""
SOURCE, ACCEPTED = "source", "any_size"


def usual_rows(home: Home, source: str) -> dict[str, int]:
    """Table -> median of the rows kept for the last seven publications of the same source.

    Publications before one whose size somebody accepted do not count: the export has changed.
    Neither does one that cannot be read; :func:`lost_sizes` says so. Empty where there is none.

    Parameters
    ----------
    home : Home
    source : where the export comes from now, as :func:`source_of` tells it
    """
    kept: dict[str, list[int]] = {}
    for publication in earlier(home, source)[0]:
        for table, of_table in _rows_of(publication).items():
            kept.setdefault(table, []).append(of_table)
    return {table: round(median(rows)) for table, rows in kept.items()}


def lost_sizes(home: Home, source: str) -> tuple[str, ...]:
    """A warning where publications that would have told what is usual cannot be read."""
    told, lost = earlier(home, source)
    if not lost:
        return ()
    named = ", ".join(str(number) for number in sorted(lost))
    which = f"publication{'s' if len(lost) > 1 else ''} {named}"
    left = (
        f"only {count(len(told), 'earlier list', 'earlier lists')}" if told else "no earlier list"
    )
    return (
        f"This export's size was held against {left}: the manifest of {which} is damaged. "
        "Look after the disk.",
    )


def shrunken(home: Home, source: str, rows: Mapping[str, int]) -> tuple[str, ...]:
    """A warning for each table that has shrunk by little every night, and by much in all.

    Each night passes then, because what is usual shrinks as well.

    Parameters
    ----------
    home, source : as in :func:`usual_rows`
    rows : table -> rows kept now
    """
    known = [(_rows_of(found), found.number) for found in earlier(home, source, most=LATEST)[0]]
    told = []
    for table, kept in rows.items():
        most, number = max(((had.get(table, 0), of) for had, of in known), default=(0, 0))
        if kept < SHRUNK * most:
            told.append(
                f"This export has {kept:,} rows of {table}, {percent(kept / most)} of the {most:,} "
                f"of publication {number}, and every night since has passed by itself. Look "
                "whether the export is whole; if it is meant to be like this, run once with "
                "--any-size."
            )
    return tuple(told)


def earlier(home: Home, source: str, *, most: int = RUNS) -> tuple[list[Publication], list[int]]:
    """The publications that an export is held against, and the numbers of the unreadable.

    Parameters
    ----------
    home, source : as in :func:`usual_rows`
    most : so many of the latest are looked at; none before one whose size somebody accepted
    """
    found, lost = latest_readable(home, most=most)
    told: list[Publication] = []
    for publication in found:
        if comes_from(publication, source):
            told.append(publication)
            if publication.manifest["counts"].get(ACCEPTED):
                return told, [number for number in lost if number > publication.number]
    return told, lost


def comes_from(publication: Publication, source: str) -> bool:
    """Whether a publication was made of an export from there, as :func:`source_of` tells it."""
    return bool(publication.manifest.get("counts", {}).get(SOURCE) == source)


def _rows_of(publication: Publication) -> dict[str, int]:
    return {row["table"]: row["kept"] for row in publication.manifest["counts"]["rows"]}


def source_of(settings: Settings) -> str:
    """SHA-256 of where the tables come from; no user and no password goes into it."""
    database = settings.export.database
    place = str(settings.mapping.folder)
    if database is not None:
        parts = urlsplit(database.get_secret_value())
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    tables = {
        name: None if section is None else [section.file, section.table, section.query]
        for name in ("leads", "activities", "outcomes")
        for section in [getattr(settings, name)]
    }
    return hashlib.sha256(json.dumps([place, tables]).encode()).hexdigest()


def size_facts(settings: Settings, *, any_size: bool) -> Mapping[str, Any]:
    """What a publication's counts keep for the runs that follow."""
    return {SOURCE: source_of(settings), ACCEPTED: any_size}
