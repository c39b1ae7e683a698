"""Whether a new list would be the same as the list in force."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version as installed_version

from models.registry.types import RegisteredVersion
from pipelines.lifecycle.demotion import describe_missing_model
from pipelines.lifecycle.run_context import RunContext
from publications.filesystem.json_files import format_instant
from publications.storage.store import Publication, find_unchanged_publication

EXCLUDED_SECTIONS = {"file", "dashboard", "tracking", "schedule", "publications", "alerts"}
"""Settings that change nothing in a list."""


def hash_inputs(context: RunContext) -> str:
    """SHA-256 of everything that decides a list's content, the clock excepted."""
    champion, training = context.champion, context.last_training
    content = {
        "list_as_of": format_instant(context.list_as_of),
        "export": context.checked.content_sha256,
        "model": describe_missing_model(context)
        if champion is None
        else _identify_version(champion.version),
        "note": None if champion is None else champion.note,
        "decision": None if training is None else asdict(training),
        "settings": dump_settings(context),
        "code": installed_version("leadgain"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _identify_version(version: RegisteredVersion) -> list[object]:
    """Versions with the same trees may differ in calibration, cut-offs and proof."""
    return [version.version, version.model_sha256, version.spec_sha256]


def dump_settings(context: RunContext) -> dict[str, object]:
    """The settings as a publication keeps them: JSON values, no secret among them."""
    return context.settings.model_dump(mode="json", exclude=EXCLUDED_SECTIONS)


def find_unchanged_list(context: RunContext) -> Publication | None:
    """The publication in force if it is undamaged and a new one would be the same; else None."""
    return find_unchanged_publication(context.home, hash_inputs(context))
