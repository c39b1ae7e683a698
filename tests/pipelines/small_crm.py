"""A small CRM for tests: 900 leads in 30 weeks; those who ask for a demo convert more often."""

from pathlib import Path

import numpy as np
import pandas as pd

START = pd.Timestamp("2024-01-01", tz="UTC")
TOML = """
[leads]
file = "leads.csv"
profile = ["amount", "source"]
[activities]
file = "activities.csv"
direction = { visit = "inbound", demo_request = "inbound", call = "outbound" }
[lists]
every_days = 7
horizon_days = 14
max_age_days = 60
[backtest]
share = 0.4
max_fits = 3
bootstrap_samples = 100
[training]
min_conversions = 50
"""


def write_export(folder: Path, *, leads: pd.DataFrame, activities: pd.DataFrame) -> Path:
    """Write the two tables and a leadgain.toml; the path of the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    leads.to_csv(folder / "leads.csv", index=False)
    activities.to_csv(folder / "activities.csv", index=False)
    config = folder / "leadgain.toml"
    config.write_text(TOML)
    return config


def small_crm(seed: int = 7, n_leads: int = 900) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads and activities as a CRM would export them."""
    rng = np.random.default_rng(seed)
    created = START + pd.to_timedelta(np.sort(rng.uniform(0, 210, n_leads)), unit="D")
    asks = rng.random(n_leads) < 0.35
    converts = rng.random(n_leads) < np.where(asks, 0.75, 0.08)
    asked = created + pd.to_timedelta(rng.uniform(0.1, 3, n_leads), unit="D")
    ends = created + pd.to_timedelta(rng.uniform(8, 30, n_leads), unit="D")
    lead_id = [f"L{i:04d}" for i in rng.permutation(n_leads)]
    leads = pd.DataFrame(
        {
            "lead_id": lead_id,
            "created_at": _text(created),
            "converted_at": np.where(converts, _text(ends), ""),
            "closed_at": np.where(converts, "", _text(ends)),
            "amount": rng.integers(1, 100, n_leads) * 100,
            "source": rng.choice(["web", "partner", "fair"], n_leads),
        }
    )
    activities = pd.concat(
        [
            pd.DataFrame({"lead_id": lead_id, "occurred_at": _text(created), "type": "visit"}),
            pd.DataFrame({"lead_id": lead_id, "occurred_at": _text(asked), "type": "demo_request"})[
                asks
            ],
            *(
                pd.DataFrame(
                    {
                        "lead_id": lead_id,
                        "occurred_at": _text(
                            created + pd.to_timedelta(rng.uniform(0.2, 7, n_leads), unit="D")
                        ),
                        "type": kind,
                    }
                )
                for kind in ("visit", "call")
            ),
        ]
    )
    last = START + pd.Timedelta(days=215)
    known = leads["created_at"] < last.isoformat()
    for column in ("converted_at", "closed_at"):
        leads.loc[leads[column] >= last.isoformat(), column] = ""
    return leads[known], activities[activities["occurred_at"] < last.isoformat()]


def _text(instants: pd.DatetimeIndex) -> np.ndarray:
    return instants.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_numpy()
