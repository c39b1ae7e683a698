"""Figures for the charts that are computed from the published tables."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from publications.schema import RANKING_NAMES

if TYPE_CHECKING:
    import pandas as pd

OPTIONAL_GAINS = ("gain", "most_fresh", "gain_at_30", "most_fresh_at_30")
"""Figures of model.json that may be missing."""


def list_records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """One dict a row, column name -> value."""
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False)]


def select_list_dates(backtest: "pd.DataFrame") -> "pd.Series":
    """Return the list of every backtest row: ``list_date`` where there is one, else ``as_of``.

    With periodic lists the two are the same.
    """
    return backtest["list_date" if "list_date" in backtest else "as_of"]


def interpolate_gains(gains: "pd.DataFrame", depth: float) -> "pd.DataFrame":
    """Read every ranking's gain at one depth off the curves, best first; straight in between.

    Returns
    -------
    DataFrame with columns ranking, label, depth, gain, gain_low, gain_high, one row a ranking

    >>> import pandas as pd
    >>> curve = pd.DataFrame({"ranking": "random", "depth": [0.0, 1.0], "gain": [0.0, 1.0],
    ...                       "gain_low": [0.0, 1.0], "gain_high": [0.0, 1.0]})
    >>> interpolate_gains(curve, 0.3)[["label", "gain"]].values.tolist()
    [['Random order', 0.3]]
    """
    import pandas as pd

    columns = ["gain", "gain_low", "gain_high"]
    rows = []
    for ranking, name in RANKING_NAMES.items():
        curve = gains[gains["ranking"] == ranking].sort_values("depth")
        if not curve.empty:
            values = [float(np.interp(depth, curve["depth"], curve[name])) for name in columns]
            rows.append([ranking, name, depth, *values])
    found = pd.DataFrame(rows, columns=["ranking", "label", "depth", *columns])
    return found.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def compute_gain_by_list(backtest: "pd.DataFrame", depth: float) -> "pd.DataFrame":
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
    >>> compute_gain_by_list(rows, 0.5)[["ranking", "gain"]].values.tolist()
    [['model', 1.0], ['most_fresh', 0.0]]
    """
    import pandas as pd

    from models.evaluation.gain_curves import gain_curve

    found = []
    for list_date, rows in backtest.groupby(select_list_dates(backtest), sort=True):
        conversions = int(rows["converted"].sum())
        if conversions == 0:
            continue
        for ranking, column in (("model", "score"), ("most_fresh", "most_fresh")):
            depths, gains = gain_curve(rows["converted"].to_numpy(), rows[column].to_numpy())
            found.append((list_date, ranking, float(np.interp(depth, depths, gains)), conversions))
    columns = ["list_date", "ranking", "gain", "conversions"]
    return pd.DataFrame(found, columns=columns).astype({"list_date": "datetime64[us, UTC]"})


def compute_calibration(backtest: "pd.DataFrame", groups: int = 10) -> "pd.DataFrame":
    """Compare predicted and observed conversion rates in groups of equal size, by the score.

    Leads with the same score stay in one group, so there may be fewer groups than asked for.

    Parameters
    ----------
    backtest : DataFrame as in backtest.parquet
    groups : int

    Returns
    -------
    DataFrame with columns leads, predicted, observed, observed_low, observed_high, by rising
    score; the interval is Wilson's for a share (E. B. Wilson, 1927, JASA 22, 209-212).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"score": [0.2, 0.2, 0.8, 0.8], "converted": [0, 0, 1, 0]})
    >>> compute_calibration(rows, 2)[["leads", "predicted", "observed"]].values.tolist()
    [[2.0, 0.2, 0.0], [2.0, 0.8, 0.5]]
    """
    from scipy.stats import binomtest

    place = (backtest["score"].rank(method="average") - 0.5) / max(len(backtest), 1)
    group = np.floor(place * groups)
    found = backtest.groupby(group, sort=True).agg(
        leads=("score", "size"), predicted=("score", "mean"), observed=("converted", "mean")
    )
    conversions = backtest["converted"].groupby(group, sort=True).sum()
    ends = [
        binomtest(int(some), int(of)).proportion_ci(method="wilson")
        for some, of in zip(conversions, found["leads"], strict=True)
    ]
    low, high = ([getattr(band, end) for band in ends] for end in ("low", "high"))
    return found.assign(observed_low=low, observed_high=high).reset_index(drop=True)


