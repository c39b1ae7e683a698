"""The facts behind the true probability, each by hand."""

import numpy as np
import pytest

from crm.simulator.activities import DAY, HOUR, NO_REP, TYPE_NAMES, Activities
from crm.simulator.ground_truth import History, compute_true_probability


def activities(*rows: tuple[int, int, str]) -> Activities:
    """Rows of (lead, instant, type)."""
    lead, at, names = zip(*rows, strict=True)
    return Activities(
        lead=np.array(lead, np.int32),
        at=np.array(at, np.int64),
        type=np.array([TYPE_NAMES.index(name) for name in names], np.int8),
        rep=np.full(len(rows), NO_REP, np.int16),
    )


def test_an_inbound_activity_is_worth_half_after_a_fortnight():
    history = History.of(np.array([0, 0]))
    history.learn(activities((0, 0, "page_view")), begin=0, until=14 * DAY)
    assert history.engagement.tolist() == [0.5, 0.0]
    history.learn(activities((0, 28 * DAY, "chat")), begin=14 * DAY, until=28 * DAY)
    assert history.engagement.tolist() == [1.25, 0.0]


def test_outbound_and_internal_activities_are_no_engagement():
    history = History.of(np.array([0]))
    history.learn(activities((0, DAY, "email_sent"), (0, DAY, "note_added")), 0, 14 * DAY)
    assert history.engagement.tolist() == [0.0]


def test_days_count_from_the_last_inbound_activity_or_else_from_creation():
    history = History.of(np.array([0, 4 * DAY]))
    history.learn(activities((0, 6 * DAY, "webinar"), (0, 2 * DAY, "chat")), 0, 14 * DAY)
    assert history.days_since_inbound(np.array([0, 1], np.int32), 14 * DAY).tolist() == [8, 10]


def test_the_wait_ends_with_the_first_contact_and_goes_on_without_one():
    history = History.of(np.array([0, 13 * DAY]))
    history.learn(activities((0, 9 * HOUR, "meeting"), (0, 5 * HOUR, "email_sent")), 0, 14 * DAY)
    assert history.hours_waited(np.array([0, 1], np.int32), 14 * DAY).tolist() == [5, 24]


def odds(fit=0.0, engagement=0.0, days=0.0, hours=0.0) -> float:
    p = compute_true_probability(*(np.array([value]) for value in (fit, engagement, days, hours)))
    return float(p[0] / (1 - p[0]))


def test_a_call_after_a_day_instead_of_an_hour_costs_nearly_forty_percent_of_the_odds():
    assert odds(hours=24) / odds(hours=1) == pytest.approx((4 / 27) ** 0.25)  # 0.62


def test_waiting_longer_than_a_week_changes_nothing_more():
    assert odds(hours=168) == odds(hours=1000)


def test_more_engagement_and_a_better_fit_raise_the_odds_and_silence_lowers_them():
    assert odds(engagement=2) / odds(engagement=1) == pytest.approx(1.5**1.4)
    assert odds(fit=1) / odds() == pytest.approx(np.e)
    assert odds(days=9) / odds() == pytest.approx(0.1**0.2)
