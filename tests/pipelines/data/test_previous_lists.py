import json
import shutil

import pandas as pd
import pytest

from crm.errors import DataRefused
from crm.export import Export, build_counts
from pipelines.config.run_request import RunRequest
from pipelines.config.settings import load_settings
from pipelines.data.checked_export import CheckedExport
from pipelines.data.previous_lists import (
    build_size_facts,
    compare_with_last_list,
    compute_usual_rows,
    describe_shrunken_tables,
    describe_unreadable_lists,
    hash_source,
    refuse_other_leads,
)
from publications.storage.home import Home
from tests.pipelines.conftest import load_current
from tests.pipelines.small_crm import small_crm, write_export

LEADS = '[leads]\nfile = "leads.csv"\n'


@pytest.fixture
def place(tmp_path) -> Home:
    return Home(tmp_path / "home")


def write_publication(place: Home, number: int, leads: int, **counts: object) -> None:
    """As much of a publication as is looked at."""
    folder = place.publications / str(number)
    folder.mkdir(parents=True)
    rows = [{"table": "leads", "kept": leads}]
    told = {"rows": rows, "source": "here", "any_size": False} | counts
    manifest = {"files": {}, "model": {}, "times": {}, "as_of": "2026-11-20T00:00:00Z"}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"counts": told}))
    place.current.write_text(f"{number}\n")


def test_nothing_is_usual_before_the_first_publication(place):
    assert compute_usual_rows(place, "here") == {}


def test_the_median_of_the_last_seven_is_usual(place):
    for number, leads in enumerate([9999, 10, 20, 30, 40, 50, 60, 1000], start=1):
        write_publication(place, number, leads)
    assert compute_usual_rows(place, "here") == {"leads": 40}


def test_an_export_from_elsewhere_says_nothing_of_this_one(place):
    write_publication(place, 1, 100)
    write_publication(place, 2, 7000, source="there")
    assert compute_usual_rows(place, "here") == {"leads": 100}
    assert compute_usual_rows(place, "there") == {"leads": 7000}


def test_a_size_that_somebody_accepted_is_where_the_count_begins_anew(place):
    for number, leads in enumerate([100, 100, 100], start=1):
        write_publication(place, number, leads)
    write_publication(place, 4, 1000, any_size=True)
    assert compute_usual_rows(place, "here") == {"leads": 1000}
    write_publication(place, 5, 1200)
    assert compute_usual_rows(place, "here") == {"leads": 1100}


def test_publications_of_an_older_leadgain_do_not_count(place):
    write_publication(place, 1, 100, source=None)
    assert compute_usual_rows(place, "here") == {}


def damage(place: Home, number: int) -> None:
    (place.publications / str(number) / "manifest.json").write_text("{ cut off")


def test_publications_that_can_be_read_need_no_warning(place):
    assert describe_unreadable_lists(place, "here") == ()
    write_publication(place, 1, 100)
    assert describe_unreadable_lists(place, "here") == ()


def test_a_damaged_publication_does_not_turn_the_guard_off_and_is_told(place):
    """Not even the one in force: what the others tell still counts."""
    for number in (1, 2, 3):
        write_publication(place, number, 100 * number)
    damage(place, 3)
    assert compute_usual_rows(place, "here") == {"leads": 150}
    (warning,) = describe_unreadable_lists(place, "here")
    assert "only 2 earlier lists" in warning
    assert "publication 3 is damaged" in warning


def test_where_every_publication_is_damaged_the_warning_says_that_nothing_was_compared(place):
    for number in (9, 10):
        write_publication(place, number, 100)
        damage(place, number)
    assert compute_usual_rows(place, "here") == {}
    (warning,) = describe_unreadable_lists(place, "here")
    assert "no earlier list" in warning
    assert "publications 9, 10 is damaged" in warning


