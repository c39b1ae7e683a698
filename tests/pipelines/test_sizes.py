"""An export of half or twice the usual size is refused unless somebody says that it is meant so."""

import json

import pytest

from pipelines.settings import load_settings
from pipelines.sizes import lost_sizes, shrunken, size_facts, source_of, usual_rows
from publications.home import Home
from tests.pipelines.conftest import in_force

LEADS = '[leads]\nfile = "leads.csv"\n'


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path / "home")


def published(place: Home, number: int, leads: int, **counts: object) -> None:
    """As much of a publication as is looked at."""
    folder = place.publications / str(number)
    folder.mkdir(parents=True)
    rows = [{"table": "leads", "kept": leads}]
    told = {"rows": rows, "source": "here", "any_size": False} | counts
    manifest = {"files": {}, "model": {}, "times": {}, "as_of": "2026-11-20T00:00:00Z"}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"counts": told}))
    place.current.write_text(f"{number}\n")


def test_nothing_is_usual_before_the_first_publication(place):
    assert usual_rows(place, "here") == {}


def test_the_median_of_the_last_seven_is_usual(place):
    for number, leads in enumerate([9999, 10, 20, 30, 40, 50, 60, 1000], start=1):
        published(place, number, leads)
    assert usual_rows(place, "here") == {"leads": 40}


def test_an_export_from_elsewhere_says_nothing_of_this_one(place):
    published(place, 1, 100)
    published(place, 2, 7000, source="there")
    assert usual_rows(place, "here") == {"leads": 100}
    assert usual_rows(place, "there") == {"leads": 7000}


def test_a_size_that_somebody_accepted_is_where_the_count_begins_anew(place):
    for number, leads in enumerate([100, 100, 100], start=1):
        published(place, number, leads)
    published(place, 4, 1000, any_size=True)
    assert usual_rows(place, "here") == {"leads": 1000}
    published(place, 5, 1200)
    assert usual_rows(place, "here") == {"leads": 1100}


def test_publications_of_an_older_leadgain_do_not_count(place):
    published(place, 1, 100, source=None)
    assert usual_rows(place, "here") == {}


def damage(place: Home, number: int) -> None:
    (place.publications / str(number) / "manifest.json").write_text("{ cut off")


def test_publications_that_can_be_read_need_no_warning(place):
    assert lost_sizes(place, "here") == ()
    published(place, 1, 100)
    assert lost_sizes(place, "here") == ()


def test_a_damaged_publication_does_not_turn_the_guard_off_and_is_told(place):
    """Not even the one in force: what the others tell still counts."""
    for number in (1, 2, 3):
        published(place, number, 100 * number)
    damage(place, 3)
    assert usual_rows(place, "here") == {"leads": 150}
    assert lost_sizes(place, "here") == (
        "This export's size was held against only 2 earlier lists: the manifest of publication 3 "
        "is damaged. Look after the disk.",
    )


def test_where_every_publication_is_damaged_the_warning_says_that_nothing_was_compared(place):
    for number in (9, 10):
        published(place, number, 100)
        damage(place, number)
    assert usual_rows(place, "here") == {}
    assert lost_sizes(place, "here") == (
        "This export's size was held against no earlier list: the manifest of publications 9, 10 "
        "is damaged. Look after the disk.",
    )


def test_a_damaged_publication_that_would_not_have_counted_is_not_told(place):
    published(place, 1, 100)
    published(place, 2, 1000, any_size=True)
    damage(place, 1)
    assert lost_sizes(place, "here") == ()
    for number in range(3, 10):
        published(place, number, 1000)
    damage(place, 2)
    assert lost_sizes(place, "here") == ()


def test_an_export_that_shrinks_by_a_tenth_a_night_is_told_though_no_night_is_refused(place):
    """Seven nights later it is half as large, and so is what is usual."""
    rows, told = 1000, {}
    for number in range(1, 30):
        if usual := usual_rows(place, "here"):
            assert rows > usual["leads"] / 2, "no night is refused"
        told[number] = shrunken(place, "here", {"leads": rows})
        published(place, number, rows)
        rows = rows * 9 // 10
    assert [number for number, texts in told.items() if not texts] == [1, 2, 3]
    assert told[4] == (
        "This export has 729 rows of leads, 73 % of the 1,000 of publication 1, and every night "
        "since has passed by itself. Look whether the export is whole; if it is meant to be like "
        "this, run once with --any-size.",
    )


def test_a_smaller_size_that_somebody_accepted_is_told_no_more(place):
    published(place, 1, 1000)
    published(place, 2, 400, any_size=True)
    assert shrunken(place, "here", {"leads": 390}) == ()
    assert shrunken(place, "there", {"leads": 1}) == ()


def settings_of(tmp_path, text):
    file = tmp_path / "leadgain.toml"
    file.write_text(text)
    return load_settings(file)


def test_a_source_is_where_the_tables_come_from_and_not_who_reads_them(tmp_path):
    url = "postgresql://{}@db.example.com/crm"
    texts = [
        f'[export]\ndatabase = "{url.format(who)}"\n[leads]\ntable = "{table}"\n'
        for who, table in [("ann:old", "leads"), ("ben:new", "leads"), ("ann:old", "contacts")]
    ]
    first, other_user, other_table = (source_of(settings_of(tmp_path, text)) for text in texts)
    assert first == other_user != other_table


def test_a_publication_keeps_its_source_and_whether_its_size_was_accepted(tmp_path):
    settings = settings_of(tmp_path, LEADS)
    told = size_facts(settings, any_size=True)
    assert told == {"source": source_of(settings), "any_size": True}


@pytest.mark.slow
def test_a_third_of_the_export_is_refused_until_somebody_says_that_it_is_meant_so(moved, leadgain):
    leads = moved.config.parent / "leads.csv"
    lines = leads.read_text().splitlines(keepends=True)
    leads.write_text("".join(lines[: len(lines) // 3]))
    activities = moved.config.parent / "activities.csv"
    known = {line.split(",")[0] for line in lines[: len(lines) // 3]}
    kept = [line for line in activities.read_text().splitlines(True) if line.split(",")[0] in known]
    activities.write_text("".join(kept))
    asked = ("--config", moved.config, "--home", moved.home)
    refused = leadgain("check", *asked)
    assert refused.code == 3
    assert "rows of leads are 33% of the" in refused.err
    assert "between 50% and 200% pass" in refused.err
    assert "run once with --any-size" in refused.err
    assert in_force(moved.home).number == 1
    assert leadgain("check", *asked, "--any-size").code == 0


@pytest.mark.slow
def test_a_check_says_that_a_damaged_publication_told_it_nothing(moved, leadgain):
    damage(Home(moved.home), 1)
    checked = leadgain("check", "--config", moved.config, "--home", moved.home)
    assert checked.code == 0
    assert "This export's size was held against no earlier list: the manifest" in checked.said
