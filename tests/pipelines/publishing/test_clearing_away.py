"""Where old lists cannot be cleared away, the new one is in force, and everybody is told the truth.

The log, the alert, the command and the state must agree.
"""

import shutil

import pytest

from pipelines.runtime import run_log as reporting
from publications.filesystem.failpoints import VARIABLE
from tests.pipelines.conftest import load_current

pytestmark = pytest.mark.slow


@pytest.fixture
def alerts(monkeypatch) -> list[str]:
    """The texts of the alerts; nothing is sent."""
    sent: list[str] = []

    def keep(alert, to) -> list[str]:
        sent.append(alert.text)
        return []

    monkeypatch.setattr(reporting, "send_alert", keep)
    return sent


@pytest.mark.parametrize("command", ["score", "run"])
@pytest.mark.parametrize("place", ["old.set_aside", "old.removed"])
def test_a_list_is_in_force_though_older_ones_could_not_be_cleared_away(
    night, published, leadgain, alerts, monkeypatch, command, place
):
    asked = ("--config", night.config, "--home", published)
    with monkeypatch.context() as failing:
        failing.setenv(VARIABLE, f"{place}:error")
        ended = leadgain(command, *asked, "--again")
    told = "Publication 2 is current and complete, but older ones could not be deleted."
    assert ended.code == 1
    assert f"{told} Cannot write {published}/publications: No space left on device; " in ended.err
    assert ended.err.endswith("are free there. Fix this; the next run deletes them.")
    assert "untouched" not in ended.err
    assert load_current(published).number == 2
    load_current(published).verify()
    last = (published / "logs" / "leadgain.log").read_text().splitlines()[-1]
    assert f"ERROR {command}: exit code 1. {told}" in last
    (alert,) = alerts
    assert told in alert
    assert "The current list is publication 2, as of " in alert
    assert "still" not in alert


def test_the_next_run_clears_away_even_where_it_has_nothing_new_to_publish(
    night, published, leadgain, alerts, monkeypatch
):
    asked = ("--config", night.config, "--home", published)
    monkeypatch.setenv("LEADGAIN_PUBLICATIONS__KEEP", "7")
    folder = published / "publications"
    for number in range(2, 9):  # as many nights, without working them
        shutil.copytree(folder / "1", folder / str(number))
    (published / "CURRENT").write_text("8\n")
    with monkeypatch.context() as failing:
        failing.setenv(VARIABLE, "old.set_aside:error")
        assert leadgain("score", *asked, "--again").code == 1
    assert (folder / "1.removed").is_dir()
    again = leadgain("score", *asked)
    assert again.code == 0
    assert "Nothing new: publication 9 has the same list" in again.said
    assert {path.name for path in folder.iterdir()} == {str(number) for number in range(2, 10)}
