"""The sections of leadgain.toml but for those of the export, the gate and the lists.

``crm.mapping``, ``crm.checks.check`` and ``features.list_policy`` have these.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from crm.checks.check import Share
from crm.mapping import Section, Zone, refuse_ambiguous_url
from models.evaluation.conventions import SAMPLES, TIER_SHARES, TIERS


class FreshnessSection(Section):
    """``[freshness]``: what the team calls fresh today, the ranking to beat."""

    by: Literal["last_inbound", "last_activity", "created"] = "last_inbound"


class TiersSection(Section):
    """``[tiers]``: the share of the list in each tier, from the top."""

    A: Share = TIER_SHARES["A"]
    B: Share = TIER_SHARES["B"]
    C: Share = TIER_SHARES["C"]
    mode: Literal["relative", "frozen"] = "relative"

    @model_validator(mode="after")
    def _require_shares_sum_to_one(self) -> Self:
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"A + B + C must be 1, found {total:g}")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Tier -> share of the list, from the top."""
        return {tier: getattr(self, tier) for tier in TIERS}


class BacktestSection(Section):
    """``[backtest]``: the lists on which the ranking is tested."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the matured lists, the latest ones, that the model is tested on."""
    max_fits: Annotated[int, Field(ge=1, le=104)] = 8
    """At most so many models are fitted; each is tested on the lists until the next."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=10_000)] = SAMPLES


class TrainingSection(Section):
    """``[training]``: the scorer."""

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    min_conversions: Annotated[int, Field(ge=1)] = 120
    """Fewer conversions than this on the training lists: no model is trained."""
    every_days: Annotated[int, Field(ge=1)] = 7
    """``leadgain run`` trains again when the last training is so many days old."""
    known_before_the_outcome: tuple[str, ...] = ()
    """Columns that the gate suspects of leakage and that a champion may still use."""


class TrackingSection(Section):
    """``[tracking]``: where MLflow keeps its records."""

    uri: Annotated[str, AfterValidator(refuse_ambiguous_url)] = Field(default="", repr=False)
    """A tracking server; empty: ``mlflow.db`` in the home folder. It may hold a password."""
    experiment: str = "leadgain"
    model: str = "leadgain"


def _validate_address(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or "." not in domain or "@" in domain or text.split() != [text]:
        raise ValueError(f"{text!r} is not an address such as 'ann@example.com'")
    return text


def _validate_domain(text: str) -> str:
    if not text.startswith("@"):
        raise ValueError(f"{text!r} is not a domain such as '@example.com', with its @")
    return _validate_address(f"anyone{text}").removeprefix("anyone")


def _validate_address_or_domain(text: str) -> str:
    return _validate_domain(text) if text.startswith("@") else _validate_address(text)


Address = Annotated[str, AfterValidator(_validate_address)]
Domain = Annotated[str, AfterValidator(_validate_domain)]
AddressOrDomain = Annotated[str, AfterValidator(_validate_address_or_domain)]


class DashboardSection(Section):
    """``[dashboard]``: who sees which leads once people sign in; others see none."""

    managers: tuple[AddressOrDomain, ...] = ()
    """Addresses, or whole domains such as ``@example.com``, that see every lead."""
    reps: dict[Address, tuple[str, ...]] = Field(default_factory=dict)
    """Address -> the owner ids whose leads this person sees: one, or a list."""
    rep_domains: tuple[Domain, ...] = ()
    """Domains whose people see the leads whose owner id is their own address."""
    secrets: str = ".streamlit/secrets.toml"
    """Where the sign-in is configured (``[auth]`` of Streamlit), relative to leadgain.toml."""

    @field_validator("reps", mode="before")
    @classmethod
    def _wrap_single_owner(cls, reps: object) -> object:
        if not isinstance(reps, dict):
            return reps
        return {who: [owned] if isinstance(owned, str) else owned for who, owned in reps.items()}

    @property
    def has_no_users(self) -> bool:
        """Whether no one who signs in would see any lead."""
        return not (self.managers or self.reps or self.rep_domains)


class ScheduleSection(Section):
    """``[schedule]``: when ``leadgain serve`` works, by cron; an empty text is never."""

    score: str = "30 5 * * *"
    """Check, train where a training is due, score and publish."""
    train: str = "0 4 * * 6"
    """Check and train."""
    timezone: Zone = "UTC"
    """Zone of both."""
    wait_minutes: Annotated[float, Field(ge=0, le=24 * 60)] = 60.0
    """How long a scheduled run waits for another one that is at work."""
    max_hours: Annotated[float, Field(gt=0, le=24 * 7)] = 6.0
    """A scheduled run that is still at work then is ended: it would keep all others from theirs."""


class PublicationsSection(Section):
    """``[publications]``: how many are kept."""

    keep: Annotated[int, Field(ge=7, le=100_000)] = 30
    """So many before the one in force; the gate looks at the sizes of the last seven."""


def _validate_url(url: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", url.get_secret_value(), re.IGNORECASE):
        raise ValueError("must be a URL such as mailtos://user:password@example.com")
    return url


AlertUrl = Annotated[SecretStr, AfterValidator(_validate_url)]


class AlertsSection(Section):
    """``[alerts]``: who hears of a run that failed or an export that was refused."""

    urls: tuple[AlertUrl, ...] = ()
    """Addresses as apprise writes them. They may hold passwords, so they are never shown."""

    @field_validator("urls", mode="before")
    @classmethod
    def _split_urls(cls, urls: object) -> object:
        """One text with spaces between the URLs, as it is easiest to write in the environment."""
        return urls.split() if isinstance(urls, str) else urls
