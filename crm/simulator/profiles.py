"""Who the simulated leads are: ids that tell nothing, a profile, and how well it fits."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.contract import ProfileKind

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """One value of a category: its share of the leads and what it adds to the logit."""

    name: str
    share: float
    effect: float = 0.0


SOURCES = (
    Level("organic_search", 0.26, 0.25),
    Level("paid_search", 0.22),
    Level("social", 0.18, -0.3),
    Level("referral", 0.12, 0.5),
    Level("event", 0.06, 0.25),
    Level("partner", 0.06, 0.25),
    Level("bought_list", 0.10, -0.6),
)
INDUSTRIES = (
    Level("retail", 0.20),
    Level("software", 0.16, 0.3),
    Level("finance", 0.14, 0.3),
    Level("manufacturing", 0.14),
    Level("health", 0.12),
    Level("education", 0.10),
    Level("public_sector", 0.08),
    Level("hospitality", 0.06),
)
COUNTRIES = (
    Level("DE", 0.24),
    Level("NL", 0.16),
    Level("FR", 0.14),
    Level("GB", 0.13),
    Level("US", 0.11),
    Level("ES", 0.09),
    Level("IT", 0.07),
    Level("PL", 0.06),
)
COMPANY_SIZE_EFFECT = 0.3
"""For each tenfold of employees above 50, at most 30 times 50, at least 1/30 of it."""

PROFILE_KINDS: dict[str, ProfileKind] = {
    "source": "category",
    "industry": "category",
    "company_size": "number",
    "country": "category",
    "budget": "number",
    "is_business": "yes_no",
    "newsletter": "yes_no",
}


def build_lead_ids(leads: int, seed: int) -> NDArray[np.str_]:
    """So many distinct ids, ascending: ``L`` and 16 hexadecimal digits that tell nothing.

    They are the numbers from ``seed`` times 2^40 on, mixed by splitmix64's finaliser, which maps
    no two numbers to one (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
    generators").

    >>> [str(name) for name in build_lead_ids(2, seed=1)]
    ['L00ab4daf7c2673f8', 'L9d75944221866e23']
    """
    mixed = np.arange(leads, dtype=np.uint64) + np.uint64((seed << 40) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    digits = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype="S2")
    spelt = digits[np.sort(mixed).astype(">u8").view(np.uint8)].view("S16")
    return np.char.add("L", spelt.astype("U16"))


def draw_profiles(rng: np.random.Generator, leads: int) -> pd.DataFrame:
    """The profile columns of so many leads, one row each, some values missing.

    Returns
    -------
    DataFrame with the columns of ``PROFILE_KINDS``: categories as ``category`` (some missing),
    numbers as whole-numbered ``float64`` (missing: ``NaN``), yes/no as ``bool``.

    >>> draw_profiles(np.random.default_rng(1), 3).shape
    (3, 7)
    """
    is_business = rng.random(leads) < 0.6
    company_size = np.ceil(rng.lognormal(np.log(40), 1.6, leads))
    budget = np.round(rng.lognormal(np.log(5_000), 1.1, leads), -2)
    return pd.DataFrame(
        {
            "source": _draw_category(rng, SOURCES, leads),
            "industry": _draw_category(rng, INDUSTRIES, leads, missing=0.06),
            "company_size": _blank_values(rng, company_size, np.where(is_business, 0.10, 0.95)),
            "country": _draw_category(rng, COUNTRIES, leads, missing=0.02),
            "budget": _blank_values(rng, budget, np.full(leads, 0.25)),
            "is_business": is_business,
            "newsletter": rng.random(leads) < 0.35,
        }
    )


def compute_profile_fit(profiles: pd.DataFrame) -> Numbers:
    """What source, industry and company size add to the logit, one number a lead.

    The other columns add nothing, nor does a missing value.

    >>> profiles = pd.DataFrame({"source": ["referral", "social"], "industry": ["software", None],
    ...                          "company_size": [500.0, float("nan")]})
    >>> compute_profile_fit(profiles).round(6)
    array([ 1.1, -0.3])
    """
    relative_size = np.clip(profiles["company_size"].to_numpy(np.float64) / 50, 1 / 30, 30)
    return np.asarray(
        _compute_effect(profiles["source"], SOURCES)
        + _compute_effect(profiles["industry"], INDUSTRIES)
        + COMPANY_SIZE_EFFECT * np.nan_to_num(np.log10(relative_size))
    )


def _draw_category(
    rng: np.random.Generator, levels: tuple[Level, ...], leads: int, missing: float = 0.0
) -> "pd.Categorical[str]":
    codes = rng.choice(len(levels), size=leads, p=[level.share for level in levels])
    codes[rng.random(leads) < missing] = -1
    return pd.Categorical.from_codes(codes, pd.Index([level.name for level in levels]))


def _blank_values(rng: np.random.Generator, values: Numbers, share: Numbers) -> Numbers:
    return np.asarray(np.where(rng.random(len(values)) < share, np.nan, values))


def _compute_effect(names: pd.Series, levels: tuple[Level, ...]) -> Numbers:
    effects = {level.name: level.effect for level in levels}
    return np.asarray(names.astype(object).map(effects).fillna(0.0), dtype=np.float64)
