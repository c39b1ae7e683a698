"""The command: what it refuses, how it ends, and what it says."""

import os
import signal
import subprocess
import sys
from importlib.metadata import version

import pytest

from pipelines.cli import main as cli
from pipelines.cli.commands import published
from publications.storage.home import Home
from publications.storage.lock import hold_home
from tests.pipelines.conftest import load_current

START = "from pipelines.cli.main import main; main()"
COMMAND = [sys.executable, "-c", START]
WITHOUT_PREFECT = f"""\
from tests.cheap_tools import leave_prefect_out, patched
with patched(leave_prefect_out):
    {START}
"""
HEAVY = ("duckdb", "lightgbm", "mlflow", "numba", "numpy", "pandas", "prefect", "sklearn")


@pytest.mark.parametrize("command", [None, *(command.__name__ for command in cli.COMMANDS)])
def test_the_help_of_every_command_reads_as_it_was_written(leadgain, command):
    """Brackets are no markup, and a flag takes no value."""
    shown = leadgain(*([] if command is None else [command]), "--help")
    assert shown.code == 0
    assert "<bool>" not in shown.out
    for name in ("--help", *((c.__name__ for c in cli.COMMANDS) if command is None else ())):
        assert name in shown.out
    assert ("[schedule]" in shown.said) == (command in (None, "serve"))
    assert ("[alerts]" in shown.said) == (command == "serve")


def test_nothing_heavy_is_imported_before_a_command_is_known():
    """How long that takes is measured by benchmarks/start.py."""
    asked = f"import sys, pipelines.cli.main; print(sorted(set(sys.modules) & set({HEAVY})))"
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_command_tells_its_version(leadgain):
    outcome = leadgain("--version")
    assert (outcome.code, outcome.out) == (0, f"leadgain {version('leadgain')}\n")


def test_an_unknown_command_is_wrong_usage(leadgain):
    assert leadgain("predict").code == 2


@pytest.mark.parametrize("command", ["run", "check", "train", "score"])
def test_a_missing_configuration_is_refused(leadgain, tmp_path, command):
    outcome = leadgain(command, "--config", tmp_path / "none.toml", "--home", tmp_path / "home")
    assert outcome.code == 2
    assert "There is no" in outcome.err


def test_a_wrong_configuration_is_refused_before_anything_is_made(leadgain, crm, home):
    crm.write_text(crm.read_text().replace("horizon_days", "horizon_day"))
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 2
    assert "Did you mean 'horizon_days'?" in outcome.err
    assert not home.exists()


def test_an_instant_that_is_none_is_refused(leadgain, crm, home):
    outcome = leadgain("run", "--config", crm, "--home", home, "--as-of", "yesterday")
    assert outcome.code == 2
    assert "'yesterday' is not a time; write it like 2026-11-20" in outcome.err
    assert not home.exists()


def test_a_second_process_is_told_to_wait(leadgain, crm, home):
    with hold_home(Home(home)):
        outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 4
    assert "is at work in" in outcome.err


def test_a_fault_of_ours_says_so_and_asks_for_a_report(leadgain, home, monkeypatch):
    monkeypatch.setattr(published, "load_current_publication", lambda home: 1 / 0)
    outcome = leadgain("report", "--home", home)
    assert outcome.code == 1
    assert "Internal error (ZeroDivisionError" in outcome.err
    assert "with --debug" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("where", ["before", "behind"])
def test_debug_shows_the_traceback_wherever_it_stands(home, monkeypatch, where):
    monkeypatch.setattr(published, "load_current_publication", lambda home: 1 / 0)
    arguments = ["report", "--home", str(home)]
    with pytest.raises(ZeroDivisionError):
        cli.main(["--debug", *arguments] if where == "before" else [*arguments, "--debug"])


def test_before_anything_is_published_the_report_says_how_to_begin(leadgain, home):
    outcome = leadgain("report", "--home", home)
    assert outcome.code == 2
    assert "Nothing has been published" in outcome.err
    assert "leadgain demo" in outcome.err


