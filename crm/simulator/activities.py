"""What happens to the simulated leads between two instants: the activities of the funnel.

Nothing here knows who will convert: activities follow hidden traits of the lead, and stop at the
instant that the caller names. Instants are whole seconds since 1970, UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.contract import DIRECTIONS, Direction
from crm.simulator.profiles import Numbers

Instants = NDArray[np.int64]
Rows = NDArray[np.int32]

HOUR, DAY, WEEK = 3_600, 86_400, 7 * 86_400
NEVER = 2**62
N_REPS = 40
NO_REP = -1

TYPES: dict[str, Direction] = {
    "page_view": "inbound",
    "form_submit": "inbound",
    "chat": "inbound",
    "email_open": "inbound",
    "email_click": "inbound",
    "call_received": "inbound",
    "webinar": "inbound",
    "email_sent": "outbound",
    "call_attempted": "outbound",
    "call_connected": "outbound",
    "meeting": "outbound",
    "lead_assigned": "internal",
    "note_added": "internal",
}
TYPE_NAMES = tuple(TYPES)
TYPE_DIRECTIONS = np.array([DIRECTIONS.index(direction) for direction in TYPES.values()], np.int8)

ENTRY_TYPES = {
    "organic_search": "form_submit",
    "paid_search": "form_submit",
    "social": "form_submit",
    "referral": "form_submit",
    "event": "webinar",
}
"""Source -> the inbound activity that creates the lead; other sources bring only the record."""

CHANNELS = (
    {"page_view": 0.84, "form_submit": 0.08, "chat": 0.08},
    {"email_open": 0.72, "email_click": 0.28},
    {"call_received": 0.6, "webinar": 0.4},
)
"""What a lead does in a visit: to the site, to its mail, or in person."""
MAIL_SHARE, MAIL_SHARE_WITH_NEWSLETTER, IN_PERSON_SHARE = 0.20, 0.45, 0.06
OUTREACH_SHARES = {
    "email_sent": 0.50,
    "call_attempted": 0.26,
    "call_connected": 0.17,
    "meeting": 0.07,
}

VISITS_PER_DAY = 0.036
"""By a lead of middling interest and mood, long after its creation."""
START_BOOST, START_DAYS = 24.0, 1.5
"""A new lead visits 1 + 24 times as often at first; the 24 fade by a factor of e in 1.5 days."""
INTEREST_SPREAD, MOOD_SPREAD, MOOD_MEMORY = 0.9, 0.6, 0.75
"""Spreads of logarithms: interest stays with the lead, mood drifts from week to week."""
EXTRA_ACTIVITIES_PER_VISIT = 1.2
"""Activities beyond the first, on average."""
CONTACT_HOURS, CONTACT_SPREAD, NEVER_CONTACTED_SHARE = 6.0, 1.7, 0.08
"""Median wait for the first contact, the spread of its logarithm, share that never gets one."""
FOLLOW_UPS_PER_DAY, DILIGENCE_SPREAD = 0.07, 0.5
OWN_REP_SHARE, MACHINE_MAIL_SHARE, NOTE_SHARE = 0.85, 0.5, 0.6
"""Shares: of outreach by the lead's own rep, of mails without a rep, of talks with a note."""


@dataclass(frozen=True)
class Activities:
    """Columns of one length: row of the lead, instant, place in ``TYPE_NAMES``, rep."""

    lead: Rows
    at: Instants
    type: NDArray[np.int8]
    rep: NDArray[np.int16]
    """From 0 to ``N_REPS`` - 1, or ``NO_REP``."""

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Activities":
        """The activities at these places, or where the mask holds."""
        return Activities(self.lead[which], self.at[which], self.type[which], self.rep[which])

    def select_direction(self, direction: Direction) -> "Activities":
        """Only the activities of that direction."""
        return self.take(TYPE_DIRECTIONS[self.type] == DIRECTIONS.index(direction))

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """All activities of all parts, in time order."""
        at = np.concatenate([part.at for part in parts])
        order = np.argsort(at, kind="stable")
        return cls(
            np.concatenate([part.lead for part in parts])[order],
            at[order],
            np.concatenate([part.type for part in parts])[order],
            np.concatenate([part.rep for part in parts])[order],
        )


