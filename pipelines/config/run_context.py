"""What a flow is asked to do: which settings, which home, which instant."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import pandas as pd

from crm.errors import ConfigurationError
from crm.export import CLOCK_GRACE
from features.snapshots import ListPolicy
from pipelines.config.settings import Settings, load_settings
from publications.storage.home import Home


@dataclass(frozen=True)
class RunContext:
    """One piece of work on one export.

    Built from text only, because that is what a schedule can keep.
    """

    settings: Settings
    home: Home
    now: pd.Timestamp
    as_of: pd.Timestamp | None = None
    """The instant of the list; None: the export's last instant."""
    warn_when_stale: bool = True
    any_size: bool = False
    """Whether the export may be of another size than those before it."""
    again: bool = False
    """Whether a list is published that says what the one in force says."""

    @classmethod
    def of(
        cls,
        config: str,
        home: str,
        *,
        as_of: str | None = None,
        now: str | None = None,
        warn_when_stale: bool = True,
        any_size: bool = False,
        again: bool = False,
    ) -> Self:
        """Read the settings, and the clock where ``now`` is not given.

        Raises
        ------
        ConfigurationError
            The settings or one of the instants cannot be understood, or ``as_of`` is still to come.
        """
        clock = pd.Timestamp.now(tz="UTC") if now is None else parse_instant(now)
        asked = None if as_of is None else parse_instant(as_of)
        if asked is not None and asked > clock + CLOCK_GRACE:
            raise ConfigurationError(
                f"as-of {as_of} lies in the future: it is {clock:%Y-%m-%d %H:%M} UTC now. Choose "
                "an earlier instant, or leave it out for the export's last time stamp."
            )
        return cls(
            settings=load_settings(Path(config)),
            home=resolve_home(Path(home)),
            now=clock,
            as_of=asked,
            warn_when_stale=warn_when_stale,
            any_size=any_size,
            again=again,
        )

    @property
    def policy(self) -> ListPolicy:
        """When lists are drawn up, as the features room wants it."""
        return ListPolicy(**self.settings.lists.model_dump())

    def resolve_as_of(self, last_instant: pd.Timestamp) -> pd.Timestamp:
        """The instant of the list: the one asked for, else the export's last."""
        return last_instant if self.as_of is None else self.as_of


def parse_instant(text: str) -> pd.Timestamp:
    """An aware UTC time stamp from ISO 8601 text; without a zone it is UTC.

    Raises
    ------
    ConfigurationError
        The text is no time, or a day that does not exist.

    >>> parse_instant("2012-03-14T15:04:54+01:00")
    Timestamp('2012-03-14 14:04:54+0000', tz='UTC')
    """
    try:
        stamp = pd.Timestamp(datetime.fromisoformat(text))  # pandas would guess 02/03/2026
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is not a time; write it like 2026-11-20 or 2026-11-20T06:00:00Z."
        ) from None
    in_zone = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    return in_zone.as_unit("us")


def format_instant(instant: pd.Timestamp) -> str:
    """An aware instant as it stands in JSON files.

    >>> format_instant(pd.Timestamp("2012-03-14T15:04:54.681+00:00"))
    '2012-03-14T15:04:54.681000Z'
    """
    return instant.tz_convert("UTC").isoformat().replace("+00:00", "Z")


def resolve_home(folder: Path) -> Home:
    """The home folder at a path, which need not exist yet."""
    return Home(folder.resolve())
