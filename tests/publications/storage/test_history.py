"""Earlier publications, read while new ones appear and old ones go."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publications.storage.history import (
    collect_lead_history,
    open_latest_publications,
    open_readable_publications,
)
from publications.storage.store import (
    Home,
    Publication,
    hold_home,
    open_current,
    publish,
    start_run,
)
from publications.tables.read_write import write_table
from tests.publications.conftest import (
    AS_OF,
    made_up_provenance,
    made_up_worklist,
    write_publication_files,
)


def publish_list(home: Home, lead_ids: list[str], as_of: datetime) -> Publication:
    """Publish a list of these leads, the first one first."""
    with hold_home(home) as lock:
        run = start_run(lock, "test")
        write_publication_files(run)
        worklist = made_up_worklist(30).head(len(lead_ids)).assign(lead_id=lead_ids)
        for name in ("worklist.csv", "worklist.parquet"):
            write_table(run, name, worklist)
        publish(lock, run, made_up_provenance(as_of=as_of), as_of)
    found = open_current(home)
    assert found is not None
    return found


def day(number: int) -> datetime:
    return AS_OF + timedelta(days=number)


def test_a_lead_is_followed_through_the_lists_on_which_it_stands(home: Home) -> None:
    publish_list(home, ["a", "b", "c"], day(0))
    publish_list(home, ["c", "a"], day(1))
    last = publish_list(home, ["b", "c", "a"], day(2))
    moved = collect_lead_history(open_latest_publications(home, last), "b")
    assert moved["as_of"].tolist() == [day(0), day(2)]
    assert moved["rank"].tolist() == [2, 1]
    assert moved["leads"].tolist() == [3, 3]
    assert moved["tier"].tolist() == ["A", "A"]


def test_of_two_lists_for_one_instant_the_last_one_counts(home: Home) -> None:
    publish_list(home, ["a", "b"], day(0))
    last = publish_list(home, ["b", "a"], day(0))
    assert collect_lead_history(open_latest_publications(home, last), "a")["rank"].tolist() == [2]


def test_a_lead_that_never_stood_on_a_list_has_no_history(home: Home) -> None:
    last = publish_list(home, ["a"], day(0))
    assert collect_lead_history(open_latest_publications(home, last), "z").empty


def test_no_more_publications_are_looked_at_than_asked_for(home: Home) -> None:
    for number in range(4):
        last = publish_list(home, ["a"], day(number))
    assert [p.number for p in open_latest_publications(home, last, most=3)] == [2, 3, 4]
    assert [p.number for p in open_latest_publications(home, last, most=1)] == [4]
    assert [p.number for p in open_latest_publications(home, last, most=9)] == [1, 2, 3, 4]


def test_publications_after_the_one_that_is_read_are_not_looked_at(home: Home) -> None:
    first = publish_list(home, ["a"], day(0))
    publish_list(home, ["a"], day(1))
    assert [p.number for p in open_latest_publications(home, first)] == [1]


@pytest.mark.parametrize("lost", ["folder", "manifest.json", "worklist.parquet"])
def test_an_older_publication_that_is_gone_drops_out(home: Home, lost: str) -> None:
    publish_list(home, ["a"], day(0))
    last = publish_list(home, ["a"], day(1))
    folder: Path = home.publications / "1"
    shutil.rmtree(folder) if lost == "folder" else (folder / lost).unlink()
    assert collect_lead_history(open_latest_publications(home, last), "a")["as_of"].tolist() == [
        day(1)
    ]


def test_a_publication_that_is_there_and_cannot_be_understood_is_told_apart_from_one_that_is_gone(
    home: Home,
) -> None:
    for number in range(4):
        publish_list(home, ["a"], day(number))
    shutil.rmtree(home.publications / "2")
    (home.publications / "3" / "manifest.json").unlink()
    found, lost = open_readable_publications(home)
    assert [p.number for p in found] == [4, 1]
    assert lost == [3]
    assert open_readable_publications(home, most=1)[1] == []


def test_before_the_first_publication_none_is_readable_and_none_is_lost(tmp_path: Path) -> None:
    assert open_readable_publications(Home(tmp_path / "home")) == ([], [])
