"""Whether a list would say what the list in force says already."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version as installed_version

from models.registry.types import RegisteredVersion
from pipelines.config.run_context import RunContext, format_instant
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.demotion import describe_missing_model
from pipelines.lifecycle.training_log import read_last_training
from publications.storage.store import Publication, find_unchanged_publication

EXCLUDED_SECTIONS = {"file", "dashboard", "tracking", "schedule", "publications", "alerts"}
"""Settings that change nothing in a list."""


def hash_inputs(champion: Champion | None, checked: CheckedExport, context: RunContext) -> str:
    """SHA-256 of all that decides what a list says; the clock is not among it.

    Parameters
    ----------
    champion : the model that ranks the list, if one does
    checked : the export and the instant of the list
    context : its settings, and its home folder with the last decision
    """
    decision = read_last_training(context.home)
    content = {
        "as_of": format_instant(checked.as_of),
        "export": checked.content_sha256,
        "model": describe_missing_model(context)
        if champion is None
        else _identify_version(champion.version),
        "note": None if champion is None else champion.note,
        "decision": None if decision is None else asdict(decision),
        "settings": dump_settings(context),
        "code": installed_version("leadgain"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _identify_version(version: RegisteredVersion) -> list[object]:
    """Versions of the same trees differ in their calibration, their cut-offs and their proof."""
    return [version.version, version.model_sha256, version.spec_sha256]


def dump_settings(context: RunContext) -> dict[str, object]:
    """The settings as a publication keeps them: JSON values, no secret among them."""
    return context.settings.model_dump(mode="json", exclude=EXCLUDED_SECTIONS)


def find_unchanged_list(
    champion: Champion | None, checked: CheckedExport, context: RunContext
) -> Publication | None:
    """The publication in force, if it is whole and says what a new one would; else None."""
    return find_unchanged_publication(context.home, hash_inputs(champion, checked, context))
