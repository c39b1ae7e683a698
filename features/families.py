"""Families of features: what is measured, in which unit, over which window, from which source.

A family becomes one column per subject (an activity type, a direction, all activities), one per
profile column, or one alone. The order here is the order of the matrix's columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from crm.contract import ProfileKind

Kind = Literal["number", "categorical"]

WINDOW_DAYS = (1, 7, 30, 90)
HALF_LIFE_DAYS = (7, 30)
ACTIVE_DAY_WINDOWS = (7, 30, 90)
PACE_DAYS = 30
"""Pace compares the last 7 days with so many days before them."""

MISSING_CODE, OTHER_CODE, FIRST_CODE = 0, 1, 2
"""Codes of categorical features: missing, other, then the vocabulary's own values."""


@dataclass(frozen=True)
class Family:
    """Features that are made alike. ``{}`` in the pattern stands for the subject."""

    pattern: str
    unit: str
    window: str
    source: str
    meaning: str
    kind: Kind = "number"
    topic: str = ""
    """The fact that it tells; empty where that is the subject itself."""

    @property
    def measure(self) -> str:
        """The family's own name: the pattern without its subject.

        >>> PER_SUBJECT[0].pattern, PER_SUBJECT[0].measure
        ('{}_1d', '1d')
        """
        return self.pattern.replace("{}", "").strip("_")


def format_count(n: float, one: str, many: str | None = None) -> str:
    """How many, with its noun.

    >>> format_count(1, "day"), format_count(1400, "reply", "replies")
    ('1 day', '1,400 replies')
    """
    return f"{n:,.0f} {one if n == 1 else many or one + 's'}"


_SUBJECT_SOURCE = "activities: occurred_at, type, direction"

PER_SUBJECT: tuple[Family, ...] = (
    *(
        Family(
            f"{{}}_{n}d", "activities", format_count(n, "day"), _SUBJECT_SOURCE, "how many of them"
        )
        for n in WINDOW_DAYS
    ),
    Family("{}_ever", "activities", "ever", _SUBJECT_SOURCE, "how many of them"),
    Family(
        "days_since_{}",
        "days",
        "ever",
        _SUBJECT_SOURCE,
        "since the last of them; missing if there is none",
    ),
    Family(
        "days_since_first_{}",
        "days",
        "ever",
        _SUBJECT_SOURCE,
        "since the first of them; missing if there is none",
    ),
    *(
        Family(
            f"{{}}_decayed_{n}d",
            "activities",
            "ever",
            _SUBJECT_SOURCE,
            f"sum of 0.5 ** (age / {format_count(n, 'day')}) over them",
        )
        for n in HALF_LIFE_DAYS
    ),
)
"""Once per activity type, once for all other types, per direction, and for all activities."""

_TYPE_SOURCE = "activities: occurred_at, type"
_DIRECTION_SOURCE = "activities: occurred_at, direction"
_TYPE_DIRECTION_SOURCE = "activities: occurred_at, type, direction"
_TIME_SOURCE = "activities: occurred_at"
_REP_SOURCE = "activities: occurred_at, rep_id"
_FIRST_OUTBOUND_SOURCE = "leads: created_at; activities: occurred_at, direction"


def _set_topic(topic: str, *families: Family) -> Iterator[Family]:
    """Families that tell one fact."""
    return (replace(family, topic=topic) for family in families)


