"""Today's list as it is published: in calling order, with the export's own columns behind."""

import numpy as np
import pandas as pd
import pytest

from publications.schema import WORKLIST_COLUMNS
from publications.tables.worklist import build_worklist, mark_reasons

AT = pd.to_datetime(["2012-01-01", "2012-01-02", "2012-01-03"], utc=True)


def listed(**profile: object) -> pd.DataFrame:
    base = {"lead_id": ["a", "b", "c"], "owner_id": ["o", None, "o"], "created_at": AT}
    return pd.DataFrame({**base, **profile})


def worklist(leads: pd.DataFrame, profile: list[str], score: list[float]) -> pd.DataFrame:
    return build_worklist(
        leads,
        order=np.argsort([-s for s in score], kind="stable"),
        score=np.array(score),
        tier=np.array(["A", "B", "C"], dtype=object),
        reasons=np.array([["x", "y", ""]] * 3, dtype=object),
        last_activity_at=pd.Series(AT),
        profile=profile,
    )


def test_the_best_lead_has_rank_1_and_brings_its_own_tier() -> None:
    found = worklist(listed(), [], [0.1, 0.3, 0.2])
    assert found["lead_id"].tolist() == ["b", "c", "a"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["tier"].tolist() == ["B", "C", "A"]
    assert list(found.columns) == [column.name for column in WORKLIST_COLUMNS]


def test_profile_columns_follow_in_their_order_under_their_own_names() -> None:
    found = worklist(
        listed(amount=[1.0, 2.0, 3.0], plan=["x", "y", "z"]), ["plan", "amount"], [3, 2, 1]
    )
    assert list(found.columns[-2:]) == ["plan", "amount"]
    assert found["amount"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("name", ["score", "rank", "tier", "reason_1", "last_activity_at"])
def test_a_profile_column_that_bears_a_name_of_the_table_is_told_apart(name: str) -> None:
    plain = worklist(listed(), [], [0.3, 0.2, 0.1])
    found = worklist(listed(**{name: ["good", "bad", "bad"]}), [name], [0.3, 0.2, 0.1])
    pd.testing.assert_frame_equal(found[list(plain.columns)], plain)
    assert found[f"profile_{name}"].tolist() == ["good", "bad", "bad"]


def test_a_day_without_open_leads_has_an_empty_list() -> None:
    nobody = build_worklist(
        listed().iloc[:0],
        order=np.empty(0, dtype=np.int64),
        score=np.empty(0),
        tier=np.empty(0, dtype=object),
        reasons=np.empty((0, 3), dtype=object),
        last_activity_at=pd.Series(AT[:0]),
        profile=[],
    )
    assert nobody.empty
    assert list(nobody.columns) == [column.name for column in WORKLIST_COLUMNS]


def test_a_reason_against_a_lead_says_so() -> None:
    told = np.array([["Offer returned", "No call yet", "SMS sent"]], dtype=object)
    marked = mark_reasons(told, np.array([[1, -1, 0]]))
    assert marked.tolist() == [["Offer returned", "Against: no call yet", ""]]
