"""R15: nights on which the clocks change, a leap day, and a clock that is a day off."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pandas as pd

from tests.faults.bench import SECOND, Bench, content, in_force
from tests.faults.counts import FORKED, LIBRARY, Row, Tally
from tests.faults.holes import Holes

ROOT = Path(__file__).parents[2]
ZONE = "Europe/Amsterdam"
DAILY = ("30 5 * * *", "30 2 * * *", "0 0 * * *", "59 23 * * *", "0 3 * * *")
"""Half past two is skipped on one night of the year and comes twice on another."""
NIGHTS = {
    "the night without a third hour": (date(2026, 3, 29), 2026),
    "the night with two third hours": (date(2026, 10, 25), 2026),
    "the leap day": (date(2028, 2, 29), 2028),
}
CLOCKS = {
    "a day late": ("2024-08-04T12:00:00Z", "UTC"),
    "a day early": ("2024-08-02T23:30:00Z", "UTC"),
    "in Auckland": ("2024-08-03T12:00:00Z", "Pacific/Auckland"),
    "in New York": ("2024-08-03T12:00:00Z", "America/New_York"),
}
"""The clock of the machine and its time zone."""
FLOW = "pipelines.flows.nightly:run"
USUAL = ("2024-08-03T12:00:00Z", "UTC")
TIME_OF_DAY = {
    *("now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime", "ctime", "getmtime"),
}

Due = Callable[[str, str, pd.Timestamp, pd.Timestamp], list[pd.Timestamp]]


def one_run_a_day(due: Due) -> Row:
    """Count the daily schedule's instants on each local day of a year."""
    tally = Tally("R15", f"a daily schedule in {ZONE}, on every day of a year", LIBRARY)
    days = 0
    for name, (night, year) in NIGHTS.items():
        for cron in DAILY:
            with tally.trial(f"{cron}, {name}"):
                found = local_days(due, cron, year)
                assert found[night] == 1, f"{found[night]} runs on {night}"
                first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
                whole = [date.fromordinal(day) for day in range(first, last + 1)]
                assert [day for day in whole if found[day] != 1] == []
                days += len(whole)
    return tally.row(f"one run on each of {days:,} days, the three nights among them")


def local_days(due: Due, cron: str, year: int) -> Counter[date]:
    """How often a schedule is due on each local day of a year."""
    start, end = (pd.Timestamp(f"{y}-01-01", tz=ZONE).tz_convert("UTC") for y in (year, year + 1))
    instants = due(cron, ZONE, start, end - pd.Timedelta(seconds=1))
    return Counter(instant.tz_convert(ZONE).date() for instant in instants)


def other_clocks(
    bench: Bench, cases: tuple[str, ...] = tuple(CLOCKS), holes: Holes | None = None
) -> Row:
    """Train and score at the same instant under other clocks: the same bytes."""
    tally = Tally("R15", "the same list under another clock and time zone", FORKED)
    lane = bench.lane("clocks").prepare()

    def published(clock: str, zone: str) -> object:
        lane.put_back()
        request = {
            "config": str(lane.config),
            "home": str(lane.home.folder),
            "as_of": SECOND,
            "now": clock,
            "train_anyway": True,
        }
        variables = {**lane.environment, "TZ": zone, "LEADGAIN_GATE__MAX_STALE_DAYS": "30"}
        ended = bench.warm.run(
            FLOW, flow={"request": request}, environment=variables, replaced=holes
        )
        assert ended.code == 0, ended.said
        return content(in_force(lane.home))

    usual = published(*USUAL)
    for case in cases:
        with tally.trial(case):
            assert published(*CLOCKS[case]) == usual, "another list"
    return tally.row("model, worklist, report and manifest are equal but for the times of the run")


def clock_readers() -> list[str]:
    """Every place in features/ and models/ that asks for the time of day."""
    files = [file for room in ("features", "models") for file in (ROOT / room).rglob("*.py")]
    return [
        f"{file.relative_to(ROOT)}:{line} {name}"
        for file in sorted(files)
        for line, name in _clocks_in(file.read_text(encoding="utf-8"))
    ]


def _clocks_in(code: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in TIME_OF_DAY:
                yield node.lineno, name
