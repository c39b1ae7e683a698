"""How a command works: what it says before it begins, and what it refuses to begin."""

import os
import sys
from pathlib import Path

import pytest

from crm.errors import ConfigurationError
from pipelines.cli.session import (
    CONFIG,
    alert_failed_starts,
    find_optional_config,
    load_current_publication,
    refuse_missing_home,
    require_outcome,
)
from pipelines.runtime import run_log
from pipelines.runtime.missed_runs import SkippedRun
from publications.filesystem.durable_files import CannotWrite
from publications.storage import store
from publications.storage.store import PublicationDamaged


@pytest.fixture
def told(monkeypatch) -> list[str]:
    """The flows whose false starts people were told of."""
    flows: list[str] = []
    monkeypatch.setattr(run_log, "alert_failed_start", lambda flow, *_: flows.append(flow))
    return flows


@pytest.mark.parametrize(
    ("flow", "looked_on", "expected"),
    [("run", False, ["run"]), ("run", True, []), ("check", False, [])],
)
def test_a_false_start_is_told_to_people_unless_somebody_looks_on(
    flow, looked_on, expected, told, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: looked_on, raising=False)
    with (
        pytest.raises(ConfigurationError),
        alert_failed_starts(flow, tmp_path / "leadgain.toml", tmp_path / "home"),
    ):
        raise ConfigurationError("[schedule] is no schedule.")
    assert told == expected


def test_what_somebody_asked_for_is_never_skipped():
    assert require_outcome("a night") == "a night"
    with pytest.raises(TypeError, match="is already done"):
        require_outcome(SkippedRun("The score of 2026-11-19 05:30 UTC is already done."))


def test_a_configuration_that_was_named_must_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_optional_config(CONFIG) is None
    assert find_optional_config(Path("other.toml")) == Path("other.toml")
    CONFIG.touch()
    assert find_optional_config(CONFIG) == CONFIG


def test_looking_into_a_home_that_is_not_there_does_not_make_it(tmp_path):
    home = tmp_path / "home"
    with pytest.raises(ConfigurationError, match=r"There is no home folder .*home yet, so there"):
        refuse_missing_home(home)
    assert not home.exists()
    home.mkdir()
    refuse_missing_home(home)
    with pytest.raises(ConfigurationError, match=r"Nothing has been published in .*home yet"):
        load_current_publication(home)


def test_a_lost_current_is_not_told_as_nothing_published(home):
    (home / "publications" / "3").mkdir(parents=True)
    told = r"home/CURRENT is missing, so there is no current list, .*`leadgain score --again`"
    with pytest.raises(PublicationDamaged, match=told):
        load_current_publication(home)


def test_a_home_folder_that_is_closed_to_us_is_refused_before_anything_is_asked(home, monkeypatch):
    home.mkdir(exist_ok=True)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root is let in everywhere
    with pytest.raises(CannotWrite, match=rf"^{home} cannot be read by this user\."):
        refuse_missing_home(home)


def test_a_list_that_is_closed_to_us_is_no_fault_of_ours(home, monkeypatch):
    def closed(_: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/CURRENT")

    monkeypatch.setattr(store, "open_current", closed)
    with pytest.raises(PublicationDamaged, match=r"^/somewhere/CURRENT cannot be read by"):
        load_current_publication(home)


def test_an_alert_address_that_cannot_be_used_stops_a_run_and_no_reading_command(
    published, night, leadgain, monkeypatch
):
    monkeypatch.setenv("LEADGAIN_ALERTS__URLS", "xyz://secret")
    for command in ("check", "score", "serve"):
        refused = leadgain(command, "--config", night.config, "--home", published)
        assert refused.code == 2
        assert "[alerts] urls.0 (xyz) is not an address" in refused.err
        assert "secret" not in refused.err
    assert leadgain("models", "--config", night.config, "--home", published).code == 0
