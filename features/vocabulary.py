"""What the training data taught about names: activity types, profile columns, categories.

A vocabulary is learned once, travels as JSON with the model, and gives training and scoring the
same columns whatever the batch holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import pandas as pd

from crm.contract import ProfileColumn, ProfileKind, select_feature_columns

MAX_TYPES = 40
MAX_CATEGORIES = 50
MIN_CATEGORY_LEADS = 10
"""Rarer categories count as "other", so that a model has seen what "other" means."""


@dataclass(frozen=True)
class ProfileTerm:
    """A profile column, and for a category the values that have a code of their own."""

    name: str
    kind: ProfileKind
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The names behind the columns of the matrix."""

    types: tuple[str, ...]
    """Activity types with features of their own, most frequent first."""
    profile: tuple[ProfileTerm, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain lists and texts, for JSON.

        >>> Vocabulary(("call",), (ProfileTerm("amount", "number"),)).to_dict()["types"]
        ['call']
        """
        return {
            "types": list(self.types),
            "profile": [asdict(t) | {"categories": list(t.categories)} for t in self.profile],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The way back from :meth:`to_dict`.

        >>> vocabulary = Vocabulary(("call",), (ProfileTerm("source", "category", ("web",)),))
        >>> Vocabulary.from_dict(vocabulary.to_dict()) == vocabulary
        True
        """
        profile = (
            ProfileTerm(t["name"], t["kind"], tuple(t["categories"])) for t in content["profile"]
        )
        return cls(tuple(content["types"]), tuple(profile))


def learn_vocabulary(
    leads: pd.DataFrame,
    activities: pd.DataFrame,
    profile: Sequence[ProfileColumn],
    *,
    until: pd.Timestamp,
) -> Vocabulary:
    """The 40 most frequent activity types and the categories of the profile, before ``until``.

    Parameters
    ----------
    leads, activities : of the export; leads created and activities that occurred strictly
        before ``until`` count
    profile : ``display`` columns are left out
    until : aware

    Ties are broken by name, so the same data always give the same vocabulary. A category has a
    code of its own when at least 10 leads carry it, the 50 most frequent at most.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-02", "2012-01-09"], utc=True)
    >>> activities = pd.DataFrame({"occurred_at": at, "type": ["mail", "call", "visit"]})
    >>> leads = pd.DataFrame({"created_at": at})
    >>> learn_vocabulary(leads, activities, [], until=at[2]).types
    ('call', 'mail')
    """
    types = activities.loc[activities["occurred_at"] < until, "type"]
    known = leads[leads["created_at"] < until]
    terms = []
    for column in select_feature_columns(profile):
        categories: tuple[str, ...] = ()
        if column.kind == "category":
            categories = _select_most_frequent(
                known[column.name], MAX_CATEGORIES, at_least=MIN_CATEGORY_LEADS
            )
        terms.append(ProfileTerm(column.name, column.kind, categories))
    return Vocabulary(_select_most_frequent(types, MAX_TYPES, at_least=1), tuple(terms))


def _select_most_frequent(values: pd.Series, most: int, *, at_least: int) -> tuple[str, ...]:
    counts = values.value_counts()
    pairs = [(-int(n), str(name)) for name, n in counts.items() if n >= at_least]
    return tuple(name for _, name in sorted(pairs)[:most])
