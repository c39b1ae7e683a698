"""Where a simulated export may be written, and what an interrupted one leaves behind."""

import pytest

from crm.errors import ConfigurationError
from crm.simulator.simulate import simulate


def contents(folder) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "leads.csv").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"holds 1 other .*'leads.csv'.* empty or a new"):
        simulate(tmp_path, leads=5)
    assert contents(tmp_path) == {"leads.csv": b"mine"}


def test_a_configuration_of_ones_own_is_refused_too(tmp_path):
    (tmp_path / "leadgain.toml").write_text("[leads]\nfile = 'leads.csv'\n")
    with pytest.raises(ConfigurationError, match="no earlier simulation"):
        simulate(tmp_path, leads=5)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "export").write_text("")
    with pytest.raises(ConfigurationError, match="is a file; name a folder"):
        simulate(tmp_path / "export", leads=5)


def test_folders_that_are_missing_are_made(tmp_path):
    made = simulate(tmp_path / "not" / "yet", leads=5)
    assert [str(file.relative_to(made.folder)) for file in made.files] == [
        "leads.csv",
        "activities.parquet",
        "truth/true_probabilities.parquet",
        "leadgain.toml",
    ]
    assert sorted(contents(made.folder)) == sorted(
        str(file.relative_to(made.folder)) for file in made.files
    )


def test_an_earlier_simulation_is_replaced(tmp_path):
    simulate(tmp_path / "twice", leads=20)
    simulate(tmp_path / "twice", leads=30)
    simulate(tmp_path / "once", leads=30)
    assert contents(tmp_path / "twice") == contents(tmp_path / "once")


def test_a_simulation_that_breaks_off_leaves_the_earlier_one_as_it_was(tmp_path):
    simulate(tmp_path, leads=20)
    before = contents(tmp_path)

    def break_off(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, leads=30, progress=break_off)
    assert contents(tmp_path) == before


def test_what_a_killed_simulation_left_is_cleared_away(tmp_path):
    (tmp_path / ".simulating").mkdir()
    (tmp_path / ".simulating" / "activities.parquet").write_bytes(b"half")
    simulate(tmp_path, leads=20)
    assert not (tmp_path / ".simulating").exists()
