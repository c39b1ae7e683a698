"""Gain curves with bands against their slow twin.

Run from the repository: ``.venv/bin/python benchmarks/gains.py``. It prints the ratio of the two
times on a small backtest (the twin could not wait for more), and the time and memory of a large
one: 190,000 rows, 500 samples, four rankings.
"""

import resource
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd

from models.evaluation.gain_tables import RANKINGS, sample_gains
from tests.models import twins

SEED = 1


def draw_backtest(n_rows: int, n_leads: int, n_lists: int, base_rate: float) -> pd.DataFrame:
    """Rows of a CRM: a lead stands in a few lists, and few convert."""
    rng = np.random.default_rng(SEED)
    converted = (rng.random(n_rows) < base_rate).astype(np.int8)
    dates = pd.date_range("2024-01-06", periods=n_lists, freq="7D", tz="UTC")
    return pd.DataFrame(
        {
            "list_date": dates[rng.integers(0, n_lists, n_rows)],
            "lead_id": [f"L{lead:06d}" for lead in rng.integers(0, n_leads, n_rows)],
            "converted": converted,
            "score": rng.normal(size=n_rows) + converted,
            "most_fresh": np.round(rng.exponential(30, n_rows)),
        }
    )


def measure_seconds(work: Callable[[], object]) -> float:
    """Processor time, best of three: other programs on the machine hardly count."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print both measurements."""
    small = draw_backtest(n_rows=2_000, n_leads=700, n_lists=8, base_rate=0.05)
    depths = [Fraction(d, 10) for d in (1, 2, 3, 5)]
    rankings = ("score", "most_fresh")

    def slow() -> None:
        for ranking in rankings:
            twins.resample_gains(small, ranking, depths, samples=10, seed=SEED)

    fast = measure_seconds(
        lambda: sample_gains(small, depths=[float(d) for d in depths], samples=10)
    )
    ratio = measure_seconds(slow) / fast
    print(f"2,000 rows x 10 samples: {fast:.3f} s, {ratio:,.0f} times as fast as the slow twin")

    large = draw_backtest(n_rows=190_000, n_leads=67_000, n_lists=26, base_rate=0.008)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = measure_seconds(lambda: sample_gains(large, samples=500))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"190,000 rows x 500 samples x {len(RANKINGS)} rankings: {took:.1f} s, {grown:.0f} MiB")


if __name__ == "__main__":
    main()
