"""The first contact, held against the matrix and against a slow twin."""

import numpy as np
import pandas as pd

from features.first_response import compute_hours_to_first_outbound, has_outbound
from features.matrix import build_matrix
from features.vocabulary import Vocabulary
from tests.features.frames import build_activities, build_leads, build_snapshots, draw_export


def test_the_delay_is_the_one_that_the_matrix_holds() -> None:
    leads, activities, snapshots = draw_export(7)
    X = build_matrix(snapshots, leads, activities, Vocabulary((), ()))
    hours = compute_hours_to_first_outbound(snapshots, leads, activities)
    np.testing.assert_allclose(hours, X["hours_to_first_outbound"], rtol=1e-6)


def test_a_call_at_the_instant_of_the_list_is_not_yet_known() -> None:
    leads = build_leads(["2012-01-01"])
    activities = build_activities([(0, "2012-01-02", "call", "outbound", None)])
    snapshots = build_snapshots([(0, "2012-01-02"), (0, "2012-01-02T00:00:00.000001")])
    assert compute_hours_to_first_outbound(snapshots, leads, activities).tolist()[1] == 24.0
    assert np.isnan(compute_hours_to_first_outbound(snapshots, leads, activities)[0])


def test_what_comes_in_is_no_contact() -> None:
    leads = build_leads(["2012-01-01", "2012-01-01"])
    activities = build_activities([(0, "2012-01-01T05:00", "mail", "inbound", None)])
    snapshots = build_snapshots([(0, "2012-02-01"), (1, "2012-02-01")])
    assert np.isnan(compute_hours_to_first_outbound(snapshots, leads, activities)).all()
    assert not has_outbound(activities)


def test_an_export_without_activities_knows_no_contact() -> None:
    leads = build_leads(["2012-01-01"])
    hours = compute_hours_to_first_outbound(
        build_snapshots([(0, "2012-02-01")]), leads, build_activities([])
    )
    assert np.isnan(hours).tolist() == [True]
    assert not has_outbound(pd.DataFrame({"direction": []}))
