"""Clearing old publications away may fail when the new one is in force already; that is said."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

from publications.filesystem.failpoints import VARIABLE
from publications.storage.store import (
    CannotWrite,
    Home,
    delete_old_publications,
    hold_home,
    open_current,
    publish,
    start_run,
)
from tests.publications.conftest import made_up_provenance
from tests.publications.storage.test_store import PUBLISHED_AT, open_published, publish_files


def publish_three(home: Home, files: Path) -> None:
    for _ in range(3):
        publish_files(home, files)


@pytest.mark.parametrize("place", ["old.set_aside", "old.removed"])
def test_what_cannot_be_cleared_away_leaves_the_new_list_in_force_and_says_so(
    home: Home, finished_files: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    publish_three(home, finished_files)
    monkeypatch.setenv(VARIABLE, f"{place}:error")
    sentence = (
        "Publication 3 is current and complete, but older ones could not be deleted. "
        rf"Cannot write {re.escape(str(home.publications))}: No space left on device; "
        r"[\d.]+ .B are free there\. Fix this; the next run deletes them\.$"
    )
    with hold_home(home) as lock, pytest.raises(CannotWrite, match=sentence) as refused:
        delete_old_publications(lock, 1)
    assert "untouched" not in str(refused.value)
    assert open_published(home).number == 3
    open_published(home).verify()


def test_the_next_clearing_away_deletes_what_an_earlier_one_left(
    home: Home, finished_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_three(home, finished_files)
    with monkeypatch.context() as failing, hold_home(home) as lock:
        failing.setenv(VARIABLE, "old.set_aside:error")
        with pytest.raises(CannotWrite):
            delete_old_publications(lock, 1)
    assert {path.name for path in home.publications.iterdir()} == {"1.removed", "2", "3"}
    with hold_home(home) as lock:
        assert delete_old_publications(lock, 1) == []
    assert {path.name for path in home.publications.iterdir()} == {"2", "3"}


def test_a_file_that_cannot_be_deleted_is_named_with_its_folder(
    home: Home, finished_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python names a file that it deletes inside a folder without that folder."""
    publish_three(home, finished_files)

    def refuse(name: str, **_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    monkeypatch.setattr(os, "unlink", refuse)
    named = rf"Cannot write {re.escape(str(home.publications))}/\S+: Permission denied; "
    with hold_home(home) as lock, pytest.raises(CannotWrite, match=named):
        delete_old_publications(lock, 1)


def test_a_list_that_the_disk_has_not_confirmed_is_said_to_be_in_force(
    home: Home, finished_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_files(home, finished_files)
    monkeypatch.setenv(VARIABLE, "current.replaced:error")
    sentence = (
        "Publication 2 is current, but the disk has not confirmed it. "
        rf"Cannot write {re.escape(str(home.current))}: No space left on device; .* are free "
        r"there\. Fix this and run again with --again\.$"
    )
    with pytest.raises(CannotWrite, match=sentence):
        publish_files(home, finished_files)
    assert open_published(home).number == 2


def test_a_list_that_is_not_in_force_yet_is_not_said_to_be(
    home: Home, finished_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "file.drafted/CURRENT:error")
    with hold_home(home) as lock:
        run = start_run(lock, "run")
        shutil.copytree(finished_files, run, dirs_exist_ok=True)
        with pytest.raises(CannotWrite, match="list is not affected"):
            publish(lock, run, made_up_provenance(), PUBLISHED_AT)
    assert open_current(home) is None
