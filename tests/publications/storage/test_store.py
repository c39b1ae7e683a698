"""A publication is whole or not there, and readers never notice how it came about."""

import errno
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from publications.filesystem import durable_files
from publications.schema import FILES
from publications.storage.store import (
    CannotWrite,
    Home,
    Publication,
    PublicationDamaged,
    delete_old_publications,
    find_unchanged_publication,
    hold_home,
    open_current,
    open_publication,
    publish,
    start_run,
)
from tests.publications.conftest import AS_OF, made_up_gains, made_up_provenance, made_up_worklist

PUBLISHED_AT = datetime(2026, 11, 20, 6, 1, tzinfo=UTC)


def publish_files(home: Home, files: Path, **changes: object) -> int:
    with hold_home(home) as lock:
        run = start_run(lock, "run")
        shutil.copytree(files, run, dirs_exist_ok=True)
        return publish(lock, run, made_up_provenance(**changes), PUBLISHED_AT)


def open_published(home: Home) -> Publication:
    publication = open_current(home)
    assert publication is not None
    return publication


def test_before_the_first_publication_nothing_is_in_force(home: Home) -> None:
    assert open_current(home) is None


def test_publications_are_numbered_one_two_three(home: Home, finished_files: Path) -> None:
    assert [publish_files(home, finished_files) for _ in range(3)] == [1, 2, 3]
    assert open_published(home).number == 3
    assert home.current.read_text() == "3\n"


def test_the_manifest_tells_files_hashes_rows_and_where_they_come_from(
    home: Home, finished_files: Path
) -> None:
    publish_files(home, finished_files)
    manifest = json.loads((home.publications / "1" / "manifest.json").read_text())
    worklist = (finished_files / "worklist.csv").read_bytes()
    assert manifest["files"]["worklist.csv"] == {
        "bytes": len(worklist),
        "sha256": hashlib.sha256(worklist).hexdigest(),
        "rows": 30,
    }
    assert manifest["files"]["backtest.parquet"]["rows"] == 800
    assert manifest["as_of"] == "2012-03-14T00:00:00Z"
    given = made_up_provenance()
    assert manifest["model"] == {
        "version": 3,
        "sha256": given.model_sha256,
        "missing_because": None,
    }
    assert manifest["counts"]["leads"]["quarantined"] == 1
    for name in ("code_version", "settings", "inputs_sha256"):
        assert manifest[name] == getattr(given, name)
    assert manifest["times"] == {
        "started_at": "2026-11-20T06:00:00Z",
        "published_at": "2026-11-20T06:01:00Z",
    }


def test_the_same_content_at_another_time_gives_the_same_bytes_but_for_the_manifests_times(
    home: Home, finished_files: Path
) -> None:
    publish_files(home, finished_files)
    publish_files(home, finished_files, started_at=AS_OF + timedelta(days=9000))
    first, second = (home.publications / number for number in ("1", "2"))
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (first, second)]
    times = [manifest.pop("times") for manifest in manifests]
    assert times[0] != times[1]
    assert manifests[0] == manifests[1]
    for path in first.iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (second / path.name).read_bytes()


def test_tables_come_back_as_they_were_published(home: Home, finished_files: Path) -> None:
    publish_files(home, finished_files)
    publication = open_published(home)
    pd.testing.assert_frame_equal(publication.table("gains.csv"), made_up_gains())
    pd.testing.assert_frame_equal(publication.table("worklist.parquet"), made_up_worklist())
    assert publication.table("worklist.csv")["rank"].tolist() == list(range(1, 31))


def test_a_reader_keeps_its_publication_while_a_newer_one_appears(
    home: Home, finished_files: Path
) -> None:
    publish_files(home, finished_files)
    publication = open_published(home)
    publish_files(home, finished_files)
    assert publication.number == 1
    publication.verify()


def test_a_flipped_byte_is_found_and_both_hashes_are_named(
    home: Home, finished_files: Path
) -> None:
    publish_files(home, finished_files)
    path = home.publications / "1" / "tiers.csv"
    content = bytearray(path.read_bytes())
    before = hashlib.sha256(content).hexdigest()
    content[5] ^= 1
    path.write_bytes(content)
    after = hashlib.sha256(content).hexdigest()
    with pytest.raises(PublicationDamaged, match=rf"tiers\.csv is damaged: .*{before}.*{after}"):
        open_published(home).read("tiers.csv")


