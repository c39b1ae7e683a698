"""What the last training came to, kept in the home folder for the runs that follow."""

import json
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import pandas as pd

from crm.errors import ConfigurationError
from crm.export import CLOCK_GRACE
from models.evaluation.verdicts import ProofVerdict
from pipelines.config.run_context import format_instant
from publications.filesystem.durable_files import replace_durably
from publications.storage.home import Home
from publications.storage.lock import HomeLock

FILE = "last_training.json"


class HasInstant(Protocol):
    """A dataclass that says of which list it is."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def at(self) -> pd.Timestamp:
        """The instant of the list."""


RecordType = TypeVar("RecordType", bound=HasInstant)


@dataclass(frozen=True)
class TrainingRecord:
    """One training's end, in a file that a person can read."""

    as_of: str
    fingerprint: str
    version: int | None
    """The version that was registered; None where there was too little data."""
    promoted: bool
    sentence: str
    """Why the version leads, or why it does not."""
    why: str | None = None
    """Why there was a training, as part of a sentence; None where an older leadgain decided."""
    proof: Mapping[str, float] | None = None
    """depth, gain, most_fresh, difference, low, high; None where nothing could be ranked."""
    duel: Mapping[str, Any] | None = None
    """champion, verdict, rows, gain, champion_gain, difference, low, high; None without a duel."""

    @property
    def at(self) -> pd.Timestamp:
        """The instant of the training's list."""
        return pd.Timestamp(self.as_of)

    def content(self) -> dict[str, Any]:
        """As decision.json tells it; docs/publications.md tells its keys."""
        return {
            "as_of": format_instant(self.at),
            "why_trained": self.why,
            "version": self.version,
            "promoted": self.promoted,
            "sentence": self.sentence,
            "proof": self.proof,
            "duel": self.duel,
        }

    def to_json(self) -> bytes:
        """The bytes of decision.json."""
        return _format_json(self.content()).encode()


def write_training_record(lock: HomeLock, decision: TrainingRecord) -> None:
    """Keep the decision; the one before is replaced in one step.

    The same model trained again at the same instant is decided already: what was kept stays, so
    that the same run again publishes the same.
    """
    last = read_last_training(lock.home)
    if last is not None and _is_same_training(last, decision):
        return
    replace_durably(lock.home.models / FILE, _format_json(asdict(decision)).encode())


def read_last_training(home: Home) -> TrainingRecord | None:
    """The decision of the last training; None where there was none.

    Raises
    ------
    ConfigurationError
        Somebody has edited the file, and it cannot be understood.
    """
    return read_record(home.models / FILE, TrainingRecord)


def read_record(file: Path, kind: type[RecordType]) -> RecordType | None:
    """What :func:`write_training_record` and its like have kept, which a person may have edited.

    What a newer leadgain kept besides is of no use here.

    Raises
    ------
    ConfigurationError
        The file cannot be understood.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        known = {name: content[name] for name in kind.__dataclass_fields__ if name in content}
        found = kind(**known)
        found.at.tz_convert("UTC")  # refuses an instant without a zone
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ConfigurationError(
            f"{file} cannot be understood: was it edited? Restore it from the backup, or delete "
            "it; then the next `leadgain run` trains anew."
        ) from None
    return found


def find_training_reason(
    last: TrainingRecord | None,
    *,
    as_of: pd.Timestamp,
    fingerprint: str,
    every_days: int,
    now: pd.Timestamp | None = None,
) -> str | None:
    """Why a training is due at ``as_of``; None where it is not.

    With ``now``, a training dated later than that, while the clock was wrong, does not count.

    >>> last = TrainingRecord("2012-03-01T00:00:00+00:00", "f", 1, True, "The first model.")
    >>> at = pd.Timestamp("2012-03-08", tz="UTC")
    >>> find_training_reason(last, as_of=at, fingerprint="f", every_days=7)
    'the last training is 7 days old'
    >>> find_training_reason(last, as_of=at, fingerprint="f", every_days=8) is None
    True
    """
    if last is None:
        return "there was none yet"
    if last.fingerprint != fingerprint:
        return "leadgain.toml has changed since the last one"
    if now is not None and last.at > now + CLOCK_GRACE:
        return f"the last one is dated {last.at:%Y-%m-%d}, which is still to come"
    days = (as_of - last.at) / pd.Timedelta(days=1)
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


def _is_same_training(last: TrainingRecord, decision: TrainingRecord) -> bool:
    same = ("as_of", "fingerprint", "version", "promoted")
    return decision.version is not None and all(
        getattr(last, name) == getattr(decision, name) for name in same
    )


def _format_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
