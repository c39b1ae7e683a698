"""Activities a day and kind."""

import pandas as pd

from features.volumes import OTHER_KINDS, count_daily_activities
from tests.features.frames import build_activities, draw_export, parse_instant


def volumes(activities: pd.DataFrame, as_of: str, days: int = 90) -> list[tuple[str, str, int]]:
    found = count_daily_activities(activities, as_of=parse_instant(as_of), days=days)
    days_of = found["day"].dt.strftime("%m-%d")
    return [*zip(days_of, found["type"], found["activities"], strict=True)]


def test_volumes_equal_the_slow_twin() -> None:
    _, activities, _ = draw_export(5)
    as_of, first = parse_instant("2012-03-01T06:00"), parse_instant("2012-01-31")
    found = count_daily_activities(activities, as_of=as_of, days=31)
    expected: dict[tuple[object, str], int] = {}
    for row in activities.itertuples():
        if first <= row.occurred_at < as_of:
            key = (row.occurred_at.floor("D"), row.type.capitalize())
            expected[key] = expected.get(key, 0) + 1
    keys = zip(found["day"], found["type"], strict=True)
    assert dict(zip(keys, found["activities"], strict=True)) == expected
    assert [*zip(found["day"], found["type"], strict=True)] == sorted(expected)


def test_a_list_at_midnight_knows_nothing_of_its_own_day() -> None:
    rows = [(0, f"2012-01-0{day}T12:00", "call", "outbound", None) for day in (1, 2, 3)]
    assert volumes(build_activities(rows), "2012-01-03", days=2) == [
        ("01-01", "Call", 1),
        ("01-02", "Call", 1),
    ]
    assert volumes(build_activities(rows), "2012-01-03T12:01", days=2) == [
        ("01-02", "Call", 1),
        ("01-03", "Call", 1),
    ]


def test_kinds_that_read_alike_are_one_kind() -> None:
    rows = [(0, "2012-01-01", kind, "inbound", None) for kind in ("web-form", "web_form", "call")]
    found = volumes(build_activities(rows), "2012-01-02")
    assert found == [("01-01", "Call", 1), ("01-01", "Web form", 2)]


def test_beyond_forty_kinds_the_rare_ones_are_counted_together() -> None:
    rows = [(0, "2012-01-01", f"kind {n:02d}", "inbound", None) for n in range(45)]
    frequent = [(0, "2012-01-01", "kind 44", "inbound", None)]
    found = volumes(build_activities(rows + frequent), "2012-01-02")
    assert ("01-01", OTHER_KINDS, 5) in found
    assert ("01-01", "Kind 44", 2) in found
    assert len(found) == 41


def test_an_export_without_activities_has_no_volumes() -> None:
    found = count_daily_activities(build_activities([]), as_of=parse_instant("2012-01-02"))
    assert found.empty
    assert found.columns.tolist() == ["day", "type", "activities"]
