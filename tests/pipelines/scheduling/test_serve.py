"""What `leadgain serve` says before it waits, and how alarms are tried."""

import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.config.sections import AlarmsSection, ScheduleSection
from pipelines.runtime.alerts import Alert
from pipelines.scheduling import serve as serving
from pipelines.scheduling.schedule import PlannedDeployment
from pipelines.scheduling.serve import _describe_schedule, send_test_alert
from publications.storage.home import Home

TOLD = AlarmsSection(
    email_to=("ann@example.com",),
    smtp="smtp://mail.example.com",
    webhook="https://hooks.example.com/secret",
)
AMSTERDAM = ScheduleSection(timezone="Europe/Amsterdam")


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def sent(monkeypatch) -> list[Alert]:
    """What would be sent, and nothing fails."""
    alarms: list[Alert] = []
    monkeypatch.setattr(serving, "send_alert", lambda alert, to: alarms.append(alert) or [])
    return alarms


def test_a_test_goes_to_everyone_and_the_webhooks_address_is_not_told(home, sent):
    told = send_test_alert(TOLD, home)
    assert told == "A test was sent to ann@example.com, the webhook. Look whether it arrived."
    assert sent[0].subject.endswith(": this is a test")
    assert "No list is in force." in sent[0].text


def test_alarms_that_name_nobody_are_a_mistake_when_they_are_tried(home, sent):
    with pytest.raises(ConfigurationError, match=r"\[alarms\] names nobody: set email_to and smtp"):
        send_test_alert(AlarmsSection(), home)
    assert sent == []


def test_alarms_that_are_not_understood_are_not_tried(home, sent):
    wrong = AlarmsSection().replace_mistakes(("leadgain.toml: [alarms] webhok is not a key.",))
    with pytest.raises(ConfigurationError, match=r"\[alarms\] webhok is not a key"):
        send_test_alert(wrong, home)
    assert sent == []


def test_every_way_that_fails_is_told(home, monkeypatch):
    failed = ["The e-mail was not sent (OSError).", "The webhook was not reached (OSError)."]
    monkeypatch.setattr(serving, "send_alert", lambda alert, to: failed)
    with pytest.raises(ConfigurationError, match=r"not sent \(OSError\)\. The webhook was not"):
        send_test_alert(TOLD, home)


def test_the_next_times_are_told_in_the_schedules_zone_and_what_was_missed_in_utc():
    planned = [
        PlannedDeployment("train", "0 4 * * 6", None),
        PlannedDeployment("score", "30 5 * * *", pd.Timestamp("2026-11-21 04:30", tz="UTC")),
    ]
    late = {"score": pd.Timestamp("2026-11-20 04:30", tz="UTC")}
    assert _describe_schedule(planned, AMSTERDAM, late).splitlines() == [
        "train (0 4 * * 6): next at no time",
        "score (30 5 * * *): next at 2026-11-21 05:30 Europe/Amsterdam",
        "score: now, as that of 2026-11-20 04:30 UTC",
        "Ctrl-C ends the schedule.",
    ]
