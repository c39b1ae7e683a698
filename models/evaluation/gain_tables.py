"""What is published of the gains: the curves, and a table of a few depths, with their bands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.evaluation.baselines import score_random_order
from models.evaluation.bootstrap import compute_interval
from models.evaluation.conventions import SAMPLES
from models.evaluation.gain_curves import DEPTHS, pooled_gain, resample_gains

TABLE_DEPTHS = (0.1, 0.2, 0.3, 0.5)
RANKINGS = ("model", "most_fresh", "random", "perfect")


@dataclass(frozen=True)
class MeasuredGains:
    """The gains of all rankings on the same lists, with their bootstrap samples."""

    depths: NDArray[np.float64]
    gain: dict[str, NDArray[np.float64]]
    """Ranking -> shape (n_depths,)."""
    samples: dict[str, NDArray[np.float64]]
    """Ranking -> shape (n_samples, n_depths); sample i is the same draw for every ranking."""


def sample_gains(
    backtest: pd.DataFrame,
    *,
    depths: ArrayLike = DEPTHS,
    samples: int = SAMPLES,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> MeasuredGains:
    """Gains of the model, the most fresh, random order and the perfect ranking, with samples.

    Parameters
    ----------
    backtest : frame with list_date, lead_id, score, most_fresh and converted
    depths : shares of the list, from 0 to 1
    samples : bootstrap samples over leads
    seed : the same seed gives the same bands
    progress : called with (samples done, samples in all)

    Raises
    ------
    NotEnoughData
        No row converted.
    ModelRefused
        A score is not finite.
    """
    y = backtest["converted"].to_numpy()
    scores = {
        "model": backtest["score"].to_numpy(dtype=np.float64),
        "most_fresh": backtest["most_fresh"].to_numpy(dtype=np.float64),
        "random": score_random_order(len(backtest)),
        "perfect": y.astype(np.float64),
    }
    lists = backtest["list_date"]
    gain = {name: pooled_gain(y, score, lists, depths) for name, score in scores.items()}
    drawn = resample_gains(backtest, scores, depths, samples=samples, seed=seed, progress=progress)
    return MeasuredGains(np.asarray(depths, dtype=np.float64), gain, drawn)


def build_curve_table(measured: MeasuredGains) -> pd.DataFrame:
    """The curves: ranking, depth, gain, gain_low, gain_high (shares from 0 to 1)."""
    parts = []
    for ranking in RANKINGS:
        low, high = compute_interval(measured.samples[ranking])
        parts.append(
            pd.DataFrame(
                {
                    "ranking": ranking,
                    "depth": measured.depths,
                    "gain": measured.gain[ranking],
                    "gain_low": low,
                    "gain_high": high,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def choose_table_depths(tier_a: float) -> tuple[float, ...]:
    """The depths of the table: the usual ones, and the one at which the proof was judged.

    Parameters
    ----------
    tier_a : the share of tier A; told to whole percents, as the curves are

    >>> choose_table_depths(0.15), choose_table_depths(0.3)
    ((0.1, 0.15, 0.2, 0.3, 0.5), (0.1, 0.2, 0.3, 0.5))
    """
    own = round(tier_a, 2)
    return tuple(sorted({*TABLE_DEPTHS, *([own] if 0 < own < 1 else [])}))


def build_gain_table(
    measured: MeasuredGains, depths: Sequence[float] = TABLE_DEPTHS
) -> pd.DataFrame:
    """The rankings at a few depths, each with its paired difference to the most fresh.

    Parameters
    ----------
    measured : must hold these depths
    depths : shares of the list

    Returns
    -------
    DataFrame
        depth, ranking, gain, gain_low, gain_high, difference_to_most_fresh, difference_low,
        difference_high; one row per depth and ranking. The band of a difference is narrower than
        two bands laid side by side, because both rankings saw the same leads.
    """
    rows = []
    for depth in depths:
        at = int(np.flatnonzero(np.isclose(measured.depths, depth))[0])
        for ranking in RANKINGS:
            drawn, fresh = measured.samples[ranking][:, at], measured.samples["most_fresh"][:, at]
            gain, fresh_gain = measured.gain[ranking][at], measured.gain["most_fresh"][at]
            rows.append(
                (
                    depth,
                    ranking,
                    gain,
                    *compute_interval(drawn),
                    gain - fresh_gain,
                    *compute_interval(drawn - fresh),
                )
            )
    columns = ["depth", "ranking", "gain", "gain_low", "gain_high"]
    differences = ["difference_to_most_fresh", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=columns + differences)
