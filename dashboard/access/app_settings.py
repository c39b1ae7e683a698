"""What ``leadgain dashboard`` hands to the app: one JSON text in the environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from dashboard.access.access_rules import Roles
from publications.storage.home import APP_VARIABLE, Home


class NotStartedByLeadgain(RuntimeError):
    """The app was started by hand, so it does not know who may see what."""


@dataclass(frozen=True)
class AppSettings:
    """Where the publications lie, who may see them, and what time it is."""

    home: Home
    roles: Roles | None = None
    """None: nobody signs in, the app answers its own machine only."""
    now: datetime | None = None
    """A fixed clock, for tests and pictures; None: the machine's."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings that the command left in the environment.

        Raises
        ------
        NotStartedByLeadgain
            There are none: Streamlit was started by hand, perhaps on every network.

        Examples
        --------
        >>> AppSettings.of({APP_VARIABLE: '{"home": "/srv/leads"}'}).home.current.name
        'CURRENT'
        """
        if APP_VARIABLE not in environment:
            raise NotStartedByLeadgain
        content = json.loads(environment[APP_VARIABLE])
        roles, now = content.get("roles"), content.get("now")
        return cls(
            home=Home(Path(content["home"])),
            roles=None if roles is None else _parse_roles(roles),
            now=None if now is None else datetime.fromisoformat(now).astimezone(UTC),
        )

    def read_clock(self) -> datetime:
        """The present instant, read once a page."""
        return self.now or datetime.now(UTC)


def _parse_roles(content: Mapping[str, object]) -> Roles:
    reps = dict(content.get("reps") or {})  # type: ignore[call-overload]
    return Roles(
        managers=tuple(content.get("managers") or ()),  # type: ignore[arg-type]
        reps={address: tuple(owners) for address, owners in reps.items()},
        rep_domains=tuple(content.get("rep_domains") or ()),  # type: ignore[arg-type]
    )
