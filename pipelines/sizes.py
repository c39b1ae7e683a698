"""How large the export usually is: half of it, or twice as much, is another export."""

import hashlib
import json
from collections.abc import Mapping
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from pipelines.settings import Settings
from publications.history import latest_publications
from publications.home import Home
from publications.store import PublicationDamaged, current

RUNS = 7
SOURCE, ACCEPTED = "source", "any_size"


def usual_rows(home: Home, source: str) -> dict[str, int]:
    """Table -> median of the rows kept for the last seven publications of the same source.

    Publications before one whose size somebody accepted do not count: the export has changed.
    Empty where there is none.

    Parameters
    ----------
    home : Home
    source : where the export comes from now, as :func:`source_of` tells it
    """
    try:
        in_force = current(home)
    except PublicationDamaged:
        return {}
    if in_force is None:
        return {}
    kept: dict[str, list[int]] = {}
    for publication in reversed(latest_publications(home, in_force, most=RUNS)):
        counts = publication.manifest.get("counts", {})
        if counts.get(SOURCE) == source:
            for row in counts["rows"]:
                kept.setdefault(row["table"], []).append(row["kept"])
            if counts.get(ACCEPTED):
                break
    return {table: round(median(rows)) for table, rows in kept.items()}


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
