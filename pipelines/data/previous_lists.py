"""How the export compares with those behind earlier lists: its size, its leads, its end."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm.errors import DataRefused
from crm.export import Export
from crm.mapping import split_url
from pipelines.config.run_request import RunRequest
from pipelines.config.settings import Settings
from publications.storage.history import MAX_PUBLICATIONS, open_readable_publications
from publications.storage.home import Home
from publications.storage.store import (
    PUBLISH_AGAIN_HINT,
    Publication,
    PublicationDamaged,
    open_current,
)
from publications.wording.formatting import count, percent

if TYPE_CHECKING:
    from pipelines.data.checked_export import CheckedExport

COMPARED_RUNS = 7
SHRUNK_SHARE = 0.75
"""A table below this share of its largest size in a recent publication is a warning."""
SOURCE, ACCEPTED = "source", "any_size"


def compute_usual_rows(home: Home, source: str) -> dict[str, int]:
    """Table -> median of the rows kept for the last seven publications of the same source.

    Publications before one run with --any-size do not count: the export has changed. Nor do
    damaged ones, which :func:`describe_unreadable_lists` reports. Empty where there is none.

    Parameters
    ----------
    home : Home
    source : where the export comes from now, by :func:`hash_source`
    """
    kept: dict[str, list[int]] = {}
    for publication in find_earlier_lists(home, source)[0]:
        for table, of_table in _read_row_counts(publication).items():
            kept.setdefault(table, []).append(of_table)
    return {table: round(median(rows)) for table, rows in kept.items()}


def describe_unreadable_lists(home: Home, source: str) -> tuple[str, ...]:
    """A warning where publications needed for the comparison cannot be read."""
    readable, lost = find_earlier_lists(home, source)
    if not lost:
        return ()
    named = ", ".join(str(number) for number in sorted(lost))
    which = f"publication{'s' if len(lost) > 1 else ''} {named}"
    n_left = len(readable)
    left = f"only {count(n_left, 'earlier list', 'earlier lists')}" if n_left else "no earlier list"
    return (
        f"This export's size was compared with {left}: the manifest of {which} is damaged. "
        "Check the disk.",
    )


def describe_shrunken_tables(home: Home, source: str, rows: Mapping[str, int]) -> tuple[str, ...]:
    """A warning for each table that has shrunk a little every night, and much in total.

    Each single night passes, because the usual size shrinks as well.

    Parameters
    ----------
    home, source : as in :func:`compute_usual_rows`
    rows : table -> rows kept now
    """
    known = [
        (_read_row_counts(found), found.number)
        for found in find_earlier_lists(home, source, most=MAX_PUBLICATIONS)[0]
    ]
    warnings = []
    for table, kept in rows.items():
        most, number = max(((had.get(table, 0), of) for had, of in known), default=(0, 0))
        if kept < SHRUNK_SHARE * most:
            warnings.append(
                f"This export has {kept:,} rows of {table}, {percent(kept / most)} of the {most:,} "
                f"of publication {number}, and every night since was accepted. Check whether "
                "the export is complete; if the size is right, run once with --any-size."
            )
    return tuple(warnings)


def find_earlier_lists(
    home: Home, source: str, *, most: int = COMPARED_RUNS
) -> tuple[list[Publication], list[int]]:
    """The publications to compare an export with, and the numbers of unreadable ones.

    Parameters
    ----------
    home, source : as in :func:`compute_usual_rows`
    most : number of latest publications to look at; none before one run with --any-size
    """
    found, lost = open_readable_publications(home, most=most)
    comparable: list[Publication] = []
    for publication in found:
        if is_from_source(publication, source):
            comparable.append(publication)
            if publication.manifest["counts"].get(ACCEPTED):
                return comparable, [number for number in lost if number > publication.number]
    return comparable, lost


def is_from_source(publication: Publication, source: str) -> bool:
    """Whether a publication was made from an export of that source, by :func:`hash_source`."""
    return bool(publication.manifest.get("counts", {}).get(SOURCE) == source)


def _read_row_counts(publication: Publication) -> dict[str, int]:
    return {row["table"]: row["kept"] for row in publication.manifest["counts"]["rows"]}


def hash_source(settings: Settings) -> str:
    """SHA-256 of where the tables come from; no user and no password goes into it."""
    database = settings.export.database
    place = str(settings.mapping.folder)
    if database is not None:
        parts = split_url(database.get_secret_value())
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    tables = {
        name: None if section is None else [section.file, section.table, section.query]
        for name in ("leads", "activities", "outcomes")
        for section in [getattr(settings, name)]
    }
    return hashlib.sha256(json.dumps([place, tables]).encode()).hexdigest()


def build_size_facts(settings: Settings, *, any_size: bool) -> Mapping[str, Any]:
    """What a publication's counts record for later runs."""
    return {SOURCE: hash_source(settings), ACCEPTED: any_size}


