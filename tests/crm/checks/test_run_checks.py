import json
import logging
import os
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from crm.checks.run_checks import DataChecks, Gate, check_export
from crm.checks.table_checks import summarize_activities
from crm.contract import ProfileColumn
from crm.errors import DataRefused
from crm.export import QUARANTINE_COLUMNS, Export, Finding, build_counts
from crm.mapping import ActivitiesSection, LeadsSection, Mapping

NOW = pd.Timestamp("2024-06-01", tz="UTC")
AS_OF = pd.Timestamp("2024-05-31", tz="UTC")
MAPPING = Mapping(
    folder=".", leads=LeadsSection(file="leads.csv"), activities=ActivitiesSection(file="a.csv")
)


def stamps(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601")).astype(
        "datetime64[us, UTC]"
    )


@pytest.fixture
def sound() -> Export:
    """100 leads and as many activities, with nothing to find fault with."""
    ids = pd.Series([f"{i:03}" for i in range(100)], dtype="str")
    created = stamps(*["2024-01-01"] * 100)
    leads = pd.DataFrame(
        {
            "lead_id": ids,
            "created_at": created,
            "converted_at": created.where(ids < "010"),
            "closed_at": stamps(*[None] * 100),
            "owner_id": pd.Series([None] * 100, dtype="str"),
            "source": pd.Series(["web"] * 100, dtype="str"),
        }
    )
    activities = pd.DataFrame(
        {
            "lead": pd.Series(range(100), dtype="int32"),
            "occurred_at": stamps(*["2024-02-01"] * 100),
            "type": pd.Categorical(["call", "mail"] * 50),
            "direction": pd.Categorical(["inbound"] * 100, ["inbound", "outbound", "internal"]),
            "rep_id": pd.Categorical(["r"] * 100),
        }
    )
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in QUARANTINE_COLUMNS})
    return Export(
        leads=leads,
        activities=activities,
        profile=(ProfileColumn("source", "category"),),
        quarantine=empty.astype({"line": "Int64"}),
        counts=build_counts([("leads", 100, 100, 0, 0), ("activities", 100, 100, 0, 0)]),
        findings=(),
        last_instant=AS_OF,
    )


def run_checks(export: Export, gate: Gate | None = None, **settings: object) -> DataChecks:
    arguments = {"as_of": AS_OF, "now": NOW} | settings
    return check_export(export, MAPPING, gate=gate or Gate(), **arguments)


def list_failed(checks: DataChecks) -> list[tuple[str, str, str]]:
    return [(r["table"], r["column"], r["rule"]) for r in checks.results if not r["passed"]]


def build_quarantine(table: str, rule: str, rows: int) -> pd.DataFrame:
    row = (table, f"{table}.csv", 7, "lead_id", rule, "is odd")
    return pd.DataFrame([row] * rows, columns=list(QUARANTINE_COLUMNS))


def test_a_sound_export_passes_every_check(sound: Export) -> None:
    checks = run_checks(sound)
    assert list_failed(checks) == []
    assert len(checks.results) == 29
    checks.raise_for_errors()


def test_an_id_that_comes_twice_stops_the_run(sound: Export) -> None:
    leads = sound.leads.assign(lead_id=sound.leads["lead_id"].replace("001", "000"))
    checks = run_checks(replace(sound, leads=leads))
    assert list_failed(checks) == [("leads", "lead_id", "is_unique")]
    assert checks.errors[0]["observed"] == 2
    with pytest.raises(
        DataRefused, match=r"does not pass 1 check.*2 lead\(s\) have a lead_id that is not unique"
    ):
        checks.raise_for_errors()


def test_an_outcome_before_its_lead_and_one_in_the_future_stop_the_run(sound: Export) -> None:
    leads = sound.leads.copy()
    leads.loc[0, "converted_at"] = pd.Timestamp("2023-12-31", tz="UTC")
    leads.loc[50, "closed_at"] = NOW + pd.Timedelta(hours=2)
    assert list_failed(run_checks(replace(sound, leads=leads))) == [
        ("leads", "closed_at", "in_range"),
        ("leads", "converted_at", "after_creation"),
    ]


def test_leads_that_are_never_closed_are_a_warning(sound: Export) -> None:
    leads = pd.concat([sound.leads, sound.leads.assign(lead_id=sound.leads["lead_id"] + "b")])
    leads = leads.sort_values("lead_id", ignore_index=True)
    checks = run_checks(replace(sound, leads=leads))
    assert list_failed(checks) == [("leads", "", "some_are_closed")]
    assert (
        "Not one of 200 leads has a closed_at, so 180 count as open"
        in (checks.warnings[0]["message"])
    )
    leads.loc[199, "closed_at"] = AS_OF
    assert list_failed(run_checks(replace(sound, leads=leads))) == []


