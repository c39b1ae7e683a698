"""The proof in a few sentences, for people who read nothing else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from publications.wording.formatting import (
    count,
    percent,
    points,
    points_interval,
)

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["better", "not proven", "worse"]

FRESHNESS_WORDS = {
    "last_inbound": "last inbound activity",
    "last_activity": "last activity of any kind",
    "created": "creation",
}
"""``[freshness] by`` -> what most fresh first sorts by, in words."""


@dataclass(frozen=True)
class Headline:
    """The gains of model and most fresh at one depth; shares from 0 to 1."""

    depth: float
    model: float
    model_low: float
    model_high: float
    most_fresh: float
    most_fresh_low: float
    most_fresh_high: float
    difference: float
    difference_low: float
    difference_high: float
    most_fresh_depth: float
    """The share of the list to call most fresh first for as many customers as the model's."""

    @property
    def verdict(self) -> Verdict:
        """Better or worse only where the whole interval of the difference says so."""
        if self.difference_low > 0:
            return "better"
        return "worse" if self.difference_high < 0 else "not proven"

    @property
    def sentence(self) -> str:
        """What calling to this depth reaches, in leadgain's order and most fresh first."""
        return (
            f"Calling the first {percent(self.depth)} of each list reaches "
            f"{percent(self.model)} of the customers; most fresh first reaches "
            f"{percent(self.most_fresh)}."
        )

    @property
    def certainty(self) -> str:
        """How sure that is, in words."""
        interval = points_interval(self.difference_low, self.difference_high)
        head = f"The difference is {points(self.difference)} (95 % range: {interval})"
        match self.verdict:
            case "better":
                return f"{head}, more than chance explains: leadgain's order is better."
            case "worse":
                return f"{head}: on these lists most fresh first is the better order."
            case _:
                return (
                    f"{head}. The range includes zero, so these lists do not prove that leadgain's "
                    "order is better."
                )

    def describe_calls(self, leads: int) -> str:
        """What it means for a list of so many leads."""
        calls, same = round(self.depth * leads), round(self.most_fresh_depth * leads)
        of_list = count(leads, "lead", "leads")
        return (
            f"On a list of {of_list} that is {count(calls, 'call', 'calls')}. Calling the most "
            f"fresh leads first, you would need {count(same, 'call', 'calls')} "
            f"({percent(self.most_fresh_depth)}) for the same result."
        )


def build_headline(gains: "pd.DataFrame", gain_table: "pd.DataFrame", depth: float) -> Headline:
    """Read the headline off the published figures, at the published depth nearest to ``depth``.

    Parameters
    ----------
    gains : DataFrame as in gains.csv
    gain_table : DataFrame as in gain_table.csv
    depth : float, such as the share of tier A

    Raises
    ------
    ValueError
        The table lacks the model or most fresh.
    """
    depths = gain_table["depth"].to_numpy(dtype=float)
    nearest = gain_table[np.isclose(depths, depths[np.abs(depths - depth).argmin()])]
    rows = nearest.set_index("ranking")
    if missing := {"model", "most_fresh"} - set(rows.index):
        raise ValueError(f"gain_table lacks {', '.join(sorted(missing))}")
    model, fresh = rows.loc["model"], rows.loc["most_fresh"]
    return Headline(
        depth=float(model["depth"]),
        model=float(model["gain"]),
        model_low=float(model["gain_low"]),
        model_high=float(model["gain_high"]),
        most_fresh=float(fresh["gain"]),
        most_fresh_low=float(fresh["gain_low"]),
        most_fresh_high=float(fresh["gain_high"]),
        difference=float(model["difference_to_most_fresh"]),
        difference_low=float(model["difference_low"]),
        difference_high=float(model["difference_high"]),
        most_fresh_depth=find_depth_for_gain(gains, "most_fresh", float(model["gain"])),
    )


def find_depth_for_gain(gains: "pd.DataFrame", ranking: str, gain: float) -> float:
    """Find the share of the list at which a ranking's curve reaches a gain.

    >>> import pandas as pd
    >>> curve = pd.DataFrame({"ranking": "random", "depth": [0.0, 1.0], "gain": [0.0, 1.0]})
    >>> find_depth_for_gain(curve, "random", 0.55)
    0.55
    """
    curve = gains[gains["ranking"] == ranking].sort_values("depth")
    return float(np.interp(gain, curve["gain"], curve["depth"]))
