"""leadgain.toml: how a user's export maps onto the contract.

The models here are the sections ``[export]``, ``[leads]``, ``[activities]`` and ``[outcomes]``.
An empty column name means "this export has no such column".
"""

import codecs
from collections import Counter
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from crm.contract import LEADS, Direction, ProfileKind


def _validate_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"{name!r} is not a time zone; use a name such as 'UTC' or 'Europe/Amsterdam'"
        ) from error
    return name


def _validate_encoding(name: str) -> str:
    if not name:
        return name
    try:
        b"x".decode(name, "replace")  # refuses codecs that are none of text, such as rot13
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(f"{name!r} is not an encoding; use a name such as 'cp1252'") from error


REMEDY = (
    "Except for the one before the host, write @ as %40; in user and password also / as %2F, "
    ": as %3A, # as %23, ? as %3F, [ as %5B and ] as %5D"
)


def split_url(url: str) -> SplitResult:
    """The parts of a URL; its scheme may be a driver's, which urllib alone does not take.

    >>> split_url("oracle+cx_oracle://crm:x@db.example.com/crm").netloc
    'crm:x@db.example.com'
    """
    scheme, found, rest = url.partition("://")
    return urlsplit(f"url://{rest}")._replace(scheme=scheme) if found else urlsplit(url)


def refuse_ambiguous_url(url: str) -> str:
    """The same URL; one whose password would be taken for its host, path or query is refused.

    Readers of URLs do not agree where such a password ends, and what one takes for the host is
    connected to and shown.

    Raises
    ------
    ValueError
        There is an ``@`` besides the one before the host, the port is not a number up to 65535, or
        it is no URL at all. The message does not quote it.

    >>> refuse_ambiguous_url("postgresql://crm:p%40ss@db.example.com:5432/crm?sslmode=require")
    'postgresql://crm:p%40ss@db.example.com:5432/crm?sslmode=require'
    >>> refuse_ambiguous_url("postgresql://crm:p@ss@db.example.com/crm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: is a URL that can be read in two ways. Except for the one before the host, ...
    """
    try:
        parts = split_url(url)
    except ValueError:
        raise ValueError(f"is a URL that cannot be read. {REMEDY}") from None
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(f"is a URL whose port is not a number from 0 to 65535. {REMEDY}") from None
    behind = f"{parts.path}{parts.query}{parts.fragment}" if parts.netloc else ""
    if parts.netloc.count("@") > 1 or "@" in behind:
        raise ValueError(f"is a URL that can be read in two ways. {REMEDY}")
    return url


def _validate_database(url: SecretStr) -> SecretStr:
    refuse_ambiguous_url(url.get_secret_value())
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_validate_database)]
Zone = Annotated[str, AfterValidator(_validate_zone)]
Values = Annotated[tuple[str, ...], Field(min_length=1)]


class Section(BaseModel):
    """A section of leadgain.toml: frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExportSection(Section):
    """``[export]``: where the export lies."""

    folder: str = "."
    """Folder of the files, relative to leadgain.toml."""
    database: DatabaseUrl | None = None
    """URL of a database to read instead of files; it may hold a password, so it is never shown."""
    timezone: Zone = "UTC"
    """Zone of time stamps that carry none."""


class Source(Section):
    """Where one table comes from: a file of the export's folder, or the database."""

    file: str = ""
    """CSV, TSV or Parquet, plain or gzipped."""
    table: str = ""
    """A table of the database."""
    query: str = ""
    """A SELECT on the database."""
    encoding: Annotated[str, AfterValidator(_validate_encoding)] = ""
    """Of a CSV file that is not UTF-8 and has no byte order mark, such as cp1252."""

    @model_validator(mode="after")
    def _require_one_origin(self) -> Self:
        given = [key for key in ("file", "table", "query") if getattr(self, key)]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"needs exactly one of file, table or query, found {found}")
        return self


class LeadsSection(Source):
    """``[leads]``: one row a lead."""

    lead_id: str = "lead_id"
    created_at: str = "created_at"
    converted_at: str = "converted_at"
    closed_at: str = "closed_at"
    converted_when: dict[str, Values] = Field(default_factory=dict)
    """Column -> values that mean "converted"; every column named must hold one of its values."""
    closed_when: dict[str, Values] = Field(default_factory=dict)
    """Column -> values that mean "lost", in the same way."""
    owner_id: str = ""
    profile: tuple[str, ...] | dict[str, ProfileKind] = ()
    """Columns known at creation: a list (kinds are read off the data) or column -> kind."""

    @model_validator(mode="after")
    def _require_flags_for_shared_date(self) -> Self:
        has_flags = bool(self.converted_when or self.closed_when)
        for key, date in (("closed_at", self.closed_at), ("created_at", self.created_at)):
            if date and date == self.converted_at and not has_flags:
                raise ValueError(
                    f"converted_at and {key} both name {date!r}; say with converted_when which "
                    "rows it dates as converted"
                )
        for key, flags, date in (
            ("converted_when", self.converted_when, self.converted_at),
            ("closed_when", self.closed_when, self.closed_at),
        ):
            if flags and not date:
                raise ValueError(f"{key} needs a column with its date, but none is set")
        return self

    @model_validator(mode="after")
    def _refuse_outcome_in_profile(self) -> Self:
        twice = [name for name, count in Counter(self.profile_columns).items() if count > 1]
        if twice:
            raise ValueError(f"profile names {twice[0]!r} twice")
        taken = {column.name for column in LEADS.columns}
        outcome = {self.converted_at, self.closed_at, *self.converted_when, *self.closed_when}
        for name in self.profile:
            if name in outcome:
                raise ValueError(f"profile names {name!r}, which gives away the outcome")
            if name in taken or name in (self.lead_id, self.created_at):
                raise ValueError(f"profile names {name!r}, which leadgain reads by another key")
            if not name:
                raise ValueError("profile has an empty name")
        return self

    @property
    def profile_columns(self) -> tuple[str, ...]:
        """The profile's column names, in the order of leadgain.toml."""
        return tuple(self.profile)

    @property
    def declared_kinds(self) -> dict[str, ProfileKind]:
        """The kinds that leadgain.toml states; empty where they are read off the data."""
        return dict(self.profile) if isinstance(self.profile, dict) else {}


class ActivitiesSection(Source):
    """``[activities]``: one row a thing that happened. Leave the section out if there are none."""

    lead_id: str = "lead_id"
    occurred_at: str = "occurred_at"
    type: str = "type"
    direction: str | dict[str, Direction] = ""
    """A column, or a table from type to direction; types that it does not name are internal."""
    rep_id: str = ""


class OutcomesSection(Source):
    """``[outcomes]``: for CRMs that keep outcomes apart; it then rules over ``[leads]``."""

    lead_id: str = "lead_id"
    converted_at: str = "converted_at"
    closed_at: str = "closed_at"


class Mapping(Section):
    """How one export maps onto the contract: the four sections, with an absolute folder."""

    folder: Path
    database: SecretStr | None = None
    timezone: str = "UTC"
    leads: LeadsSection
    activities: ActivitiesSection | None = None
    outcomes: OutcomesSection | None = None