def test_a_lost_file_is_named(home: Home, finished_files: Path) -> None:
    publish_files(home, finished_files)
    (home.publications / "1" / "tiers.csv").unlink()
    with pytest.raises(PublicationDamaged, match=r"has lost its tiers\.csv"):
        open_published(home).verify()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seven", r"should have a number, it has 'seven'"),
        ("7", "publication 7, which is missing"),
    ],
)
def test_a_current_that_names_nothing_is_refused(home: Home, content: str, message: str) -> None:
    home.publications.mkdir(parents=True)
    home.current.write_text(content)
    with pytest.raises(PublicationDamaged, match=message):
        open_current(home)


def test_a_current_of_other_bytes_is_refused_as_damaged(home: Home) -> None:
    home.publications.mkdir(parents=True)
    home.current.write_bytes(b"\xff7\n")
    with pytest.raises(PublicationDamaged, match="should have a number"):
        open_current(home)


def test_a_publication_is_opened_by_its_number_in_force_or_not(
    home: Home, finished_files: Path
) -> None:
    for _ in range(2):
        publish_files(home, finished_files)
    assert [open_publication(home, number).number for number in (1, 2)] == [1, 2]
    with pytest.raises(PublicationDamaged, match="3 is missing"):
        open_publication(home, 3)


def test_the_same_inputs_are_known_again_while_their_publication_is_whole(
    home: Home, finished_files: Path
) -> None:
    assert find_unchanged_publication(home, "a" * 64) is None
    publish_files(home, finished_files, inputs_sha256="a" * 64)
    found = find_unchanged_publication(home, "a" * 64)
    assert found is not None
    assert found.number == 1
    assert find_unchanged_publication(home, "b" * 64) is None
    (found.folder / "gains.csv").write_bytes(b"")
    assert find_unchanged_publication(home, "a" * 64) is None


def test_a_manifest_that_is_not_whole_is_refused(home: Home, finished_files: Path) -> None:
    publish_files(home, finished_files)
    (home.publications / "1" / "manifest.json").write_text("{}")
    with pytest.raises(PublicationDamaged, match=r"manifest\.json is damaged"):
        open_current(home)


def test_a_publication_without_a_model_lacks_the_proof_and_says_why(
    home: Home, finished_files: Path, tmp_path: Path
) -> None:
    files = tmp_path / "no_model"
    shutil.copytree(finished_files, files)
    for name in ("gains.csv", "gain_table.csv", "tiers.csv", "backtest.parquet"):
        (files / name).unlink()
    for name in ("gains.png", "tiers.png"):
        (files / name).unlink()
    reason = "only 80 conversions have matured"
    publish_files(home, files, model_version=None, model_sha256=None, no_model_reason=reason)
    assert open_published(home).table("worklist.csv").shape[0] == 30
    with pytest.raises(KeyError, match=f"holds no gains.csv: there is no model, because {reason}"):
        open_published(home).read("gains.csv")


