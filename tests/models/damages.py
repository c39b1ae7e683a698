"""What may happen to a model's files on a disk."""

import json
from pathlib import Path

from models.scorer.model_files import hash_spec


def flip_a_byte(folder: Path) -> None:
    """One bit of the model's text is another."""
    file = folder / "model.txt"
    found = bytearray(file.read_bytes())
    found[len(found) // 2] ^= 1
    file.write_bytes(found)


def cut_off(folder: Path) -> None:
    """The end of the model's text is missing."""
    file = folder / "model.txt"
    file.write_bytes(file.read_bytes()[:-100])


def swap_columns(folder: Path) -> None:
    """A spec that agrees with itself: only the registered hash tells it from the right one."""
    file = folder / "spec.json"
    spec = json.loads(file.read_text())
    spec["columns"][:2] = spec["columns"][1::-1]
    spec["spec_sha256"] = hash_spec(spec)
    file.write_text(json.dumps(spec))