def test_a_missing_creation_stops_the_run(sound: Export) -> None:
    leads = sound.leads.copy()
    leads.loc[3, "created_at"] = pd.NaT
    assert ("leads", "created_at", "is_filled") in list_failed(
        run_checks(replace(sound, leads=leads))
    )


def test_an_unknown_direction_or_an_activity_out_of_time_stops_the_run(sound: Export) -> None:
    activities = sound.activities.assign(
        direction=pd.Categorical(["sideways"] + ["inbound"] * 99),
        occurred_at=sound.activities["occurred_at"].where(
            sound.activities["lead"] != 5, pd.Timestamp("1960-01-01", tz="UTC")
        ),
    )
    assert list_failed(run_checks(replace(sound, activities=activities))) == [
        ("activities", "direction", "is_known"),
        ("activities", "occurred_at", "not_too_early"),
    ]


def test_the_summary_of_activities_keeps_what_the_checks_judge(sound: Export) -> None:
    summary = summarize_activities(sound.activities)
    assert summary[["type", "direction"]].values.tolist() == [
        ["call", "inbound"],
        ["mail", "inbound"],
    ]
    assert summary["first_at"].tolist() == [pd.Timestamp("2024-02-01", tz="UTC")] * 2


@pytest.mark.parametrize("name", ["source", "{x}", "{rows", "%s", "[red]"])
def test_a_profile_column_that_is_nearly_always_empty_is_a_warning(
    sound: Export, name: str
) -> None:
    source = sound.leads["source"].where(sound.leads.index < 4)
    leads = sound.leads.assign(source=source).rename(columns={"source": name})
    checks = run_checks(replace(sound, leads=leads, profile=(ProfileColumn(name, "category"),)))
    (warning,) = checks.warnings
    assert warning["message"].startswith(f"{name!r} is empty for 96 lead(s)")
    assert checks.errors == []
    checks.raise_for_errors()


def test_more_than_two_in_a_hundred_by_one_rule_stop_the_run(sound: Export) -> None:
    counts = build_counts([("leads", 103, 100, 3, 0), ("activities", 100, 100, 0, 0)])
    checks = run_checks(
        replace(sound, quarantine=build_quarantine("leads", "conflicting_id", 3), counts=counts)
    )
    assert list_failed(checks) == [("leads", "", "quarantined_share_by_one_rule")]
    with pytest.raises(
        DataRefused,
        match=r"3 of 103 rows of leads \(2\.9%\) are in quarantine by one rule; at most 2\.0% may"
        r" be\. 3 by conflicting_id \(leads\.csv, first on line 7, column 'lead_id': is odd\)",
    ):
        checks.raise_for_errors()


def test_more_than_five_in_a_hundred_altogether_stop_the_run(sound: Export) -> None:
    quarantine = pd.concat([build_quarantine("leads", f"rule_{i}", 2) for i in range(3)])
    counts = build_counts([("leads", 106, 100, 6, 0), ("activities", 100, 100, 0, 0)])
    export = replace(sound, quarantine=quarantine, counts=counts)
    assert list_failed(run_checks(export)) == [("leads", "", "quarantined_share")]
    assert list_failed(run_checks(export, Gate(max_quarantined_share=0.06))) == []


def test_activities_of_unknown_leads_have_a_limit_of_their_own(sound: Export) -> None:
    for rows, expected in ((10, []), (12, [("activities", "", "unknown_leads_share")])):
        counts = build_counts([("leads", 100, 100, 0, 0), ("activities", 100, 100 - rows, rows, 0)])
        export = replace(
            sound, quarantine=build_quarantine("activities", "unknown_lead", rows), counts=counts
        )
        assert list_failed(run_checks(export)) == expected


def test_many_activities_before_their_leads_stop_the_run(sound: Export) -> None:
    finding = Finding("activities", "before_creation", "info", 21, "")
    checks = run_checks(replace(sound, findings=(finding,)))
    assert list_failed(checks) == [("activities", "", "share_before_creation")]


@pytest.mark.parametrize(
    ("before", "stops"), [(100, False), (200, False), (201, True), (50, False), (49, True)]
)
def test_an_export_half_or_twice_the_size_of_those_before_stops_the_run(
    sound: Export, before: int, stops: bool
) -> None:
    checks = run_checks(sound, previous_rows={"leads": before, "activities": 0})
    assert list_failed(checks) == ([("leads", "", "size_against_before")] if stops else [])


