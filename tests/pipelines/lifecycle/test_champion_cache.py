"""The champions that are remembered for nights on which the registry cannot be asked."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from models.registry.types import RegisteredVersion
from pipelines.lifecycle.champion_cache import (
    FILE,
    KEPT,
    forget_champions,
    read_remembered_champions,
    remember_champion,
)
from publications.storage.home import Home
from publications.storage.lock import hold_home

VERSION = RegisteredVersion(
    version=12,
    model_sha256="abc",
    run_id="r",
    aliases=("champion",),
    metrics={"gain_model_at_30": 0.55},
    params={"seed": "1"},
    tags={"fingerprint": "f"},
    decision={"sentence": "It is better."},
    spec_sha256="def",
    files={"model.txt": "abc"},
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def write_champion(home: Home, version: RegisteredVersion = VERSION) -> Path:
    """Remember it, and name the file."""
    with hold_home(home) as lock:
        remember_champion(lock, version)
    return home.models / FILE


def test_champions_are_remembered_with_all_that_is_known_of_them_newest_first(home: Home) -> None:
    assert read_remembered_champions(home) == []
    file = write_champion(home)
    written = file.stat().st_mtime_ns, file.stat().st_ino
    write_champion(home)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written, "nothing new to write"
    newer = replace(VERSION, version=13)
    write_champion(home, newer)
    assert read_remembered_champions(home) == [newer, VERSION]
    write_champion(home)
    assert read_remembered_champions(home) == [VERSION, newer]
    for number in range(100, 100 + KEPT):
        write_champion(home, replace(VERSION, version=number))
    assert [known.version for known in read_remembered_champions(home)][::-1] == list(
        range(100, 100 + KEPT)
    )


def test_where_there_is_no_champion_any_more_none_is_remembered(home: Home) -> None:
    write_champion(home)
    for _ in range(2):
        with hold_home(home) as lock:
            forget_champions(lock)
        assert read_remembered_champions(home) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe{",
        b'[{"version": 1',
        b"null",
        b"{}",
        b'[{"version": 1}]',
        json.dumps([asdict(VERSION) | {"version": "twelve"}]).encode(),
        json.dumps([asdict(VERSION) | {"files": ["model.txt"]}]).encode(),
    ],
)
def test_a_damaged_file_remembers_no_champion(home: Home, content: bytes) -> None:
    file = write_champion(home)
    file.write_bytes(content)
    assert read_remembered_champions(home) == []
    file.unlink()
    file.mkdir()
    assert read_remembered_champions(home) == []
