"""Small frames in the shape of an export, written by hand or drawn at random."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from crm.contract import DIRECTIONS

Activity = tuple[int, str, str, str, str | None]
"""lead, occurred_at, type, direction, rep_id."""


def parse_instant(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def parse_instants(texts: Iterable[object]) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601").as_unit("us"))


def build_leads(
    created_at: Sequence[object],
    converted_at: Sequence[object] | None = None,
    closed_at: Sequence[object] | None = None,
    **profile: object,
) -> pd.DataFrame:
    n = len(created_at)
    never = [None] * n
    return pd.DataFrame(
        {
            "lead_id": pd.Series([f"lead-{i}" for i in range(n)], dtype="str"),
            "created_at": parse_instants(created_at),
            "converted_at": parse_instants(converted_at or never),
            "closed_at": parse_instants(closed_at or never),
            "owner_id": pd.Series(never, dtype="str"),
            **profile,
        }
    )


def build_activities(rows: Iterable[Activity]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["lead", "occurred_at", "type", "direction", "rep_id"])
    frame["lead"] = frame["lead"].astype(np.int32)
    frame["occurred_at"] = parse_instants(frame["occurred_at"])
    frame["type"] = frame["type"].astype("str").astype("category")
    frame["direction"] = pd.Categorical(frame["direction"], categories=list(DIRECTIONS))
    frame["rep_id"] = frame["rep_id"].astype("str").astype("category")
    return frame.sort_values(["lead", "occurred_at"], kind="stable", ignore_index=True)


def build_snapshots(pairs: Iterable[tuple[int, object]]) -> pd.DataFrame:
    pairs = list(pairs)
    lead = pd.Series([lead for lead, _ in pairs], dtype=np.int32)
    return pd.DataFrame({"lead": lead, "as_of": parse_instants(as_of for _, as_of in pairs)})


def draw_export(
    seed: int, *, n_leads: int = 60, n_activities: int = 1500
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Leads, activities and snapshots on a grid of six hours, so that boundaries are often met."""
    rng = np.random.default_rng(seed)
    start, step = parse_instant("2012-01-01"), pd.Timedelta(hours=6)
    created = rng.integers(0, 200, n_leads)
    leads = build_leads([start + int(c) * step for c in created])
    lead = rng.integers(0, n_leads - 5, n_activities)  # the last five have none
    slot = created[lead] + rng.integers(0, 600, n_activities)
    rows = zip(
        lead.tolist(),
        [start + int(s) * step for s in slot],
        rng.choice(["call", "mail", "visit", "rare"], n_activities, p=[0.5, 0.3, 0.19, 0.01]),
        rng.choice(DIRECTIONS, n_activities),
        rng.choice(["ann", "bob", "cem", None], n_activities),
        strict=True,
    )
    of = rng.integers(0, n_leads, 400)
    as_of = created[of] + rng.integers(0, 700, 400)
    pairs = [(int(i), start + int(a) * step) for i, a in zip(of, as_of, strict=True)]
    return leads, build_activities(rows), build_snapshots(pairs)
