"""What `leadgain serve` says before it waits, and how alerts are tried."""

import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.config.sections import AlertsSection, ScheduleSection
from pipelines.runtime.alerts import Alert
from pipelines.scheduling import serve
from pipelines.scheduling.schedule import PlannedDeployment
from pipelines.scheduling.serve import _describe_schedule, send_test_alert
from publications.storage.home import Home

AMSTERDAM = ScheduleSection(timezone="Europe/Amsterdam")


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def test_a_test_goes_to_every_address_and_none_is_shown(home, monkeypatch):
    sent: list[Alert] = []
    monkeypatch.setattr(serve, "send_alert", lambda alert, _: sent.append(alert) or [])
    said = send_test_alert(AlertsSection(urls="jsons://secret slack://secret"), home)
    assert "2 addresses" in said
    assert "secret" not in said
    assert sent[0].subject.endswith(": test alert")
    assert "There is no current list." in sent[0].text


@pytest.mark.parametrize(("urls", "reason"), [("", "urls is empty"), ("xyz://secret", "urls.0")])
def test_a_test_that_reaches_nobody_is_a_configuration_error(home, urls, reason):
    with pytest.raises(ConfigurationError, match=reason):
        send_test_alert(AlertsSection(urls=urls), home)


def test_the_next_runs_are_shown_in_the_schedules_zone_and_missed_ones_in_utc():
    planned = [
        PlannedDeployment("train", "0 4 * * 6", None),
        PlannedDeployment("score", "30 5 * * *", pd.Timestamp("2026-11-21 04:30", tz="UTC")),
    ]
    missed = {"score": pd.Timestamp("2026-11-20 04:30", tz="UTC")}
    assert _describe_schedule(planned, AMSTERDAM, missed).splitlines() == [
        "train (0 4 * * 6): next never",
        "score (30 5 * * *): next 2026-11-21 05:30 Europe/Amsterdam",
        "score: now, for 2026-11-20 04:30 UTC, which was missed",
        "Ctrl-C ends the schedule.",
    ]
