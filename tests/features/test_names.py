"""Every column has a name that people understand."""

from collections import Counter

from features.catalog import build_catalog, list_topics
from features.families import CALENDAR, JOURNEY, PER_SUBJECT, PROFILE
from features.names import FACT_NAMES, MEASURE_NAMES, list_fact_names, list_measure_names
from features.wording import FORMATTERS
from tests.features.test_catalog import EVERYTHING


def test_every_measure_is_named_and_no_name_is_left_over() -> None:
    families = [*PER_SUBJECT, *JOURNEY, *CALENDAR, *(f for of in PROFILE.values() for f in of)]
    assert {family.measure for family in families} == set(MEASURE_NAMES)


def test_every_named_fact_is_one_that_is_told() -> None:
    assert set(FACT_NAMES) < set(FORMATTERS)


def test_a_fact_has_one_name_and_a_name_one_fact() -> None:
    catalog = build_catalog(EVERYTHING)
    pairs = set(zip(list_topics(catalog), list_fact_names(catalog), strict=True))
    assert len(pairs) == len({topic for topic, _ in pairs}) == len({name for _, name in pairs})


def test_no_two_columns_of_a_fact_bear_the_same_name() -> None:
    catalog = build_catalog(EVERYTHING)
    named = Counter(zip(list_fact_names(catalog), list_measure_names(catalog), strict=True))
    assert max(named.values()) == 1


def test_names_are_words_and_not_identifiers() -> None:
    catalog = build_catalog(EVERYTHING)
    for name in (*list_fact_names(catalog), *list_measure_names(catalog)):
        assert "_" not in name
        assert name == name.strip() != ""
