import numpy as np
import pytest

from features.freshness import FreshBy, compute_days_since_fresh, find_last_activity_at
from features.matrix import build_matrix
from features.vocabulary import Vocabulary
from tests.features.frames import (
    build_activities,
    build_leads,
    build_snapshots,
    draw_export,
    parse_instant,
)

LEADS = build_leads(["2012-01-01", "2012-01-02"])
ACTIVITIES = build_activities(
    [
        (0, "2012-01-04", "reply", "inbound", None),
        (0, "2012-01-08", "call", "outbound", None),
        (0, "2012-01-11", "reply", "inbound", None),
    ]
)
LIST = build_snapshots([(0, "2012-01-11"), (1, "2012-01-11")])


@pytest.mark.parametrize(
    ("by", "expected"),
    [("last_inbound", [7, 9]), ("last_activity", [3, 9]), ("created", [10, 9])],
)
def test_fresh_is_what_the_team_says_and_the_instant_of_the_list_is_too_late(
    by: FreshBy, expected: list[int]
) -> None:
    assert compute_days_since_fresh(LIST, LEADS, ACTIVITIES, by=by).tolist() == expected


def test_the_last_activity_is_missing_where_there_is_none() -> None:
    last = find_last_activity_at(LIST, LEADS, ACTIVITIES)
    assert last[0] == parse_instant("2012-01-08")
    assert last.isna().tolist() == [False, True]


def test_freshness_equals_the_kernels_recency() -> None:
    leads, activities, snapshots = draw_export(seed=6)
    X = build_matrix(snapshots, leads, activities, Vocabulary((), ()))
    found = compute_days_since_fresh(snapshots, leads, activities, by="last_inbound")
    expected = X["days_since_inbound"].fillna(X["lead_age_days"])
    np.testing.assert_array_equal(found.astype(np.float32), expected)


def test_no_snapshots_have_no_freshness() -> None:
    assert (
        compute_days_since_fresh(build_snapshots([]), LEADS, ACTIVITIES, by="last_inbound").size
        == 0
    )
    nothing = build_activities([])
    assert compute_days_since_fresh(LIST, LEADS, nothing, by="last_activity").tolist() == [10, 9]