@dataclass(frozen=True)
class Traits:
    """What drives each lead's activities and is hidden from the export, arrays of shape (leads,).

    ``mood`` changes in place every week, see ``update_moods``.
    """

    created: Instants
    entry: NDArray[np.int8]
    """Place in ``TYPE_NAMES`` of the activity that created the lead, or -1."""
    interest: Numbers
    mood: Numbers
    mail_share: Numbers
    first_contact: Instants
    """When a rep would first reach out; ``NEVER`` for some."""
    diligence: Numbers
    rep: NDArray[np.int16]


def draw_traits(rng: np.random.Generator, profiles: pd.DataFrame, begin: int, end: int) -> Traits:
    """The hidden traits of leads that come in evenly over ``[begin, end)``.

    >>> profiles = pd.DataFrame({"source": ["event", "partner"], "newsletter": [True, False]})
    >>> draw_traits(np.random.default_rng(1), profiles, 0, DAY).entry.tolist()
    [6, -1]
    """
    leads = len(profiles)
    created = rng.integers(begin, end, leads)
    wait = rng.lognormal(np.log(CONTACT_HOURS * HOUR), CONTACT_SPREAD, leads).astype(np.int64)
    contacted = rng.random(leads) >= NEVER_CONTACTED_SHARE
    entries = {source: _find_type_code(name) for source, name in ENTRY_TYPES.items()}
    entry = profiles["source"].astype(object).map(entries).fillna(-1)
    return Traits(
        created=created,
        entry=entry.to_numpy().astype(np.int8),
        interest=rng.normal(0, INTEREST_SPREAD, leads),
        mood=rng.normal(0, MOOD_SPREAD, leads),
        mail_share=np.where(profiles["newsletter"], MAIL_SHARE_WITH_NEWSLETTER, MAIL_SHARE),
        first_contact=np.where(contacted, created + 60 + wait, NEVER),
        diligence=rng.lognormal(0, DILIGENCE_SPREAD, leads),
        rep=rng.integers(0, N_REPS, leads, dtype=np.int16),
    )


def update_moods(rng: np.random.Generator, traits: Traits, leads: Rows) -> None:
    """Move the mood of these leads on by one week, in place; its spread stays the same."""
    shock = rng.normal(0, MOOD_SPREAD * np.sqrt(1 - MOOD_MEMORY**2), len(leads))
    traits.mood[leads] = MOOD_MEMORY * traits.mood[leads] + shock


def build_arrivals(traits: Traits, leads: Rows) -> Activities:
    """The activities at the instant of creation: what created the lead, and its assignment."""
    entered = leads[traits.entry[leads] >= 0]
    lead = np.concatenate([entered, leads])
    assigned = np.full(len(leads), _find_type_code("lead_assigned"), np.int8)
    return Activities(
        lead=lead,
        at=traits.created[lead],
        type=np.concatenate([traits.entry[entered], assigned]),
        rep=np.full(len(lead), NO_REP, np.int16),
    )


def draw_visits(
    rng: np.random.Generator, traits: Traits, leads: Rows, begin: int, stop: Instants
) -> Activities:
    """Inbound activities of these leads in ``[begin, stop)``, at most a week.

    Visits come at random (Poisson) at a rate of ``VISITS_PER_DAY * exp(interest + mood)``, more
    often soon after creation; a visit holds one or more activities of one channel, some seconds
    or minutes apart.
    """
    since = np.maximum(traits.created[leads], begin)
    rate = VISITS_PER_DAY * np.exp(traits.interest[leads] + traits.mood[leads])
    visit, begun = _draw_visit_starts(rng, rate, traits.created[leads], since, stop)
    channel = _draw_channels(rng, traits.mail_share[leads[visit]])
    size = 1 + rng.poisson(EXTRA_ACTIVITIES_PER_VISIT, len(visit))
    pause = rng.integers(20, 240, len(visit))
    nth = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    within = np.repeat(np.arange(len(visit)), size)
    activities = Activities(
        lead=leads[visit[within]],
        at=begun[within] + nth * pause[within],
        type=_draw_types_by_channel(rng, channel[within]),
        rep=np.full(len(within), NO_REP, np.int16),
    )
    return activities.take(activities.at < stop[visit[within]])


