"""A model on disk: two texts whose hashes are compared before anyone opens them.

``model.txt`` is LightGBM's own format. ``spec.json`` says what else belongs to the model and holds
the SHA-256 of ``model.txt`` and of itself.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.errors import ModelDamaged

MODEL_FILE = "model.txt"
SPEC_FILE = "spec.json"
FORMAT = "leadgain scorer 1"


def write_model(folder: Path, model: str, spec: Mapping[str, Any]) -> None:
    """Write both files; the same model and spec give the same bytes.

    Parameters
    ----------
    folder : must exist; files of these names are replaced
    model : LightGBM's text
    spec : JSON values; NaN and infinity are refused, as JSON has none
    """
    content = model.encode()
    whole = {**spec, "format": FORMAT, "model_sha256": _sha256(content)}
    whole["spec_sha256"] = hash_spec(whole)
    (folder / MODEL_FILE).write_bytes(content)
    (folder / SPEC_FILE).write_bytes(_format_json(whole).encode() + b"\n")


def read_model(folder: Path) -> tuple[str, dict[str, Any]]:
    """The model's text and its spec, if they are what ``write_model`` wrote.

    Raises
    ------
    ModelDamaged
        A file is missing, or differs from what was written: one byte is enough.
    """
    spec = _read_spec(folder / SPEC_FILE)
    file = folder / MODEL_FILE
    content = _read_bytes(file)
    found = _sha256(content)
    if found != spec["model_sha256"]:
        raise ModelDamaged(_describe_damage(file, expected=spec["model_sha256"], found=found))
    return content.decode(), spec


def hash_spec(spec: Mapping[str, Any]) -> str:
    """SHA-256 of a spec without its own hash; the order of the keys does not matter.

    >>> hash_spec({"a": 1, "b": 2}) == hash_spec({"b": 2, "a": 1, "spec_sha256": "any"})
    True
    """
    bare = {key: value for key, value in spec.items() if key != "spec_sha256"}
    return _sha256(_format_json(bare).encode())


def hash_files(folder: Path) -> dict[str, str]:
    """File -> SHA-256 of all that a model's folder holds, the files in folders inside it too."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path.read_bytes()) for path in files}


def verify_model_files(
    folder: Path, files: Mapping[str, str], *, spec_sha256: str, version: int, where: str
) -> None:
    """Make sure that a folder is, byte by byte, the version that was registered.

    Parameters
    ----------
    folder : Path
    files : file -> SHA-256; files beside these do not matter
    spec_sha256 : of the spec, as stored inside it
    version, where : for the message, such as 3 and "the home folder"

    Raises
    ------
    ModelDamaged
        A file is missing or another; LightGBM has opened none of them.
    """
    for name, expected in files.items():
        file = folder / name
        found = _sha256(file.read_bytes()) if file.is_file() else "no such file"
        if found != expected:
            raise ModelDamaged(
                f"{name} of version {version} in {where} is not the file that was registered: "
                f"expected SHA-256 {expected}, found {found}. It was not opened."
            )
    _, spec = read_model(folder)
    if spec["spec_sha256"] != spec_sha256:
        raise ModelDamaged(
            f"{SPEC_FILE} in {where} is not that of version {version}: expected SHA-256 "
            f"{spec_sha256}, found {spec['spec_sha256']}. The model was not opened."
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_spec(file: Path) -> dict[str, Any]:
    content = _read_bytes(file)
    try:
        spec = json.loads(content)
    except ValueError:  # not JSON, or not UTF-8
        spec = None
    if not isinstance(spec, dict) or "spec_sha256" not in spec:
        found = _sha256(content)
        raise ModelDamaged(_describe_damage(file, expected="(not readable)", found=found))
    found = hash_spec(spec)
    if found != spec["spec_sha256"]:
        raise ModelDamaged(_describe_damage(file, expected=spec["spec_sha256"], found=found))
    if spec["format"] != FORMAT:
        raise ModelDamaged(
            f"{file} is in the format {spec['format']!r}, and this leadgain reads {FORMAT!r}. "
            "Train a model with this version."
        )
    return spec


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise ModelDamaged(
            f"{file} is missing, so the model cannot be used. Restore it or use another version."
        ) from None


def _describe_damage(file: Path, *, expected: str, found: str) -> str:
    return (
        f"{file} is not the file that was saved: expected SHA-256 {expected}, found {found}. "
        "It was not opened. Restore it from a backup or use another version of the model."
    )


def _format_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
