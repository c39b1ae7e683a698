"""Which lists have matured since a training, and when the next one will have."""

from types import SimpleNamespace

import pandas as pd
import pytest

from features.list_policy import ListPolicy
from pipelines.lifecycle.since_training import (
    find_latest_matured,
    find_next_maturity,
    has_matured_since,
)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def context(until: str = "2024-07-13", **policy) -> SimpleNamespace:
    return SimpleNamespace(policy=ListPolicy(**policy), known_until=at(until))


WEEKLY = context(every_days=7, horizon_days=14)


@pytest.mark.parametrize(
    ("until", "latest", "following"),
    [
        ("2024-07-06", "2024-06-22", "2024-07-13"),  # a Saturday: its list of 14 days ago
        ("2024-07-12 23:59", "2024-06-22", "2024-07-13"),
        ("2024-07-13", "2024-06-29", "2024-07-20"),
    ],
)
def test_a_list_has_matured_when_its_whole_horizon_has_passed(until, latest, following):
    assert find_latest_matured(at(until), WEEKLY) == at(latest)
    assert find_next_maturity(at(until), WEEKLY) == at(following)


def test_a_list_of_arrivals_matures_a_calling_period_later():
    """Who arrives on its last day has the horizon still ahead."""
    arrivals = context(policy="on_arrival", every_days=7, horizon_days=14)
    assert find_latest_matured(at("2024-07-13"), arrivals) == at("2024-06-22")
    assert find_next_maturity(at("2024-07-13"), arrivals) == at("2024-07-20")


def test_something_new_is_to_be_learned_once_a_list_has_matured_since():
    early, late = (
        context(until, every_days=7, horizon_days=14) for until in ("2024-07-12", "2024-07-13")
    )
    assert not has_matured_since(at("2024-07-06"), early)
    assert has_matured_since(at("2024-07-06"), late)
    assert not has_matured_since(at("2024-07-13"), early), "time travel"
