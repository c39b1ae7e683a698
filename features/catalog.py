"""Every model input as data: name, unit, window, source, and what it tells a rep.

The catalog is made from a vocabulary. It drives the matrix, the reasons and the documentation.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from crm.contract import DIRECTIONS
from features.families import CALENDAR, JOURNEY, PER_SUBJECT, PROFILE, Family, Kind
from features.vocabulary import Vocabulary

MISSING, OTHER = "missing", "other"
OTHER_TYPES = "other_type"
ALL_ACTIVITIES = "activity"


@dataclass(frozen=True)
class Feature:
    """One column of the matrix."""

    name: str
    unit: str
    window: str
    source: str
    kind: Kind
    topic: str
    """Features with the same topic tell one fact; a reason names a topic."""
    label: str
    """The topic's subject in words: "Offer returned"."""
    wording: str
    """How the topic is told: a key of ``features.wording.FORMATTERS``."""
    measure: str
    """What is measured of the subject: "7d", "ever", "days_since"."""
    categories: tuple[str, ...] = ()
    """Of a categorical feature: what code 0, 1, 2, ... stand for."""


# A run asks for the catalog of one vocabulary two dozen times.
@cache
def build_catalog(vocabulary: Vocabulary) -> tuple[Feature, ...]:
    """All features in the order of the matrix's columns.

    Parameters
    ----------
    vocabulary : the activity types and profile columns that training data taught

    Equal vocabularies share one catalog, which is built once. Names are distinct: where two would
    be equal, the later ones end in ``_2``, ``_3``, ...

    >>> [f.name for f in build_catalog(Vocabulary(("call",), ()))][9:12]
    ['call_1d', 'call_7d', 'call_30d']
    """
    features = [
        *_build_subject_features(vocabulary.types),
        *_build_journey_features(vocabulary.types),
        *_build_calendar_features(),
        *_build_profile_features(vocabulary),
    ]
    names = make_distinct(f.name for f in features)
    return tuple(replace(f, name=name) for f, name in zip(features, names, strict=True))


def list_categorical_names(catalog: Iterable[Feature]) -> list[str]:
    """The columns that hold codes, not amounts.

    >>> list_categorical_names(build_catalog(Vocabulary((), ())))[:2]
    ['last_type', 'second_last_type']
    """
    return [f.name for f in catalog if f.kind == "categorical"]


def list_topics(catalog: Iterable[Feature]) -> list[str]:
    """The topic of each column, in the matrix's order."""
    return [f.topic for f in catalog]


def humanize_name(name: str) -> str:
    """A CRM's own word as a rep reads it.

    >>> humanize_name("complete_application_call_completed"), humanize_name("SMS-sent")
    ('Complete application call completed', 'SMS sent')
    """
    words = re.sub(r"[\s_\-.]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def slugify(name: str) -> str:
    """A CRM's own word as part of a column's name.

    >>> slugify("Annual revenue (EUR)"), slugify("!")
    ('annual_revenue_eur', 'unnamed')
    """
    return re.sub(r"\W+", "_", name.casefold()).strip("_") or "unnamed"


def make_distinct(names: Iterable[str]) -> list[str]:
    """The same names, later repetitions numbered.

    >>> make_distinct(["call", "mail", "call"])
    ['call', 'mail', 'call_2']
    """
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, n = name, 1
        while candidate in taken:
            n += 1
            candidate = f"{name}_{n}"
        taken.add(candidate)
        result.append(candidate)
    return result


def _build_subject_features(types: tuple[str, ...]) -> Iterator[Feature]:
    """Other types first (key 0 of the kernel), then the types, the directions, all activities."""
    slugs = make_distinct([OTHER_TYPES, *DIRECTIONS, ALL_ACTIVITIES, *map(slugify, types)])
    n_own = 1 + len(DIRECTIONS) + 1
    subjects = [
        (slugs[0], "Other kind of activity", "type"),
        *((s, humanize_name(t), "type") for s, t in zip(slugs[n_own:], types, strict=True)),
        *((d, f"{humanize_name(d)} activity", "activity") for d in slugs[1 : n_own - 1]),
        (slugs[n_own - 1], "Activity", "activity"),
    ]
    others = {family.topic for family in (*JOURNEY, *CALENDAR)}
    for subject, label, wording in subjects:
        topic = f"activity: {subject}" if subject in others else subject
        for family in PER_SUBJECT:
            yield _build_feature(family, subject, topic=topic, label=label, wording=wording)


def _build_journey_features(types: tuple[str, ...]) -> Iterator[Feature]:
    for family in JOURNEY:
        values = DIRECTIONS if family.measure == "last_direction" else types
        categories = (MISSING, OTHER, *values) if family.kind == "categorical" else ()
        yield _build_single_feature(family, categories)


def _build_calendar_features() -> Iterator[Feature]:
    return map(_build_single_feature, CALENDAR)


def _build_profile_features(vocabulary: Vocabulary) -> Iterator[Feature]:
    slugs = make_distinct(slugify(term.name) for term in vocabulary.profile)
    for subject, term in zip(slugs, vocabulary.profile, strict=True):
        for family in PROFILE[term.kind]:
            categories = (MISSING, OTHER, *term.categories) if term.kind == "category" else ()
            yield _build_feature(
                family,
                subject,
                topic=f"profile: {subject}",
                label=humanize_name(term.name),
                wording=term.kind,
                categories=categories,
            )


def _build_single_feature(family: Family, categories: tuple[str, ...] = ()) -> Feature:
    """A feature without a subject: its topic says how it is told."""
    topic = family.topic
    return _build_feature(
        family, "", topic=topic, label=humanize_name(topic), wording=topic, categories=categories
    )


def _build_feature(
    family: Family,
    subject: str,
    *,
    topic: str,
    label: str,
    wording: str,
    categories: tuple[str, ...] = (),
) -> Feature:
    return Feature(
        name=family.pattern.replace("{}", subject),
        unit=family.unit,
        window=family.window,
        source=family.source,
        kind=family.kind,
        topic=topic,
        label=label,
        wording=wording,
        measure=family.measure,
        categories=categories,
    )
