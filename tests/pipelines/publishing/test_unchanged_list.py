"""A list that would say what the one in force says is not published again."""

import json
import shutil

import pytest

from tests.pipelines.conftest import load_current

pytestmark = pytest.mark.slow


def list_publication_numbers(home) -> list[int]:
    return sorted(int(path.name) for path in (home / "publications").iterdir())


def test_the_same_night_again_publishes_nothing_unless_it_is_asked_for(night, published, leadgain):
    asked = ("--config", night.config, "--home", published)
    again = leadgain("run", *asked)
    assert again.code == 0
    assert "Nothing new: publication 1 has the same list, so nothing was" in again.said
    assert list_publication_numbers(published) == [1]
    log = (published / "logs" / "leadgain.log").read_text().splitlines()
    assert "publication 1 is unchanged" in log[-1]

    assert leadgain("score", *asked, "--again").code == 0
    assert list_publication_numbers(published) == [1, 2]
    first, second = (published / "publications" / number for number in ("1", "2"))
    for path in first.iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_single_new_activity_makes_another_list(moved, leadgain):
    activities = moved.config.parent / "activities.csv"
    lead = activities.read_text().splitlines()[1].split(",")[0]
    with activities.open("a") as file:
        file.write(f"{lead},2024-07-01T00:00:00+00:00,visit\n")
    assert leadgain("run", "--config", moved.config, "--home", moved.home).code == 0
    assert list_publication_numbers(moved.home) == [1, 2]
    inputs = [
        manifest["inputs_sha256"]
        for manifest in (load_current(moved.home).manifest, _manifest(moved.home, 1))
    ]
    assert inputs[0] != inputs[1]


DAMAGED = "The list in force before this one is damaged"


@pytest.mark.parametrize("name", ["worklist.csv", "manifest.json"])
def test_a_list_whose_files_are_damaged_is_published_again_and_the_new_one_says_so(
    night, published, leadgain, name
):
    (published / "publications" / "1" / name).write_text("ruined")
    asked = ("--config", night.config, "--home", published)
    again = leadgain("score", *asked)
    assert again.code == 0
    assert DAMAGED in again.said
    assert list_publication_numbers(published) == [1, 2]
    publication = load_current(published)
    publication.verify()
    (told,) = (text for text in publication.manifest["warnings"] if text.startswith(DAMAGED))
    assert f"/publications/1/{name} is damaged: " in told
    assert told.endswith(" Check the disk.")
    lost = [text for text in publication.manifest["warnings"] if "This export's size" in text]
    assert len(lost) == (name == "manifest.json")
    assert leadgain("score", *asked).code == 0
    assert list_publication_numbers(published) == [1, 2], "the damage is told once"


def test_a_damaged_current_is_mended_by_the_next_list_which_says_so(night, published, leadgain):
    (published / "CURRENT").write_bytes(b"\xff\xfe")
    assert leadgain("report", "--home", published).code == 1
    again = leadgain("score", "--config", night.config, "--home", published)
    assert again.code == 0, again.err
    assert DAMAGED in again.said
    publication = load_current(published)
    assert "CURRENT should have a number" in " ".join(publication.manifest["warnings"])
    assert publication.number == 2


def test_an_export_that_has_ceased_to_change_is_told_once_beside_the_same_list(
    night, published, leadgain
):
    file = published / "publications" / "1" / "manifest.json"
    manifest = json.loads(file.read_text())
    (stale,) = (text for text in manifest["warnings"] if "nightly export still runs" in text)
    manifest["warnings"].remove(stale)  # as in the night before it was too old
    file.write_text(json.dumps(manifest))
    asked = ("--config", night.config, "--home", published)
    assert leadgain("score", *asked).code == 0
    assert list_publication_numbers(published) == [1, 2]
    assert stale in load_current(published).manifest["warnings"]
    assert leadgain("score", *asked).code == 0
    assert list_publication_numbers(published) == [1, 2]
    log = (published / "logs" / "leadgain.log").read_text().splitlines()
    assert "publication 2 is unchanged" in log[-1]
    assert " warning" in log[-1]
    assert ": see `leadgain report`." in log[-1]


def test_another_version_of_the_same_trees_makes_another_list(
    night, published, leadgain, monkeypatch
):
    """Its scores, its tiers and its proof are others."""
    monkeypatch.setenv("LEADGAIN_TIERS__A", "0.2")
    monkeypatch.setenv("LEADGAIN_TIERS__B", "0.5")
    asked = ("--config", night.config, "--home", published)
    assert leadgain("run", *asked).code == 0
    second = load_current(published).manifest["model"]
    assert (second["version"], second["sha256"]) == (2, _manifest(published, 1)["model"]["sha256"])
    assert leadgain("rollback", *asked).code == 0
    assert leadgain("score", *asked).code == 0
    assert load_current(published).manifest["model"]["version"] == 1
    assert list_publication_numbers(published) == [1, 2, 3]


def test_only_as_many_publications_are_kept_as_the_configuration_says(
    night, published, leadgain, monkeypatch
):
    monkeypatch.setenv("LEADGAIN_PUBLICATIONS__KEEP", "7")
    for number in range(2, 20):  # as many nights, without working them
        shutil.copytree(published / "publications" / "1", published / "publications" / str(number))
    (published / "CURRENT").write_text("19\n")
    asked = ("--config", night.config, "--home", published)
    assert leadgain("score", *asked, "--again").code == 0
    assert list_publication_numbers(published) == [13, 14, 15, 16, 17, 18, 19, 20]
    assert load_current(published).number == 20


def _manifest(home, number: int) -> dict:
    from publications.storage.home import Home
    from publications.storage.store import open_publication

    return dict(open_publication(Home(home), number).manifest)
