import numpy as np

from features.timeline import (
    MISSING,
    convert_to_instants,
    convert_to_microseconds,
    find_first_positions,
    find_last_times,
)
from tests.features.frames import build_activities, draw_export, parse_instants


def test_instants_survive_the_way_to_microseconds_and_back() -> None:
    series = parse_instants(["2012-02-29T12:00:00.000001", None, "1969-12-31T23:59:59"])
    us = convert_to_microseconds(series)
    assert us[1] == MISSING
    assert us[2] == -1_000_000
    assert convert_to_instants(us).tolist() == series.tolist()


def test_leads_without_activities_own_an_empty_stretch() -> None:
    _, activities, _ = draw_export(seed=7)
    starts = find_first_positions(activities, 60)
    counts = activities["lead"].value_counts().reindex(range(60), fill_value=0)
    assert np.diff(starts).tolist() == counts.tolist()
    assert counts[59] == 0
    assert find_first_positions(build_activities([]), 2).tolist() == [0, 0, 0]


def test_the_binary_search_equals_looking_at_every_activity() -> None:
    _, activities, snapshots = draw_export(seed=8)
    times = convert_to_microseconds(activities["occurred_at"])
    lead, as_of = snapshots["lead"].to_numpy(), convert_to_microseconds(snapshots["as_of"])
    found = find_last_times(times, find_first_positions(activities, 60), lead, as_of)
    own = activities["lead"].to_numpy()
    for i in range(len(lead)):
        earlier = times[(own == lead[i]) & (times < as_of[i])]
        assert found[i] == max(earlier, default=MISSING)
