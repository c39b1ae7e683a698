"""Score every night, train every week; one schedule a home, and what was missed is made up once."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.config.sections import ScheduleSection
from pipelines.runtime.missed_runs import record_run
from pipelines.scheduling.schedule import (
    build_deployment_name,
    build_deployments,
    find_missed_runs,
    lock_schedule,
    plan_deployments,
)
from publications.storage.home import Home
from publications.storage.lock import Busy, hold_home
from tests.pipelines.conftest import load_current

NOW = pd.Timestamp("2026-11-20 09:00", tz="UTC")  # a Friday
NIGHTLY = ScheduleSection(score="30 5 * * *", train="0 4 * * 6", timezone="Europe/Amsterdam")


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path / "home")


def record_run_at(place: Home, name: str, at: str) -> None:
    with hold_home(place) as lock:
        record_run(lock, name, pd.Timestamp(at, tz="UTC"))


def test_both_schedules_are_planned_in_their_time_zone():
    dues = {one.name: str(one.next_due) for one in plan_deployments(NIGHTLY, NOW)}
    assert dues == {
        "train": "2026-11-21 03:00:00+00:00",
        "score": "2026-11-21 04:30:00+00:00",
    }


def test_an_empty_schedule_is_not_served_and_two_are_refused():
    assert [
        one.name for one in plan_deployments(NIGHTLY.model_copy(update={"train": ""}), NOW)
    ] == ["score"]
    with pytest.raises(ConfigurationError, match="both empty, so there is nothing to serve"):
        plan_deployments(ScheduleSection(score="", train=""), NOW)


def test_a_schedule_of_four_fields_is_refused():
    with pytest.raises(ConfigurationError, match=r"'5 \* \* \*' is not a schedule"):
        plan_deployments(ScheduleSection(score="5 * * *"), NOW)


def test_the_deployments_are_the_flows_of_the_command_and_know_whose_turn_it_is(place):
    deployments = build_deployments(
        NIGHTLY, plan_deployments(NIGHTLY, NOW), Path("leadgain.toml"), place
    )
    assert [(d.flow_name, d.name) for d in deployments] == [("train", "train"), ("run", "score")]
    assert [d.entrypoint for d in deployments] == [
        "pipelines.flows.train.train",
        "pipelines.flows.nightly.run",
    ]
    requests = [d.parameters["request"] for d in deployments]
    assert [request["scheduled"] for request in requests] == ["train", "score"]
    assert requests[0]["home"] == str(place.folder)
    assert Path(requests[0]["config"]).is_absolute()
    assert [d.schedules[0].schedule.timezone for d in deployments] == ["Europe/Amsterdam"] * 2


def test_on_a_server_that_others_use_a_deployment_is_called_by_its_home_as_well(place, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "https://prefect.example.com/api")
    other = Home(place.folder.with_name("other") / "home")
    names = [build_deployment_name("score", home) for home in (place, other, place)]
    assert names[0] == names[2] != names[1]
    assert re.fullmatch(r"score-home-[0-9a-f]{8}", names[0])


def test_a_home_without_a_list_gets_its_first_one_at_once(place):
    assert find_missed_runs(place, NIGHTLY, NOW) == {"score": NOW}


def test_after_five_nights_off_one_scoring_and_one_training_are_made_up(published):
    place = Home(published)
    record_run_at(place, "score", "2026-11-13 04:30")
    record_run_at(place, "train", "2026-11-07 03:00")
    late = {name: str(due) for name, due in find_missed_runs(place, NIGHTLY, NOW).items()}
    assert late == {
        "train": "2026-11-14 03:00:00+00:00",
        "score": "2026-11-20 04:30:00+00:00",
    }


def test_nothing_is_made_up_where_nothing_was_missed(published):
    place = Home(published)
    record_run_at(place, "score", "2026-11-20 04:30")
    assert find_missed_runs(place, NIGHTLY, NOW) == {}


def test_a_second_schedule_of_the_same_home_is_refused(place):
    refused = pytest.raises(Busy, match=f"Process {os.getpid()} already serves .*{place.folder}")
    with lock_schedule(place), refused, lock_schedule(place):
        pass


@pytest.mark.slow
def test_a_schedule_begins_with_the_list_that_is_missing_and_ends_when_it_is_told(crm, home):
    with crm.open("a") as config:
        config.write('[schedule]\ntrain = ""\n')
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "serve"]
    serving = subprocess.Popen(
        [*command, "--config", str(crm), "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 480
        while not (home / "CURRENT").exists():
            assert serving.poll() is None, serving.stderr.read()
            assert time.monotonic() < deadline, "no list was published"
            time.sleep(0.2)
    finally:
        serving.send_signal(signal.SIGTERM)
        out, err = serving.communicate(timeout=300)
    assert serving.returncode == 0, err
    assert "score (30 5 * * *): next 20" in out
    assert "score: now, for" in out
    assert load_current(home).number == 1
    assert (home / "schedule.json").exists()
