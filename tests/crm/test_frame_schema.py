from collections.abc import Callable

import pandas as pd
import pytest

from crm.contract import ProfileColumn
from crm.export import Export
from crm.frame_schema import check_activity_order, check_dtypes, check_export_frames
from features.first_response import compute_hours_to_first_outbound
from features.freshness import compute_days_since_fresh, find_last_activity_at
from features.list_policy import ListPolicy
from features.matrix import build_matrix
from features.snapshots import build_training_snapshots
from features.vocabulary import learn_vocabulary
from tests.crm.conftest import ACTIVITIES, NOW

Read = Callable[..., Export]


def test_one_run_checks_the_order_of_the_activities_once(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[int] = []

    def count(activities: pd.DataFrame) -> None:
        checks.append(len(activities))
        check_activity_order(activities)

    monkeypatch.setattr("crm.frame_schema.check_activity_order", count)
    export = read(activities=ACTIVITIES)
    leads, activities = export.leads, export.activities
    rows = build_training_snapshots(leads, as_of=NOW, policy=ListPolicy())
    vocabulary = learn_vocabulary(leads, activities, export.profile, until=NOW)
    build_matrix(rows, leads, activities, vocabulary)
    compute_days_since_fresh(rows, leads, activities, by="last_activity")
    find_last_activity_at(rows, leads, activities)
    compute_hours_to_first_outbound(rows, leads, activities)
    assert checks == [2]


def test_every_kind_of_profile_column_has_its_type(read: Read) -> None:
    kinds = {"n": "number", "c": "category", "y": "yes_no", "d": "date", "t": "display"}
    header = "lead_id,created_at,converted_at,closed_at,n,c,y,d,t\n"
    export = read(f"{header}a,2024-01-01,,,1,x,yes,2024-02-01,?\n", leads_toml={"profile": kinds})
    assert [str(export.leads[name].dtype) for name in kinds] == [
        "float64",
        "str",
        "boolean",
        "datetime64[us, UTC]",
        "str",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"created_at": ["2024-01-01"] * 3}, "created_at.*is str, expected datetime64"),
        ({"amount": [1, 2, 3]}, "amount.*is int64, expected float64"),
    ],
)
def test_a_column_of_another_type_is_named(read: Read, change: dict, message: str) -> None:
    export = read(activities=ACTIVITIES)
    leads = export.leads.assign(amount=1.0).assign(**change)
    with pytest.raises(TypeError, match=f"leads.*{message}"):
        check_export_frames(leads, export.activities, [ProfileColumn("amount", "number")])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(TypeError, match=r"snapshots.*as_of.*missing"):
        check_dtypes("snapshots", pd.DataFrame({"lead": [1]}), {"as_of": "str"})


@pytest.mark.parametrize("lead", [[1, 0], [0, 0]])
def test_activities_out_of_order_are_refused(lead: list[int]) -> None:
    at = pd.to_datetime(["2024-01-02", "2024-01-01"], utc=True)
    with pytest.raises(ValueError, match="sorted"):
        check_activity_order(pd.DataFrame({"lead": lead, "occurred_at": at}))
