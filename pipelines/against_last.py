"""What a list looks like against the one in force: older, or of other leads."""

from collections.abc import Iterator

import pandas as pd

from pipelines.check import CheckedExport
from pipelines.job import Job
from pipelines.sizes import SOURCE, source_of
from publications.figures import count
from publications.store import Publication, PublicationDamaged, current

FEWEST = 20
"""Of fewer leads nobody can say that they are others."""
STRANGE_SHARE = 0.5
AGAIN = " Publish again."
"""How the damage is told where nobody has published since."""


def against_last_list(checked: CheckedExport, job: Job) -> tuple[str, ...]:
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
        if last.manifest.get("counts", {}).get(SOURCE) != source_of(job.settings):
            return ()
        return (*_goes_back(last, checked, job), *_of_others(last, checked))
    except PublicationDamaged as error:
        return (
            "The list in force before this one is damaged. So nobody could tell whether this one "
            "says the same, nor whether the export goes back in time or is of other leads. "
            f"{str(error).removesuffix(AGAIN)} Look after the disk.",
        )


def _goes_back(last: Publication, checked: CheckedExport, job: Job) -> Iterator[str]:
    before = pd.Timestamp(last.manifest["as_of"])
    if job.as_of is None and checked.as_of < before:
        yield (
            f"This export ends at {checked.as_of:%Y-%m-%d %H:%M} UTC, before the list of "
            f"publication {last.number}, which stands at {before:%Y-%m-%d %H:%M} UTC. Look whether "
            "an old export lies in the place of the new one."
        )


def _of_others(last: Publication, checked: CheckedExport) -> Iterator[str]:
    listed = last.table("worklist.parquet")["lead_id"]
    gone = int((~listed.isin(checked.export.leads["lead_id"])).sum())
    if len(listed) >= FEWEST and gone > STRANGE_SHARE * len(listed):
        yield (
            f"{gone:,} of the {count(len(listed), 'lead', 'leads')} of publication {last.number} "
            "are not in this export. Look whether it is of the same CRM and whole: the model has "
            "learned from those leads."
        )