def test_a_damaged_publication_that_would_not_have_counted_is_not_told(place):
    write_publication(place, 1, 100)
    write_publication(place, 2, 1000, any_size=True)
    damage(place, 1)
    assert describe_unreadable_lists(place, "here") == ()
    for number in range(3, 10):
        write_publication(place, number, 1000)
    damage(place, 2)
    assert describe_unreadable_lists(place, "here") == ()


def test_an_export_that_shrinks_by_a_tenth_a_night_is_told_though_no_night_is_refused(place):
    """Seven nights later it is half as large, and so is what is usual."""
    rows, told = 1000, {}
    for number in range(1, 30):
        if usual := compute_usual_rows(place, "here"):
            assert rows > usual["leads"] / 2, "no night is refused"
        told[number] = describe_shrunken_tables(place, "here", {"leads": rows})
        write_publication(place, number, rows)
        rows = rows * 9 // 10
    assert [number for number, texts in told.items() if not texts] == [1, 2, 3]
    (warning,) = told[4]
    assert "729 rows of leads, 73 % of the 1,000 of publication 1" in warning
    assert "--any-size" in warning


def test_a_smaller_size_that_somebody_accepted_is_told_no_more(place):
    write_publication(place, 1, 1000)
    write_publication(place, 2, 400, any_size=True)
    assert describe_shrunken_tables(place, "here", {"leads": 390}) == ()
    assert describe_shrunken_tables(place, "there", {"leads": 1}) == ()


def load_settings_from(tmp_path, text):
    file = tmp_path / "leadgain.toml"
    file.write_text(text)
    return load_settings(file)


def test_a_source_is_where_the_tables_come_from_and_not_who_reads_them(tmp_path):
    url = "postgresql://{}@db.example.com/crm"
    texts = [
        f'[export]\ndatabase = "{url.format(who)}"\n[leads]\ntable = "{table}"\n'
        for who, table in [("ann:old", "leads"), ("ben:new", "leads"), ("ann:old", "contacts")]
    ]
    first, other_user, other_table = (
        hash_source(load_settings_from(tmp_path, text)) for text in texts
    )
    assert first == other_user != other_table


def test_a_publication_keeps_its_source_and_whether_its_size_was_accepted(tmp_path):
    settings = load_settings_from(tmp_path, LEADS)
    told = build_size_facts(settings, any_size=True)
    assert told == {"source": hash_source(settings), "any_size": True}


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
    assert load_current(moved.home).number == 1
    assert leadgain("check", *asked, "--any-size").code == 0


@pytest.mark.slow
def test_a_check_says_that_a_damaged_publication_told_it_nothing(moved, leadgain):
    damage(Home(moved.home), 1)
    checked = leadgain("check", "--config", moved.config, "--home", moved.home)
    assert checked.code == 0
    assert "size was compared with no earlier list" in checked.said


@pytest.fixture
def asked(night) -> RunRequest:
    return RunRequest.of(night.config, night.home)


def build_checked_export(asked: RunRequest, *, known: int, as_of: str = "") -> CheckedExport:
    """An export that holds so many of the leads on the list in force."""
    publication = load_current(asked.home.folder)
    listed = publication.table("worklist.parquet")["lead_id"]
    leads = pd.DataFrame({"lead_id": [*listed[:known], "stranger"]})
    at = pd.Timestamp(as_of or publication.manifest["as_of"])
    counts = build_counts([("leads", known + 1, known + 1, 0, 0)])
    export = Export(leads, pd.DataFrame(), (), pd.DataFrame(), counts, (), at)
    return CheckedExport(export, None, at)  # type: ignore[arg-type]


def count_listed_leads(asked: RunRequest) -> int:
    return len(load_current(asked.home.folder).table("worklist.parquet"))


def test_an_export_of_the_same_leads_needs_no_warning(asked):
    assert (
        compare_with_last_list(build_checked_export(asked, known=count_listed_leads(asked)), asked)
        == ()
    )


