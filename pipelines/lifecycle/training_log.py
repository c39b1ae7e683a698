"""What the last training and the last demotion decided, kept in the home folder as JSON."""

import json
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import pandas as pd

from crm.errors import ConfigurationError
from crm.export import CLOCK_GRACE
from models.evaluation.verdicts import ProofVerdict
from publications.filesystem.durable_files import replace_durably
from publications.filesystem.json_files import encode_json
from publications.storage.home import Home
from publications.storage.lock import HomeLock

TRAINING_FILE, DEMOTION_FILE = "last_training.json", "last_demotion.json"


class HasInstant(Protocol):
    """A dataclass with the date of its list."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def at(self) -> pd.Timestamp:
        """The date of the list."""


RecordType = TypeVar("RecordType", bound=HasInstant)


@dataclass(frozen=True)
class TrainingRecord:
    """What a training decided, in a file that a person can read."""

    list_as_of: str
    fingerprint: str
    version: int | None
    """The version that was registered; None where there was too little data."""
    promoted: bool
    sentence: str
    """Why the version is the champion, or why it is not."""
    reason: str
    """Why there was a training, as part of a sentence."""
    proof: Mapping[str, float] | None = None
    """depth, gain, most_fresh, difference, low, high; None where nothing could be ranked."""
    duel: Mapping[str, Any] | None = None
    """champion, verdict, rows, gain, champion_gain, difference, low, high; None without a duel."""

    @property
    def at(self) -> pd.Timestamp:
        """The date of the training's list."""
        return pd.Timestamp(self.list_as_of)

    def content(self) -> dict[str, Any]:
        """As decision.json has it; docs/publications.md lists its keys."""
        return {
            "list_as_of": self.list_as_of,
            "why_trained": self.reason,
            "version": self.version,
            "promoted": self.promoted,
            "sentence": self.sentence,
            "proof": self.proof,
            "duel": self.duel,
        }


@dataclass(frozen=True)
class Demotion:
    """The last champion that was demoted, in a file that a person can read."""

    list_as_of: str
    version: int
    sentence: str
    proof: Mapping[str, float] | None
    registry_updated: bool
    """False where the registry could not be reached: there the version is still the champion."""
    spec_sha256: str
    """Which version of that number: a new registry counts from one again."""

    @property
    def at(self) -> pd.Timestamp:
        """The date of the list at which it was demoted."""
        return pd.Timestamp(self.list_as_of)


def write_training_record(
    lock: HomeLock, record: TrainingRecord, last: TrainingRecord | None
) -> TrainingRecord:
    """Keep what a training decided; the record before is replaced in one step.

    If the same model was trained at the same instant, ``last`` is kept, so that repeating a run
    publishes the same list.

    Returns
    -------
    The record that is kept now.
    """
    if last is not None and _is_same_training(last, record):
        return last
    replace_durably(lock.home.models / TRAINING_FILE, encode_json(asdict(record)))
    return record


def write_demotion(lock: HomeLock, demotion: Demotion) -> None:
    """Keep why a champion was demoted; the demotion before is replaced in one step."""
    replace_durably(lock.home.models / DEMOTION_FILE, encode_json(asdict(demotion)))


def read_last_training(home: Home) -> TrainingRecord | None:
    """What the last training decided; None where there was none.

    Raises
    ------
    ConfigurationError
        The file cannot be read; it was probably edited.
    """
    return _read_record(home.models / TRAINING_FILE, TrainingRecord)


def read_last_demotion(home: Home) -> Demotion | None:
    """The last demotion; None where there was none. Raises as :func:`read_last_training`."""
    return _read_record(home.models / DEMOTION_FILE, Demotion)


def _read_record(file: Path, kind: type[RecordType]) -> RecordType | None:
    try:
        record = kind(**json.loads(file.read_text(encoding="utf-8")))
        record.at.tz_convert("UTC")  # refuses an instant without a zone
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{file} cannot be read: was it edited? Restore it from the backup, or delete "
            "it; then the next `leadgain run` trains again."
        ) from None
    return record


def _is_same_training(last: TrainingRecord, record: TrainingRecord) -> bool:
    same = ("list_as_of", "fingerprint", "version", "promoted")
    return record.version is not None and all(
        getattr(last, name) == getattr(record, name) for name in same
    )


def find_training_reason(
    last: TrainingRecord | None,
    *,
    list_as_of: pd.Timestamp,
    fingerprint: str,
    every_days: int,
    now: pd.Timestamp | None = None,
) -> str | None:
    """Why a training is due at ``list_as_of``; None where it is not.

    With ``now``, a training dated later than that, while the clock was wrong, does not count.

    >>> last = TrainingRecord("2012-03-01T00:00:00Z", "f", 1, True, "It beats.", "requested")
    >>> at = pd.Timestamp("2012-03-08", tz="UTC")
    >>> find_training_reason(last, list_as_of=at, fingerprint="f", every_days=7)
    'the last training is 7 days old'
    >>> find_training_reason(last, list_as_of=at, fingerprint="f", every_days=8) is None
    True
    """
    if last is None:
        return "no model has been trained yet"
    if last.fingerprint != fingerprint:
        return "leadgain.toml has changed since the last training"
    if now is not None and last.at > now + CLOCK_GRACE:
        return f"the last training has the future date {last.at:%Y-%m-%d}"
    days = (list_as_of - last.at) / pd.Timedelta(days=1)
    return f"the last training is {days:.0f} days old" if days >= every_days else None


def collect_proof_figures(verdict: ProofVerdict) -> dict[str, float] | None:
    """A proof in numbers; None where its scores could not be ranked."""
    if verdict.difference is None:
        return None
    found = verdict.difference
    return {
        "depth": verdict.depth,
        "gain": round_figure(found.gain),
        "most_fresh": round_figure(found.other_gain),
        "difference": round_figure(found.value),
        "low": round_figure(found.low),
        "high": round_figure(found.high),
    }


def round_figure(figure: float) -> float:
    """A figure without the last digits, which differ between processors."""
    return round(figure, 9)
