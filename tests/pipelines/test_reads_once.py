"""One `leadgain run` reads each thing once and hands it on."""

import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from crm import frame_schema
from features.catalog import build_catalog
from models.registry.client import RegistryClient
from models.scorer import scorer
from tests.pipelines.conftest import load_current


@pytest.fixture
def calls(monkeypatch) -> Counter[str]:
    """What is read, and how often."""
    counted: Counter[str] = Counter()

    def watch(owner: Any, name: str, describe: Callable[..., str]) -> None:
        really = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            counted[describe(*arguments)] += 1
            return really(*arguments, **named)

        monkeypatch.setattr(owner, name, call)

    watch(tomllib, "loads", lambda text: "settings" if "[leads]" in text else "other TOML")
    watch(Path, "read_text", lambda path: path.name)
    watch(RegistryClient, "__init__", lambda *_: "MLflow client")
    watch(MlflowClient, "download_artifacts", lambda *_: "fetched from MLflow")
    watch(scorer, "_load_booster", lambda text: f"model {hash(text)}")
    watch(frame_schema, "check_activity_order", lambda _: "order of the activities")
    return counted


def test_a_night_that_trains_reads_everything_once(
    leadgain, night, published, calls, monkeypatch
) -> None:
    """Version 1 is the champion; other settings call for a training, which gives version 2."""
    monkeypatch.setenv("LEADGAIN_LISTS__HORIZON_DAYS", "10")
    build_catalog.cache_clear()
    done = leadgain("run", "--config", night.config, "--home", published)
    assert done.code == 0, done.err
    assert load_current(published).manifest["model"]["version"] == 2
    once = ("settings", "MLflow client", "last_training.json", "order of the activities")
    assert {name: calls[name] for name in once} == dict.fromkeys(once, 1)
    assert calls["fetched from MLflow"] == 0
    trained = (published / "models" / "2" / "model.txt").read_text()
    assert calls[f"model {hash(trained)}"] == 1, "by the fit; it is not read back"
    catalogs = build_catalog.cache_info()
    assert catalogs.misses == catalogs.currsize
