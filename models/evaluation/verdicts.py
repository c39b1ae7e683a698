"""Two verdicts: whether the model beats the team's practice, and whether a challenger may lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.evaluation.baselines import score_random_order
from models.evaluation.bootstrap import compute_interval
from models.evaluation.conventions import SAMPLES
from models.evaluation.gain_curves import pooled_gain, resample_gains

TOLERATED_LOSS = 0.02
"""A challenger that reaches two points of the conversions fewer is worse, however wide the band."""


@dataclass(frozen=True)
class Difference:
    """Gain of one ranking less that of another, on the same leads, with its 95 % band."""

    gain: float
    other_gain: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """Share of all conversions that the first ranking reaches and the other does not."""
        return self.gain - self.other_gain


@dataclass(frozen=True)
class ProofVerdict:
    """Whether the model may rank a list, and why (not), in a sentence."""

    passed: bool
    sentence: str
    depth: float
    difference: Difference | None
    """Model less most fresh; none where the scores cannot be ranked at all."""


@dataclass(frozen=True)
class Comparison:
    """Whether a challenger may take the champion's place, and why (not), in a sentence."""

    verdict: Literal["better", "not worse", "worse", "not comparable"]
    sentence: str
    rows: int
    difference: Difference | None
    """Challenger less champion; none where there is nothing to compare."""


def prove(
    backtest: pd.DataFrame, *, depth: float, samples: int = SAMPLES, seed: int = 1
) -> ProofVerdict:
    """Say whether the model beats most fresh first at this depth, beyond chance.

    Parameters
    ----------
    backtest : frame with list_date, lead_id, score, most_fresh and converted
    depth : share of the list that the team works first, the share of tier A
    samples, seed : bootstrap samples over leads, and their seed

    Returns
    -------
    Proof
        Passed if every score is a number, they are not all equal, both outcomes are there, and the
        95 % bands of the paired differences to the most fresh and to random order lie above 0.
        Where the most fresh convert less often than others, no order at all would beat them.

    Examples
    --------
    Forty leads on one list, ten of them convert. The model calls those first; most fresh knows
    nothing.

    >>> rows = pd.DataFrame({
    ...     "list_date": pd.Timestamp("2024-01-06", tz="UTC"), "lead_id": [*map(str, range(40))],
    ...     "converted": [1] * 10 + [0] * 30, "score": [0.9] * 10 + [0.1] * 30, "most_fresh": 0.0,
    ... })
    >>> proof = prove(rows, depth=0.3)
    >>> proof.passed, round(proof.difference.value, 2)
    (True, 0.7)
    >>> prove(rows.assign(score=0.5), depth=0.3).sentence
    'The model gives every lead the same score, so there is no ranking.'
    """
    unusable = _describe_unusable_scores(backtest)
    if unusable:
        return ProofVerdict(False, unusable, depth, None)
    model = _extract_column(backtest, "score")
    scores = {"model": model, "most fresh": _extract_column(backtest, "most_fresh")}
    difference = _compute_paired_difference(backtest, scores, depth, samples, seed)
    reached = (
        f"Calling the first {_percent(depth)} of each list reaches {_percent(difference.gain)} of "
        f"the conversions; most fresh first reaches {_percent(difference.other_gain)}. "
    )
    if difference.low <= 0:
        reason = "This does not prove that the model ranks better than most fresh first: "
        return ProofVerdict(
            False, reached + reason + _describe_difference(difference).lower(), depth, difference
        )
    no_order = {"model": model, "random": score_random_order(len(model))}
    to_random = _compute_paired_difference(backtest, no_order, depth, samples, seed)
    if to_random.low <= 0:
        reason = (
            f"But random order reaches {_percent(to_random.other_gain)}, so the model is not "
            "proven to rank better than random: "
        )
        return ProofVerdict(
            False, reached + reason + _describe_difference(to_random).lower(), depth, difference
        )
    return ProofVerdict(True, reached + _describe_difference(difference), depth, difference)


