"""Columns, types and order of the frames that packages hand to each other.

They are checked once, where a frame is made; whatever takes the frame trusts it
(docs/decisions/1301-frames-are-checked-once.md).
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from crm.contract import ProfileColumn, ProfileKind

INSTANT = "datetime64[us, UTC]"

PROFILE_DTYPES: dict[ProfileKind, str] = {
    "number": "float64",
    "category": "str",
    "yes_no": "boolean",
    "date": INSTANT,
    "display": "str",
}
LEAD_DTYPES = {
    "lead_id": "str",
    "created_at": INSTANT,
    "converted_at": INSTANT,
    "closed_at": INSTANT,
    "owner_id": "str",
}
ACTIVITY_DTYPES = {
    "lead": "int32",
    "occurred_at": INSTANT,
    "type": "category",
    "direction": "category",
    "rep_id": "category",
}


def check_dtypes(name: str, frame: pd.DataFrame, expected: Mapping[str, str]) -> None:
    """Stop if a frame lacks a column or holds another type in it.

    Parameters
    ----------
    name : of the frame, for the message
    expected : column -> dtype as pandas prints it; other columns are not looked at

    Raises
    ------
    TypeError
        With the frame, the column, the found and the expected type: a fault of leadgain.

    >>> check_dtypes("leads", pd.DataFrame({"lead_id": [7]}), {"lead_id": "str"})
    Traceback (most recent call last):
        ...
    TypeError: leads: column 'lead_id' is int64, expected str
    """
    for column, dtype in expected.items():
        found = str(frame[column].dtype) if column in frame else "missing"
        if found != dtype:
            raise TypeError(f"{name}: column {column!r} is {found}, expected {dtype}")


def check_export_frames(
    leads: pd.DataFrame, activities: pd.DataFrame, profile: Iterable[ProfileColumn]
) -> None:
    """The types of leads and activities, and the order of the activities.

    Raises
    ------
    TypeError
        A column is missing or of another type.
    ValueError
        The activities are not sorted by (lead, occurred_at).
    """
    profile_dtypes = {column.name: PROFILE_DTYPES[column.kind] for column in profile}
    check_dtypes("leads", leads, LEAD_DTYPES | profile_dtypes)
    check_dtypes("activities", activities, ACTIVITY_DTYPES)
    check_activity_order(activities)


def check_activity_order(activities: pd.DataFrame) -> None:
    """Stop if activities are not sorted by (lead, occurred_at).

    Raises
    ------
    ValueError
        They are not.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-02"], utc=True)
    >>> check_activity_order(pd.DataFrame({"lead": [1, 0], "occurred_at": at}))
    Traceback (most recent call last):
        ...
    ValueError: activities must be sorted by (lead, occurred_at)
    """
    lead = activities["lead"].to_numpy()
    at = activities["occurred_at"].to_numpy(dtype="datetime64[us]")
    same = lead[1:] == lead[:-1]
    if (lead[1:] < lead[:-1]).any() or (same & (at[1:] < at[:-1])).any():
        raise ValueError("activities must be sorted by (lead, occurred_at)")
