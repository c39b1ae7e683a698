"""Conversion by tier and by how soon the team first reached out: what was seen, not what causes.

Reps choose whom they call first, so a faster call and a conversion may have the same reason.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.evaluation.bootstrap import compute_interval, resample_rates
from models.evaluation.conventions import DELAYS, SAMPLES

FAST_HOURS, SLOW_HOURS = 3.0, 48.0


def build_first_contact_table(
    backtest: pd.DataFrame, hours: ArrayLike, *, samples: int = SAMPLES, seed: int = 1
) -> pd.DataFrame:
    """How the rows of the backtest converted, by tier and delay of the first contact.

    Parameters
    ----------
    backtest : frame with lead_id, tier and converted
    hours : array-like of shape (n_rows,)
        From the lead's creation to the first contact that was known at the row's instant;
        NaN: none was.
    samples, seed : bootstrap samples over leads, and their seed

    Returns
    -------
    DataFrame
        tier, delay (one of ``DELAYS``), leads (rows of lists, as in ``tiers.tier_table``),
        conversions, base_rate, base_rate_low and base_rate_high (95 %, bootstrap over leads); one
        row for each tier and delay that occur together, in that order.

    Examples
    --------
    Two leads of tier A were called within three hours, one of them converted.

    >>> rows = pd.DataFrame({"lead_id": ["a", "b", "c"], "tier": "A", "converted": [1, 0, 0]})
    >>> table = build_first_contact_table(rows, [2.9, 1.0, np.nan])
    >>> table[["delay", "leads", "conversions", "base_rate"]].values.tolist()
    [['0-3 h', 2, 1, 0.5], ['no contact yet', 1, 0, 0.0]]
    """
    keys = pd.DataFrame({"tier": backtest["tier"].astype("str"), "delay": classify_delay(hours)})
    cells = keys.groupby(["tier", "delay"], sort=True)
    group = np.asarray(cells.ngroup(), dtype=np.int64)
    converted = backtest["converted"].to_numpy(dtype=np.float64)
    rows, conversions = np.bincount(group), np.bincount(group, weights=converted)
    lead = pd.factorize(backtest["lead_id"], sort=True)[0]
    low, high = compute_interval(resample_rates(lead, group, converted, samples=samples, seed=seed))
    found = cells.size().index.to_frame(index=False)
    return pd.DataFrame(
        {
            "tier": found["tier"].astype("str"),
            "delay": pd.Series([DELAYS[code] for code in found["delay"]], dtype="str"),
            "leads": rows,
            "conversions": conversions.astype(np.int64),
            "base_rate": conversions / rows,
            "base_rate_low": low,
            "base_rate_high": high,
        }
    )


def classify_delay(hours: ArrayLike) -> NDArray[np.int64]:
    """Position in ``DELAYS`` of each delay; a class begins at its first hour, inclusive.

    >>> classify_delay([0.0, 2.99, 3.0, 47.9, 48.0, np.nan]).tolist()
    [0, 0, 1, 1, 2, 3]
    """
    found = np.asarray(hours, dtype=np.float64)
    reached = np.digitize(found, [FAST_HOURS, SLOW_HOURS])
    return np.where(np.isnan(found), len(DELAYS) - 1, reached)
