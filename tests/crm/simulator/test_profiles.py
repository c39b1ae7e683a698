"""Simulated leads: ids that tell nothing and profiles as described."""

import numpy as np
import pytest

from crm.simulator.profiles import COUNTRIES, INDUSTRIES, SOURCES, build_lead_ids, draw_profiles


def test_ids_are_distinct_ascending_and_never_look_like_numbers():
    ids = build_lead_ids(100_000, seed=5)
    assert len(np.unique(ids)) == 100_000
    assert (ids[1:] > ids[:-1]).all()
    assert all(name.startswith("L") and len(name) == 17 for name in ids[:1000])


def test_another_seed_gives_other_ids():
    assert not set(build_lead_ids(1000, seed=1)) & set(build_lead_ids(1000, seed=2))


@pytest.mark.parametrize("levels", [SOURCES, INDUSTRIES, COUNTRIES])
def test_the_shares_of_a_category_make_a_whole(levels):
    assert sum(level.share for level in levels) == pytest.approx(1)


def test_values_are_missing_as_often_as_described():
    profiles = draw_profiles(np.random.default_rng(1), 50_000)
    missing = profiles.isna().mean()
    assert missing["industry"] == pytest.approx(0.06, abs=0.01)
    assert missing["budget"] == pytest.approx(0.25, abs=0.01)
    assert missing["source"] == missing["is_business"] == missing["newsletter"] == 0
    business = profiles["is_business"]
    assert profiles["company_size"].isna()[business].mean() == pytest.approx(0.10, abs=0.01)
    assert profiles["company_size"].isna()[~business].mean() == pytest.approx(0.95, abs=0.01)
