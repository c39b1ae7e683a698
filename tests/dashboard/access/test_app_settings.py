"""What the command hands to the app."""

import json
from datetime import UTC, datetime

import pytest

from dashboard.access.access_rules import Roles
from dashboard.access.app_settings import AppSettings, NotStartedByLeadgain
from publications.storage.home import APP_VARIABLE


def build_settings(**content: object) -> AppSettings:
    return AppSettings.of({APP_VARIABLE: json.dumps({"home": "/srv/leads", **content})})


def test_without_a_role_table_nobody_signs_in() -> None:
    assert build_settings().roles is None
    assert build_settings(roles=None).roles is None


def test_an_empty_role_table_is_not_the_same_as_none() -> None:
    assert build_settings(roles={}).roles == Roles()


def test_the_role_table_arrives_whole() -> None:
    roles = {"managers": ["a@x.nl"], "reps": {"b@x.nl": ["7", "8"]}, "rep_domains": ["@y.nl"]}
    assert build_settings(roles=roles).roles == Roles(
        ("a@x.nl",), {"b@x.nl": ("7", "8")}, ("@y.nl",)
    )


def test_the_clock_is_the_machines_unless_one_is_given() -> None:
    assert build_settings(now="2012-03-14T05:00:00+01:00").read_clock() == datetime(
        2012, 3, 14, 4, tzinfo=UTC
    )
    assert abs((build_settings().read_clock() - datetime.now(UTC)).total_seconds()) < 60


def test_an_app_that_was_started_by_hand_has_no_settings() -> None:
    with pytest.raises(NotStartedByLeadgain):
        AppSettings.of({})
