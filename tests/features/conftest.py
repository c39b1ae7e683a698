from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from crm.contract import DIRECTIONS, ProfileColumn
from tests.features.frames import parse_instants

LOAN = Path(__file__).parents[2] / "data" / "loan_applications"


class Loan(NamedTuple):
    leads: pd.DataFrame
    activities: pd.DataFrame
    profile: tuple[ProfileColumn, ...]


@pytest.fixture(scope="session")
def loan() -> Loan:
    """The loan applications, read without the reading room: only pandas."""
    leads = pd.read_csv(LOAN / "leads.csv", dtype={"lead_id": "str", "amount_requested": "float64"})
    for name in ("created_at", "converted_at", "closed_at"):
        leads[name] = parse_instants(leads[name])
    leads = leads.sort_values("lead_id", ignore_index=True)
    activities = pd.read_csv(LOAN / "activities.csv.gz", dtype={"lead_id": "str", "rep_id": "str"})
    activities["occurred_at"] = parse_instants(activities["occurred_at"])
    position = pd.Index(leads["lead_id"]).get_indexer(activities["lead_id"])
    activities["lead"] = position.astype(np.int32)
    activities["direction"] = pd.Categorical(activities["direction"], categories=list(DIRECTIONS))
    for name in ("type", "rep_id"):
        activities[name] = activities[name].astype("category")
    activities = activities.drop(columns="lead_id").sort_values(
        ["lead", "occurred_at"], kind="stable", ignore_index=True
    )
    return Loan(leads, activities, (ProfileColumn("amount_requested", "number"),))
