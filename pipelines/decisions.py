"""What the last training came to, kept in the home folder for the runs that follow."""

import json
from dataclasses import asdict, dataclass

import pandas as pd

from publications.home import Hold, Home, replace_lasting

FILE = "last_training.json"


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


def remember(held: Hold, decision: Decision) -> None:
    """Keep the decision; the one before is replaced in one step."""
    content = json.dumps(asdict(decision), indent=2, ensure_ascii=False) + "\n"
    replace_lasting(held.home.models / FILE, content.encode())


def last_decision(home: Home) -> Decision | None:
    """The decision of the last training; None where there was none."""
    try:
        content = (home.models / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Decision(**json.loads(content))


def reason_to_train(
    last: Decision | None, *, as_of: pd.Timestamp, fingerprint: str, every_days: int
) -> str | None:
    """Why a training is due at ``as_of``; None where it is not.

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
    days = (as_of - pd.Timestamp(last.as_of)) / pd.Timedelta(days=1)
    return f"the last training is {days:.0f} days old" if days >= every_days else None
