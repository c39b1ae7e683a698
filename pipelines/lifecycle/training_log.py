"""What the last training came to, kept in the home folder for the runs that follow."""

import json
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import pandas as pd

from crm.errors import ConfigurationError
from crm.export import GRACE
from models.evaluation.verdicts import Proof
from pipelines.config.run_context import in_utc
from publications.filesystem.durable_files import replace_lasting
from publications.storage.home import Home
from publications.storage.lock import Hold

FILE = "last_training.json"


class HasInstant(Protocol):
    """A dataclass that says of which list it is."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def at(self) -> pd.Timestamp:
        """The instant of the list."""


Kept = TypeVar("Kept", bound=HasInstant)


@dataclass(frozen=True)
class Decision:
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
            "as_of": in_utc(self.at),
            "why_trained": self.why,
            "version": self.version,
            "promoted": self.promoted,
            "sentence": self.sentence,
            "proof": self.proof,
            "duel": self.duel,
        }

    def to_json(self) -> bytes:
        """The bytes of decision.json."""
        return _as_text(self.content()).encode()


def remember(held: Hold, decision: Decision) -> None:
    """Keep the decision; the one before is replaced in one step.

    The same model trained again at the same instant is decided already: what was kept stays, so
    that the same run again publishes the same.
    """
    last = last_decision(held.home)
    if last is not None and _same_training(last, decision):
        return
    replace_lasting(held.home.models / FILE, _as_text(asdict(decision)).encode())


def last_decision(home: Home) -> Decision | None:
    """The decision of the last training; None where there was none.

    Raises
    ------
    ConfigurationError
        Somebody has edited the file, and it cannot be understood.
    """
    return remembered(home.models / FILE, Decision)


def remembered(file: Path, kind: type[Kept]) -> Kept | None:
    """What :func:`remember` and its like have kept, which a person may have edited.

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


def reason_to_train(
    last: Decision | None,
    *,
    as_of: pd.Timestamp,
    fingerprint: str,
    every_days: int,
    now: pd.Timestamp | None = None,
) -> str | None:
    """Why a training is due at ``as_of``; None where it is not.

    With ``now``, a training dated later than that, while the clock was wrong, does not count.

    >>> last = Decision("2012-03-01T00:00:00+00:00", "f", 1, True, "The first model.")
    >>> at = pd.Timestamp("2012-03-08", tz="UTC")
    >>> reason_to_train(last, as_of=at, fingerprint="f", every_days=7)
    'the last training is 7 days old'
    >>> reason_to_train(last, as_of=at, fingerprint="f", every_days=8) is None
    True
    """
    if last is None:
        return "there was none yet"
    if last.fingerprint != fingerprint:
        return "leadgain.toml has changed since the last one"
    if now is not None and last.at > now + GRACE:
        return f"the last one is dated {last.at:%Y-%m-%d}, which is still to come"
    days = (as_of - last.at) / pd.Timedelta(days=1)
    return f"the last training is {days:.0f} days old" if days >= every_days else None


def proof_figures(verdict: Proof) -> dict[str, float] | None:
    """A proof in numbers; None where its scores could not be ranked."""
    if verdict.difference is None:
        return None
    found = verdict.difference
    return {
        "depth": verdict.depth,
        "gain": rounded(found.gain),
        "most_fresh": rounded(found.other_gain),
        "difference": rounded(found.value),
        "low": rounded(found.low),
        "high": rounded(found.high),
    }


def rounded(figure: float) -> float:
    """A figure without the last digits, which differ between processors."""
    return round(figure, 9)


def _same_training(last: Decision, decision: Decision) -> bool:
    same = ("as_of", "fingerprint", "version", "promoted")
    return decision.version is not None and all(
        getattr(last, name) == getattr(decision, name) for name in same
    )


def _as_text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
