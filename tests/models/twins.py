"""Slow, obvious twins of the fast functions."""

from fractions import Fraction
from itertools import groupby, permutations

import numpy as np
import pandas as pd

from models.evaluation.bootstrap import draw_lead_weights


def average_gain_over_orders(converted: list[int], score: list[float]) -> list[float]:
    """Gain after 0, 1, 2, ... calls: the mean over every order that the scores allow."""
    gains = []
    for order in permutations(range(len(score))):
        called = [score[i] for i in order]
        if called == sorted(called, reverse=True):
            gains.append(np.cumsum([0] + [converted[i] for i in order]) / sum(converted))
    return np.mean(gains, axis=0).tolist()


def compute_gain_at(depth: Fraction, rows: list[tuple[float, int]]) -> Fraction:
    """Conversions reached in the first ``depth`` of one list of (score, converted)."""
    left, reached = depth * len(rows), Fraction(0)
    by_score = sorted(rows, key=lambda row: -row[0])
    for _, group in groupby(by_score, key=lambda row: row[0]):
        tied = [converted for _, converted in group]
        part = min(Fraction(1), left / len(tied))
        reached += part * sum(tied)
        left -= part * len(tied)
    return reached


def pooled_gain(
    converted: list[int], score: list[float], lists: list[int], depths: list[Fraction]
) -> list[float]:
    rows = list(zip(lists, score, converted, strict=True))
    pooled = []
    for depth in depths:
        parts = [
            compute_gain_at(depth, [(s, y) for in_list, s, y in rows if in_list == one])
            for one in set(lists)
        ]
        pooled.append(float(sum(parts) / sum(converted)))
    return pooled


def resample_gains(
    backtest: pd.DataFrame, ranking: str, depths: list[Fraction], *, samples: int, seed: int
) -> np.ndarray:
    """Each draw written out: a lead that was drawn twice brings its rows twice."""
    lead_ids = sorted(backtest["lead_id"].unique())
    gains = []
    for weights in np.concatenate(list(draw_lead_weights(len(lead_ids), samples, seed))):
        drawn = [i for lead, times in zip(lead_ids, weights, strict=True) for i in [lead] * times]
        rows = pd.DataFrame({"lead_id": drawn}).merge(backtest, on="lead_id")
        if rows["converted"].sum() == 0:
            gains.append([np.nan] * len(depths))
            continue
        columns = (rows[name].tolist() for name in ("converted", ranking, "list_date"))
        gains.append(pooled_gain(*columns, depths))
    return np.array(gains)


def assign_one_list(
    rows: list[tuple[float, float, str]], shares: dict[str, float]
) -> dict[str, str]:
    """lead_id -> tier, from (score, most_fresh, lead_id)."""
    called = sorted(rows, key=lambda row: (-row[0], -row[1], row[2]))
    tiers, end = {}, 0.0
    for tier, share in shares.items():
        end += share
        for _, _, lead_id in called[: int(end * len(called) + 0.5 + 1e-9)]:
            tiers.setdefault(lead_id, tier)
    return {lead_id: tiers.get(lead_id, list(shares)[-1]) for _, _, lead_id in called}
