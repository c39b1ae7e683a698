"""A champion that fails its proof is demoted, unless a person has restored it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from models.evaluation.verdicts import Difference, ProofVerdict
from models.registry.registry import RegistryUnavailable
from pipelines.lifecycle import demotion
from pipelines.lifecycle.demotion import (
    demote_champion,
    describe_missing_model,
    find_lost_champion,
    is_disproven,
)
from pipelines.lifecycle.training_log import TrainingRecord
from publications.storage.home import Home
from publications.storage.lock import hold_home
from tests.pipelines.contexts import PreparedContext

PASSED = ProofVerdict(passed=True, sentence="It holds.", depth=0.3, difference=None)
FAILED = ProofVerdict(
    passed=False,
    sentence="The difference is +1.0 points.",
    depth=0.3,
    difference=Difference(gain=0.41, other_gain=0.40, low=-0.02, high=0.04),
)
DATE = pd.Timestamp("2024-03-20", tz="UTC")


@pytest.fixture
def context(tmp_path):
    with hold_home(Home(tmp_path / "home")) as lock:
        yield PreparedContext(tmp_path / "home", lock, list_as_of=DATE)


def read_anew(context: PreparedContext) -> PreparedContext:
    """What a later run finds in the same home folder."""
    return PreparedContext(context.home.folder, context.lock, list_as_of=DATE)


@pytest.fixture
def registry(monkeypatch) -> SimpleNamespace:
    """A registry in memory that may be away."""
    state = SimpleNamespace(away=False, decisions={})

    def demote(_, version, *, decision):
        if state.away:
            raise RegistryUnavailable("MLflow cannot be reached.")
        state.decisions[version] = decision

    monkeypatch.setattr(demotion, "demote", demote)
    return state


def champion(number: int = 3, *, aliases: tuple[str, ...] = ("champion",)) -> SimpleNamespace:
    version = SimpleNamespace(aliases=aliases, spec_sha256=f"of version {number}")
    return SimpleNamespace(number=number, version=version)


def test_a_proof_that_holds_or_was_not_judged_again_demotes_no_version(context):
    assert not is_disproven(champion(), None, context)
    assert not is_disproven(champion(), PASSED, context)
    assert is_disproven(champion(), FAILED, context)


def test_a_demotion_is_recorded_with_its_numbers(context, registry):
    demote_champion.fn(champion(), FAILED, context)
    assert context.champion is None
    assert context.last_demotion == read_anew(context).last_demotion
    last = context.last_demotion
    assert (last.version, last.at, last.registry_updated) == (3, DATE, True)
    assert last.proof["low"] == -0.02
    assert "was demoted" in last.sentence
    assert last.sentence.endswith(FAILED.sentence)
    assert registry.decisions[3]["again.sentence"] == last.sentence
    assert registry.decisions[3]["again.most_fresh"] == 0.40
    assert {name.partition(".")[0] for name in registry.decisions[3]} == {"again"}, "no other"
    file = context.home.models / "last_demotion.json"
    assert json.loads(file.read_text())["list_as_of"] == "2024-03-20T00:00:00Z"


@pytest.mark.parametrize("moved", [True, False], ids=["after", "before"])
def test_a_run_that_is_killed_as_mlflow_is_updated_leaves_the_true_reason(
    context, registry, monkeypatch, moved
):
    context.record_training(decision("2024-03-13", "It is better.", promoted=True))

    class Killed(BaseException):
        """What nothing catches."""

    def kill(_, version, *, decision):
        if moved:
            registry.decisions[version] = decision
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(demotion, "demote", kill)
        with pytest.raises(Killed):
            demote_champion.fn(champion(), FAILED, context)
    later = read_anew(context)
    assert find_lost_champion(later) is None
    assert "was demoted" in describe_missing_model(later)
    assert is_disproven(champion(), FAILED, later), "should MLflow still call it its champion"
    demote_champion.fn(champion(), FAILED, later)
    assert later.last_demotion.registry_updated


def test_a_demoted_version_that_is_champion_again_was_restored_by_a_person(context, registry):
    demote_champion.fn(champion(), FAILED, context)
    assert not is_disproven(champion(), FAILED, context)
    assert is_disproven(champion(4), FAILED, context)
    another = champion()
    another.version.spec_sha256 = "of the version 3 in a new registry"
    assert is_disproven(another, FAILED, context)


@pytest.mark.parametrize("aliases", [("champion",), ()], ids=["MLflow away", "a stand-in"])
def test_where_the_registry_is_not_updated_the_next_run_tries_again(context, registry, aliases):
    registry.away = True
    demote_champion.fn(champion(aliases=aliases), FAILED, context)
    assert "was demoted" in describe_missing_model(context)
    assert registry.decisions == {}
    assert is_disproven(champion(), FAILED, context)
    registry.away = False
    demote_champion.fn(champion(), FAILED, context)
    assert not is_disproven(champion(), FAILED, context)


def test_the_reason_is_what_happened_last(context, registry):
    assert "No model has been trained" in describe_missing_model(context)
    context.record_training(decision("2024-03-13", "It is better.", promoted=True))
    demote_champion.fn(champion(), FAILED, context)
    assert "was demoted" in describe_missing_model(context)
    context.record_training(decision("2024-03-20", "Not proven."))
    assert "was demoted" in describe_missing_model(context), "in the same run"
    context.record_training(decision("2024-03-27", "Not proven."))
    assert describe_missing_model(context) == "Not proven."


def test_a_champion_that_was_not_demoted_is_lost_and_its_proof_is_no_reason(context, registry):
    """MLflow's store is empty, or another one is asked."""
    assert find_lost_champion(context) is None
    context.record_training(decision("2024-03-13", "It reaches 78 %.", promoted=True))
    assert find_lost_champion(context).version == 4
    assert "version 4 was promoted" in describe_missing_model(context)
    demote_champion.fn(champion(), FAILED, context)
    assert find_lost_champion(context) is None
    context.record_training(decision("2024-03-27", "It reaches 79 %.", promoted=True))
    assert "MLflow has no champion" in describe_missing_model(context)


LAST = TrainingRecord("2024-03-13T00:00:00Z", "f", 4, False, "It is better.", "requested")


def decision(date: str, sentence: str, *, promoted: bool = False) -> TrainingRecord:
    return replace(LAST, list_as_of=f"{date}T00:00:00Z", sentence=sentence, promoted=promoted)