MIN_LEADS = 20
"""With fewer leads on the list there is no comparison."""
WARNED_SHARE, REFUSED_SHARE = 0.5, 0.95
"""Shares of the leads of the list in force that are gone: a warning, and a refusal."""


def refuse_other_leads(export: Export, request: RunRequest) -> None:
    """Refuse an export with almost none of the leads on the list in force.

    A list from another source is not compared, nor is a damaged one, which
    :func:`compare_with_last_list` reports.

    Raises
    ------
    DataRefused
        More than 95 % of at least 20 listed leads are gone, without --any-size.
    """
    if request.any_size:
        return
    try:
        last = open_current(request.home)
        if last is None or not is_from_source(last, hash_source(request.settings)):
            return
        listed = _read_listed_leads(last)
    except PublicationDamaged:
        return
    gone = count_missing_leads(export, listed)
    if has_too_many_missing(gone, listed, REFUSED_SHARE):
        raise DataRefused(
            f"{gone:,} of the {count(len(listed), 'lead', 'leads')} of publication {last.number} "
            "are not in this export, although it comes from the same place. It is another CRM's "
            "export, or the ids of the leads have changed. Nothing was published. If this is "
            "intended, run once with --any-size, then `leadgain train`: the model was trained on "
            "the other leads."
        )


def count_missing_leads(export: Export, leads: pd.Series) -> int:
    """How many of these lead ids are not in the export."""
    return int((~leads.isin(export.leads["lead_id"])).sum())


def has_too_many_missing(gone: int, leads: pd.Series, share: float = WARNED_SHARE) -> bool:
    """Whether more than ``share`` of the leads are gone, with enough leads to compare."""
    return len(leads) >= MIN_LEADS and gone > share * len(leads)


def _read_listed_leads(publication: Publication) -> pd.Series:
    return publication.table("worklist.parquet")["lead_id"]


def compare_with_last_list(checked: "CheckedExport", request: RunRequest) -> tuple[str, ...]:
    """Warnings on an export that goes back in time, or no longer has the leads of the list.

    A damaged list in force is a warning too, because nothing can be compared with it.

    Parameters
    ----------
    checked : the export and the instant of the list
    request : its home folder has the list in force; a list from another source is not compared
    """
    try:
        last = open_current(request.home)
        if last is None:
            return ()
        last.verify()
        if not is_from_source(last, hash_source(request.settings)):
            return ()
        return (
            *_describe_older_export(last, checked, request),
            *_describe_other_leads(last, checked),
        )
    except PublicationDamaged as error:
        return (
            "The list in force before this one is damaged, so leadgain could not check whether "
            "this list is unchanged, or whether the export is older or has other leads. "
            f"{str(error).removesuffix(PUBLISH_AGAIN_HINT)} Check the disk.",
        )


def _describe_older_export(
    last: Publication, checked: "CheckedExport", request: RunRequest
) -> Iterator[str]:
    """Compare with the latest list, or the second night of an old export would pass."""
    known, _ = find_earlier_lists(
        request.home, hash_source(request.settings), most=MAX_PUBLICATIONS
    )
    before, number = max((pd.Timestamp(p.manifest["as_of"]), p.number) for p in [last, *known])
    if request.as_of is None and checked.list_as_of < before:
        yield (
            f"This export ends at {checked.list_as_of:%Y-%m-%d %H:%M} UTC, before the list of "
            f"publication {number} of {before:%Y-%m-%d %H:%M} UTC. Check whether an old export "
            "has replaced the new one."
        )


def _describe_other_leads(last: Publication, checked: "CheckedExport") -> Iterator[str]:
    listed = _read_listed_leads(last)
    gone = count_missing_leads(checked.export, listed)
    if has_too_many_missing(gone, listed):
        yield (
            f"{gone:,} of the {count(len(listed), 'lead', 'leads')} of publication {last.number} "
            "are not in this export. Check whether it is complete and from the same CRM: "
            "those leads were in the training data."
        )
