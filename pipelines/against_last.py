"""What a list looks like against the one in force: older, or of other leads."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from crm.errors import DataRefused
from crm.export import Export
from pipelines.job import Job
from pipelines.sizes import comes_from, earlier, source_of
from publications.figures import count
from publications.history import LATEST
from publications.store import AGAIN, Publication, PublicationDamaged, current

if TYPE_CHECKING:
    from pipelines.check import CheckedExport

FEWEST = 20
"""Of fewer leads nobody can say that they are others."""
STRANGE_SHARE, REFUSED_SHARE = 0.5, 0.95
"""Of the leads of the list in force that are gone: what is told, and what nobody should call by."""


def refuse_other_leads(export: Export, job: Job) -> None:
    """Refuse an export that knows next to none of the leads on the list in force.

    A list from elsewhere says nothing of this export, and neither does a damaged one;
    :func:`against_last_list` tells the latter.

    Raises
    ------
    DataRefused
        More than 95 % of at least 20 listed leads are gone, and nobody said that this is meant.
    """
    if job.any_size:
        return
    try:
        last = current(job.home)
        if last is None or not comes_from(last, source_of(job.settings)):
            return
        listed = _leads_of(last)
    except PublicationDamaged:
        return
    gone = gone_from(export, listed)
    if is_strange(gone, listed, REFUSED_SHARE):
        raise DataRefused(
            f"{gone:,} of the {count(len(listed), 'lead', 'leads')} of publication {last.number} "
            "are not in this export, although it comes from the same place. That is another CRM's "
            "export, or the ids of the leads have changed. Nothing was published. If it is meant "
            "so, run once with --any-size, and then `leadgain train`: the model has learned from "
            "the other leads."
        )


def gone_from(export: Export, leads: pd.Series) -> int:
    """How many leads, by their ids, the export does not know."""
    return int((~leads.isin(export.leads["lead_id"])).sum())


def is_strange(gone: int, leads: pd.Series, share: float = STRANGE_SHARE) -> bool:
    """Whether so many of them are gone that it is worth a word."""
    return len(leads) >= FEWEST and gone > share * len(leads)


def _leads_of(publication: Publication) -> pd.Series:
    return publication.table("worklist.parquet")["lead_id"]


def against_last_list(checked: "CheckedExport", job: Job) -> tuple[str, ...]:
    """Warnings on an export that goes back in time, or that no longer knows the leads of the list.

    So is that the list in force is damaged, and can be compared with nothing.

    Parameters
    ----------
    checked : the export and the instant of the list
    job : its home folder holds the list in force; one from elsewhere says nothing of this export
    """
    try:
        last = current(job.home)
        if last is None:
            return ()
        last.verify()
        if not comes_from(last, source_of(job.settings)):
            return ()
        return (*_goes_back(last, checked, job), *_of_others(last, checked))
    except PublicationDamaged as error:
        return (
            "The list in force before this one is damaged. So nobody could tell whether this one "
            "says the same, nor whether the export goes back in time or is of other leads. "
            f"{str(error).removesuffix(AGAIN)} Look after the disk.",
        )


def _goes_back(last: Publication, checked: "CheckedExport", job: Job) -> Iterator[str]:
    """Held against the latest list, or the second night of an old export would pass."""
    known, _ = earlier(job.home, source_of(job.settings), most=LATEST)
    before, number = max((pd.Timestamp(p.manifest["as_of"]), p.number) for p in [last, *known])
    if job.as_of is None and checked.as_of < before:
        yield (
            f"This export ends at {checked.as_of:%Y-%m-%d %H:%M} UTC, before the list of "
            f"publication {number}, which stands at {before:%Y-%m-%d %H:%M} UTC. Look whether "
            "an old export lies in the place of the new one."
        )


def _of_others(last: Publication, checked: "CheckedExport") -> Iterator[str]:
    listed = _leads_of(last)
    gone = gone_from(checked.export, listed)
    if is_strange(gone, listed):
        yield (
            f"{gone:,} of the {count(len(listed), 'lead', 'leads')} of publication {last.number} "
            "are not in this export. Look whether it is of the same CRM and whole: the model has "
            "learned from those leads."
        )
