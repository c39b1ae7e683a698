"""Display names of features and facts."""

from collections.abc import Iterable

from features.catalog import ALL_ACTIVITIES, Feature

FACT_NAMES = {
    "last_activities": "Latest activities",
    "last_inbound_type": "Latest inbound activity",
    "last_outbound_type": "Latest outbound activity",
    "active_days": "Active days",
    "pace": "Pace of activity",
    "reps": "Reps involved",
    "first_response": "First contact",
    "whose_turn": "Whose turn it is",
    "age": "Age of the lead",
    "created": "When the lead came in",
    "listed": "Day of the list",
}
"""Wording of a fact -> its name; profile columns use their label."""
ANY_ACTIVITY = "Activity of any kind"

MEASURE_NAMES = {
    "1d": "count in the last day",
    "7d": "count in the last 7 days",
    "30d": "count in the last 30 days",
    "90d": "count in the last 90 days",
    "ever": "total count",
    "days_since": "days since the last one",
    "days_since_first": "days since the first one",
    "decayed_7d": "count with a half-life of 7 days",
    "decayed_30d": "count with a half-life of 30 days",
    "last_type": "kind of the latest",
    "second_last_type": "kind of the second latest",
    "third_last_type": "kind of the third latest",
    "last_direction": "direction of the latest",
    "last_inbound_type": "kind",
    "last_outbound_type": "kind",
    "days_since_second_last": "days since the second latest",
    "days_since_third_last": "days since the third latest",
    "days_between_last_two": "days between the latest two",
    "active_days_7d": "count in the last 7 days",
    "active_days_30d": "count in the last 30 days",
    "active_days_90d": "count in the last 90 days",
    "pace_7d": "last 7 days compared with the 30 before",
    "reps_ever": "total count",
    "reps_30d": "count in the last 30 days",
    "hours_to_first_outbound": "hours from lead creation",
    "hours_without_outbound": "hours without any",
    "inbound_since_outbound": "inbound activities since the last outbound one",
    "outbound_since_inbound": "outbound activities since the last inbound one",
    "lead_age_days": "days since creation",
    "created_weekday": "day of the week",
    "created_hour": "hour of the day",
    "list_weekday": "day of the week",
    "": "value",
    "days_after_creation": "days from lead creation",
    "days_ahead": "days from the list date",
}
"""Measure of a fact -> its display name."""


def list_fact_names(catalog: Iterable[Feature]) -> list[str]:
    """The name of each column's fact, in the matrix's order.

    >>> from features.catalog import build_catalog
    >>> from features.vocabulary import Vocabulary
    >>> names = list_fact_names(build_catalog(Vocabulary(("offer_returned",), ())))
    >>> names[9], names[-1]
    ('Offer returned', 'Day of the list')
    """
    return [_choose_fact_name(feature) for feature in catalog]


def list_measure_names(catalog: Iterable[Feature]) -> list[str]:
    """The name of each column's measure, in the matrix's order.

    >>> from features.catalog import build_catalog
    >>> from features.vocabulary import Vocabulary
    >>> list_measure_names(build_catalog(Vocabulary((), ())))[:2]
    ['count in the last day', 'count in the last 7 days']
    """
    return [MEASURE_NAMES[feature.measure] for feature in catalog]


def _choose_fact_name(feature: Feature) -> str:
    if feature.topic == ALL_ACTIVITIES:
        return ANY_ACTIVITY
    return FACT_NAMES.get(feature.wording, feature.label)
