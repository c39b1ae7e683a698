import json
from pathlib import Path

import pytest

from models.errors import ModelDamaged
from models.scorer.model_files import (
    FORMAT,
    hash_files,
    hash_spec,
    read_model,
    verify_model_files,
    write_model,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path, "a tree\nanother tree\n", {"columns": ["visits"], "plan": "Größe"})
    return tmp_path


def test_what_was_written_is_read_back(folder: Path) -> None:
    model, spec = read_model(folder)
    assert model == "a tree\nanother tree\n"
    assert spec["columns"] == ["visits"]
    assert spec["plan"] == "Größe"


def test_the_same_model_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_model(other, "a tree\nanother tree\n", {"plan": "Größe", "columns": ["visits"]})
    for name in ("model.txt", "spec.json"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize("name", ["model.txt", "spec.json"])
def test_any_flipped_byte_is_noticed(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for position in range(len(whole) - 1):  # the last byte of spec.json is its newline
        damaged = bytearray(whole)
        damaged[position] ^= 1
        (folder / name).write_bytes(damaged)
        with pytest.raises(ModelDamaged, match=f"{name} is "):
            read_model(folder)


@pytest.mark.parametrize("name", ["model.txt", "spec.json"])
def test_a_truncated_file_is_noticed_wherever_it_breaks_off(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for length in range(len(whole) - 1):
        (folder / name).write_bytes(whole[:length])
        with pytest.raises(ModelDamaged, match=f"{name} is not the file that was saved"):
            read_model(folder)


def test_the_message_names_the_file_and_both_hashes(folder: Path) -> None:
    _, spec = read_model(folder)
    (folder / "model.txt").write_text("nothing")
    with pytest.raises(ModelDamaged) as refusal:
        read_model(folder)
    assert str(folder / "model.txt") in str(refusal.value)
    assert f"expected SHA-256 {spec['model_sha256']}, found " in str(refusal.value)


@pytest.mark.parametrize("name", ["model.txt", "spec.json"])
def test_a_missing_file_is_a_damaged_model(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelDamaged, match=f"{name} is missing"):
        read_model(folder)


def test_a_model_of_another_format_is_not_opened(folder: Path) -> None:
    file = folder / "spec.json"
    spec = json.loads(file.read_text(encoding="utf-8")) | {"format": "leadgain scorer 0"}
    file.write_text(json.dumps(spec | {"spec_sha256": hash_spec(spec)}))
    with pytest.raises(ModelDamaged, match=f"'leadgain scorer 0', and this leadgain .*{FORMAT}"):
        read_model(folder)


def test_a_spec_holds_no_number_that_json_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_model(tmp_path, "a tree", {"cut-off": float("inf")})


def test_a_folder_is_held_against_the_hashes_that_were_registered(folder: Path) -> None:
    (folder / "tables").mkdir()
    (folder / "tables" / "gains.csv").write_text("depth,gain\n")
    files = hash_files(folder)
    assert set(files) == {"model.txt", "spec.json", "tables/gains.csv"}
    spec = json.loads((folder / "spec.json").read_text())["spec_sha256"]
    (folder / "another.txt").write_text("files beside these do not matter")
    verify_model_files(folder, files, spec_sha256=spec, version=3, where="the home")
    with pytest.raises(ModelDamaged, match=r"spec\.json in the home is not that of version 3"):
        verify_model_files(folder, {}, spec_sha256="another", version=3, where="the home")
    (folder / "tables" / "gains.csv").unlink()
    with pytest.raises(ModelDamaged, match=r"gains\.csv of version 3 in the home .* no such file"):
        verify_model_files(folder, files, spec_sha256=spec, version=3, where="the home")