def test_a_file_in_the_homes_place_is_no_home(leadgain, tmp_path):
    (tmp_path / "leads.csv").write_text("Id\n")
    outcome = leadgain("report", "--home", str(tmp_path / "leads.csv"))
    assert outcome.code == 2
    assert "Nothing has been published in" in outcome.err
    assert "another folder with --home" in outcome.err


def test_the_report_tells_the_proof_and_where_the_files_lie(leadgain, night):
    outcome = leadgain("report", "--home", night.home)
    assert "Share of the customers reached in the backtest" in outcome.said
    assert str(load_current(night.home).folder / "report.html") in outcome.out


def test_the_report_can_be_written_elsewhere(leadgain, night, tmp_path):
    outcome = leadgain("report", "--home", night.home, "--to", tmp_path / "proof.html")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "proof.html").read_bytes() == load_current(night.home).read("report.html")
    nowhere = leadgain("report", "--home", night.home, "--to", tmp_path / "none" / "proof.html")
    assert nowhere.code == 2
    assert "none is not there. Make it first." in nowhere.err


def test_models_lists_the_champion_and_the_one_before(leadgain, second_night):
    listed = leadgain("models", "--config", second_night.config, "--home", second_night.home)
    assert "in use" in listed.out
    assert {"used", "before"} <= set(listed.said.split()), "perhaps on two lines of a cell"


def test_models_of_an_empty_home_says_how_to_begin(leadgain, home):
    home.mkdir()
    outcome = leadgain("models", "--home", home)
    assert outcome.code == 0, outcome.err
    assert "No model has been trained here yet" in outcome.said


@pytest.mark.parametrize("command", [("models",), ("rollback",), ("explain", "L0001")])
def test_a_home_that_is_not_there_is_not_made_by_looking_into_it(leadgain, crm, home, command):
    outcome = leadgain(*command, "--config", crm, "--home", home)
    assert outcome.code == 2
    assert f"There is no home folder {home} yet" in outcome.err
    assert not home.exists()


@pytest.mark.parametrize("command", ["models", "rollback", "dashboard"])
def test_a_configuration_that_was_named_must_be_there(leadgain, tmp_path, command):
    outcome = leadgain(command, "--config", tmp_path / "none.toml", "--home", tmp_path)
    assert outcome.code == 2
    assert "There is no" in outcome.err
    assert not list(tmp_path.iterdir())


def test_nothing_is_said_behind_a_refusal(crm, home):
    """A connection of DuckDB that outlived Python would fill the screen behind the paragraph."""
    broken = crm.parent / "leads.parquet"
    broken.write_bytes((b"PAR1" + bytes(5_000))[:-4])
    crm.write_text(crm.read_text().replace('"leads.csv"', '"leads.parquet"'))
    arguments = ("check", "--config", str(crm), "--home", str(home))
    command = [sys.executable, "-c", WITHOUT_PREFECT, *arguments]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert "broken Parquet file" in refused.stderr.splitlines()[-1]


def test_ctrl_c_ends_a_run_at_once_and_leaves_no_server_behind(crm, home):
    """A terminal sends the signal to every process of the run, Prefect's server among them."""
    arguments = ("run", "--config", str(crm), "--home", str(home))
    # Tests that a shell has sent to the background ignore the signal, and so would their children.
    heard = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {START}"
    with subprocess.Popen(
        [*COMMAND[:2], heard, *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        while "Getting ready" not in started.stderr.readline():
            assert started.poll() is None
        os.killpg(started.pid, signal.SIGINT)
        _, said = started.communicate(timeout=300)
    assert started.returncode == 130
    assert "Interrupted." in said
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)


def test_a_simulated_crm_is_written_with_the_command_that_comes_next(leadgain, tmp_path):
    outcome = leadgain("simulate", "--leads", 50, "--to", tmp_path / "a [b] c")
    assert outcome.code == 0, outcome.err
    assert f"leadgain run --config {tmp_path / 'a [b] c' / 'leadgain.toml'}" in outcome.out
    again = leadgain("simulate", "--leads", 50, "--to", tmp_path)
    assert again.code == 2
    assert "no earlier simulation" in again.err
