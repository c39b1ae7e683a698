"""Run contexts of which a test gives only what it is about."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from pipelines.config.run_request import RunRequest
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.run_context import RunContext
from publications.storage.lock import HomeLock


class PreparedContext(RunContext):
    """What a context would derive from leadgain.toml, the clock and the export can be given."""

    settings: Any = None
    policy: Any = None
    fingerprint: Any = "f"
    registry: Any = None
    checked: Any = None
    export: Any = None
    now: Any = pd.Timestamp("2024-03-20", tz="UTC")
    list_as_of: Any = None
    known_until: Any = None

    def __init__(self, home: Path, lock: HomeLock | None = None, **given: Any) -> None:
        super().__init__(RunRequest.of(home / "leadgain.toml", home), lock)
        for name, value in given.items():
            setattr(self, name, value)


def build_checks(*warnings: dict[str, str]) -> SimpleNamespace:
    """What the gate found, as a context holds it."""
    return SimpleNamespace(checks=SimpleNamespace(warnings=list(warnings)))


def build_context(config: Path, home: Path, **options: Any) -> RunContext:
    """A context that reads the home folder and holds no export."""
    return RunContext(RunRequest.of(config, home, **options))


def set_checked(context: RunContext, checked: CheckedExport) -> RunContext:
    """The same request with an export of the test's own."""
    return RunContext(context.request, checked=checked)
