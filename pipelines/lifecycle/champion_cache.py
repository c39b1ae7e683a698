"""The last champion that the registry told of, kept for nights on which it cannot be asked."""

import json
from dataclasses import asdict, dataclass, fields

import pandas as pd

from models.registry.types import SQLITE, RegisteredVersion, Registry
from publications.filesystem.durable_files import replace_durably
from publications.storage.home import Home
from publications.storage.lock import HomeLock

FILE = "champion.json"
FIELDS = {field.name for field in fields(RegisteredVersion)}


@dataclass(frozen=True)
class RememberedChampion:
    """A version that led, and when that was last known."""

    version: RegisteredVersion
    known_at: pd.Timestamp


def remember_champion(
    lock: HomeLock, registry: Registry, version: RegisteredVersion, *, now: pd.Timestamp
) -> None:
    """Keep which version leads; the one remembered before is replaced in one step."""
    content = {
        "registry": _identify_registry(lock.home, registry),
        "known_at": now.isoformat(),
        "version": asdict(version),
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    replace_durably(lock.home.models / FILE, f"{text}\n".encode())


def forget_champion(lock: HomeLock) -> None:
    """Nobody leads any more, so nobody is remembered."""
    (lock.home.models / FILE).unlink(missing_ok=True)


def read_remembered_champion(home: Home, registry: Registry) -> RememberedChampion | None:
    """The champion that this registry last told of; None where none is kept, or not readably."""
    try:
        content = json.loads((home.models / FILE).read_text(encoding="utf-8"))
        if content["registry"] != _identify_registry(home, registry):
            return None
        known_at = pd.Timestamp(content["known_at"])
        # What a newer leadgain kept besides is of no use here.
        kept = {key: value for key, value in content["version"].items() if key in FIELDS}
        version = RegisteredVersion(**{**kept, "aliases": tuple(kept["aliases"])})
        return RememberedChampion(version, known_at) if _is_readable(version, known_at) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_readable(version: RegisteredVersion, known_at: pd.Timestamp) -> bool:
    texts = [version.model_sha256, version.spec_sha256, *version.files.values()]
    return (
        type(version.version) is int
        and known_at.tzinfo is not None
        and all(isinstance(text, str) for text in texts)
    )


def _identify_registry(home: Home, registry: Registry) -> dict[str, str]:
    """Another registry's champion is none of ours; the home's own moves with it.

    No password is kept.
    """
    address, own = registry.shown, f"{SQLITE}{home.folder}/"
    if address.startswith(own):
        address = f"{SQLITE}(home)/{address.removeprefix(own)}"
    return {"address": address, "model": registry.model_name}
