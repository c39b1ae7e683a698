"""Every run leaves a line; one that fails is told to people, without cells and without secrets."""

import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from crm.errors import DataRefused
from pipelines.config.sections import AlertsSection
from pipelines.runtime import run_log
from pipelines.runtime.alerts import Alert
from pipelines.runtime.progress import step
from pipelines.runtime.run_log import (
    alert_crash,
    build_failure_alert,
    log_run,
    open_run_log,
)
from publications.filesystem.durable_files import CannotWrite
from publications.storage.home import Home
from publications.storage.lock import Busy

TOML = """
[leads]
file = "leads.csv"
[alerts]
urls = ["jsons://hooks.example.com/secret"]
"""


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def config(tmp_path) -> str:
    file = tmp_path / "leadgain.toml"
    file.write_text(TOML)
    return str(file)


@pytest.fixture
def posted(monkeypatch) -> list[str]:
    """Subject and text of each alert; nothing is sent."""
    sent = []

    def take(alert: Alert, section: AlertsSection) -> list[str]:
        assert section.urls
        sent.append(f"{alert.subject}\n{alert.text}")
        return []

    monkeypatch.setattr(run_log, "send_alert", take)
    return sent


def read_log_lines(place: Home) -> list[str]:
    return (place.logs / "leadgain.log").read_text().splitlines()


def fail_with(error: BaseException, config: str, place: Home) -> None:
    with pytest.raises(type(error)), log_run("run", config, str(place.folder)):
        raise error


def test_a_run_that_is_done_leaves_a_line_and_sends_no_alert(config, place, posted):
    with log_run("run", config, str(place.folder)) as report:
        report.done(SimpleNamespace(summary="publication 7, 399 leads."))
    started, line = read_log_lines(place)
    assert "INFO run: started with leadgain " in started
    assert re.search(r"INFO run: publication 7, 399 leads\. \(\d s\)$", line)
    assert line[:2] == "20"
    assert line[19] == "Z"
    assert posted == []


def test_each_step_of_a_run_is_logged_with_rows_seconds_and_memory(config, place, posted):
    with log_run("run", config, str(place.folder)), step("Checking the data", rows=13_087):
        pass
    line = read_log_lines(place)[1]
    assert re.search(
        r"INFO run: Checking the data: 13,087 rows, 0\.\d s, peak memory [\d,]+ MB\.$", line
    )


def test_a_step_that_fails_is_named_before_the_error(config, place, posted):
    with (
        pytest.raises(DataRefused),
        log_run("run", config, str(place.folder)),
        step("Checking the data"),
    ):
        raise DataRefused("No lead is left.")
    assert "Checking the data: failed after" in read_log_lines(place)[-2]


def test_refused_data_reach_people_with_the_reason_and_the_exit_code(config, place, posted):
    fail_with(DataRefused("There are no leads left. Export the leads again."), config, place)
    line = read_log_lines(place)[-1]
    assert line.endswith("ERROR run: exit code 3. There are no leads left. Export the leads again.")
    (text,) = posted
    assert text.startswith("leadgain on ")
    assert ": run refused the export\nThere are no leads left. Export the leads again.\n\n" in text
    assert "There is no current list." in text
    assert f"Exit code 3. Home folder {place.folder}; its logs/leadgain.log has" in text


def test_a_failure_of_ours_is_told_without_its_text_which_may_quote_a_cell(config, place, posted):
    fail_with(KeyError("ann@example.com"), config, place)
    told = "\n".join([*read_log_lines(place), *posted])
    assert "ann@example.com" not in told
    assert "Internal error (KeyError" in told


def test_a_busy_home_sends_an_alert_too(config, place, posted):
    fail_with(Busy("Process 7 is at work."), config, place)
    assert ": run failed" in posted[0]


def test_a_run_that_is_ended_from_outside_is_logged_and_wakes_nobody(config, place, posted):
    fail_with(KeyboardInterrupt(), config, place)
    assert read_log_lines(place)[-1].endswith(
        "WARNING run: stopped from outside (KeyboardInterrupt)."
    )
    assert posted == []


