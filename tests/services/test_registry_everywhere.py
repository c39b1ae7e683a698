"""The registry's functions give the same on each kind of store that a team may have."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.registry.registry import (
    ChampionChanged,
    RegistryClient,
    demote,
    fetch,
    find_champion,
    find_champion_and_previous,
    list_versions,
    log_training,
    promote,
    refuse_unreachable,
    restore_champion,
)
from models.registry.types import build_registry
from models.scorer.scorer import LeadScorer
from tests.services.conftest import PASSWORD, MLflowServer, PostgreSQL

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


@pytest.fixture(params=["database", "server on SQLite", "server on PostgreSQL"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> RegistryClient:
    """An empty one, of a model's name that nobody else uses."""
    names = {"experiment": "everywhere", "model_name": "everywhere"}
    if request.param == "database":
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        uri = postgresql.database("everywhere")
    else:
        fixture = "on_sqlite" if "SQLite" in request.param else "on_postgresql"
        server: MLflowServer = request.getfixturevalue(fixture)
        uri = server.ready().uri
    return RegistryClient(build_registry(uri, tmp_path / "mlartifacts", **names))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two models."""
    folders = [tmp_path_factory.mktemp("trained") for _ in range(2)]
    for seed, folder in enumerate(folders):
        generator = np.random.default_rng(seed)
        X = pd.DataFrame({"visits_7d": generator.random(400)}, dtype="float32")
        converted = (generator.random(400) < X["visits_7d"]).astype(int)
        LeadScorer({"num_iterations": 5}).fit(X, converted).save(folder, {})
        (folder / "gains.csv").write_text("depth,gain\n")
    return folders


def test_a_model_goes_in_leads_steps_down_comes_back_and_is_fetched(
    registry: RegistryClient, trained: list[Path], tmp_path: Path
) -> None:
    refuse_unreachable(registry)
    assert find_champion(registry) is None
    first, second, again = (
        log_training(registry, folder, params={"a": 1}, metrics={"gain_model_at_30": 0.5}).version
        for folder in (*trained, trained[0])
    )
    assert (first, second, again) == (1, 2, 1)
    promote(registry, 1, replacing=None)
    promote(registry, 2, replacing=1, decision={"sentence": "It is better."})
    with pytest.raises(ChampionChanged):
        promote(registry, 1, replacing=None)
    assert find_champion_and_previous(registry)[1].version == 1
    assert restore_champion(registry).version == 1
    assert list_versions(registry)[0].decision == {
        "sentence": "It is better.",
        "rolled_back_from": "true",
    }
    demote(registry, 1, decision={"sentence": "It is degraded."})
    assert find_champion(registry) is None
    assert restore_champion(registry, 2).decision == {"sentence": "It is better."}
    fetched = fetch(registry, 2, tmp_path / "2")
    assert set(fetched.files) == {"model.txt", "spec.json", "gains.csv"}
    for file in trained[1].iterdir():
        assert (tmp_path / "2" / file.name).read_bytes() == file.read_bytes()
    assert PASSWORD not in registry.registry.shown
    assert (tmp_path / "mlartifacts").exists() == registry.registry.shown.startswith("postgresql")
