"""What a flow is asked to do: which settings, which home, which list date."""

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from crm.errors import ConfigurationError
from crm.export import CLOCK_GRACE
from features.list_policy import ListPolicy
from pipelines.config.settings import Settings, load_settings
from publications.filesystem.json_files import format_instant
from publications.storage.home import Home


def read_clock() -> pd.Timestamp:
    """Now, in UTC."""
    return pd.Timestamp.now(tz="UTC").as_unit("us")


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


def resolve_home(folder: Path) -> Home:
    """The home folder at a path, which need not exist yet."""
    return Home(folder.resolve())


def _accept_text(parse: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Instant = Annotated[
    pd.Timestamp,
    _accept_text(parse_instant),
    PlainSerializer(format_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
HomeFolder = Annotated[
    Home,
    _accept_text(lambda text: resolve_home(Path(text))),
    PlainSerializer(lambda home: str(home.folder)),
    WithJsonSchema({"type": "string", "format": "path"}),
]


class RunRequest(BaseModel):
    """The one parameter of each flow; Prefect keeps it as JSON.

    leadgain.toml is read once, at the first use of ``settings``.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, extra="forbid")

    config: Path
    home: HomeFolder
    as_of: Instant | None = None
    """The date of the list; None: the export's last instant."""
    now: Instant = Field(default_factory=read_clock)
    warn_when_stale: bool = True
    any_size: bool = False
    """Whether the export may be of another size than those before it."""
    train_anyway: bool = False
    """Whether a night trains although no training is due."""
    publish_unchanged: bool = False
    """Whether a list that is the same as the one in force is published again."""
    scheduled: str = ""
    """Name of the schedule that started the run; empty: a person did."""

    @classmethod
    def of(cls, config: object, home: object, *, as_of: str | None = None, **options: Any) -> Self:
        """A request from the texts of a command.

        Raises
        ------
        ConfigurationError
            ``as_of`` is no time, or is still to come.
        """
        date = None if as_of is None else parse_instant(as_of)
        request = cls(
            config=Path(str(config)), home=resolve_home(Path(str(home))), as_of=date, **options
        )
        if date is not None and date > request.now + CLOCK_GRACE:
            raise ConfigurationError(
                f"as-of {as_of} is in the future: it is {request.now:%Y-%m-%d %H:%M} UTC now. "
                "Choose an earlier time, or leave it out for the export's last time stamp."
            )
        return request

    @cached_property
    def settings(self) -> Settings:
        """Of ``config`` and the environment.

        Raises
        ------
        ConfigurationError
            They cannot be understood.
        """
        return load_settings(self.config)

    @property
    def policy(self) -> ListPolicy:
        """The policy for list dates."""
        return self.settings.lists

    def resolve_list_as_of(self, last_instant: pd.Timestamp) -> pd.Timestamp:
        """The date of the list: the one requested, else the export's last instant."""
        return last_instant if self.as_of is None else self.as_of
