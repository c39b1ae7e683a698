"""Who leads: what is loaded, and how an earlier version comes back."""

import hashlib
import shutil

from tests.pipelines.conftest import in_force


def test_a_version_whose_files_are_gone_comes_back_from_the_registry(leadgain, night, published):
    model = published / "models" / "1" / "model.txt"
    before = hashlib.sha256(model.read_bytes()).hexdigest()
    shutil.rmtree(model.parent)
    assert leadgain("score", "--config", night.config, "--home", published).code == 0
    assert hashlib.sha256(model.read_bytes()).hexdigest() == before


def test_rollback_lets_the_earlier_version_lead_the_next_list(leadgain, second_night, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(second_night.home, home)
    assert in_force(home).manifest["model"]["version"] == 2
    outcome = leadgain("rollback", "--config", second_night.config, "--home", home)
    assert "Version 1 leads from the next scoring on" in outcome.said
    leadgain("score", "--config", second_night.config, "--home", home)
    assert in_force(home).manifest["model"]["version"] == 1


def test_a_rollback_needs_a_version_to_go_back_to(leadgain, night, published):
    arguments = ("--config", night.config, "--home", published)
    nothing = leadgain("rollback", *arguments)
    assert nothing.code == 2
    assert "There is no earlier champion to go back to" in nothing.err
    unknown = leadgain("rollback", "9", *arguments)
    assert unknown.code == 2
    assert "There is no version 9 of leadgain; there is 1." in unknown.err
