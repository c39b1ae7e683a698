"""What people read about a lead's past."""

import numpy as np
import pandas as pd
import pytest

from features.catalog import humanize_name
from features.histories import find_latest_activities
from tests.features.frames import build_activities, draw_export, parse_instant


def find_latest(
    activities: pd.DataFrame, lead: list[int], as_of: str, **options: int
) -> pd.DataFrame:
    parts = find_latest_activities(
        np.array(lead, dtype=np.int32), 60, activities, as_of=parse_instant(as_of), **options
    )
    return pd.concat(parts, ignore_index=True)


def slow_twin(
    activities: pd.DataFrame, lead: list[int], as_of: str, most: int
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for place, one in enumerate(lead):
        own = [
            (place, row.occurred_at, humanize_name(row.type), row.direction)
            for row in activities.itertuples()
            if row.lead == one and row.occurred_at < parse_instant(as_of)
        ]
        rows += own[::-1][:most]
    return rows


@pytest.mark.parametrize("leads_per_frame", [1, 7, 8_192])
def test_the_latest_activities_equal_the_slow_twin(leads_per_frame: int) -> None:
    _, activities, _ = draw_export(3)
    lead = [5, 0, 59, 17, 2, 33, 8, 41]
    found = find_latest(activities, lead, "2012-03-01", most=9, leads_per_frame=leads_per_frame)
    assert [*found.itertuples(index=False, name=None)] == slow_twin(
        activities, lead, "2012-03-01", 9
    )


def test_of_two_activities_at_one_instant_the_later_in_the_file_comes_first() -> None:
    at = "2012-01-02"
    rows = [(0, at, "call", "outbound", None), (0, at, "mail", "inbound", None)]
    assert find_latest(build_activities(rows), [0], "2012-01-03")["type"].tolist() == [
        "Mail",
        "Call",
    ]


def test_an_activity_at_the_instant_of_the_list_is_not_yet_told() -> None:
    rows = [(0, "2012-01-02", "call", "outbound", None)]
    assert find_latest(build_activities(rows), [0], "2012-01-02").empty
    assert len(find_latest(build_activities(rows), [0], "2012-01-02T00:00:00.000001")) == 1


def test_a_missing_type_or_direction_is_told_as_such() -> None:
    activities = build_activities([(0, "2012-01-02", "call", "outbound", None)])
    activities["type"] = pd.Categorical([None], categories=["call"])
    activities["direction"] = pd.Categorical([None], categories=["outbound"])
    found = find_latest(activities, [0], "2012-01-03")
    assert found[["type", "direction"]].values.tolist() == [["Other kind of activity", "internal"]]


@pytest.mark.parametrize("lead", [[], [3]])
def test_an_empty_list_and_a_lead_without_a_past_give_one_empty_part(lead: list[int]) -> None:
    found = find_latest(build_activities([]), lead, "2012-01-03")
    assert found.empty
    assert found.dtypes.astype(str).to_dict() == {
        "place": "int64",
        "occurred_at": "datetime64[us, UTC]",
        "type": "str",
        "direction": "str",
    }
