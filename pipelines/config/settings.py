"""One frozen ``Settings`` object: leadgain.toml, then the environment, checked once when read.

``LEADGAIN_LISTS__HORIZON_DAYS=14`` overrides ``horizon_days`` of ``[lists]``.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast, get_args

from pydantic import BaseModel, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from crm.checks.check import Gate
from crm.errors import ConfigurationError
from crm.mapping import (
    ActivitiesSection,
    ExportSection,
    LeadsSection,
    Mapping,
    OutcomesSection,
)
from features.list_policy import ListPolicy
from pipelines.config.sections import (
    AlertsSection,
    BacktestSection,
    DashboardSection,
    FreshnessSection,
    PublicationsSection,
    ScheduleSection,
    TiersSection,
    TrackingSection,
    TrainingSection,
)

ENVIRONMENT_PREFIX = "LEADGAIN_"


class _EnvironmentSource(EnvSettingsSource):
    """The environment; invalid JSON is kept as text, so that the error names its key."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The value of the JSON, or the text itself."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class _FileSettings(BaseSettings):
    """The content of a file; the environment overrides it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides the file, which arrives as the initial values."""
        return _EnvironmentSource(settings_cls), init_settings


class Settings(_FileSettings):
    """All that leadgain.toml says, frozen."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    file: Path = Path("leadgain.toml")
    """The leadgain.toml that was read, absolute."""
    export: ExportSection = ExportSection()
    leads: LeadsSection
    activities: ActivitiesSection | None = None
    outcomes: OutcomesSection | None = None
    lists: ListPolicy = ListPolicy()
    freshness: FreshnessSection = FreshnessSection()
    tiers: TiersSection = TiersSection()
    backtest: BacktestSection = BacktestSection()
    training: TrainingSection = TrainingSection()
    gate: Gate = Gate()
    tracking: TrackingSection = TrackingSection()
    dashboard: DashboardSection = DashboardSection()
    schedule: ScheduleSection = ScheduleSection()
    publications: PublicationsSection = PublicationsSection()
    alerts: AlertsSection = AlertsSection()

    @model_validator(mode="after")
    def _require_database(self) -> Self:
        for name in ("leads", "activities", "outcomes"):
            section = getattr(self, name)
            if section is not None and not section.file and self.export.database is None:
                raise ValueError(f"[{name}] names a table or query, but [export] has no database")
        return self

    @property
    def mapping(self) -> Mapping:
        """What the package crm needs to read the export."""
        return Mapping(
            folder=(self.file.parent / self.export.folder).resolve(),
            database=self.export.database,
            timezone=self.export.timezone,
            leads=self.leads,
            activities=self.activities,
            outcomes=self.outcomes,
        )


SECTIONS: dict[str, type[BaseModel]] = {
    name: cast(type[BaseModel], (get_args(field.annotation) or (field.annotation,))[0])
    for name, field in Settings.model_fields.items()
    if name != "file"
}
"""Name -> model of each section; an optional one is annotated as ``Section | None``."""

OVERRIDES = tuple(ENVIRONMENT_PREFIX + section.upper() for section in SECTIONS)

TWO_FORM_KEYS = {
    ("leads", "profile"): "must be a list of columns, or a table from column to kind",
    ("activities", "direction"): "must be a column, or a table from type to direction",
}
"""Keys that may be written in two ways, and the message where a value is neither."""


def load_settings(file: Path) -> Settings:
    """Read leadgain.toml and the environment.

    Raises
    ------
    ConfigurationError
        The file is missing, is not TOML, or has an unknown key or an invalid value; every
        finding is named, with the nearest known key.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no {file}. Write one (the README shows it) or name yours with --config."
        ) from None
    except IsADirectoryError:
        raise ConfigurationError(f"{file} is a folder; --config needs a leadgain.toml.") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        remedy = "Correct that line or the one before."
        if "hex value" in str(error) or "\\" in str(error):
            remedy = "Write a Windows path with / or in single quotes, where \\ is only itself."
        raise ConfigurationError(f"{file} is not readable as TOML: {error}. {remedy}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{file} is not text in UTF-8 (byte {error.start} is not a valid character). Save it "
            "as UTF-8."
        ) from None
    if "file" in content:
        raise ConfigurationError(_describe_unknown_key(str(file), ("file",)))
    _refuse_unknown_variables()
    overridden = sorted(v for v in os.environ if v.upper().startswith(OVERRIDES))
    where = f"{file} (with {', '.join(overridden)} of the environment)" if overridden else f"{file}"
    try:
        settings = Settings(**content)
    except ValidationError as error:
        raise ConfigurationError(_format_findings(where, error.errors(include_url=False))) from None
    return settings.model_copy(update={"file": file.resolve()})


ONE_SECTION = SettingsConfigDict(
    env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="ignore"
)


class _AlertsOnly(_FileSettings):
    """``[alerts]`` of a file that is broken elsewhere."""

    model_config = ONE_SECTION
    alerts: AlertsSection = AlertsSection()


class _TrackingOnly(_FileSettings):
    """``[tracking]`` without a file."""

    model_config = ONE_SECTION
    tracking: TrackingSection = TrackingSection()


