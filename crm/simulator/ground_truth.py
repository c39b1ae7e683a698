"""The true probability of the simulated world, and the few facts that it depends on."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from crm.simulator.activities import DAY, NEVER, Activities, Instants, Rows
from crm.simulator.profiles import Numbers

LIST_DAYS = 14
"""Days between two lists, and the horizon: what happens to a lead is drawn once a list."""

INTERCEPT = -6.88
ENGAGEMENT_EFFECT = 1.4
ENGAGEMENT_HALF_LIFE_DAYS = 14.0
RECENCY_EFFECT = 0.2
SPEED_EFFECT = 0.25
SLOWEST_HOURS = 168.0


def compute_true_probability(
    fit: Numbers, engagement: Numbers, days_since_inbound: Numbers, hours_waited: Numbers
) -> Numbers:
    """Probability that a lead open at a list date converts before the next list.

    Parameters
    ----------
    fit : what the profile adds to the logit, see ``crm.simulator.profiles.compute_profile_fit``
    engagement : inbound activities before the list, each worth half after every 14 days
    days_since_inbound : since the last inbound activity, or since creation if there was none
    hours_waited : from creation to the first outbound activity, or to the list if there was none
        yet; above a week counts as a week

    A fit that makes up for the intercept leaves even odds, if there was an inbound activity and
    an outbound one just now and no engagement otherwise:

    >>> zero = np.zeros(1)
    >>> compute_true_probability(np.array([6.88]), zero, zero, zero)
    array([0.5])
    """
    logit = (
        INTERCEPT
        + fit
        + ENGAGEMENT_EFFECT * np.log1p(engagement)
        - RECENCY_EFFECT * np.log1p(days_since_inbound)
        - SPEED_EFFECT * np.log1p(np.minimum(hours_waited, SLOWEST_HOURS) / 3)
    )
    return np.asarray(1 / (1 + np.exp(-logit)))


@dataclass(frozen=True)
class History:
    """What the activities before a list say of every lead: the facts of the formula.

    The arrays of shape (leads,) are kept up to date in place by ``learn``: a simulation of a
    million leads cannot copy them for each list.
    """

    created: Instants
    engagement: Numbers
    last_inbound: Instants
    first_outbound: Instants

    @classmethod
    def of(cls, created: Instants) -> Self:
        """The history of leads of whom nothing is known but their creation."""
        leads = len(created)
        return cls(created, np.zeros(leads), created.copy(), np.full(leads, NEVER))

    def learn(self, activities: Activities, begin: int, until: int) -> None:
        """Add the activities of ``[begin, until)``; engagement is then as of ``until``."""
        inbound = activities.select_direction("inbound")
        self.engagement[:] *= _compute_remaining_share(np.array([until - begin]))
        self.engagement[:] += np.bincount(
            inbound.lead,
            _compute_remaining_share(until - inbound.at),
            minlength=len(self.engagement),
        )
        np.maximum.at(self.last_inbound, inbound.lead, inbound.at)
        outbound = activities.select_direction("outbound")
        np.minimum.at(self.first_outbound, outbound.lead, outbound.at)

    def days_since_inbound(self, leads: Rows, at: int) -> Numbers:
        """Days from the last inbound activity, or from creation, to ``at``."""
        return np.asarray((at - self.last_inbound[leads]) / DAY)

    def hours_waited(self, leads: Rows, at: int) -> Numbers:
        """Hours from creation to the first outbound activity, at most to ``at``."""
        return np.asarray((np.minimum(self.first_outbound[leads], at) - self.created[leads]) / 3600)


def _compute_remaining_share(age: Instants) -> Numbers:
    return np.asarray(0.5 ** (age / (ENGAGEMENT_HALF_LIFE_DAYS * DAY)))
