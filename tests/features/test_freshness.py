import numpy as np
import pytest

from features.freshness import FreshBy, days_since_fresh, last_activity_at
from features.matrix import build_matrix
from features.vocabulary import Vocabulary
from tests.features.frames import (
    activities_of,
    instant,
    leads_of,
    random_export,
    snapshots_of,
)

LEADS = leads_of(["2012-01-01", "2012-01-02"])
ACTIVITIES = activities_of(
    [
        (0, "2012-01-04", "reply", "inbound", None),
        (0, "2012-01-08", "call", "outbound", None),
        (0, "2012-01-11", "reply", "inbound", None),
    ]
)
LIST = snapshots_of([(0, "2012-01-11"), (1, "2012-01-11")])


@pytest.mark.parametrize(
    ("by", "expected"),
    [("last_inbound", [7, 9]), ("last_activity", [3, 9]), ("created", [10, 9])],
)
def test_fresh_is_what_the_team_says_and_the_instant_of_the_list_is_too_late(
    by: FreshBy, expected: list[int]
) -> None:
    assert days_since_fresh(LIST, LEADS, ACTIVITIES, by=by).tolist() == expected


def test_the_last_activity_is_missing_where_there_is_none() -> None:
    last = last_activity_at(LIST, LEADS, ACTIVITIES)
    assert last[0] == instant("2012-01-08")
    assert last.isna().tolist() == [False, True]


def test_freshness_equals_the_kernels_recency() -> None:
    leads, activities, snapshots = random_export(seed=6)
    X = build_matrix(snapshots, leads, activities, Vocabulary((), ()))
    found = days_since_fresh(snapshots, leads, activities, by="last_inbound")
    expected = X["days_since_inbound"].fillna(X["lead_age_days"])
    np.testing.assert_array_equal(found.astype(np.float32), expected)


def test_no_snapshots_have_no_freshness() -> None:
    assert days_since_fresh(snapshots_of([]), LEADS, ACTIVITIES, by="last_inbound").size == 0
    nothing = activities_of([])
    assert days_since_fresh(LIST, LEADS, nothing, by="last_activity").tolist() == [10, 9]
