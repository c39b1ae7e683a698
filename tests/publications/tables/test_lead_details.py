"""The facts and activities of each listed lead."""

import numpy as np
import pandas as pd
import pytest

from publications.schema import require_columns
from publications.tables.lead_details import (
    EVERYTHING_ELSE,
    build_reason_parts,
    build_timeline_parts,
)

LEADS, FACTS = 11, 4


def inputs() -> tuple[pd.Series, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Leads with 0 to 4 facts; contributions fall and are 0 where there is none."""
    rng = np.random.default_rng(1)
    facts = np.array([[f"Fact {n}.{k}" for k in range(FACTS)] for n in range(LEADS)], dtype=object)
    moved = -np.sort(-rng.random((LEADS, FACTS)), axis=1)
    moved[np.arange(FACTS) >= rng.integers(0, FACTS + 1, LEADS)[:, None]] = 0
    ids = pd.Series([f"lead-{n}" for n in range(LEADS)])
    return ids, facts, moved, rng.random(LEADS), rng.permutation(LEADS)


def slow_twin() -> list[tuple[object, ...]]:
    ids, facts, moved, others, order = inputs()
    rows: list[tuple[object, ...]] = []
    for place, lead in enumerate(order):
        told = [(facts[lead][k], moved[lead][k]) for k in range(FACTS) if moved[lead][k] != 0]
        told.append((EVERYTHING_ELSE, others[lead]))
        rows += [(place + 1, ids[lead], n, *fact) for n, fact in enumerate(told, start=1)]
    return rows


@pytest.mark.parametrize("leads_per_frame", [1, 4, 8_192])
def test_facts_follow_the_worklist_and_end_with_everything_else(leads_per_frame: int) -> None:
    ids, facts, moved, others, order = inputs()
    parts = [
        *build_reason_parts(
            ids[order], facts, moved, others, order=order, leads_per_frame=leads_per_frame
        )
    ]
    found = pd.concat(parts, ignore_index=True)
    require_columns(found, "reasons.parquet")
    assert [*found.itertuples(index=False, name=None)] == slow_twin()
    assert len(parts) == -(-LEADS // leads_per_frame)


def test_an_empty_list_has_one_empty_part_of_the_same_kinds() -> None:
    ids, facts, moved, others, order = inputs()
    (some,) = build_reason_parts(ids[order], facts, moved, others, order=order)
    (none,) = build_reason_parts(ids[:0], facts, moved, others, order=order[:0])
    assert none.empty
    assert none.dtypes.equals(some.dtypes)


def test_a_timeline_names_its_leads_by_their_place() -> None:
    at = pd.to_datetime(["2012-01-03", "2012-01-02", "2012-01-01"], utc=True)
    part = pd.DataFrame(
        {"place": [0, 0, 2], "occurred_at": at, "type": "Call", "direction": "outbound"}
    ).astype({"type": "str", "direction": "str"})
    first, second = build_timeline_parts(pd.Series(["x", "y", "z"]), [part, part.head(0)])
    require_columns(first, "timeline.parquet")
    assert first[["rank", "lead_id"]].values.tolist() == [[1, "x"], [1, "x"], [3, "z"]]
    assert first["occurred_at"].tolist() == at.tolist()
    assert second.dtypes.equals(first.dtypes)
