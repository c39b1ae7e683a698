"""The champion that is remembered for nights on which the registry cannot be asked."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.registry.types import (
    RegisteredVersion,
    Registry,
    build_embedded_registry,
    build_registry,
)
from pipelines.lifecycle.champion_cache import (
    forget_champion,
    read_remembered_champion,
    remember_champion,
)
from publications.storage.home import Home
from publications.storage.lock import hold_home

AT = pd.Timestamp("2024-03-20 05:30", tz="UTC")
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


def build_own_registry(home: Home) -> Registry:
    return build_embedded_registry(home.tracking_database, home.artifacts)


def write_champion(home: Home, registry: Registry, version: RegisteredVersion = VERSION) -> Path:
    """Remember it, and name the file."""
    with hold_home(home) as lock:
        remember_champion(lock, registry, version, now=AT)
    return home.models / "champion.json"


def test_who_led_is_remembered_with_all_that_is_known_of_it(home: Home) -> None:
    write_champion(home, build_own_registry(home))
    known = read_remembered_champion(home, build_own_registry(home))
    assert known.version == VERSION
    assert known.known_at == AT


def test_the_newest_takes_the_place_of_the_one_before(home: Home) -> None:
    write_champion(home, build_own_registry(home))
    write_champion(home, build_own_registry(home), replace(VERSION, version=13))
    assert read_remembered_champion(home, build_own_registry(home)).version.version == 13


def test_where_nobody_leads_any_more_nobody_is_remembered(home: Home) -> None:
    write_champion(home, build_own_registry(home))
    for _ in range(2):
        with hold_home(home) as lock:
            forget_champion(lock)
        assert read_remembered_champion(home, build_own_registry(home)) is None


def test_in_a_new_home_nobody_is_known(home: Home) -> None:
    assert read_remembered_champion(home, build_own_registry(home)) is None


def test_a_moved_home_takes_its_memory_along(home: Home, tmp_path: Path) -> None:
    write_champion(home, build_own_registry(home))
    moved = Home(Path(shutil.move(home.folder, tmp_path / "moved")))
    assert read_remembered_champion(moved, build_own_registry(moved)).version == VERSION
    assert read_remembered_champion(moved, build_own_registry(home)) is None, (
        "that registry is where the home was"
    )


def test_a_database_beside_the_home_is_the_same_wherever_the_home_is(
    home: Home, tmp_path: Path
) -> None:
    """Its path begins as that of the home folder does, and it does not move with it."""
    beside = build_registry(f"sqlite:///{home.folder}-mlflow/mlflow.db", home.artifacts)
    write_champion(home, beside)
    moved = Home(Path(shutil.move(home.folder, tmp_path / "moved")))
    assert read_remembered_champion(moved, beside).version == VERSION


@pytest.mark.parametrize(
    "another",
    [
        Registry("https://tracking.example.com/two"),
        Registry("https://tracking.example.com", model_name="leads-de"),
        Registry("postgresql://tracking.example.com"),
    ],
)
def test_the_champion_of_another_registry_is_nobodys(home: Home, another: Registry) -> None:
    asked = Registry("https://tracking.example.com")
    write_champion(home, asked)
    assert read_remembered_champion(home, another) is None
    assert read_remembered_champion(home, asked).version == VERSION


def test_a_new_password_is_no_other_registry_and_none_is_kept(home: Home) -> None:
    file = write_champion(home, Registry("https://me:canary@tracking.example.com"))
    assert "canary" not in file.read_text()
    assert (
        read_remembered_champion(home, Registry("https://me:new@tracking.example.com")).version
        == VERSION
    )


def change_version(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The file's content with another version in it."""
    return lambda content: {**content, "version": {**content["version"], **changes}}


def drop_field(field: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(content: dict[str, Any]) -> dict[str, Any]:
        version = {k: v for k, v in content["version"].items() if k != field}
        return {**content, "version": version}

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda content: None,
        lambda content: [content],
        lambda content: {},
        lambda content: {**content, "version": None},
        lambda content: {**content, "version": [1]},
        lambda content: {**content, "known_at": "yesterday evening"},
        lambda content: {**content, "known_at": None},
        lambda content: {**content, "known_at": "2024-03-20"},
        drop_field("version"),
        drop_field("model_sha256"),
        drop_field("aliases"),
        change_version(version="12"),
        change_version(version=None),
        change_version(aliases=None),
        change_version(files=["model.txt"]),
        change_version(files={"model.txt": None}),
        change_version(model_sha256=None),
    ],
)
def test_what_is_not_as_it_was_written_is_nobody(
    home: Home, change: Callable[[dict[str, Any]], object]
) -> None:
    file = write_champion(home, build_own_registry(home))
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    assert read_remembered_champion(home, build_own_registry(home)) is None


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe{", b'{"registry": ', b"\x00" * 100])
def test_a_file_that_is_no_json_is_nobody(home: Home, damage: bytes) -> None:
    file = write_champion(home, build_own_registry(home))
    file.write_bytes(damage)
    assert read_remembered_champion(home, build_own_registry(home)) is None


def test_a_folder_in_the_files_place_is_nobody(home: Home) -> None:
    file = write_champion(home, build_own_registry(home))
    file.unlink()
    file.mkdir()
    assert read_remembered_champion(home, build_own_registry(home)) is None


def test_a_key_that_leadgain_does_not_know_is_ignored(home: Home) -> None:
    file = write_champion(home, build_own_registry(home))
    content = json.loads(file.read_text())
    file.write_text(json.dumps(change_version(stars=5)(content)))
    assert read_remembered_champion(home, build_own_registry(home)).version == VERSION
    assert asdict(VERSION).keys() == content["version"].keys()
