"""Time of the feature matrix on drawn activities: ``python benchmarks/windows.py [--large]``.

Prints one line per size: leads, activities, rows, columns, seconds of the first call (which
compiles the kernel) and of the second.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd

from crm.contract import DIRECTIONS
from features.matrix import build_matrix
from features.snapshots import ListPolicy, training_snapshots
from features.timeline import DAY, instants
from features.vocabulary import Vocabulary, learn_vocabulary

SIZES = {"67,000 leads": (67_000, 1_140_000, 29), "1,000,000 leads": (1_000_000, 17_000_000, 29)}


def drawn_export(
    n_leads: int, n_activities: int, n_types: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads created over two years and closed within 40 days; activities within those days."""
    rng = np.random.default_rng(1)
    created = np.sort(rng.integers(0, 730 * DAY, n_leads)) + 15_000 * DAY
    closed = created + rng.integers(1 * DAY, 40 * DAY, n_leads)
    leads = pd.DataFrame(
        {
            "lead_id": pd.Series(np.arange(n_leads)).astype("str"),
            "created_at": instants(created),
            "converted_at": pd.Series(pd.NaT, index=range(n_leads)).dt.tz_localize("UTC"),
            "closed_at": instants(closed),
        }
    )
    lead = np.sort(rng.integers(0, n_leads, n_activities)).astype(np.int32)
    at = created[lead] + rng.integers(0, 40 * DAY, n_activities)
    order = np.lexsort((at, lead))
    kinds = pd.Index([f"type_{i:02d}" for i in range(n_types)])
    reps = pd.Index([f"rep_{i:03d}" for i in range(100)])
    activities = pd.DataFrame(
        {
            "lead": lead,
            "occurred_at": instants(at[order]),
            "type": pd.Categorical.from_codes(rng.integers(0, n_types, n_activities), kinds),
            "direction": pd.Categorical.from_codes(
                rng.integers(0, 3, n_activities), pd.Index(DIRECTIONS)
            ),
            "rep_id": pd.Categorical.from_codes(rng.integers(-1, 100, n_activities), reps),
        }
    )
    return leads, activities


def timed(leads: pd.DataFrame, activities: pd.DataFrame, threads: int) -> str:
    """Build the matrix of all past weekly lists twice, and say how long it took."""
    as_of = leads["created_at"].max() + pd.Timedelta(days=60)
    snapshots = training_snapshots(leads, as_of=as_of, policy=ListPolicy())
    vocabulary: Vocabulary = learn_vocabulary(leads, activities, [], until=as_of)
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        X = build_matrix(snapshots, leads, activities, vocabulary, threads=threads)
        seconds.append(time.perf_counter() - begin)
        rows, columns = X.shape
        del X
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{len(leads):,} leads, {len(activities):,} activities, {rows:,} rows, {columns} columns:"
        f" first {seconds[0]:.2f} s, then {seconds[1]:.2f} s, {threads} threads,"
        f" peak of the process {peak:.1f} GiB"
    )


def main() -> None:
    """Time the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="1 M leads, 17 M activities as well")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    for name in list(SIZES)[: 2 if arguments.large else 1]:
        print(timed(*drawn_export(*SIZES[name]), arguments.threads))


if __name__ == "__main__":
    main()
