"""Who may see what: a role table, denied by default. The sign-in itself says only who it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Roles:
    """The role table of ``[dashboard]`` in leadgain.toml."""

    managers: tuple[str, ...] = ()
    """Addresses, or domains such as ``@example.com``; they see every lead."""
    reps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Address -> the owner ids whose leads this person sees."""
    rep_domains: tuple[str, ...] = ()
    """Domains whose people see the leads whose owner id is their own address."""


@dataclass(frozen=True)
class Viewer:
    """Someone who may look, and at which leads."""

    address: str = ""
    """Empty where nobody signs in: the app runs for its own machine only."""
    owners: frozenset[str] | None = None
    """Owner ids whose leads are shown, as the CRM writes them; None: every lead."""
    owner_address: str = ""
    """Leads whose owner id is this address are shown as well; upper and lower case are alike."""

    @property
    def has_full_access(self) -> bool:
        """Whether no lead is kept from this person."""
        return self.owners is None

    def can_see(self, owner: str) -> bool:
        """Whether the leads of this owner are this person's to see."""
        if self.owners is None or owner in self.owners:
            return True
        return bool(self.owner_address) and owner.strip().lower() == self.owner_address


LOCAL_VIEWER = Viewer()
"""Whoever sits at the machine itself, who could read the files as well."""


def find_viewer(roles: Roles, claims: Mapping[str, Any]) -> Viewer | None:
    """Look up what a signed-in person may see; None where they may see nothing.

    Parameters
    ----------
    roles : Roles
    claims : what the identity provider says: ``email``, perhaps ``email_verified``

    Returns
    -------
    None without an address, with one that the provider has not verified, or with one that the
    role table does not name.

    Examples
    --------
    >>> roles = Roles(managers=("@board.example",), reps={"ben@sales.example": ("17",)})
    >>> find_viewer(roles, {"email": "Ann@board.example"}).has_full_access
    True
    >>> sorted(find_viewer(roles, {"email": "ben@sales.example"}).owners)
    ['17']
    >>> find_viewer(roles, {"email": "eve@elsewhere.example"}) is None
    True
    """
    address = _find_verified_address(claims)
    if address is None:
        return None
    domain = address[address.index("@") :]
    if {address, domain} & {_normalize_text(entry) for entry in roles.managers}:
        return Viewer(address)
    owners = frozenset(
        owner
        for entry, owned in roles.reps.items()
        if _normalize_text(entry) == address
        for owner in owned
    )
    own = address if domain in {_normalize_text(entry) for entry in roles.rep_domains} else ""
    return Viewer(address, owners, own) if owners or own else None


def _find_verified_address(claims: Mapping[str, Any]) -> str | None:
    """The verified address in small letters; anything that is not plainly one is none."""
    found = claims.get("email")
    if not isinstance(found, str) or claims.get("email_verified", True) not in (True, "true"):
        return None
    address = _normalize_text(found)
    name, _, domain = address.partition("@")
    return address if name and domain and "@" not in domain and address.isprintable() else None


def _normalize_text(text: str) -> str:
    return text.strip().lower()