JOURNEY: tuple[Family, ...] = (
    *_set_topic(
        "last_activities",
        Family(
            "last_type", "code", "ever", _TYPE_SOURCE, "type of the last activity", "categorical"
        ),
        Family(
            "second_last_type",
            "code",
            "ever",
            _TYPE_SOURCE,
            "type of the one before it",
            "categorical",
        ),
        Family(
            "third_last_type", "code", "ever", _TYPE_SOURCE, "type of the third last", "categorical"
        ),
        Family(
            "last_direction",
            "code",
            "ever",
            _DIRECTION_SOURCE,
            "of the last activity",
            "categorical",
        ),
    ),
    *_set_topic(
        "last_inbound_type",
        Family(
            "last_inbound_type",
            "code",
            "ever",
            _TYPE_DIRECTION_SOURCE,
            "of the last inbound one",
            "categorical",
        ),
    ),
    *_set_topic(
        "last_outbound_type",
        Family(
            "last_outbound_type",
            "code",
            "ever",
            _TYPE_DIRECTION_SOURCE,
            "of the last outbound one",
            "categorical",
        ),
    ),
    *_set_topic(
        "last_activities",
        Family(
            "days_since_second_last", "days", "ever", _TIME_SOURCE, "missing with fewer than two"
        ),
        Family(
            "days_since_third_last", "days", "ever", _TIME_SOURCE, "missing with fewer than three"
        ),
        Family(
            "days_between_last_two", "days", "ever", _TIME_SOURCE, "missing with fewer than two"
        ),
    ),
    *_set_topic(
        "active_days",
        *(
            Family(
                f"active_days_{n}d",
                "UTC days",
                format_count(n, "day"),
                _TIME_SOURCE,
                "distinct days with any activity",
            )
            for n in ACTIVE_DAY_WINDOWS
        ),
    ),
    *_set_topic(
        "pace",
        Family(
            "pace_7d",
            "ratio",
            f"{7 + PACE_DAYS} days",
            _TIME_SOURCE,
            f"activities in 7 days / weekly mean of the {PACE_DAYS} days before; missing if there"
            " were none before",
        ),
    ),
    *_set_topic(
        "reps",
        Family("reps_ever", "reps", "ever", _REP_SOURCE, "distinct reps who did something"),
        Family("reps_30d", "reps", "30 days", _REP_SOURCE, "distinct reps who did something"),
    ),
    *_set_topic(
        "first_response",
        Family(
            "hours_to_first_outbound",
            "hours",
            "ever",
            _FIRST_OUTBOUND_SOURCE,
            "creation to the first outbound activity; missing while there is none",
        ),
        Family(
            "hours_without_outbound",
            "hours",
            "ever",
            _FIRST_OUTBOUND_SOURCE,
            "creation to the list while there is no outbound activity; missing once there is one",
        ),
    ),
    *_set_topic(
        "whose_turn",
        Family(
            "inbound_since_outbound",
            "activities",
            "ever",
            _DIRECTION_SOURCE,
            "inbound activities after the last outbound one",
        ),
        Family(
            "outbound_since_inbound",
            "activities",
            "ever",
            _DIRECTION_SOURCE,
            "outbound activities after the last inbound one",
        ),
    ),
)
"""Once per lead, from the order of its activities."""

_CREATED_SOURCE = "leads: created_at"
_LIST_SOURCE = "the list"
_WEEKDAY_UNIT = "0 Monday .. 6 Sunday"

CALENDAR: tuple[Family, ...] = (
    *_set_topic(
        "age", Family("lead_age_days", "days", "list", _CREATED_SOURCE, "creation to the list")
    ),
    *_set_topic(
        "created",
        Family(
            "created_weekday", _WEEKDAY_UNIT, "creation", _CREATED_SOURCE, "of the creation, UTC"
        ),
        Family("created_hour", "0 .. 23", "creation", _CREATED_SOURCE, "of the creation, UTC"),
    ),
    *_set_topic(
        "listed", Family("list_weekday", _WEEKDAY_UNIT, "list", _LIST_SOURCE, "of the list, UTC")
    ),
)
"""Once per lead, from its creation and the list's date."""

PROFILE: dict[ProfileKind, tuple[Family, ...]] = {
    "number": (
        Family("{}", "as exported", "creation", "leads: profile", "the number as it stands"),
    ),
    "category": (Family("{}", "code", "creation", "leads: profile", "its value", "categorical"),),
    "yes_no": (Family("{}", "1 yes, 0 no", "creation", "leads: profile", "its answer"),),
    "date": (
        Family(
            "{}_days_after_creation", "days", "creation", "leads: profile", "creation to the date"
        ),
        Family(
            "{}_days_ahead", "days", "list", "leads: profile", "list to the date; negative: past"
        ),
    ),
}
"""Once per profile column, by its kind; missing stays missing."""