def test_an_export_of_other_leads_is_a_warning_from_half_on(asked):
    total = count_listed_leads(asked)
    assert (
        compare_with_last_list(build_checked_export(asked, known=total - total // 2), asked) == ()
    )
    (told,) = compare_with_last_list(build_checked_export(asked, known=2), asked)
    assert told.startswith(f"{total - 2:,} of the {total:,} leads of publication 1 are not in this")


def test_an_export_that_goes_back_in_time_is_a_warning_unless_it_was_asked_for(asked):
    earlier = build_checked_export(
        asked, known=count_listed_leads(asked), as_of="2024-06-01T00:00:00Z"
    )
    (told,) = compare_with_last_list(earlier, asked)
    assert told.startswith("This export ends at 2024-06-01 00:00 UTC, before the list of")
    meant = asked.model_copy(update={"as_of": earlier.list_as_of})
    assert compare_with_last_list(earlier, meant) == ()


def test_an_old_export_that_goes_on_from_there_is_a_warning_on_every_night(asked, tmp_path):
    """Its second night comes after its first, but still before the last list of the true one."""
    home = Home(shutil.copytree(asked.home.folder, tmp_path / "home"))
    second = home.publications / "2"
    shutil.copytree(home.publications / "1", second)
    manifest = json.loads((second / "manifest.json").read_text())
    manifest["as_of"] = "2024-06-01T00:00:00Z"
    (second / "manifest.json").write_text(json.dumps(manifest))
    home.current.write_text("2\n")
    next_night = build_checked_export(
        asked, known=count_listed_leads(asked), as_of="2024-06-02T00:00:00Z"
    )
    there = asked.model_copy(update={"home": home})
    (told,) = compare_with_last_list(next_night, there)
    assert "before the list of publication 1 of 2024-08-02 23:22 UTC" in told
    manifest["counts"]["any_size"] = True
    (second / "manifest.json").write_text(json.dumps(manifest))
    assert compare_with_last_list(next_night, there) == (), "it is meant so"


def test_a_list_from_elsewhere_says_nothing_of_this_export(asked, monkeypatch, tmp_path):
    assert compare_with_last_list(build_checked_export(asked, known=0), asked) != ()
    monkeypatch.setenv("LEADGAIN_EXPORT__FOLDER", str(tmp_path))
    elsewhere = RunRequest.of(asked.config, asked.home.folder)
    assert compare_with_last_list(build_checked_export(asked, known=0), elsewhere) == ()


def test_an_export_that_knows_next_to_none_of_the_leads_is_refused(asked):
    total = count_listed_leads(asked)
    few = total // 20
    refuse_other_leads(build_checked_export(asked, known=few + 1).export, asked)
    with pytest.raises(DataRefused) as refusal:
        refuse_other_leads(build_checked_export(asked, known=few - 1).export, asked)
    message = str(refusal.value)
    assert f"{total - few + 1:,} of the {total:,} leads of publication 1 are not in" in message
    assert "run once with --any-size, then `leadgain train`" in message


def test_other_leads_are_taken_when_somebody_says_that_they_are_meant(asked):
    refuse_other_leads(
        build_checked_export(asked, known=0).export, asked.model_copy(update={"any_size": True})
    )


def test_other_leads_of_another_place_are_no_reason_to_refuse(asked, monkeypatch, tmp_path):
    monkeypatch.setenv("LEADGAIN_EXPORT__FOLDER", str(tmp_path))
    elsewhere = RunRequest.of(asked.config, asked.home.folder)
    refuse_other_leads(build_checked_export(asked, known=0).export, elsewhere)


def test_another_crms_export_in_the_same_place_is_refused_by_the_command(leadgain, moved):
    asked = ("--config", moved.config, "--home", moved.home)
    leads, activities = small_crm(seed=5)
    for frame in (leads, activities):
        frame["lead_id"] = "other-" + frame["lead_id"]
    write_export(moved.config.parent, leads=leads, activities=activities)
    outcome = leadgain("score", *asked)
    assert outcome.code == 3
    assert "are not in this export, although it comes from the same place" in outcome.err
    taken = leadgain("score", *asked, "--any-size")
    assert taken.code == 0, taken.err
    assert load_current(moved.home).number == 2
