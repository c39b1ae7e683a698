"""What travels with a model, and by which settings two models can be compared."""

import json

import pandas as pd
import pytest

from features.vocabulary import ProfileTerm, Vocabulary
from models.monitoring.drift import learn_reference
from pipelines.config.settings import SECTIONS, load_settings
from pipelines.lifecycle.model_metadata import (
    COMPARED_SECTIONS,
    ModelMetadata,
    ModelSettings,
    compute_fingerprint,
)

FACTS = ModelMetadata(
    fingerprint="f",
    known_until=pd.Timestamp("2024-03-14T15:04:54.681Z"),
    trained_from=pd.Timestamp("2024-01-06", tz="UTC"),
    trained_until=pd.Timestamp("2024-02-10", tz="UTC"),
    vocabulary=Vocabulary(("call",), (ProfileTerm("source", "category", ("web", "fair")),)),
    cutoffs={"A": 0.4, "B": 0.1, "C": 0.0},
    verdict="It is better.",
    meaning=ModelSettings("periodic", 7, 30, "last_inbound", 0.3),
    inputs=learn_reference(pd.DataFrame({"call_7d": [0, 0, 1, 3]}), leads=3),
    proven=True,
)


def test_facts_come_back_from_json_as_they_were():
    assert ModelMetadata.from_dict(json.loads(json.dumps(FACTS.to_dict()))) == FACTS


def fingerprint_with(tmp_path, text: str) -> str:
    file = tmp_path / "leadgain.toml"
    file.write_text('[leads]\nfile = "leads.csv"\n' + text)
    return compute_fingerprint(load_settings(file))


@pytest.mark.parametrize(
    "text",
    [
        "[lists]\nhorizon_days = 14",
        '[freshness]\nby = "created"',
        "[tiers]\nA = 0.2\nB = 0.5",
        "[backtest]\nshare = 0.5",
        '[activities]\nfile = "a.csv"',
        '[outcomes]\nfile = "o.csv"',
    ],
)
def test_what_decides_on_the_meaning_of_a_score_changes_the_fingerprint(tmp_path, text):
    assert fingerprint_with(tmp_path, text) != fingerprint_with(tmp_path, "")


@pytest.mark.parametrize(
    "text",
    [
        "[training]\nthreads = 4",
        "[gate]\nmax_stale_days = 3",
        '[tracking]\nuri = "http://localhost:5000"',
        '[export]\nfolder = "elsewhere"',
        "[lists]\nhorizon_days = 30",  # the default, spelled out
    ],
)
def test_where_things_lie_and_how_fast_they_go_does_not(tmp_path, text):
    assert fingerprint_with(tmp_path, text) == fingerprint_with(tmp_path, "")


def test_a_fingerprint_is_made_of_sections_that_exist():
    assert set(COMPARED_SECTIONS) < set(SECTIONS)
    assert "export" not in COMPARED_SECTIONS, "it may hold the password of a database"
