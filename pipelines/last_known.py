"""The last champion that the registry told of, kept for nights on which it cannot be asked."""

import json
from dataclasses import asdict, dataclass

import pandas as pd

from models.registry import RegisteredVersion, Registry
from publications.home import Hold, Home, replace_lasting

FILE = "champion.json"


@dataclass(frozen=True)
class LastKnown:
    """A version that led, and when that was last known."""

    version: RegisteredVersion
    known_at: pd.Timestamp


def remember_champion(
    held: Hold, registry: Registry, version: RegisteredVersion, *, now: pd.Timestamp
) -> None:
    """Keep which version leads; the one remembered before is replaced in one step."""
    content = {
        "registry": _identity(held.home, registry),
        "known_at": now.isoformat(),
        "version": asdict(version),
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    replace_lasting(held.home.models / FILE, f"{text}\n".encode())


def forget_champion(held: Hold) -> None:
    """Nobody leads any more, so nobody is remembered."""
    (held.home.models / FILE).unlink(missing_ok=True)


def last_known(home: Home, registry: Registry) -> LastKnown | None:
    """The champion that this registry last told of; None where none is kept, or not readably."""
    try:
        content = json.loads((home.models / FILE).read_text(encoding="utf-8"))
        if content["registry"] != _identity(home, registry):
            return None
        fields = content["version"]
        version = RegisteredVersion(**{**fields, "aliases": tuple(fields["aliases"])})
        return LastKnown(version, pd.Timestamp(content["known_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _identity(home: Home, registry: Registry) -> dict[str, str]:
    """Another registry's champion is none of ours; the home's own moves with it.

    No password is kept.
    """
    address = registry.shown.replace(str(home.folder), "(home)")
    return {"address": address, "model": registry.model_name}
