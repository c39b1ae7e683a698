"""What a flow is asked to do: settings, home and instants from text."""

import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.config.run_request import RunRequest, parse_instant, resolve_home
from publications.filesystem.json_files import format_instant


def build_request(crm, home, **given) -> RunRequest:
    return RunRequest.of(crm, home, **given)


def test_a_request_takes_its_policy_from_the_configuration(crm, home):
    policy = build_request(crm, home).policy
    assert (policy.policy, policy.every_days, policy.max_age_days) == ("periodic", 7, 60)
    assert policy.horizon == pd.Timedelta(days=14)


def test_the_clock_is_read_only_where_now_is_not_given(crm, home):
    before = pd.Timestamp.now(tz="UTC")
    assert before <= build_request(crm, home).now <= pd.Timestamp.now(tz="UTC")
    assert build_request(crm, home, now="2024-03-01").now == pd.Timestamp("2024-03-01", tz="UTC")


def test_the_list_stands_at_the_last_instant_of_the_export_unless_another_is_asked_for(crm, home):
    last = pd.Timestamp("2024-08-02 12:00", tz="UTC")
    assert build_request(crm, home).resolve_list_as_of(last) == last
    asked = build_request(crm, home, as_of="2024-06-01")
    assert asked.resolve_list_as_of(last) == pd.Timestamp("2024-06-01", tz="UTC")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-10", "2024-03-10T00:00:00Z"),
        ("2024-03-10T06:00:00", "2024-03-10T06:00:00Z"),
        ("2024-03-10T06:00:00+02:00", "2024-03-10T04:00:00Z"),
        ("2024-03-10 06:00:00.123456Z", "2024-03-10T06:00:00.123456Z"),
    ],
)
def test_an_instant_is_utc_where_nothing_else_is_said(text, expected):
    assert format_instant(parse_instant(text)) == expected
    assert parse_instant(text).unit == "us"


@pytest.mark.parametrize("text", ["", "yesterday", "2023-02-29", "NaT", "32.01.2024", "02/03/2024"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ConfigurationError, match=r"is not a time; write it like 2026-11-20"):
        parse_instant(text)


def test_a_list_that_is_still_to_come_is_refused(crm, home):
    clock = "2024-03-01T12:00:00Z"
    assert build_request(crm, home, as_of="2024-03-01T13:00:00Z", now=clock).as_of is not None
    with pytest.raises(ConfigurationError, match=r"in the future: it is 2024-03-01 12:00 UTC"):
        build_request(crm, home, as_of="2024-03-02", now=clock)


def test_a_home_folder_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert resolve_home(tmp_path / "there" / ".." / "home").folder == tmp_path / "home"


def test_prefect_keeps_a_request_as_json_and_reads_the_same_one_back(crm, home):
    request = build_request(crm, home, as_of="2024-06-01", scheduled="score", any_size=True)
    kept = request.model_dump_json()
    assert RunRequest.model_validate_json(kept) == request
    with pytest.raises(ValueError, match="frozen"):
        request.scheduled = ""
    with pytest.raises(ValueError, match="extra"):
        RunRequest(config=crm, home=home, anysize=True)