def test_an_alert_that_is_not_delivered_is_in_the_log_without_its_address(
    config, place, monkeypatch
):
    monkeypatch.setenv("LEADGAIN_ALERTS__URLS", "xyz://hooks.example.com/secret")
    fail_with(DataRefused("No lead is left."), config, place)
    assert "WARNING run: [alerts] urls.0 (xyz) is not" in read_log_lines(place)[-1]
    assert "secret" not in "\n".join(read_log_lines(place))


def test_an_alert_is_sent_where_the_home_folder_cannot_be_read(config, place, posted, monkeypatch):
    def closed(home: Home) -> None:
        raise PermissionError(13, "Permission denied", str(home.current))

    monkeypatch.setattr(run_log, "open_current", closed)
    fail_with(CannotWrite("Cannot write LOCK: Permission denied."), config, place)
    assert "Cannot write LOCK" in posted[0]
    assert "The current list cannot be read: Permission denied." in posted[0]


def test_a_log_that_cannot_be_written_does_not_end_the_run(place):
    place.folder.write_text("a file where the home should be")
    with open_run_log(place) as log:
        log.info("nobody reads this")


def test_the_log_takes_turns_with_five_older_ones(place, monkeypatch):
    monkeypatch.setattr(run_log, "LOG_BYTES", 200)
    for number in range(40):
        with open_run_log(place) as log:
            log.info("run %d", number)
    kept = sorted(path.name for path in place.logs.iterdir())
    assert kept == ["leadgain.log", *(f"leadgain.log.{number}" for number in range(1, 6))]


def test_a_scheduled_run_that_was_killed_is_told_and_one_at_a_terminal_is_not(
    config, place, posted
):
    parameters = {"request": {"config": config, "home": str(place.folder)}}
    flow = SimpleNamespace(name="run")
    alert_crash(flow, SimpleNamespace(deployment_id=None, parameters=parameters), None)
    assert posted == []
    alert_crash(flow, SimpleNamespace(deployment_id="x", parameters=parameters), None)
    assert ": run was killed\nThe process of a scheduled run was killed" in posted[0]
    assert read_log_lines(place)[-1].endswith("ERROR run: killed or crashed.")


def test_a_run_that_cannot_begin_is_told_where_nobody_looks_on(config, place, posted, leadgain):
    """As under a timer: the error stream of a test is no terminal."""
    outcome = leadgain("run", "--config", config, "--home", place.folder, "--as-of", "tomorrow")
    assert outcome.code == 2
    assert not place.folder.exists()
    assert ": run failed\n'tomorrow' is not a time" in posted[0]

    place.folder.mkdir()
    leadgain("score", "--config", config, "--home", place.folder, "--as-of", "tomorrow")
    assert "ERROR score: exit code 2. 'tomorrow' is not a time" in read_log_lines(place)[0]
    assert len(posted) == 2
    leadgain("check", "--config", config, "--home", place.folder, "--as-of", "tomorrow")
    assert len(posted) == 2, "a check tells whoever asked for it"


def test_a_schedule_that_cannot_start_is_told_once_however_often_it_is_started(
    config, place, posted, leadgain
):
    """A container is started again every minute."""
    place.folder.mkdir()
    serve = ("serve", "--config", config, "--home", place.folder)
    with Path(config).open("a") as file:
        file.write('[schedule]\nscore = "every night"\n')
    for _ in range(3):
        assert leadgain(*serve).code == 2
    (line,) = read_log_lines(place)
    assert "ERROR serve: exit code 2. [schedule] 'every night' is not a schedule" in line
    assert ": serve failed\n[schedule] 'every night' is not a schedule" in posted[0]
    assert len(posted) == 1

    file = place.logs / "leadgain.log"
    os.utime(file, (time.time() - 7 * 3600,) * 2)
    assert leadgain(*serve).code == 2
    assert len(posted) == 2


def test_an_alert_names_the_list_in_force(published):
    alert = build_failure_alert("run", DataRefused("No."), Home(published))
    assert "The current list is publication 1, as of 2024-08-0" in alert.text
