"""On a made-up CRM whose truth is known, the model comes close to it, and noise stays noise."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm.export import Export
from crm.reading.export_reader import read_export
from crm.simulator.simulate import simulate
from features.catalog import build_catalog, list_categorical_names
from features.freshness import compute_days_since_fresh
from features.matrix import build_matrix
from features.snapshots import build_training_snapshots
from features.vocabulary import learn_vocabulary
from models.evaluation.backtest import backtest_folds, split_rolling_origin
from models.evaluation.baselines import most_fresh
from models.evaluation.gain_curves import pooled_gain
from models.evaluation.gain_tables import build_gain_table, sample_gains
from models.scorer.scorer import LeadScorer
from pipelines.config.run_request import RunRequest

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class World:
    request: RunRequest
    export: Export
    snapshots: pd.DataFrame
    truth: pd.DataFrame


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """The default CRM: 67,000 leads."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder)
    request = RunRequest.of(folder / "leadgain.toml", folder / "home")
    export = read_export(request.settings.mapping, now=request.now)
    snapshots = build_training_snapshots(
        export.leads, as_of=export.last_instant, policy=request.policy
    )
    truth = pd.read_parquet(Path(folder) / "truth" / "true_probabilities.parquet")
    return World(request, export, snapshots, truth)


def run_world_backtest(world: World, converted: np.ndarray) -> pd.DataFrame:
    export, request = world.export, world.request

    def build_matrices(origin, train, test):
        vocabulary = learn_vocabulary(export.leads, export.activities, export.profile, until=origin)
        X_train, X_test = (
            build_matrix(world.snapshots.iloc[rows], export.leads, export.activities, vocabulary)
            for rows in (train, test)
        )
        return X_train, X_test, list_categorical_names(build_catalog(vocabulary))

    days = compute_days_since_fresh(
        world.snapshots, export.leads, export.activities, by=request.settings.freshness.by
    )
    folds = split_rolling_origin(
        world.snapshots, horizon=request.policy.horizon, share=0.25, max_fits=1
    )
    return backtest_folds(
        world.snapshots,
        converted,
        most_fresh(days),
        folds=folds,
        build_matrices=build_matrices,
        make_scorer=LeadScorer,
    )


def test_the_world_is_that_of_the_published_case(world):
    leads = world.export.leads
    assert len(leads) == 67_000
    assert 1_300 <= leads["converted_at"].notna().sum() <= 1_700


def test_the_model_reaches_97_percent_of_what_the_truth_reaches(world):
    tested = run_world_backtest(world, world.snapshots["converted"].to_numpy())
    known = tested.merge(world.truth, on=["lead_id", "as_of"], validate="one_to_one")
    assert len(known) == len(tested)
    y, lists = known["converted"], known["list_date"]
    model, truth, fresh = (
        pooled_gain(y, known[score], lists, [0.3])[0]
        for score in ("score", "probability", "most_fresh")
    )
    assert truth > 0.75
    assert model >= 0.97 * truth
    assert 0.30 < fresh < 0.45, "newest first is a little better than random"


def test_shuffled_outcomes_give_random_within_its_band(world):
    shuffled = world.snapshots.groupby("list_date")["converted"].transform(
        lambda labels: labels.sample(frac=1, random_state=5).to_numpy()
    )
    tested = run_world_backtest(world, shuffled.to_numpy())
    table = build_gain_table(sample_gains(tested, samples=200))
    model = table[table["ranking"] == "model"].set_index("depth")
    for depth in (0.1, 0.3, 0.5):
        assert model.loc[depth, "gain_low"] <= depth <= model.loc[depth, "gain_high"]
