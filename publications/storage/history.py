"""The publications before the one in force, and how a lead moved through them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from publications.storage.home import Home
from publications.storage.store import Publication, PublicationDamaged, open_publication

if TYPE_CHECKING:
    import pandas as pd

MAX_PUBLICATIONS = 30
"""So many publications are looked back at."""


def open_latest_publications(
    home: Home, publication: Publication, *, most: int = MAX_PUBLICATIONS
) -> list[Publication]:
    """Open the publications up to a given one, oldest first; those that cannot be opened drop out.

    Old publications are cleared away while others read: one that is gone is simply not shown.

    Parameters
    ----------
    home : Home
    publication : the last one of the list
    most : int
        So many at most, the given one counted.
    """
    numbers = (int(p.name) for p in home.publications.iterdir() if p.name.isdecimal())
    earlier = sorted(number for number in numbers if number < publication.number)
    found = []
    for number in earlier[len(earlier) - min(most - 1, len(earlier)) :]:
        try:
            found.append(open_publication(home, number))
        except PublicationDamaged:
            continue
    return [*found, publication]


def open_readable_publications(
    home: Home, *, most: int = MAX_PUBLICATIONS
) -> tuple[list[Publication], list[int]]:
    """Open the latest publications, and tell which of them are there but cannot be understood.

    Parameters
    ----------
    home : Home
    most : int
        So many at most, the unreadable ones counted.

    Returns
    -------
    publications, lost : those that were opened, newest first, and the numbers of the others
    """
    if not home.publications.is_dir():
        return [], []
    numbers = sorted(int(p.name) for p in home.publications.iterdir() if p.name.isdecimal())
    found, lost = [], []
    for number in reversed(numbers[max(len(numbers) - most, 0) :]):
        try:
            found.append(open_publication(home, number))
        except PublicationDamaged:
            if (home.publications / str(number)).is_dir():  # not merely cleared away meanwhile
                lost.append(number)
    return found, lost


def collect_lead_history(publications: Sequence[Publication], lead_id: str) -> "pd.DataFrame":
    """Follow one lead's place and score through publications.

    Parameters
    ----------
    publications : oldest first, as from ``open_latest_publications``
        Of several lists for one instant the last one counts; damaged ones drop out.
    lead_id : str

    Returns
    -------
    DataFrame with columns as_of (instant), rank, leads (on that list), score, tier; one row for
    each list that the lead stands on.
    """
    import pandas as pd

    last = {publication.manifest["as_of"]: publication for publication in publications}
    rows = []
    for as_of, publication in last.items():
        found = _find_lead_row(publication, lead_id)
        if found is not None:
            rows.append([as_of, *found])
    history = pd.DataFrame(rows, columns=["as_of", "rank", "leads", "score", "tier"])
    history["as_of"] = pd.to_datetime(history["as_of"], utc=True, format="ISO8601").dt.as_unit("us")
    history["score"] = history["score"].astype("float64")
    return history.sort_values("as_of", kind="stable", ignore_index=True)


def _find_lead_row(publication: Publication, lead_id: str) -> tuple[int, int, float, str] | None:
    """Rank, length of the list, score and tier of a lead; None where it is not listed."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        content = publication.read("worklist.parquet")
    except PublicationDamaged:
        return None
    columns = ["lead_id", "rank", "score", "tier"]
    listed = pq.read_table(pa.BufferReader(content), columns=columns, read_dictionary=["tier"])
    place = pc.index(listed["lead_id"], lead_id).as_py()
    if place < 0:
        return None
    rank, score, tier = (listed[name][place].as_py() for name in columns[1:])
    return rank, len(listed), float("nan") if score is None else score, tier
