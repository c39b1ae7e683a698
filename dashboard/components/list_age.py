"""How old a list is, in words, and when that is worth a warning."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from publications.wording.formatting import count

Level = Literal["fresh", "amber", "red"]

AMBER_AFTER = timedelta(days=1)
RED_AFTER = timedelta(days=3)
YEAR = timedelta(days=365.25)


@dataclass(frozen=True)
class ListAge:
    """The age of a list: ``words`` fit after "This list is" and before "old"."""

    words: str
    level: Level


def compute_list_age(as_of: datetime, now: datetime) -> ListAge:
    """Compute the age of a list; one from the future, where a clock is wrong, counts as new.

    >>> from datetime import UTC
    >>> compute_list_age(datetime(2012, 3, 14, tzinfo=UTC), datetime(2012, 3, 16, 5, tzinfo=UTC))
    ListAge(words='2 days', level='amber')
    """
    age = max(now - as_of, timedelta(0))
    level: Level = "red" if age > RED_AFTER else "amber" if age > AMBER_AFTER else "fresh"
    return ListAge(_format_age(age), level)


def _format_age(age: timedelta) -> str:
    hours, days, years = age // timedelta(hours=1), age.days, age // YEAR
    if hours < 1:
        return "less than an hour"
    if days < 1:
        return count(hours, "hour", "hours")
    if years < 1:
        return count(days, "day", "days")
    return f"more than {count(years, 'year', 'years')}"
