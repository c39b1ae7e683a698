"""What settings, results and charts agree on: the tiers, the contact delays, the samples."""

from collections.abc import Mapping

TIER_SHARES: Mapping[str, float] = {"A": 0.30, "B": 0.40, "C": 0.30}
"""Tier -> share of the list, from the top, where the settings name no other."""
TIERS = tuple(TIER_SHARES)
DELAYS = ("0-3 h", "3-48 h", "later", "no contact yet")
"""From a lead's creation to the first contact."""
SAMPLES = 500
"""Bootstrap samples behind an interval."""