def load_alerts(file: Path) -> AlertsSection:
    """``[alerts]`` for a run that failed, perhaps because the rest of leadgain.toml is broken.

    Where the file is missing or is not TOML, the environment alone counts; where ``[alerts]``
    itself is invalid, there are no addresses to alert.
    """
    content: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    try:
        return _AlertsOnly(alerts=content.get("alerts", {})).alerts
    except ValidationError:
        return AlertsSection()


def load_tracking(file: Path | None) -> TrackingSection:
    """``[tracking]`` of leadgain.toml; without a file, of the environment.

    Raises
    ------
    ConfigurationError
        As of ``load_settings``, or a variable of the environment is invalid.
    """
    if file is not None:
        return load_settings(file).tracking
    _refuse_unknown_variables()
    try:
        return _TrackingOnly().tracking
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise ConfigurationError(_format_findings("The environment", details)) from None


def _refuse_unknown_variables() -> None:
    """``LEADGAIN_LIST__EVERY_DAYS`` would otherwise be ignored without a word."""
    for variable in sorted(os.environ):
        section, parted, _ = variable.upper().removeprefix(ENVIRONMENT_PREFIX).partition("__")
        ours = variable.upper().startswith(ENVIRONMENT_PREFIX) and parted
        if ours and section.lower() not in SECTIONS:
            raise ConfigurationError(
                _describe_unknown_key(f"{variable} (environment)", (section.lower(),))
            )
        meant = None if parted else _find_intended_variable(variable)
        if meant is not None:
            raise ConfigurationError(
                f"{variable} (environment) is not a variable that leadgain knows, and changes "
                f"nothing. Did you mean {meant}?"
            )


def _find_intended_variable(variable: str) -> str | None:
    """The variable that a mistyped one probably meant; None for other programs' variables.

    >>> names = ("LEADGAIN_LISTS_EVERY_DAYS", "LEADGAIN_HOEM", "LEADGAIN_SITE")
    >>> tuple(_find_intended_variable(name) for name in names)
    ('LEADGAIN_LISTS__EVERY_DAYS', 'LEADGAIN_HOME', None)
    """
    name = variable.upper()
    for section, fields in SECTIONS.items():
        for key in fields.model_fields:
            if name == f"{ENVIRONMENT_PREFIX}{section}_{key}".upper():
                return f"{ENVIRONMENT_PREFIX}{section}__{key}".upper()
    home = f"{ENVIRONMENT_PREFIX}HOME"
    near = difflib.get_close_matches(name, [home], cutoff=0.9)
    return home if near and name != home else None


def _format_findings(where: str, details: Sequence[ErrorDetails]) -> str:
    """One line per finding, without duplicates."""
    return "\n".join(dict.fromkeys(_describe_findings(where, details)))


def _describe_findings(file: str, details: Sequence[ErrorDetails]) -> Iterator[str]:
    nested_keys = {detail["loc"][:2] for detail in details if len(detail["loc"]) > 3}
    for detail in details:
        path = tuple(str(part) for part in detail["loc"])
        key = path[:2]
        # Pydantic reports each form on its own and names it third.
        if key in TWO_FORM_KEYS and len(path) == 3:
            if key not in nested_keys:
                found = _format_found_value(detail)
                yield f"{file}: {_format_key(key)} {TWO_FORM_KEYS[key]}{found}."
            continue
        if key in TWO_FORM_KEYS:
            path = (*key, *path[3:])
        match detail["type"]:
            case "extra_forbidden":
                yield _describe_unknown_key(file, path)
            case "missing":
                named = _format_key(path)
                yield f"{file}: {named} is missing. Add it; the README shows a complete file."
            case _:
                yield f"{file}: {_format_key(path)} {_describe_reason(detail)}."


def _describe_unknown_key(file: str, path: tuple[str, ...]) -> str:
    known = sorted(_list_known_keys(path[:-1]))
    nearest = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Known are {', '.join(known)}."
    return f"{file}: {_format_key(path)} is not a key that leadgain knows. {hint}"


def _list_known_keys(path: tuple[str, ...]) -> set[str]:
    if not path:
        return set(SECTIONS)
    return set(SECTIONS[path[0]].model_fields)


def _format_key(path: tuple[str, ...]) -> str:
    if not path:
        return "the file"
    section, *keys = path
    return f"[{section}]" if not keys else f"[{section}] {'.'.join(keys)}"


def _describe_reason(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = re.sub(r"a valid dictionary or instance of \w+", "a section", message)
    secret = _is_secret(detail["loc"])
    return message + (
        "" if secret or repr(detail["input"]) in message else _format_found_value(detail)
    )


def _is_secret(path: tuple[int | str, ...]) -> bool:
    """Whether the value at a key, or in a section, may be a password."""
    keys = [str(part) for part in path[:2]]
    fields = SECTIONS[keys[0]].model_fields if keys and keys[0] in SECTIONS else {}
    asked = [fields[keys[1]]] if len(keys) > 1 and keys[1] in fields else fields.values()
    return any("SecretStr" in str(field.annotation) or not field.repr for field in asked)


def _format_found_value(detail: ErrorDetails) -> str:
    found = detail["input"]
    return f", found {found!r}" if isinstance(found, str | int | float | bool) else ""
