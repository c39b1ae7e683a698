"""What the reasons of a long list take in memory: ``python -m benchmarks.reasons``.

1,000,000 leads (``--leads``) with 60 topics, in a DataFrame as the scoring has it. Prints seconds
and the most memory that was taken at once beside the contributions, in parts as they are worked and
with all rows in one part, and the ratio; both must give the same reasons.
"""

import argparse
import time
import tracemalloc
from unittest.mock import patch

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.filesize import decimal as size

from models.scorer import explanations as reasons
from models.scorer.scorer import ROWS_AT_ONCE

TOPICS = 60
Reasons = tuple[NDArray[np.object_], NDArray[np.int8]]


def measure_reasons(
    what: str, moved: pd.DataFrame, rows_at_once: int
) -> tuple[Reasons, float, int]:
    """Explain the list; the reasons, the seconds and the peak of memory."""
    with patch.object(reasons, "ROWS_AT_ONCE", rows_at_once):
        begin = time.perf_counter()
        reasons.find_strongest_topics(moved)
        seconds = time.perf_counter() - begin
        tracemalloc.start()  # apart: it slows the work down
        told = reasons.find_strongest_topics(moved)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    print(f"{what:<28}{seconds:8.2f} s{size(peak):>14} at most")
    return told, seconds, peak


def main() -> None:
    """Draw the contributions, explain them both ways, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    n = parser.parse_args().leads
    drawn = np.random.default_rng(1).normal(size=(n, TOPICS))
    moved = pd.DataFrame(drawn, columns=[f"topic {number}" for number in range(TOPICS)])
    print(f"{n:,} leads, {TOPICS} topics: {size(drawn.nbytes)} of contributions")
    parts, in_parts, low = measure_reasons("in parts", moved, ROWS_AT_ONCE)
    whole, at_once, high = measure_reasons("all rows in one part", moved, n)
    assert all(np.array_equal(one, other) for one, other in zip(parts, whole, strict=True))
    print(f"one part takes {high / low:.1f} times the memory and {at_once / in_parts:.1f} the time")


if __name__ == "__main__":
    main()
