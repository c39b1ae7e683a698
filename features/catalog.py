"""Every model input as data: name, unit, window, source, and what it tells a rep.

The catalog is made from a vocabulary. It drives the matrix, the reasons and the documentation.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
    """How the topic is told: a key of ``features.wording.TELLERS``."""
    measure: str
    """What is measured of the subject: "7d", "ever", "days_since"."""
    categories: tuple[str, ...] = ()
    """Of a categorical feature: what code 0, 1, 2, ... stand for."""


def build_catalog(vocabulary: Vocabulary) -> tuple[Feature, ...]:
    """All features in the order of the matrix's columns.

    Parameters
    ----------
    vocabulary : the activity types and profile columns that training data taught

    Names are distinct: where two would be equal, the later ones end in ``_2``, ``_3``, ...

    >>> [f.name for f in build_catalog(Vocabulary(("call",), ()))][9:12]
    ['call_1d', 'call_7d', 'call_30d']
    """
    features = [
        *_of_subjects(vocabulary.types),
        *_of_journey(vocabulary.types),
        *_of_calendar(),
        *_of_profile(vocabulary),
    ]
    names = distinct(f.name for f in features)
    return tuple(replace(f, name=name) for f, name in zip(features, names, strict=True))


def categorical_names(catalog: Iterable[Feature]) -> list[str]:
    """The columns that hold codes, not amounts.

    >>> categorical_names(build_catalog(Vocabulary((), ())))[:2]
    ['last_type', 'second_last_type']
    """
    return [f.name for f in catalog if f.kind == "categorical"]


def topics(catalog: Iterable[Feature]) -> list[str]:
    """The topic of each column, in the matrix's order."""
    return [f.topic for f in catalog]


def humanise(name: str) -> str:
    """A CRM's own word as a rep reads it.

    >>> humanise("complete_application_call_completed"), humanise("SMS-sent")
    ('Complete application call completed', 'SMS sent')
    """
    words = re.sub(r"[\s_\-.]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def slug(name: str) -> str:
    """A CRM's own word as part of a column's name.

    >>> slug("Annual revenue (EUR)"), slug("!")
    ('annual_revenue_eur', 'unnamed')
    """
    return re.sub(r"\W+", "_", name.casefold()).strip("_") or "unnamed"


def distinct(names: Iterable[str]) -> list[str]:
    """The same names, later repetitions numbered.

    >>> distinct(["call", "mail", "call"])
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


def _of_subjects(types: tuple[str, ...]) -> Iterator[Feature]:
    """Other types first (key 0 of the kernel), then the types, the directions, all activities."""
    slugs = distinct([OTHER_TYPES, *DIRECTIONS, ALL_ACTIVITIES, *map(slug, types)])
    n_own = 1 + len(DIRECTIONS) + 1
    subjects = [
        (slugs[0], "Other kind of activity", "type"),
        *((s, humanise(t), "type") for s, t in zip(slugs[n_own:], types, strict=True)),
        *((d, f"{humanise(d)} activity", "activity") for d in slugs[1 : n_own - 1]),
        (slugs[n_own - 1], "Activity", "activity"),
    ]
    others = {family.topic for family in (*JOURNEY, *CALENDAR)}
    for subject, label, wording in subjects:
        topic = f"activity: {subject}" if subject in others else subject
        for family in PER_SUBJECT:
            yield _feature(family, subject, topic=topic, label=label, wording=wording)


def _of_journey(types: tuple[str, ...]) -> Iterator[Feature]:
    for family in JOURNEY:
        values = DIRECTIONS if family.measure == "last_direction" else types
        categories = (MISSING, OTHER, *values) if family.kind == "categorical" else ()
        yield _fact(family, categories)


def _of_calendar() -> Iterator[Feature]:
    return map(_fact, CALENDAR)


def _of_profile(vocabulary: Vocabulary) -> Iterator[Feature]:
    slugs = distinct(slug(term.name) for term in vocabulary.profile)
    for subject, term in zip(slugs, vocabulary.profile, strict=True):
        for family in PROFILE[term.kind]:
            categories = (MISSING, OTHER, *term.categories) if term.kind == "category" else ()
            yield _feature(
                family,
                subject,
                topic=f"profile: {subject}",
                label=humanise(term.name),
                wording=term.kind,
                categories=categories,
            )


def _fact(family: Family, categories: tuple[str, ...] = ()) -> Feature:
    """A feature without a subject: its topic says how it is told."""
    topic = family.topic
    return _feature(
        family, "", topic=topic, label=humanise(topic), wording=topic, categories=categories
    )


def _feature(
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
