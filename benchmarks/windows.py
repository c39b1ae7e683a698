"""The window kernel against a DuckDB query for the same columns, on drawn activities.

``python benchmarks/windows.py [--large]``. Both compute every column per activity type and
direction of 196,000 snapshots, with as many threads; the numbers must be equal. It prints the ratio
of their processor times, which other work on the machine hardly touches. The matrix is timed as it
is, with its other columns; its first call also compiles the kernel. ``--large`` adds the time and
memory of the matrix alone for a million leads.
"""

import argparse
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.contract import DIRECTIONS
from features.families import HALF_LIFE_DAYS, PER_SUBJECT, WINDOW_DAYS
from features.list_policy import ListPolicy
from features.matrix import build_matrix
from features.snapshots import build_training_snapshots
from features.timeline import DAY, convert_to_instants
from features.vocabulary import learn_vocabulary

Result = TypeVar("Result")
N_TYPES = 29
SMALL, LARGE = (67_000, 1_140_000, N_TYPES), (1_000_000, 17_000_000, N_TYPES)


def draw_export(n_leads: int, n_activities: int, n_types: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads created over two years and closed within 40 days; activities within those days."""
    rng = np.random.default_rng(1)
    created = np.sort(rng.integers(0, 730 * DAY, n_leads)) + 15_000 * DAY
    closed = created + rng.integers(1 * DAY, 40 * DAY, n_leads)
    leads = pd.DataFrame(
        {
            "lead_id": pd.Series(np.arange(n_leads)).astype("str"),
            "created_at": convert_to_instants(created),
            "converted_at": pd.Series(pd.NaT, index=range(n_leads)).dt.tz_localize("UTC"),
            "closed_at": convert_to_instants(closed),
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
            "occurred_at": convert_to_instants(at[order]),
            "type": pd.Categorical.from_codes(rng.integers(0, n_types, n_activities), kinds),
            "direction": pd.Categorical.from_codes(
                rng.integers(0, 3, n_activities), pd.Index(DIRECTIONS)
            ),
            "rep_id": pd.Categorical.from_codes(rng.integers(-1, 100, n_activities), reps),
        }
    )
    return leads, activities


def compute_by_query(
    snapshots: pd.DataFrame, activities: pd.DataFrame, types: tuple[str, ...], threads: int
) -> npt.NDArray[np.float64]:
    """The columns of ``PER_SUBJECT`` in catalog order: other types, types, directions, all."""
    import duckdb

    counts = [f"count(*) FILTER (age <= {days} * 86400e6)" for days in WINDOW_DAYS]
    decayed = [f"sum(pow(0.5, age / ({days} * 86400e6)))" for days in HALF_LIFE_DAYS]
    measures = [*counts, "count(*)", "min(age) / 86400e6", "max(age) / 86400e6", *decayed]
    key = {name: 1 + place for place, name in enumerate([*types, *DIRECTIONS])}
    n_subjects = len(key) + 2
    keyed = activities[["lead", "occurred_at"]].assign(
        **{
            c: activities[c].cat.rename_categories(key).astype("int32")
            for c in ("type", "direction")
        }
    )
    with duckdb.connect(config={"threads": threads}) as db:
        db.register("s", snapshots[["lead", "as_of"]].assign(row=np.arange(len(snapshots))))
        db.register("a", keyed)
        found = db.execute(
            f"""SELECT row, subject, {", ".join(measures)}
            FROM (SELECT row, epoch_us(s.as_of) - epoch_us(a.occurred_at) AS age,
                         unnest([a.type, a.direction, {n_subjects - 1}]) AS subject
                  FROM s JOIN a ON a.lead = s.lead AND a.occurred_at < s.as_of)
            GROUP BY row, subject"""
        ).fetchnumpy()
    row, subject, *columns = found.values()
    values = np.zeros((len(snapshots), n_subjects, len(PER_SUBJECT)))
    values[:, :, 5:7] = np.nan  # days since the last and the first of none
    values[row, subject] = np.column_stack(columns)
    return values.reshape(len(snapshots), -1)


def time_work(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """What the work gives, its processor time and its time on the clock, in seconds."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.process_time() - processor, time.perf_counter() - clock


def take_best_time(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """Three times, one result at a time in memory: the last result, the least of both times."""
    times = []
    for _ in range(3):
        result = None
        result, *took = time_work(work)
        times.append(took)
    processor, clock = map(min, zip(*times, strict=True))
    return result, processor, clock


def measure_size(size: tuple[int, int, int], threads: int, *, compare: bool) -> None:
    """Print one size: the matrix of all past weekly lists, and the query if it is compared."""
    leads, activities = draw_export(*size)
    as_of = leads["created_at"].max() + pd.Timedelta(days=60)
    snapshots = build_training_snapshots(leads, as_of=as_of, policy=ListPolicy())
    vocabulary = learn_vocabulary(leads, activities, [], until=as_of)

    def matrix() -> pd.DataFrame:
        return build_matrix(snapshots, leads, activities, vocabulary, threads=threads)

    compiling = time_work(matrix)[2]
    X, processor, clock = take_best_time(matrix)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(leads):,} leads, {len(activities):,} activities, {threads} threads: "
        f"{X.shape[0]:,} rows of {X.shape[1]} columns in {processor:.2f} s of processor time "
        f"({clock:.2f} s; {compiling:.2f} s with the compiler), peak {peak:.1f} GiB"
    )
    if compare:
        values, query, _ = take_best_time(
            lambda: compute_by_query(snapshots, activities, vocabulary.types, threads)
        )
        np.testing.assert_allclose(X.to_numpy()[:, : values.shape[1]], values, rtol=1e-5)
        print(
            f"{query / processor:.1f} times as fast as a DuckDB query for the first "
            f"{values.shape[1]} of these columns ({query:.1f} s of processor time), equal to it"
        )


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="1 M leads, 17 M activities as well")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    measure_size(SMALL, arguments.threads, compare=True)
    if arguments.large:
        measure_size(LARGE, arguments.threads, compare=False)


if __name__ == "__main__":
    main()
