"""Facts in plain words: what a rep reads as the reason for a score.

Every sentence states something that the matrix holds about the lead, never a score or a weight.
Rows that share a fact share a sentence, so each distinct sentence is formatted once.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import Feature, humanize_name
from features.families import FIRST_CODE, MISSING_CODE, OTHER_CODE, format_count

Text = npt.NDArray[np.object_]
Facts = dict[str, npt.NDArray[np.float64]]
"""Measure -> its values, in the rows that need a sentence on the topic."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MISSING_AMOUNT = -1
"""Stands for a missing amount where amounts are whole numbers."""
MIN_UNCHANGED_PACE, MAX_UNCHANGED_PACE = 0.8, 1.25
"""A pace between them counts as unchanged."""
ROUNDING_HOURS = 1e-4
"""Hours; absorbs float32 rounding, so that 5 hours are not written as 4."""


def build_sentences(
    topics: npt.NDArray[np.object_], X: pd.DataFrame, catalog: Sequence[Feature]
) -> Text:
    """One sentence per topic and row.

    Parameters
    ----------
    topics : (n, k) of the catalog's topics: what to say of each row
    X : (n rows), as built by :func:`features.matrix.build_matrix`
    catalog : of X

    Returns
    -------
    (n, k) of str. Ages are whole hours below one day and whole days above, rounded down.

    Raises
    ------
    KeyError
        A topic is not in the catalog.

    >>> from features.catalog import build_catalog
    >>> from features.vocabulary import Vocabulary
    >>> catalog = build_catalog(Vocabulary(("offer_returned",), ()))
    >>> X = pd.DataFrame(0.0, index=[0], columns=[f.name for f in catalog])
    >>> X[["offer_returned_ever", "days_since_offer_returned"]] = [1.0, 2.5]
    >>> topics = np.array([["offer_returned", "inbound"]], dtype=object)
    >>> build_sentences(topics, X, catalog)[0].tolist()
    ['Offer returned 2 days ago', 'No inbound activity yet']
    """
    members: dict[str, list[Feature]] = {}
    for feature in catalog:
        members.setdefault(feature.topic, []).append(feature)
    asked = topics.ravel()
    codes, names = pd.factorize(asked)
    sentences = np.empty(len(asked), dtype=object)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for name, begin, end in zip(names, [0, *ends], ends, strict=False):
        features, cells = members[name], order[begin:end]
        rows = cells // topics.shape[1]
        facts = {f.measure: X[f.name].to_numpy()[rows].astype(np.float64) for f in features}
        sentences[cells] = FORMATTERS[features[0].wording](facts, features[0])
    return sentences.reshape(topics.shape)


def mark_on_arrival(texts: Text) -> Text:
    """The same sentences, marked as said of the instant when the lead arrived.

    >>> mark_on_arrival(np.array([["No call yet"]], dtype=object)).tolist()
    [['No call yet (on arrival)']]
    """
    return np.asarray(np.frompyfunc("{} (on arrival)".format, 1, 1)(texts), dtype=object)


def _format_distinct(phrase: Callable[..., str], *amounts: npt.NDArray[np.float64]) -> Text:
    """``phrase`` of each row's amounts, called once per distinct combination."""
    code = np.zeros(len(amounts[0]), dtype=np.int64)
    for amount in amounts:
        own, values = pd.factorize(amount)
        code, _ = pd.factorize(code * (len(values) + 1) + own)
    _, first = np.unique(code, return_index=True)
    distinct = [phrase(*(a[i] for a in amounts)) for i in first]
    return np.array(distinct, dtype=object)[code]


