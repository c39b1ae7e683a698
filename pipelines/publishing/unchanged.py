"""Whether a list would say what the list in force says already."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version as installed_version

from models.registry.types import RegisteredVersion
from pipelines.config.run_context import Job, in_utc
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.demotion import why_no_model
from pipelines.lifecycle.training_log import last_decision
from publications.storage.store import Publication, standing

UNTOLD = {"file", "dashboard", "tracking", "schedule", "publications", "alarms"}
"""Sections of leadgain.toml of which no list says anything but that one is not understood."""


def inputs_sha256(leading: Champion | None, checked: CheckedExport, job: Job) -> str:
    """SHA-256 of all that decides what a list says; the clock is not among it.

    Parameters
    ----------
    leading : the model that ranks the list, if one does
    checked : the export and the instant of the list
    job : its settings, and its home folder with the last decision
    """
    decision = last_decision(job.home)
    content = {
        "as_of": in_utc(checked.as_of),
        "export": checked.content_sha256,
        "model": why_no_model(job) if leading is None else _identity(leading.version),
        "note": None if leading is None else leading.note,
        "decision": None if decision is None else asdict(decision),
        "settings": told_settings(job),
        "code": installed_version("leadgain"),
    }
    if job.settings.alarms.mistakes:  # the list says so
        content["alarms"] = job.settings.alarms.reach
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _identity(version: RegisteredVersion) -> list[object]:
    """Versions of the same trees differ in their calibration, their cut-offs and their proof."""
    return [version.version, version.model_sha256, version.spec_sha256]


def told_settings(job: Job) -> dict[str, object]:
    """The settings as a publication keeps them: JSON values, no secret among them."""
    return job.settings.model_dump(mode="json", exclude=UNTOLD)


def already_published(
    leading: Champion | None, checked: CheckedExport, job: Job
) -> Publication | None:
    """The publication in force, if it is whole and says what a new one would; else None."""
    return standing(job.home, inputs_sha256(leading, checked, job))
