"""What the stories of the listed leads add to a scoring: ``python -m benchmarks.lead_details``.

200,000 open leads (``--leads``) with 17 activities each. Prints the seconds of the exact
contributions (measured on 20,000 leads) and of what is published beside the list, the sizes of the
files, and how long one lead's rows take to read.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import numpy as np
import pandas as pd

from benchmarks.windows import draw_export
from features.catalog import build_catalog, list_categorical_names, list_topics
from features.matrix import build_matrix
from features.vocabulary import learn_vocabulary
from models.scorer.explanations import compute_topic_contributions
from models.scorer.scorer import LeadScorer
from pipelines.publishing.lead_details import (
    LeadDetails,
    find_strongest_facts,
    write_lead_details,
    write_volumes_and_freshness,
)
from publications.tables.read_write import read_rows_of_rank

Result = TypeVar("Result")
EXPLAINED_LEADS, FITTED_LEADS = 20_000, 5_000


def time_work(what: str, work: Callable[[], Result]) -> Result:
    """Do it and say how long it took."""
    begin = time.perf_counter()
    result = work()
    print(f"{what:<50}{time.perf_counter() - begin:8.2f} s")
    return result


def main() -> None:
    """Draw the list, score it, tell the stories."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=200_000)
    n = parser.parse_args().leads
    leads, activities = draw_export(n, 17 * n, 29)
    as_of = leads["created_at"].max() + pd.Timedelta(days=1)
    snapshots = pd.DataFrame({"lead": np.arange(n, dtype=np.int32), "as_of": as_of})
    snapshots["as_of"] = snapshots["as_of"].astype("datetime64[us, UTC]")
    vocabulary = learn_vocabulary(leads, activities, [], until=as_of)
    catalog = build_catalog(vocabulary)
    X = time_work("matrix", lambda: build_matrix(snapshots, leads, activities, vocabulary))
    some = X.iloc[:: max(n // FITTED_LEADS, 1)].reset_index(drop=True)
    likely = 1 / (1 + np.exp(3 - some["inbound_ever"]))
    converted = np.random.default_rng(1).random(len(some)) < likely
    scorer = LeadScorer().fit(some, converted, list_categorical_names(catalog))
    part = time_work(
        f"contributions of {min(n, EXPLAINED_LEADS):,} leads",
        lambda: compute_topic_contributions(scorer, X.iloc[:EXPLAINED_LEADS], list_topics(catalog)),
    )
    moved = part.iloc[np.arange(n) % len(part)].reset_index(drop=True)
    facts = time_work(
        "twelve facts of each lead", lambda: find_strongest_facts(moved, X, vocabulary)
    )
    order = np.argsort(-moved.sum(axis=1).to_numpy(), kind="stable")
    told = LeadDetails(snapshots["lead"].to_numpy(), order, facts)
    checked = SimpleNamespace(
        export=SimpleNamespace(leads=leads, activities=activities), as_of=as_of
    )
    lead_id = leads["lead_id"].iloc[order].reset_index(drop=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        time_work(
            "files of the stories", lambda: write_lead_details(folder, told, lead_id, checked)
        )
        time_work("volumes and freshness", lambda: write_volumes_and_freshness(folder, checked))
        for file in sorted(folder.glob("*.parquet")):
            print(f"{file.name:<50}{file.stat().st_size / 1e6:8.1f} MB")
            time_work("  one lead of it", lambda file=file: read_rows_of_rank(file, n // 2))


if __name__ == "__main__":
    main()
