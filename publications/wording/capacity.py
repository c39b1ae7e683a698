"""What a team reaches that can work a given number of leads per list, from the gain curves."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from publications.tables.summaries import interpolate_gains, select_list_dates
from publications.wording.formatting import count, percent
from publications.wording.headline import find_depth_for_gain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AverageList:
    """The tested lists on average."""

    lists: int
    leads: float
    customers: float
    """Leads of it that converted within the horizon."""


@dataclass(frozen=True)
class RankingResult:
    """What one ranking reaches within the capacity, on an average list."""

    ranking: str
    label: str
    share: float
    """Of the customers, from 0 to 1, with its 95 % interval."""
    share_low: float
    share_high: float
    customers: int
    customers_low: int
    customers_high: int


@dataclass(frozen=True)
class Capacity:
    """A number of calls per list, and what they reach; ``calls`` is at most the list's length."""

    calls: int
    depth: float
    of: AverageList
    results_by_ranking: dict[str, RankingResult]
    """Ranking -> what it reaches, best first."""
    most_fresh_calls: int
    """Calls needed most fresh first to reach as many customers as ``calls`` in leadgain's order."""

    @property
    def sentence(self) -> str:
        """What leadgain's order reaches, and most fresh first, in customers."""
        model, fresh = self.results_by_ranking["model"], self.results_by_ranking["most_fresh"]
        leads = count(self.calls, "lead", "leads")
        customers = count(round(self.of.customers), "customer", "customers")
        return (
            f"Working {leads} of each list ({percent(self.depth)}) in leadgain's order reaches "
            f"{count(model.customers)} of its {customers}; most fresh first reaches "
            f"{count(fresh.customers)}."
        )


def compute_average_list(backtest: "pd.DataFrame") -> AverageList:
    """Average the tested lists.

    Parameters
    ----------
    backtest : DataFrame as in backtest.parquet, not empty

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2012-01-14", "2012-01-14", "2012-01-21", "2012-01-21"], utc=True)
    >>> compute_average_list(pd.DataFrame({"as_of": days, "converted": [1, 0, 1, 1]}))
    AverageList(lists=2, leads=2.0, customers=1.5)
    """
    lists = int(select_list_dates(backtest).nunique())
    return AverageList(lists, len(backtest) / lists, float(backtest["converted"].sum()) / lists)


def compute_capacity(gains: "pd.DataFrame", of: AverageList, calls: int) -> Capacity:
    """Read off what ``calls`` leads of an average list reach, by every ranking.

    Parameters
    ----------
    gains : DataFrame as in gains.csv
    of : AverageList
    calls : int, from 0; more than the list holds count as the whole list
    """
    depth = min(calls / of.leads, 1.0)
    found = interpolate_gains(gains, depth)
    reached = {
        str(row["ranking"]): _build_ranking_result(row, of) for row in found.to_dict("records")
    }
    same = find_depth_for_gain(gains, "most_fresh", reached["model"].share)
    return Capacity(calls, depth, of, reached, round(same * of.leads))


def _build_ranking_result(row: Mapping[Hashable, Any], of: AverageList) -> RankingResult:
    share, low, high = (float(row[name]) for name in ("gain", "gain_low", "gain_high"))
    return RankingResult(
        ranking=str(row["ranking"]),
        label=str(row["label"]),
        share=share,
        share_low=low,
        share_high=high,
        customers=round(share * of.customers),
        customers_low=round(low * of.customers),
        customers_high=round(high * of.customers),
    )