def compare_with_champion(
    challenger: pd.DataFrame,
    champion: pd.DataFrame,
    *,
    depth: float,
    samples: int = SAMPLES,
    seed: int = 1,
) -> Comparison:
    """Set two backtests side by side on the rows that both scored without knowing the outcome.

    Parameters
    ----------
    challenger : frame with list_date, as_of, lead_id, score and converted; its outcomes count
    champion : frame with as_of, lead_id and score
    depth : share of the list, the share of tier A
    samples, seed : bootstrap samples over leads, and their seed

    Returns
    -------
    Comparison
        better: the 95 % band of the paired difference lies above 0. worse: it lies below 0, or the
        challenger reaches ``TOLERATED_LOSS`` fewer of the conversions, or its scores are unusable.
        not worse: else. not comparable: no common row, or none of them converted.
    """
    unusable = _describe_unusable_scores(challenger)
    if unusable:
        return Comparison("worse", unusable, 0, None)
    other = champion[["lead_id", "as_of", "score"]].rename(columns={"score": "champion"})
    common = challenger.merge(other, on=["lead_id", "as_of"], validate="one_to_one")
    if not common["converted"].any():
        sentence = "The two models were tested on no common list with a conversion."
        return Comparison("not comparable", sentence, len(common), None)
    if not np.isfinite(_extract_column(common, "champion")).all():
        sentence = "The champion's scores are not all numbers, so the challenger is preferred."
        return Comparison("better", sentence, len(common), None)
    scores = {name: _extract_column(common, name) for name in ("score", "champion")}
    difference = _compute_paired_difference(common, scores, depth, samples, seed)
    verdict = _judge_difference(difference)
    sentence = (
        f"On the {len(common):,} rows that both were tested on, the first {_percent(depth)} of "
        f"each list reach {_percent(difference.gain)} of the conversions by the challenger and "
        f"{_percent(difference.other_gain)} by the champion. {_describe_difference(difference)} "
        f"The challenger "
        f"is {verdict}."
    )
    return Comparison(verdict, sentence, len(common), difference)


def _judge_difference(difference: Difference) -> Literal["better", "not worse", "worse"]:
    if difference.low > 0:
        return "better"
    if difference.high < 0 or difference.value <= -TOLERATED_LOSS:
        return "worse"
    return "not worse"


def _compute_paired_difference(
    rows: pd.DataFrame,
    scores: Mapping[str, NDArray[np.float64]],
    depth: float,
    samples: int,
    seed: int,
) -> Difference:
    gain, other = (
        float(pooled_gain(rows["converted"], score, rows["list_date"], [depth])[0])
        for score in scores.values()
    )
    drawn = resample_gains(rows, scores, [depth], samples=samples, seed=seed)
    ours, theirs = drawn.values()
    low, high = compute_interval((ours - theirs)[:, 0])
    return Difference(gain, other, float(low), float(high))


def _describe_unusable_scores(backtest: pd.DataFrame) -> str:
    """Why these scores rank nothing; empty if they do."""
    score, converted = _extract_column(backtest, "score"), backtest["converted"]
    odd = int((~np.isfinite(score)).sum())
    if score.size == 0:
        return "The backtest has no rows, so nothing is proven."
    if odd:
        return f"{odd:,} of {score.size:,} scores of the model are not numbers."
    if score.min() == score.max():
        return "The model gives every lead the same score, so there is no ranking."
    if converted.nunique() < 2:
        return (
            f"{int(converted.sum()):,} of {score.size:,} rows of the backtest converted; both "
            "outcomes are needed for a proof."
        )
    return ""


def _percent(share: float) -> str:
    """A share in percent with at most one decimal.

    >>> _percent(0.3), _percent(0.5601)
    ('30 %', '56 %')
    """
    return f"{round(100 * share, 1):g} %"


def _describe_difference(difference: Difference) -> str:
    return (
        f"The difference is {100 * difference.value:+.1f} points "
        f"(95 % range {100 * difference.low:+.1f} to {100 * difference.high:+.1f})."
    )


def _extract_column(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
