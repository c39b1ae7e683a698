"""Small made-up matrices and backtests."""

import numpy as np
import pandas as pd

FIRST_LIST = pd.Timestamp("2024-01-06", tz="UTC")


def build_weekly_dates(n: int) -> pd.DatetimeIndex:
    return pd.date_range(FIRST_LIST, periods=n, freq="7D", unit="us")


def draw_matrix(n_rows: int = 1_000, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Recent visits make a conversion likelier, the region somewhat, noise not at all."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "days_since_visit": rng.exponential(5, n_rows),
            "region": rng.integers(0, 6, n_rows),
            "noise": rng.normal(size=n_rows),
            "visits_7d": rng.poisson(1, n_rows),
        }
    ).astype("float32")
    X.loc[X["visits_7d"] == 0, "days_since_visit"] = np.nan
    log_odds = X["visits_7d"] - 0.2 * X["days_since_visit"].fillna(20) + (X["region"] == 2) - 0.5
    converted = rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))
    return X, converted.to_numpy().astype(np.int8)


def draw_scored_lists(
    n_lists: int = 4, n_leads: int = 40, seed: int = 1, *, digits: int = 1
) -> pd.DataFrame:
    """A backtest frame whose leads stand in most lists; ``digits`` decides how many scores tie."""
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product(
        [build_weekly_dates(n_lists), range(n_leads)], names=["as_of", "lead"]
    )
    frame = rows.to_frame(index=False)
    frame = frame[rng.random(len(frame)) < 0.8].reset_index(drop=True)
    intent = rng.normal(size=n_leads)[frame["lead"]]
    frame["list_date"] = frame["as_of"]
    frame["lead_id"] = frame["lead"].map("L{:04d}".format)
    frame["converted"] = (intent + rng.normal(size=len(frame)) > 1).astype(np.int8)
    frame["raw_score"] = np.round(intent + rng.normal(size=len(frame)), digits)
    frame["score"] = 1 / (1 + np.exp(-frame["raw_score"]))
    frame["most_fresh"] = np.round(0.3 * intent + rng.normal(size=len(frame)), digits)
    return frame
