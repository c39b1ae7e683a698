"""The operations guide, compared with the code; its commands are run."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from pipelines.config.sections import ScheduleSection
from pipelines.config.settings import load_settings
from pipelines.lifecycle.training_log import find_training_reason, read_last_training
from pipelines.publishing.list_warnings import UNKNOWN_SHARE
from pipelines.runtime import missed_runs as turns
from pipelines.runtime.alerts import Alert
from pipelines.runtime.environment import MIN_FREE_BYTES
from pipelines.runtime.exit_codes import INTERNAL_ERROR, INTERRUPTED, _list_exit_codes
from pipelines.runtime.run_log import LOG_BYTES, LOGS_KEPT, REPEAT_SECONDS, build_crash_alert
from pipelines.scheduling.prefect_outage import RETRY_SECONDS
from pipelines.scheduling.schedule import plan_deployments
from publications.storage.home import Home
from publications.storage.lock import Busy, hold_home
from publications.storage.store import open_current
from tests.pipelines.conftest import load_current

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROOMS = ("crm", "features", "models", "publications", "pipelines", "dashboard")
HOME, BACKUP = "/var/lib/leadgain", "/backup"


def read_section(heading: str) -> str:
    return re.split(rf"^#+ {heading}$", GUIDE, flags=re.MULTILINE)[1].split("\n## ")[0]


def read_shell_block(heading: str, number: int = 0) -> str:
    """One of the shell blocks of a section."""
    return re.findall(r"```sh\n(.+?)```", read_section(heading), re.DOTALL)[number]


def run_script(script: str, **given: str) -> str:
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def read_sources() -> str:
    """All sources, with texts that span several lines joined."""
    sources = [file.read_text("utf-8") for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(sources))


# What the messages are.


def list_quoted_texts() -> list[str]:
    rows = re.findall(r"^\| ((?:subject )?\".+?) \|", read_section("What went wrong"), re.MULTILINE)
    return [text for row in rows for text in re.findall(r'"(.+?)"', row)]


def test_the_guide_quotes_messages():
    assert len(list_quoted_texts()) > 35


@pytest.mark.parametrize("message", list_quoted_texts())
def test_a_message_that_the_guide_explains_can_be_said(message):
    assert message in read_sources()


def test_the_guide_tells_every_exit_code():
    told = {
        int(code) for row in re.findall(r"^\| ([\d, ]+) \|", GUIDE, re.M) for code in row.split(",")
    }
    assert told - {0, 137, 143} == {*_list_exit_codes().values(), INTERNAL_ERROR, INTERRUPTED}


def test_every_kind_of_refusal_has_its_table():
    for code in set(_list_exit_codes().values()):
        assert re.search(rf"^### Code {code}: ", read_section("What went wrong"), re.MULTILINE)


def test_the_subject_of_a_killed_run_is_the_one_explained(tmp_path):
    alert = build_crash_alert("run", Home(tmp_path))
    assert isinstance(alert, Alert)
    assert alert.subject.endswith("was killed")


def test_links_within_the_guide_lead_to_a_heading():
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    }
    links = set(re.findall(r"\]\(#(.+?)\)", GUIDE))
    assert len(links) > 4
    assert links <= headings


# The home folder.


def test_every_part_of_the_home_folder_is_explained(published):
    told = set(
        re.findall(
            r"`([\w.]+)/?`",
            "\n".join(re.findall(r"^\| (`.+?) \|", read_section("The home folder"), re.M)),
        )
    )
    place = Home(published)
    parts = {
        *(
            place.runs,
            place.models,
            place.publications,
            place.current,
            place.lock,
            place.serve_lock,
        ),
        *(place.logs, place.tracking_database, place.artifacts, place.prefect),
        place.folder / turns.FILE,
    }
    assert told == {part.name for part in parts}
    there = {path.name.removesuffix("-wal").removesuffix("-shm") for path in published.iterdir()}
    assert there <= told


def test_the_log_is_as_small_as_the_guide_says():
    assert LOG_BYTES * (LOGS_KEPT + 1) == 6 * 2**20
    assert "6 MB at most" in read_section("The home folder")


# Its commands.


@pytest.fixture
def folders(published, tmp_path) -> dict[str, Path]:
    """The paths of the guide, and those of the test."""
    (tmp_path / "backup").mkdir()
    return {HOME: published, BACKUP: tmp_path / "backup"}


def localize_script(script: str, folders: dict[str, Path]) -> str:
    script = script.replace("sudo -u leadgain ", "").replace(
        "/opt/leadgain/bin/python", sys.executable
    )
    for path, mine in folders.items():
        script = script.replace(path, str(mine))
    return script


def back_up(folders: dict[str, Path]) -> Path:
    run_script(localize_script(read_shell_block("Back up"), folders))
    (archive,) = folders[BACKUP].iterdir()
    return archive


def test_a_backup_holds_what_matters_and_no_more(folders):
    with tarfile.open(back_up(folders)) as archive:
        names = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert {"CURRENT", "publications", "models", "mlflow.db", "mlartifacts", "logs"} <= names
    assert not names & {"prefect", "runs", "LOCK", "SERVING"}


def test_a_backup_is_for_its_owner_only(folders):
    """It holds leads."""
    assert back_up(folders).stat().st_mode & 0o077 == 0


def test_a_version_is_held_by_what_the_guide_says(folders, tmp_path):
    """A year after the last training none is due; by the schedule none is planned."""
    (told,) = re.findall(r"```toml\n(.+?)```", read_section("Roll back"), re.DOTALL)
    config = tmp_path / "leadgain.toml"
    config.write_text(f'[leads]\nfile = "leads.csv"\n{told}')
    settings = load_settings(config)
    last = read_last_training(Home(folders[HOME]))
    assert last is not None
    asked = {"list_as_of": last.at + pd.Timedelta(days=365), "fingerprint": last.fingerprint}
    assert find_training_reason(last, every_days=7, **asked) is not None
    assert find_training_reason(last, every_days=settings.training.every_days, **asked) is None
    planned = plan_deployments(settings.schedule, pd.Timestamp("2026-11-20", tz="UTC"))
    assert [one.name for one in planned] == ["score"]


def test_a_backup_waits_for_a_run_and_a_run_finds_it_busy(folders):
    place = Home(folders[HOME])
    impatient = localize_script(read_shell_block("Back up"), folders).replace(
        "--timeout 7200", "--timeout 0"
    )
    with hold_home(place):
        done = subprocess.run(["sh", "-c", impatient], check=False, capture_output=True)
        assert done.returncode == 1
    with subprocess.Popen(
        ["flock", str(place.lock), "sh", "-c", "echo; cat"], stdin=-1, stdout=-1
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Busy), hold_home(place):
            pass


def test_what_was_restored_is_whole_and_can_be_worked_with(folders, leadgain, night):
    archive = back_up(folders)
    home = folders[HOME]
    shutil.rmtree(home)
    home.mkdir()
    unpack = localize_script(read_shell_block("Restore"), folders)
    run_script(re.sub(r"sudo cat \S+", f"cat {archive}", unpack))
    look, _ = localize_script(read_shell_block("Restore", 1), folders).split("leadgain models")
    # The package lies in the repository, not in the environment.
    found = run_script(look, PYTHONPATH=str(ROOT))
    assert found == "publication 1 is whole\n"
    scored = leadgain("score", "--again", "--config", night.config, "--home", home)
    assert scored.code == 0, scored.err
    assert load_current(home).number == 2


def test_a_damaged_restore_is_noticed(folders):
    home = folders[HOME]
    with (load_current(home).folder / "worklist.csv").open("ab") as file:
        file.write(b"x")
    look, _ = localize_script(read_shell_block("Restore", 1), folders).split("leadgain models")
    with pytest.raises(AssertionError, match=r"worklist\.csv is damaged"):
        run_script(look, PYTHONPATH=str(ROOT))


def test_mlflow_forgets_the_old_path_of_a_home_that_has_moved(night, tmp_path, leadgain):
    """Each text of each table is looked at, and the model comes from MLflow."""
    old, new = night.home, tmp_path / "new"
    shutil.copytree(old, new)
    shutil.rmtree(new / "models" / "1")
    script = read_shell_block("Move").replace(HOME, str(old)).replace("/srv/leadgain", str(new))
    if shutil.which("sqlite3") is None:
        pytest.skip("needs the command sqlite3")
    run_script(script)
    with closing(sqlite3.connect(new / "mlflow.db")) as database:
        told = "\n".join(database.iterdump())
    assert f"file://{old}/" not in told
    assert f"file://{new}/" in told
    (tmp_path / "none").mkdir()
    scored = leadgain("score", "--again", "--config", night.config, "--home", new)
    assert scored.code == 0, scored.err
    assert (new / "models" / "1" / "model.txt").is_file()


def test_an_earlier_list_is_put_in_force_by_hand(folders, leadgain, night):
    home = folders[HOME]
    assert leadgain("score", "--again", "--config", night.config, "--home", home).code == 0
    assert load_current(home).number == 2
    back = localize_script(read_shell_block("Roll back", 1), folders)
    run_script(back.replace("211", "1"))
    found = open_current(Home(home))
    assert found is not None
    assert found.number == 1
    found.verify()
    assert leadgain("score", "--again", "--config", night.config, "--home", home).code == 0
    assert load_current(home).number == 3, "a number is not used twice"


def test_a_list_that_is_not_there_cannot_be_put_in_force(folders):
    with pytest.raises(AssertionError):
        run_script(localize_script(read_shell_block("Roll back", 1), folders))
    assert load_current(folders[HOME]).number == 1


def test_the_monitor_finds_what_it_looks_at(folders):
    manifest = load_current(folders[HOME]).manifest
    (asked,) = re.findall(r"jq '(.+?)'", read_shell_block("Monitoring"))
    for path in asked.split(", "):
        value = manifest
        for key in path.strip(".").split("."):
            value = value[key]
        assert value is not None


def test_commands_have_the_environment_of_the_services(tmp_path):
    """The function of the guide, with a password that a shell could mistake for something else."""
    command = tmp_path / "leadgain"
    command.write_text('#!/bin/sh\nprintf "%s|" "$LEADGAIN_HOME" "$LEADGAIN_ALERTS__URLS" "$@"\n')
    command.chmod(0o755)
    told = tmp_path / "environment"
    told.write_text("LEADGAIN_HOME=/srv/x\nLEADGAIN_ALERTS__URLS='json://me:a$b&c@x json://y'\n")
    function, _ = read_shell_block("A first run").split("leadgain check")
    places = {"/etc/leadgain": tmp_path, "/opt/leadgain/bin/leadgain": command}
    asked = f"{localize_script(function, places)}\nleadgain check --config 'a b'"
    assert run_script(asked) == "/srv/x|json://me:a$b&c@x json://y|check|--config|a b|"


# Its figures.


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("less than 32 MB free", MIN_FREE_BYTES == 32 * 2**20),
        ("every ten seconds", RETRY_SECONDS == 10),
        ("at most once in six hours", REPEAT_SECONDS == 6 * 3600),
        ("waits for up to `wait_minutes` (60)", ScheduleSection().wait_minutes == 60),
        ("a fifth of\n  the latest activities", UNKNOWN_SHARE == 0.2),
    ],
)
def test_a_figure_of_the_guide_is_that_of_the_code(said, held):
    assert said in GUIDE
    assert held
