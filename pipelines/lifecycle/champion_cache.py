"""The champions that this home folder has used, for nights when MLflow is away."""

from pydantic import TypeAdapter

from models.registry.types import RegisteredVersion
from publications.filesystem.durable_files import replace_durably
from publications.filesystem.json_files import encode_json
from publications.storage.home import Home
from publications.storage.lock import HomeLock

FILE = "champions.json"
KEPT = 10
_VERSIONS = TypeAdapter(list[RegisteredVersion])


def remember_champion(lock: HomeLock, champion: RegisteredVersion) -> None:
    """Keep a version as the newest champion; the file is replaced in one step."""
    known = read_remembered_champions(lock.home)
    others = [version for version in known if version.version != champion.version]
    if known[:1] != [champion]:
        newest = [champion, *others][:KEPT]
        replace_durably(
            lock.home.models / FILE, encode_json(_VERSIONS.dump_python(newest, mode="json"))
        )


def forget_champions(lock: HomeLock) -> None:
    """Forget all: no version is champion, or a person has chosen another."""
    (lock.home.models / FILE).unlink(missing_ok=True)


def read_remembered_champions(home: Home) -> list[RegisteredVersion]:
    """The champions of this home folder, the newest first; empty where the file is damaged."""
    try:
        return _VERSIONS.validate_json((home.models / FILE).read_bytes())
    except (OSError, ValueError):
        return []
