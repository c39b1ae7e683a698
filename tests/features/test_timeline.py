import numpy as np
import pytest

from features.timeline import MISSING, first_positions, instants, last_before, microseconds
from tests.features.frames import activities_of, random_export, stamps


def test_instants_survive_the_way_to_microseconds_and_back() -> None:
    series = stamps(["2012-02-29T12:00:00.000001", None, "1969-12-31T23:59:59"])
    us = microseconds(series)
    assert us[1] == MISSING
    assert us[2] == -1_000_000
    assert instants(us).tolist() == series.tolist()


def test_leads_without_activities_own_an_empty_stretch() -> None:
    _, activities, _ = random_export(seed=7)
    starts = first_positions(activities, 60)
    counts = activities["lead"].value_counts().reindex(range(60), fill_value=0)
    assert np.diff(starts).tolist() == counts.tolist()
    assert counts[59] == 0
    assert first_positions(activities_of([]), 2).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "rows",
    [
        [(1, "2012-01-01", "call", "inbound", None), (0, "2012-01-02", "call", "inbound", None)],
        [(0, "2012-01-02", "call", "inbound", None), (0, "2012-01-01", "call", "inbound", None)],
    ],
)
def test_unsorted_activities_are_refused(rows: list[tuple[int, str, str, str, None]]) -> None:
    backwards = activities_of(rows).iloc[::-1]
    with pytest.raises(ValueError, match=r"sorted by \(lead, occurred_at\)"):
        first_positions(backwards, 2)


def test_the_binary_search_equals_looking_at_every_activity() -> None:
    _, activities, snapshots = random_export(seed=8)
    times = microseconds(activities["occurred_at"])
    lead, as_of = snapshots["lead"].to_numpy(), microseconds(snapshots["as_of"])
    found = last_before(times, first_positions(activities, 60), lead, as_of)
    own = activities["lead"].to_numpy()
    for i in range(len(lead)):
        earlier = times[(own == lead[i]) & (times < as_of[i])]
        assert found[i] == max(earlier, default=MISSING)
