"""What a publication tells of the model in force, also while the registry is away."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from models.registry.registry import RegistryUnavailable
from models.registry.types import RegisteredVersion
from pipelines.lifecycle.model_metadata import ModelSettings
from pipelines.publishing import model_card
from pipelines.publishing.model_card import VERSIONS, build_model_card
from tests.pipelines.lifecycle.test_model_metadata import FACTS

TRAINING = {"trained_on": ["20 lists."], "left_out": [], "folds": []}


def build_version(number: int, **told: object) -> RegisteredVersion:
    nothing = {"metrics": {}, "params": {}, "tags": {}, "decision": {}}
    nothing |= {"spec_sha256": "", "files": {}}
    return RegisteredVersion(number, f"sha of {number}", f"run {number}", (), **nothing | told)


@pytest.fixture
def champion(monkeypatch) -> SimpleNamespace:
    monkeypatch.setattr(model_card, "base_score", lambda _: 1 / 3)
    return SimpleNamespace(
        version=build_version(3),
        number=3,
        facts=FACTS,
        meaning=ModelSettings("periodic", 7, 30, "last_inbound", 0.3),
        scorer=SimpleNamespace(rows_=100, conversions_=20, columns_=np.array(["a", "b"])),
        proof=SimpleNamespace(training=TRAINING),
    )


@pytest.fixture
def told(champion, monkeypatch):
    """What model.json says where the registry holds these versions; None: it is away."""

    def tell(registered, champion=champion):
        def versions(_registry, *, most):
            if registered is None:
                raise RegistryUnavailable("MLflow is away.")
            return registered[:most]

        monkeypatch.setattr(model_card, "list_versions", versions)
        return json.loads(build_model_card(champion, SimpleNamespace(registry=None)))

    return tell


def test_the_model_its_training_and_its_meaning_are_told(told):
    content = told([build_version(3)])
    assert (content["version"], content["sha256"]) == (3, "sha of 3")
    assert (content["rows"], content["conversions"], content["columns"]) == (100, 20, 2)
    assert content["base_score"] == 0.333333333
    assert content["trained_on"] == ["20 lists."]
    assert (content["horizon_days"], content["every_days"], content["depth"]) == (30, 7, 0.3)
    assert content["known_until"].endswith("Z")


def test_exactly_one_version_leads(told):
    content = told([build_version(4), build_version(3), build_version(2)])
    assert [(v["version"], v["leads"]) for v in content["versions"]] == [
        *((4, False), (3, True), (2, False)),
    ]


def test_a_model_older_than_all_that_are_told_is_told_all_the_same(told):
    newest = [build_version(number) for number in range(40, 10, -1)]
    versions = told(newest)["versions"]
    assert len(versions) == VERSIONS + 1
    assert (versions[-1]["version"], versions[-1]["leads"]) == (3, True)
    assert sum(v["leads"] for v in versions) == 1


def test_while_the_registry_is_away_the_model_in_force_is_told_alone(told):
    assert [v["version"] for v in told(None)["versions"]] == [3]


def test_a_version_tells_its_gains_and_nothing_where_they_are_not_known(told):
    metrics = {"gain_model_at_30": 0.5621234567891, "gain_most_fresh_at_30": 0.41}
    known = build_version(3, metrics=metrics, tags={"known_until": "2024-03-14T15:04:54Z"})
    first, second = told([known, build_version(2)])["versions"]
    assert (first["gain_at_30"], first["most_fresh_at_30"]) == (0.562123457, 0.41)
    assert first["known_until"] == "2024-03-14T15:04:54Z"
    assert (second["gain_at_30"], second["known_until"], second["decision"]) == (None, None, "")


def test_the_same_model_gives_the_same_bytes(champion, told):
    told([build_version(3)])
    once = build_model_card(champion, SimpleNamespace(registry=None))
    champion.facts = replace(FACTS)
    assert build_model_card(champion, SimpleNamespace(registry=None)) == once
    assert once.endswith(b"}\n")