def _round_to_whole_hours(days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Hours below one day, whole days in hours above; MISSING_AMOUNT where missing."""
    hours = days * 24 + ROUNDING_HOURS
    whole = np.where(hours < 24, np.floor(hours), np.floor(hours / 24) * 24)
    return np.where(np.isnan(days), MISSING_AMOUNT, whole)


def _format_duration(hours: float) -> str:
    """A duration in words.

    >>> _format_duration(0), _format_duration(1), _format_duration(72)
    ('less than an hour', '1 hour', '3 days')
    """
    if hours < 1:
        return "less than an hour"
    return format_count(hours, "hour") if hours < 24 else format_count(hours // 24, "day")


def _lower_label(label: str) -> str:
    """A label in the middle of a sentence; abbreviations keep their capitals.

    >>> _lower_label("Offer sent"), _lower_label("SMS sent")
    ('offer sent', 'SMS sent')
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _format_type(facts: Facts, feature: Feature) -> Text:
    def phrase(ever: float, month: float, hours: float) -> str:
        if ever == 0:
            return f"No {_lower_label(feature.label)} yet"
        if month < 2:
            return f"{feature.label} {_format_duration(hours)} ago"
        times = "twice" if month == 2 else f"{month:,.0f} times"
        return f"{feature.label} {times}, last {_format_duration(hours)} ago"

    return _format_distinct(
        phrase, facts["ever"], facts["30d"], _round_to_whole_hours(facts["days_since"])
    )


def _format_activity(facts: Facts, feature: Feature) -> Text:
    one = _lower_label(feature.label)
    many = one.removesuffix("y") + "ies"

    def phrase(ever: float, week: float, hours: float) -> str:
        if ever == 0:
            return f"No {one} yet"
        if week == 0:
            return f"No {one} for {_format_duration(hours)}"
        if week == 1:
            return f"{feature.label} {_format_duration(hours)} ago"
        ago = _format_duration(hours)
        return f"{format_count(week, one, many)} in 7 days, last {ago} ago"

    return _format_distinct(
        phrase, facts["ever"], facts["7d"], _round_to_whole_hours(facts["days_since"])
    )


def _format_activity_kind(feature: Feature, code: float) -> str:
    if code == OTHER_CODE:
        return "other activity"
    return _lower_label(humanize_name(feature.categories[int(code)]))


def _format_last_activities(facts: Facts, feature: Feature) -> Text:
    def phrase(last: float, before: float) -> str:
        if last == MISSING_CODE:
            return "No activity yet"
        if before == MISSING_CODE:
            return f"Only activity so far: {_format_activity_kind(feature, last)}"
        name = partial(_format_activity_kind, feature)
        return f"Last two activities: {name(before)}, then {name(last)}"

    return _format_distinct(phrase, facts["last_type"], facts["second_last_type"])


def _format_last_of_direction(facts: Facts, feature: Feature, *, direction: str) -> Text:
    def phrase(last: float) -> str:
        if last == MISSING_CODE:
            return f"No {direction} activity yet"
        return f"Last {direction} activity: {_format_activity_kind(feature, last)}"

    return _format_distinct(phrase, facts[f"last_{direction}_type"])


def _format_active_days(facts: Facts, _: Feature) -> Text:
    def phrase(month: float) -> str:
        if month == 0:
            return "No activity in the last 30 days"
        return f"Active on {month:,.0f} of the last 30 days"

    return _format_distinct(phrase, facts["active_days_30d"])


def _format_pace(facts: Facts, _: Feature) -> Text:
    def phrase(pace: float) -> str:
        if np.isnan(pace):
            return "No activity in the 30 days before the last 7"
        if pace == 0:
            return "No activity in the last 7 days, some in the 30 days before"
        if MIN_UNCHANGED_PACE <= pace <= MAX_UNCHANGED_PACE:
            return "As active in the last 7 days as in the 30 before"
        return f"{'Less' if pace < 1 else 'More'} active in the last 7 days than in the 30 before"

    return _format_distinct(phrase, facts["pace_7d"])


def _format_reps(facts: Facts, _: Feature) -> Text:
    def phrase(ever: float, month: float) -> str:
        if ever == 0:
            return "No rep recorded so far"
        recent = "none" if month == 0 else f"{month:,.0f} of them"
        tail = "" if month == ever else f", {recent} in the last 30 days"
        return f"{format_count(ever, 'rep')} involved so far{tail}"

    return _format_distinct(phrase, facts["reps_ever"], facts["reps_30d"])


def _format_first_response(facts: Facts, _: Feature) -> Text:
    def phrase(contacted: float, waiting: float) -> str:
        if contacted == MISSING_AMOUNT:
            return f"Not contacted yet, created {_format_duration(waiting)} ago"
        return f"First contact {_format_duration(contacted)} after creation"

    contacted = _round_to_whole_hours(facts["hours_to_first_outbound"] / 24)
    return _format_distinct(
        phrase, contacted, _round_to_whole_hours(facts["hours_without_outbound"] / 24)
    )


def _format_whose_turn(facts: Facts, _: Feature) -> Text:
    def phrase(inbound: float, outbound: float) -> str:
        if inbound == outbound == 0:
            return "No inbound or outbound activity yet"
        mine, other = ("in", "out") if inbound else ("out", "in")
        one, many = f"{mine}bound activity", f"{mine}bound activities"
        return f"{format_count(inbound or outbound, one, many)}, no {other}bound since"

    return _format_distinct(
        phrase, facts["inbound_since_outbound"], facts["outbound_since_inbound"]
    )


def _format_age(facts: Facts, _: Feature) -> Text:
    def phrase(hours: float) -> str:
        return f"Open for {_format_duration(hours)}"

    return _format_distinct(phrase, _round_to_whole_hours(facts["lead_age_days"]))


def _format_creation(facts: Facts, _: Feature) -> Text:
    def phrase(weekday: float, hour: float) -> str:
        day = WEEKDAYS[int(weekday)]
        return f"Created on a {day} between {hour:02.0f}:00 and {hour + 1:02.0f}:00 UTC"

    return _format_distinct(phrase, facts["created_weekday"], facts["created_hour"])


def _format_list_weekday(facts: Facts, _: Feature) -> Text:
    def phrase(weekday: float) -> str:
        return f"Listed on a {WEEKDAYS[int(weekday)]}"

    return _format_distinct(phrase, facts["list_weekday"])


def _format_number(facts: Facts, feature: Feature) -> Text:
    def phrase(value: float) -> str:
        if np.isnan(value):
            return f"{feature.label} unknown"
        shortest = Decimal(str(np.float32(value))).normalize()
        return f"{feature.label}: {shortest:,f}"

    return _format_distinct(phrase, next(iter(facts.values())))


def _format_category(facts: Facts, feature: Feature) -> Text:
    def phrase(code: float) -> str:
        if code == MISSING_CODE:
            return f"{feature.label} unknown"
        known = code >= FIRST_CODE
        return f"{feature.label}: {feature.categories[int(code)] if known else 'a rare value'}"

    return _format_distinct(phrase, next(iter(facts.values())))


def _format_yes_no(facts: Facts, feature: Feature) -> Text:
    def phrase(value: float) -> str:
        if np.isnan(value):
            return f"{feature.label} unknown"
        return f"{feature.label}: {'yes' if value else 'no'}"

    return _format_distinct(phrase, next(iter(facts.values())))


def _format_date(facts: Facts, feature: Feature) -> Text:
    def phrase(hours: float, past: float) -> str:
        if hours == MISSING_AMOUNT:
            return f"{feature.label} unknown"
        duration = _format_duration(hours)
        return f"{feature.label}: {duration + ' ago' if past else 'in ' + duration}"

    ahead = facts["days_ahead"]
    return _format_distinct(
        phrase, _round_to_whole_hours(np.abs(ahead)), (ahead < 0).astype(np.float64)
    )


FORMATTERS: dict[str, Callable[[Facts, Feature], Text]] = {
    "type": _format_type,
    "activity": _format_activity,
    "last_activities": _format_last_activities,
    "last_inbound_type": partial(_format_last_of_direction, direction="inbound"),
    "last_outbound_type": partial(_format_last_of_direction, direction="outbound"),
    "active_days": _format_active_days,
    "pace": _format_pace,
    "reps": _format_reps,
    "first_response": _format_first_response,
    "whose_turn": _format_whose_turn,
    "age": _format_age,
    "created": _format_creation,
    "listed": _format_list_weekday,
    "number": _format_number,
    "category": _format_category,
    "yes_no": _format_yes_no,
    "date": _format_date,
}
"""How each kind of topic is put into words; ``Feature.wording`` names the entry."""
