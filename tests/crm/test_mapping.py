"""leadgain.toml's sections on the export: what contradicts itself is refused."""

import pytest
from pydantic import ValidationError

from crm.mapping import ActivitiesSection, ExportSection, LeadsSection


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, "needs exactly one of file, table or query, found none of them"),
        ({"file": "l.csv", "query": "SELECT 1"}, "found file and query"),
        ({"file": "l.csv", "encoding": "utf-9"}, "'utf-9' is not an encoding; use a name such as"),
        ({"file": "l.csv", "encoding": "rot13"}, "'rot13' is not an encoding"),
        ({"file": "l.csv", "closed_at": "converted_at"}, "both name 'converted_at'; say with"),
        (
            {"file": "l.csv", "converted_at": "", "converted_when": {"stage": ["won"]}},
            "converted_when needs a column with its date, but none is set",
        ),
        (
            {"file": "l.csv", "closed_at": "", "closed_when": {"stage": ["lost"]}},
            "closed_when needs a column with its date",
        ),
        ({"file": "l.csv", "converted_when": {"stage": []}}, "at least 1 item"),
        ({"file": "l.csv", "profile": ["a", "b", "a"]}, "profile names 'a' twice"),
        ({"file": "l.csv", "profile": [""]}, "profile has an empty name"),
        ({"file": "l.csv", "profile": {"a": "text"}}, "Input should be 'number', 'category'"),
    ],
)
def test_a_section_that_contradicts_itself_is_refused(keys: dict, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        LeadsSection(**keys)


@pytest.mark.parametrize("name", ["won_at", "lost_at", "stage", "reason"])
def test_a_column_that_tells_the_outcome_is_no_profile(name: str) -> None:
    with pytest.raises(
        ValidationError, match=f"profile names '{name}', which gives away the outcome"
    ):
        LeadsSection(
            file="l.csv",
            converted_at="won_at",
            closed_at="lost_at",
            converted_when={"stage": ["won"]},
            closed_when={"reason": ["price"]},
            profile=["amount", name],
        )


def test_a_time_zone_must_exist() -> None:
    assert ExportSection(timezone="Europe/Amsterdam").timezone == "Europe/Amsterdam"
    with pytest.raises(ValidationError, match="'Mars/Olympus' is not a time zone"):
        ExportSection(timezone="Mars/Olympus")


def test_an_encoding_is_kept_by_its_own_name() -> None:
    assert LeadsSection(file="l.csv", encoding="Windows-1252").encoding == "cp1252"


def test_kinds_are_declared_by_a_table_and_read_off_the_data_otherwise() -> None:
    listed = LeadsSection(file="l.csv", profile=["amount", "plan"])
    assert (listed.profile_columns, listed.declared_kinds) == (("amount", "plan"), {})
    declared = LeadsSection(file="l.csv", profile={"plan": "category", "amount": "number"})
    assert declared.profile_columns == ("plan", "amount")
    assert declared.declared_kinds == {"plan": "category", "amount": "number"}


def test_a_direction_is_a_column_or_a_table_of_types() -> None:
    assert ActivitiesSection(file="a.csv", direction="way").direction == "way"
    with pytest.raises(ValidationError, match="'inbound', 'outbound' or 'internal'"):
        ActivitiesSection(file="a.csv", direction={"call": "sideways"})