def compare_expected_conversions(backtest: "pd.DataFrame", tiers: "pd.DataFrame") -> "pd.DataFrame":
    """Compare the conversions that the scores predicted with the actual ones, tier by tier.

    Parameters
    ----------
    backtest : DataFrame as in backtest.parquet
    tiers : DataFrame as in tiers.csv, whose intervals are reused

    Returns
    -------
    DataFrame with columns tier, expected (sum of the scores), actual, low, high (95 %)

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"tier": "A", "score": [0.75, 0.5], "converted": [1, 0]})
    >>> tiers = pd.DataFrame({"tier": ["A"], "leads": [2], "base_rate_low": [0.25],
    ...                       "base_rate_high": [0.75]})
    >>> compare_expected_conversions(rows, tiers).values.tolist()
    [['A', 1.25, 1, 0.5, 1.5]]
    """
    found = backtest.groupby(backtest["tier"].astype("str"), sort=True).agg(
        expected=("score", "sum"), actual=("converted", "sum")
    )
    of_tier = tiers.set_index("tier").loc[found.index]
    return found.assign(
        low=of_tier["base_rate_low"] * of_tier["leads"],
        high=of_tier["base_rate_high"] * of_tier["leads"],
    ).reset_index()


def collect_tier_sizes(manifests: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Collect how many leads each tier had on the lists of some publications.

    Parameters
    ----------
    manifests : of publications, in the order in which they were published
        Of several lists for one instant the last one counts.

    Returns
    -------
    DataFrame with columns as_of, tier, leads, by rising ``as_of``

    >>> one = {"as_of": "2012-03-14T00:00:00Z", "counts": {"tiers": {"A": 3, "B": 4}}}
    >>> collect_tier_sizes([one, one])[["tier", "leads"]].values.tolist()
    [['A', 3], ['B', 4]]
    """
    import pandas as pd

    last = {manifest["as_of"]: manifest["counts"].get("tiers", {}) for manifest in manifests}
    rows = [(as_of, tier, leads) for as_of, tiers in last.items() for tier, leads in tiers.items()]
    found = pd.DataFrame(rows, columns=["as_of", "tier", "leads"])
    found["as_of"] = pd.to_datetime(found["as_of"], utc=True, format="ISO8601").dt.as_unit("us")
    return found.sort_values(["as_of", "tier"], kind="stable", ignore_index=True)


def build_folds_table(model: Mapping[str, Any]) -> "pd.DataFrame":
    """Lay out the backtest's fits, one row each, from model.json.

    Returns
    -------
    DataFrame with columns origin (instant), train_rows, train_conversions, test_rows,
    test_conversions, gain, most_fresh
    """
    columns = ["origin", "train_rows", "train_conversions", "test_rows", "test_conversions"]
    return _build_table(model.get("folds", []), [*columns, "gain", "most_fresh"], "origin")


def build_versions_table(model: Mapping[str, Any]) -> "pd.DataFrame":
    """Lay out the latest versions of the model, the newest first, from model.json.

    Returns
    -------
    DataFrame with columns version, as_of (instant), gain_at_30, most_fresh_at_30, leads, decision
    """
    columns = ["version", "known_until", "gain_at_30", "most_fresh_at_30", "leads", "decision"]
    return _build_table(model.get("versions", []), columns, "known_until")


def _build_table(records: list[Any], columns: list[str], instant: str) -> "pd.DataFrame":
    import pandas as pd

    found = pd.DataFrame(records, columns=columns)
    instants = pd.to_datetime(found[instant], utc=True, format="ISO8601")
    gains = {name: found[name].astype("float64") for name in columns if name in OPTIONAL_GAINS}
    return found.assign(**{instant: instants.astype("datetime64[us, UTC]")}, **gains)
