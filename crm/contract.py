"""The canonical tables: what leadgain needs to know about leads, activities and outcomes.

Everything that reads, checks, simulates or documents an export takes its columns from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["id", "instant", "category"]
ProfileKind = Literal["number", "category", "yes_no", "date", "display"]
Direction = Literal["inbound", "outbound", "internal"]

DIRECTIONS: tuple[Direction, ...] = ("inbound", "outbound", "internal")
PROFILE_KINDS: tuple[ProfileKind, ...] = ("number", "category", "yes_no", "date", "display")


@dataclass(frozen=True)
class Column:
    """One column of a canonical table."""

    name: str
    type: ColumnType
    required: bool
    """The export must hold the column and every row a value in it."""
    meaning: str


@dataclass(frozen=True)
class Table:
    """One canonical table; ``key`` identifies a row (empty: rows may repeat)."""

    name: str
    required: bool
    key: tuple[str, ...]
    columns: tuple[Column, ...]


LEADS = Table(
    name="leads",
    required=True,
    key=("lead_id",),
    columns=(
        Column("lead_id", "id", True, "identifies the lead"),
        Column("created_at", "instant", True, "when the lead was created"),
        Column("converted_at", "instant", False, "when it became a customer; empty: not converted"),
        Column(
            "closed_at",
            "instant",
            False,
            "when it was lost, disqualified or withdrawn; empty: open",
        ),
        Column("owner_id", "category", False, "the rep who owns the lead; shown, never a feature"),
    ),
)

ACTIVITIES = Table(
    name="activities",
    required=False,
    key=(),
    columns=(
        Column("lead_id", "id", True, "the lead that the activity belongs to"),
        Column("occurred_at", "instant", True, "when it happened"),
        Column("type", "category", True, "the type, in the CRM's own words"),
        Column("direction", "category", False, "inbound, outbound or internal"),
        Column("rep_id", "category", False, "the rep; empty: none recorded"),
    ),
)

OUTCOMES = Table(
    name="outcomes",
    required=False,
    key=("lead_id",),
    columns=(
        Column("lead_id", "id", True, "the lead whose outcome it is"),
        Column("converted_at", "instant", False, "when it became a customer; empty: not converted"),
        Column(
            "closed_at",
            "instant",
            False,
            "when it was lost, disqualified or withdrawn; empty: open",
        ),
    ),
)

TABLES: tuple[Table, ...] = (LEADS, ACTIVITIES, OUTCOMES)


@dataclass(frozen=True)
class ProfileColumn:
    """A column that was known at the lead's creation and is never rewritten afterwards.

    ``display`` columns (names, e-mails, phones, free text) are shown in the worklist and are
    never a feature.
    """

    name: str
    kind: ProfileKind


def select_feature_columns(profile: Sequence[ProfileColumn]) -> tuple[ProfileColumn, ...]:
    """The profile columns that a model may see: all but ``display``.

    >>> profile = [ProfileColumn("amount", "number"), ProfileColumn("email", "display")]
    >>> select_feature_columns(profile)
    (ProfileColumn(name='amount', kind='number'),)
    """
    return tuple(c for c in profile if c.kind != "display")