def test_an_old_export_is_a_warning_and_nobody_minds_in_the_demo(sound: Export) -> None:
    old = replace(sound, last_instant=NOW - pd.Timedelta(days=1, seconds=1))
    assert [w["rule"] for w in run_checks(old, as_of=old.last_instant).warnings] == ["is_fresh"]
    forgiving = Gate(max_stale_days=None)
    assert run_checks(old, forgiving, as_of=old.last_instant).warnings == []


@pytest.mark.parametrize(("quiet_for", "told"), [(3, False), (4, True), (11, True)])
def test_activities_that_stop_while_leads_still_come_are_a_warning(
    sound: Export, quiet_for: int, told: bool
) -> None:
    """The end of the export is that of the leads, so its age tells nothing."""
    last = AS_OF - pd.Timedelta(days=quiet_for)
    at = last - pd.to_timedelta(pd.Series(range(100)) % 25, unit="D")
    stopped = replace(sound, activities=sound.activities.assign(occurred_at=at))
    found = run_checks(stopped).warnings
    assert [w["rule"] for w in found] == (["activities_go_on"] if told else [])
    if told:
        assert f"The last activity came {quiet_for} days before" in found[0]["message"]


def test_a_pause_three_times_the_usual_one_is_a_stop_and_a_shorter_one_is_not(
    sound: Export,
) -> None:
    """Twenty days at work, then a long weekend of four days, then work again."""
    for quiet_for, told in ((12, []), (13, ["activities_go_on"])):
        days = pd.Series([0, 4, *range(5, 25)])
        at = AS_OF - pd.Timedelta(days=quiet_for) - pd.to_timedelta(days, unit="D")
        some = sound.activities.head(len(at)).assign(occurred_at=at.astype(stamps().dtype))
        found = run_checks(replace(sound, activities=some)).warnings
        assert [w["rule"] for w in found] == told


def test_outcomes_that_stop_while_leads_still_come_are_a_warning(sound: Export) -> None:
    at = AS_OF - pd.to_timedelta(pd.Series(range(100)) % 20 + 9, unit="D")
    stopped = sound.leads.assign(closed_at=at, converted_at=stamps(*[None] * 100))
    (found,) = run_checks(replace(sound, leads=stopped)).warnings
    assert (found["table"], found["rule"]) == ("leads", "outcomes_go_on")
    assert "customers count as lost" in found["message"]


def test_a_list_long_after_the_end_of_the_export_is_a_warning(sound: Export) -> None:
    (warning,) = run_checks(sound, as_of=AS_OF + pd.Timedelta(days=1, seconds=1)).warnings
    assert warning["rule"] == "reaches_as_of"
    assert "activities in between are not known" in warning["message"]
    assert run_checks(sound, as_of=AS_OF + pd.Timedelta(days=1)).warnings == []


def test_an_as_of_before_all_leads_stops_the_run(sound: Export) -> None:
    checks = run_checks(sound, as_of=pd.Timestamp("2023-01-01", tz="UTC"))
    assert list_failed(checks) == [("leads", "", "known_at_as_of")]


def test_the_json_is_the_same_at_another_hour_and_readable_without_tools(sound: Export) -> None:
    first, later = run_checks(sound), run_checks(sound, now=NOW - pd.Timedelta(hours=1))
    assert json.dumps(first.content) == json.dumps(later.content)
    content = first.content
    assert sorted(content) == [
        *("checks", "findings", "passed", "profile", "quarantine", "tables"),
    ]
    assert content["passed"] is True
    assert content["checks"][0] == {
        "table": "leads",
        "column": "lead_id",
        "rule": "is_unique",
        "severity": "error",
        "passed": True,
        "observed": 0,
        "expected": "unique",
        "message": "Holds: unique.",
    }


def test_no_value_of_a_lead_stands_in_the_json(sound: Export) -> None:
    canary = "canary@example.com"
    leads = sound.leads.assign(lead_id=canary, source=canary)
    text = json.dumps(run_checks(replace(sound, leads=leads)).content)
    assert '"passed": false' in text
    assert canary not in text


def test_the_gate_is_silent_and_reports_to_nobody(
    sound: Export, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        run_checks(sound)
    assert capfd.readouterr() == ("", "")
    assert [r.name for r in caplog.records if r.name.startswith("great_expectations")] == []
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


def test_great_expectations_is_not_loaded_before_it_is_needed() -> None:
    imports = "import sys, crm.checks.run_checks, crm.reading.export_reader"
    code = f"{imports}; print('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