def draw_outreach(
    rng: np.random.Generator, traits: Traits, leads: Rows, begin: int, stop: Instants
) -> Activities:
    """Outbound activities of these leads in ``[begin, stop)``, and the reps' notes on them.

    The first contact comes when it comes; follow-ups at random (Poisson) from then on.
    """
    first = traits.first_contact[leads]
    now = np.flatnonzero((first >= begin) & (first < stop))
    since = np.clip(first, begin, stop)
    again = _draw_occasions(rng, FOLLOW_UPS_PER_DAY * traits.diligence[leads], since, stop)
    which = np.concatenate([now, again])
    kinds = _draw_types(rng, OUTREACH_SHARES, len(which))
    rep = _draw_reps(rng, traits.rep[leads[which]])
    automatic = (kinds == _find_type_code("email_sent")) & (
        rng.random(len(which)) < MACHINE_MAIL_SHARE
    )
    automatic[: len(now)] = False
    reached = Activities(
        lead=leads[which],
        at=np.concatenate([first[now], _draw_instants(rng, since, stop, again)]),
        type=kinds,
        rep=np.where(automatic, NO_REP, rep).astype(np.int16),
    )
    return Activities.together([reached, _draw_notes(rng, reached, stop[which])])


def _draw_notes(rng: np.random.Generator, reached: Activities, stop: Instants) -> Activities:
    spoken = np.isin(reached.type, [_find_type_code("call_connected"), _find_type_code("meeting")])
    at = reached.at + rng.integers(60, 900, len(reached))
    noted = spoken & (rng.random(len(reached)) < NOTE_SHARE) & (at < stop)
    kinds = np.full(len(reached), _find_type_code("note_added"), np.int8)
    return Activities(reached.lead, at, kinds, reached.rep).take(noted)


def _draw_visit_starts(
    rng: np.random.Generator, rate: Numbers, created: Instants, since: Instants, stop: Instants
) -> tuple[NDArray[np.int64], Instants]:
    """Place of the lead and instant of each visit: the usual ones, and those of a new lead."""
    usual = _draw_occasions(rng, rate, since, stop)
    fresh_at_first = np.exp(-(since - created) / (START_DAYS * DAY))
    fresh_at_last = np.exp(-(stop - created) / (START_DAYS * DAY))
    more = rate * START_BOOST * START_DAYS * (fresh_at_first - fresh_at_last)
    first = np.repeat(np.arange(len(rate)), rng.poisson(np.maximum(more, 0)))
    fresh = fresh_at_first[first] - rng.random(len(first)) * (fresh_at_first - fresh_at_last)[first]
    age = np.asarray(-np.log(fresh) * START_DAYS * DAY).astype(np.int64)
    begun = np.maximum(created[first] + age, since[first])  # age may be rounded down
    return np.concatenate([usual, first]), np.concatenate(
        [_draw_instants(rng, since, stop, usual), begun]
    )


def _draw_occasions(
    rng: np.random.Generator, rate_per_day: Numbers, since: Instants, stop: Instants
) -> NDArray[np.int64]:
    """The place of the lead, once for each occasion that falls into its ``[since, stop)``."""
    days = np.maximum(stop - since, 0) / DAY
    return np.repeat(np.arange(len(since)), rng.poisson(rate_per_day * days))


def _draw_instants(
    rng: np.random.Generator, since: Instants, stop: Instants, which: NDArray[np.int64]
) -> Instants:
    """An instant in ``[since, stop)`` for each of these places."""
    length = (stop - since)[which]
    return np.asarray(since[which] + (rng.random(len(which)) * length).astype(np.int64))


def _draw_reps(rng: np.random.Generator, own: NDArray[np.int16]) -> NDArray[np.int16]:
    other = rng.integers(0, N_REPS, len(own), dtype=np.int16)
    return np.where(rng.random(len(own)) < OWN_REP_SHARE, own, other)


def _draw_channels(rng: np.random.Generator, mail_share: Numbers) -> NDArray[np.int8]:
    chance = rng.random(len(mail_share))
    mail, in_person = chance < mail_share, chance >= 1 - IN_PERSON_SHARE
    return np.select([mail, in_person], [1, 2], 0).astype(np.int8)


def _draw_types_by_channel(rng: np.random.Generator, channel: NDArray[np.int8]) -> NDArray[np.int8]:
    types = np.empty(len(channel), np.int8)
    for number, shares in enumerate(CHANNELS):
        here = channel == number
        types[here] = _draw_types(rng, shares, int(here.sum()))
    return types


def _draw_types(rng: np.random.Generator, shares: dict[str, float], size: int) -> NDArray[np.int8]:
    codes = np.array([_find_type_code(name) for name in shares], np.int8)
    return codes[rng.choice(len(codes), size=size, p=list(shares.values()))]


def _find_type_code(name: str) -> int:
    return TYPE_NAMES.index(name)
