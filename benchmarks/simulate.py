"""How fast ``crm.simulator.simulate`` is: activities per second, peak memory, and two ratios.

Run from the repository: ``.venv/bin/python benchmarks/simulate.py [LEADS]`` (default 1,000,000).
The first ratio is the time against merely reading the written activities and writing them again
with pyarrow, on the same machine in the same minute; the second is the time for a lead against
that among a tenth of the leads, 1 where time grows in proportion.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from crm.simulator.simulate import simulate


def main(leads: int) -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as folder:
        small = _measure_seconds(lambda: simulate(Path(folder) / "small", leads=leads // 10))
        begin = time.perf_counter()
        made = simulate(Path(folder) / "large", leads=leads)
        seconds = time.perf_counter() - begin
        size = sum(file.stat().st_size for file in made.files)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        copy = _measure_seconds(
            lambda: _copy_activities(Path(folder) / "large" / "activities.parquet")
        )
    print(f"{made.leads:,} leads, {made.activities:,} activities, {made.conversions:,} conversions")
    print(f"{seconds:.1f} s, {made.activities / seconds:,.0f} activities per second")
    print(f"{size / 2**20:,.0f} MiB of files, {peak:.1f} GiB of memory at the peak")
    print(f"{seconds / copy:.1f} times as long as copying the activities file")
    print(f"{seconds / leads / (small / (leads // 10)):.2f} times as long a lead as at a tenth")


def _copy_activities(activities: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(
        parquet.read_table(activities), activities.with_suffix(".copy"), compression="zstd"
    )


def _measure_seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
