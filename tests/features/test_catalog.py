from pathlib import Path

import pytest

from features.catalog import build_catalog, list_categorical_names
from features.families import CALENDAR, JOURNEY, PER_SUBJECT, PROFILE, Family
from features.vocabulary import ProfileTerm, Vocabulary
from features.wording import FORMATTERS

EVERYTHING = Vocabulary(
    ("offer_sent", "Call / made"),
    (
        ProfileTerm("amount", "number"),
        ProfileTerm("source", "category", ("web", "fair")),
        ProfileTerm("consent", "yes_no"),
        ProfileTerm("lease_end", "date"),
    ),
)
DOCS = Path(__file__).parents[2] / "docs" / "features.md"


def test_every_feature_says_its_unit_window_source_and_how_it_is_told() -> None:
    for feature in build_catalog(EVERYTHING):
        assert all((feature.unit, feature.window, feature.source, feature.topic, feature.label))
        assert feature.wording in FORMATTERS
        assert bool(feature.categories) == (feature.kind == "categorical")


def test_every_teller_has_a_topic_and_every_topic_one_teller() -> None:
    catalog = build_catalog(EVERYTHING)
    assert {f.wording for f in catalog} == set(FORMATTERS)
    told = {(f.topic, f.wording, f.label) for f in catalog}
    assert len(told) == len({f.topic for f in catalog})


def test_an_activity_type_named_like_another_fact_is_a_fact_of_its_own() -> None:
    catalog = build_catalog(Vocabulary(("Created", "age", "Pace", "reps"), ()))
    for topic in {f.topic for f in catalog}:
        assert len({f.wording for f in catalog if f.topic == topic}) == 1
    created = [f for f in catalog if f.label == "Created"]
    assert {f.topic for f in created if f.wording == "type"} == {"activity: created"}
    assert [f.name for f in created][:2] == ["created_1d", "created_7d"]


def test_an_activity_type_has_nine_features_and_one_topic() -> None:
    features = [f for f in build_catalog(EVERYTHING) if f.topic == "offer_sent"]
    assert [f.name for f in features] == [
        "offer_sent_1d",
        "offer_sent_7d",
        "offer_sent_30d",
        "offer_sent_90d",
        "offer_sent_ever",
        "days_since_offer_sent",
        "days_since_first_offer_sent",
        "offer_sent_decayed_7d",
        "offer_sent_decayed_30d",
    ]
    assert {f.label for f in features} == {"Offer sent"}


def test_equal_vocabularies_share_one_catalog() -> None:
    again = Vocabulary.from_dict(EVERYTHING.to_dict())
    assert build_catalog(again) is build_catalog(EVERYTHING)


def test_forty_types_make_428_columns() -> None:
    # 9 for each of 40 types, other types, 3 directions and all; 19 + 4 beside them.
    vocabulary = Vocabulary(tuple(f"type {i}" for i in range(40)), ())
    assert len(build_catalog(vocabulary)) == 9 * 45 + 19 + 4


@pytest.mark.parametrize(
    "types", [("inbound", "activity", "other_type"), ("Call", "call", "call!"), ("x", "first_x")]
)
def test_names_are_distinct_and_plain_whatever_the_crm_calls_its_activities(
    types: tuple[str, ...],
) -> None:
    profile = (ProfileTerm("lead_age_days", "number"), ProfileTerm('a "b": [c]', "number"))
    names = [f.name for f in build_catalog(Vocabulary(types, profile))]
    assert len(set(names)) == len(names)
    assert not set("".join(names)) & set(' ,:[]{}"')  # LightGBM refuses or changes them


def test_types_and_columns_with_one_spelling_keep_topics_apart() -> None:
    catalog = build_catalog(Vocabulary(("inbound",), (ProfileTerm("inbound", "number"),)))
    labels = {f.topic: f.label for f in catalog if f.topic.endswith(("inbound", "inbound_2"))}
    assert labels == {
        "inbound": "Inbound activity",
        "inbound_2": "Inbound",
        "profile: inbound": "Inbound",
    }


def test_codes_are_categorical_and_amounts_are_not() -> None:
    assert list_categorical_names(build_catalog(EVERYTHING)) == [
        "last_type",
        "second_last_type",
        "third_last_type",
        "last_direction",
        "last_inbound_type",
        "last_outbound_type",
        "source",
    ]


def test_the_documentation_lists_every_family_as_it_is() -> None:
    text = DOCS.read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if line.startswith("| `")]
    profile = [family for families in PROFILE.values() for family in families]
    assert found == [format_line(f) for f in (*PER_SUBJECT, *JOURNEY, *CALENDAR, *profile)]


def format_line(family: Family) -> str:
    name = family.pattern.replace("{}", "<…>")
    cells = (f"`{name}`", family.meaning, family.unit, family.window, family.source)
    return f"| {' | '.join(cells)} |"
