"""Simulated activities stay between creation and the instant at which they must stop."""

import numpy as np
import pandas as pd
import pytest

from crm.simulator.activities import (
    DAY,
    TYPE_NAMES,
    WEEK,
    build_arrivals,
    draw_outreach,
    draw_traits,
    draw_visits,
    update_moods,
)

LEADS = 5_000


@pytest.fixture
def traits():
    profiles = pd.DataFrame({"source": "social", "newsletter": False}, index=range(LEADS))
    return draw_traits(np.random.default_rng(1), profiles, 0, WEEK)


@pytest.mark.parametrize("happen", [draw_visits, draw_outreach])
def test_activities_lie_between_creation_and_the_end_of_the_lead(traits, happen):
    rng = np.random.default_rng(2)
    leads = np.arange(LEADS, dtype=np.int32)
    stop = traits.created + rng.integers(1, 3 * DAY, LEADS)
    made = happen(rng, traits, leads, 0, stop)
    assert len(made) > 100
    assert (made.at >= traits.created[made.lead]).all()
    assert (made.at < stop[made.lead]).all()


def test_a_week_is_cut_at_its_beginning_too(traits):
    leads = np.arange(LEADS, dtype=np.int32)
    made = draw_visits(
        np.random.default_rng(3), traits, leads, 2 * WEEK, np.full(LEADS, 3 * WEEK, np.int64)
    )
    assert made.at.min() >= 2 * WEEK


def test_no_rep_reaches_out_before_the_first_contact(traits):
    leads = np.arange(LEADS, dtype=np.int32)
    made = draw_outreach(np.random.default_rng(4), traits, leads, 0, np.full(LEADS, WEEK, np.int64))
    assert (made.at >= traits.first_contact[made.lead]).all()
    first = pd.Series(made.at).groupby(made.lead).min()
    assert (first == traits.first_contact[first.index]).all()
    called = made.take(made.at == traits.first_contact[made.lead])
    assert (called.rep >= 0).all()


def test_every_lead_is_assigned_as_it_comes_and_enters_by_the_activity_of_its_source(traits):
    made = build_arrivals(traits, np.array([7], dtype=np.int32))
    assert [TYPE_NAMES[code] for code in made.type] == ["form_submit", "lead_assigned"]
    assert made.at.tolist() == [traits.created[7]] * 2


def test_moods_drift_and_keep_their_spread(traits):
    before = traits.mood.copy()
    leads = np.arange(LEADS, dtype=np.int32)
    rng = np.random.default_rng(5)
    for _ in range(4):
        update_moods(rng, traits, leads[: LEADS // 2])
    changed = traits.mood != before
    assert changed[: LEADS // 2].all()
    assert not changed[LEADS // 2 :].any()
    assert traits.mood[: LEADS // 2].std() == pytest.approx(0.6, abs=0.03)


def test_new_leads_visit_more_often_than_old_ones(traits):
    leads = np.arange(LEADS, dtype=np.int32)
    rng = np.random.default_rng(6)
    stop = np.full(LEADS, WEEK, np.int64)
    new = draw_visits(rng, traits, leads, 0, stop)
    old = draw_visits(rng, traits, leads, 10 * WEEK, stop + 10 * WEEK)
    assert len(new) > 2 * len(old)