def test_files_that_came_later_may_be_absent_and_are_named_plainly(
    home: Home, finished_files: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(finished_files, older)
    for file in FILES:
        if file.optional:
            (older / file.name).unlink()
    publish_files(home, older)
    publication = open_published(home)
    publication.verify()
    assert "timeline.parquet" not in publication.file_names
    with pytest.raises(KeyError, match=r"publication 1 holds no timeline\.parquet'"):
        publication.read_lead_rows("timeline.parquet", 1)


def test_one_leads_story_is_read_without_the_rest(home: Home, finished_files: Path) -> None:
    publish_files(home, finished_files)
    publication = open_published(home)
    facts = publication.read_lead_rows("reasons.parquet", 7)
    whole = publication.table("reasons.parquet")
    pd.testing.assert_frame_equal(facts, whole[whole["rank"] == 7].reset_index(drop=True))
    assert facts["lead_id"].unique().tolist() == ["170006"]
    assert len(publication.read_lead_rows("timeline.parquet", 7)) == 2


def test_a_story_that_was_damaged_is_refused(home: Home, finished_files: Path) -> None:
    publish_files(home, finished_files)
    path = home.publications / "1" / "reasons.parquet"
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with pytest.raises(PublicationDamaged, match=r"reasons\.parquet is missing or damaged"):
        open_published(home).read_lead_rows("reasons.parquet", 7)


def test_a_publication_with_a_model_needs_its_proof(
    home: Home, finished_files: Path, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    shutil.copytree(finished_files, files)
    (files / "gains.csv").unlink()
    with pytest.raises(ValueError, match=r"the publication lacks gains\.csv"):
        publish_files(home, files)
    assert open_current(home) is None


def test_a_file_that_nobody_agreed_on_is_not_published(
    home: Home, finished_files: Path, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    shutil.copytree(finished_files, files)
    (files / "leads.csv").write_text("personal")
    with pytest.raises(ValueError, match=r"does not hold leads\.csv"):
        publish_files(home, files)


def test_old_publications_go_and_the_one_in_force_stays(home: Home, finished_files: Path) -> None:
    for _ in range(4):
        publish_files(home, finished_files)
    with hold_home(home) as lock:
        assert delete_old_publications(lock, 1) == [1, 2]
        assert delete_old_publications(lock, 1) == []
        assert delete_old_publications(lock, 0) == [3]
    assert sorted(path.name for path in home.publications.iterdir()) == ["4"]
    open_published(home).verify()
    assert publish_files(home, finished_files) == 5


def test_the_number_in_force_is_not_used_again_though_its_folder_is_gone(
    home: Home, finished_files: Path
) -> None:
    publish_files(home, finished_files)
    home.current.write_text("7\n")
    assert publish_files(home, finished_files) == 8


def test_the_number_of_a_killed_publication_is_not_used_again(
    home: Home, finished_files: Path
) -> None:
    publish_files(home, finished_files)
    (home.publications / "2").mkdir()  # renamed, but killed before CURRENT was replaced
    assert publish_files(home, finished_files) == 3


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one."""
    memory = Path("/dev/shm")  # noqa: S108
    folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path)
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.mark.slow
def test_killed_at_any_line_readers_see_the_state_before_or_after(
    finished_files: Path, quick_folder: Path
) -> None:
    script = Path(__file__).with_name("killed_while_publishing.py")
    done = subprocess.run(
        [sys.executable, str(script), str(finished_files), str(quick_folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert done.returncode == 0, done.stderr
    before, after, kills = (int(word) for word in done.stdout.split())
    assert before + after == kills
    assert before > 50
    assert after > 5


def test_readers_never_suffer_while_publications_follow_each_other(
    home: Home, finished_files: Path
) -> None:
    """Each reads as often as it is ready to, and at least once between two publications."""
    publish_files(home, finished_files)
    seen: tuple[list[int], list[int]] = ([], [])
    faults, done = [], threading.Event()

    def read_on(numbers: list[int]) -> None:
        while not done.is_set():
            try:
                publication = open_published(home)
                publication.read("gains.csv")
                numbers.append(publication.number)
            except Exception as error:
                faults.append(error)

    readers = [threading.Thread(target=read_on, args=[numbers]) for numbers in seen]
    for reader in readers:
        reader.start()
    for _ in range(40):
        publish_files(home, finished_files)
        with hold_home(home) as lock:
            delete_old_publications(lock, 5)
        begun = [len(numbers) for numbers in seen]
        while not faults and any(len(of) < n + 2 for of, n in zip(seen, begun, strict=True)):
            time.sleep(0.001)
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert all(set(numbers) >= set(range(2, 42)) for numbers in seen)


STEPS = ("open", "fsync of a file", "fsync of a folder", "rename", "replace")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_any_step_leaves_the_publication_in_force(
    home: Home, finished_files: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    publish_files(home, finished_files)
    before = {path: path.read_bytes() for path in (home.publications / "1").iterdir()}
    with hold_home(home) as lock:
        run = start_run(lock, "run")
        shutil.copytree(finished_files, run, dirs_exist_ok=True)
        with monkeypatch.context() as patched:
            break_step(patched, step, OSError(number, os.strerror(number)))
            with pytest.raises(CannotWrite, match=rf"{os.strerror(number)}; [\d.]+ .B are free"):
                publish(lock, run, made_up_provenance(), PUBLISHED_AT)
    assert open_published(home).number == 1
    assert {path: path.read_bytes() for path in (home.publications / "1").iterdir()} == before
    assert publish_files(home, finished_files) > 1


def break_step(patched: pytest.MonkeyPatch, step: str, error: OSError) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise error

    if step == "fsync of a folder":
        patched.setattr(durable_files, "sync", refuse)
    elif step == "fsync of a file":
        patched.setattr(durable_files.os, "fsync", refuse)
    else:
        patched.setattr(Path, step, refuse)


def test_a_file_size_limit_of_the_system_is_reported_with_path_and_free_space(
    tmp_path: Path,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(CannotWrite, match=r"Cannot write .*big\.bin: File too large; .* free"):
            durable_files.write_durably(tmp_path / "big.bin", b"0" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
