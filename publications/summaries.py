"""What the charts need beyond the published tables, computed from the published backtest."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Z95 = 1.959963984540054
"""Half of a 95 % band, in standard errors."""


def list_of(backtest: "pd.DataFrame") -> "pd.Series":
    """Tell the list of every backtest row: ``list_date`` where there is one, else ``as_of``.

    With periodic lists the two are the same.
    """
    return backtest["list_date" if "list_date" in backtest else "as_of"]


def gain_by_list(backtest: "pd.DataFrame", depth: float) -> "pd.DataFrame":
    """Measure the gain at one depth on every list by itself; lists without conversions drop out.

    Parameters
    ----------
    backtest : DataFrame as in backtest.parquet
    depth : float, share of the list that is called

    Returns
    -------
    DataFrame with columns list_date, ranking (model, most_fresh), gain, conversions

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"as_of": pd.Timestamp("2012-01-14", tz="UTC"), "score": [0.9, 0.1],
    ...                      "most_fresh": [-5.0, -1.0], "converted": [1, 0]})
    >>> gain_by_list(rows, 0.5)[["ranking", "gain"]].values.tolist()
    [['model', 1.0], ['most_fresh', 0.0]]
    """
    import pandas as pd

    from models.gains import gain_curve

    found = []
    for list_date, rows in backtest.groupby(list_of(backtest), sort=True):
        conversions = int(rows["converted"].sum())
        if conversions == 0:
            continue
        for ranking, column in (("model", "score"), ("most_fresh", "most_fresh")):
            depths, gains = gain_curve(rows["converted"].to_numpy(), rows[column].to_numpy())
            found.append((list_date, ranking, float(np.interp(depth, depths, gains)), conversions))
    columns = ["list_date", "ranking", "gain", "conversions"]
    return pd.DataFrame(found, columns=columns).astype({"list_date": "datetime64[us, UTC]"})


def calibration(backtest: "pd.DataFrame", groups: int = 10) -> "pd.DataFrame":
    """Compare foretold and seen conversion rates in groups of equal size, by the score.

    Leads with the same score stay in one group, so there may be fewer groups than asked for.

    Parameters
    ----------
    backtest : DataFrame as in backtest.parquet
    groups : int

    Returns
    -------
    DataFrame with columns leads, predicted, observed, observed_low, observed_high, by rising
    score; the band is Wilson's for a share (E. B. Wilson, 1927, JASA 22, 209-212).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"score": [0.2, 0.2, 0.8, 0.8], "converted": [0, 0, 1, 0]})
    >>> calibration(rows, 2)[["leads", "predicted", "observed"]].values.tolist()
    [[2.0, 0.2, 0.0], [2.0, 0.8, 0.5]]
    """
    place = (backtest["score"].rank(method="average") - 0.5) / max(len(backtest), 1)
    group = np.floor(place * groups)
    found = backtest.groupby(group, sort=True).agg(
        leads=("score", "size"), predicted=("score", "mean"), observed=("converted", "mean")
    )
    low, high = wilson_band(found["observed"].to_numpy(), found["leads"].to_numpy())
    return found.assign(observed_low=low, observed_high=high).reset_index(drop=True)


def wilson_band(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give Wilson's 95 % band of shares, each seen in ``count`` cases.

    >>> [round(float(end), 3) for end in wilson_band(0.5, 10)]
    [0.237, 0.763]
    """
    middle = (share + Z95**2 / (2 * count)) / (1 + Z95**2 / count)
    spread = np.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    half = Z95 * spread / (1 + Z95**2 / count)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
