"""A champion whose proof has ceased to hold steps down, unless a person has brought it back."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from models.evaluation.verdicts import Difference, ProofVerdict
from models.registry.registry import RegistryUnavailable
from pipelines.lifecycle import demotion as stepping_down
from pipelines.lifecycle.demotion import (
    demote_champion,
    describe_missing_model,
    find_lost_champion,
    is_disproven,
    read_last_demotion,
)
from pipelines.lifecycle.training_log import TrainingRecord, write_training_record
from publications.storage.home import Home
from publications.storage.lock import HomeLock, hold_home

HOLDS = ProofVerdict(passed=True, sentence="It holds.", depth=0.3, difference=None)
FAILS = ProofVerdict(
    passed=False,
    sentence="The difference is +1.0 points.",
    depth=0.3,
    difference=Difference(gain=0.41, other_gain=0.40, low=-0.02, high=0.04),
)
CHECKED = SimpleNamespace(as_of=pd.Timestamp("2024-03-20", tz="UTC"))


@pytest.fixture
def context(tmp_path) -> SimpleNamespace:
    return SimpleNamespace(home=Home(tmp_path / "home"))


@pytest.fixture
def lock(context) -> HomeLock:
    with hold_home(context.home) as lock:
        yield lock


@pytest.fixture
def registry(monkeypatch) -> SimpleNamespace:
    """A registry in memory that may be away."""
    told = SimpleNamespace(away=False, decisions={})

    def step_down(_, version, *, decision):
        if told.away:
            raise RegistryUnavailable("MLflow cannot be reached.")
        told.decisions[version] = decision

    monkeypatch.setattr(stepping_down, "get_registry", lambda context: told)
    monkeypatch.setattr(stepping_down, "demote", step_down)
    return told


def champion(number: int = 3, *aliases: str) -> SimpleNamespace:
    return SimpleNamespace(
        version=SimpleNamespace(
            version=number, aliases=aliases or ("champion",), spec_sha256=f"of version {number}"
        )
    )


def test_a_proof_that_holds_or_was_not_judged_again_takes_nobody_down(context):
    assert not is_disproven(champion(), None, context.home)
    assert not is_disproven(champion(), HOLDS, context.home)
    assert is_disproven(champion(), FAILS, context.home)


def test_a_version_that_stands_in_for_the_champion_has_no_lead_to_lose(context):
    assert not is_disproven(champion(2, "previous"), FAILS, context.home)


def test_who_steps_down_is_remembered_with_the_numbers(context, lock, registry):
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    fallen = read_last_demotion(context.home)
    assert (fallen.version, fallen.at, fallen.registry_told) == (3, CHECKED.as_of, True)
    assert fallen.proof["low"] == -0.02
    assert fallen.sentence == (
        "Version 3 does not lead any more: judged again with the lists that have matured since "
        "its training, its proof does not hold. The difference is +1.0 points."
    )
    assert registry.decisions[3]["again.sentence"] == fallen.sentence
    assert registry.decisions[3]["again.most_fresh"] == 0.40
    assert {name.partition(".")[0] for name in registry.decisions[3]} == {"again"}, "no other"
    assert json.loads((context.home.models / "stepped_down.json").read_text())["version"] == 3


@pytest.mark.parametrize("moved", [True, False], ids=["after", "before"])
def test_a_run_that_is_killed_as_mlflow_is_told_leaves_the_true_reason(
    context, lock, registry, monkeypatch, moved
):
    """Before or after the lead has moved: nobody is told that MLflow has lost its records."""
    write_training_record(lock, decision("2024-03-13", "It leads.", promoted=True))

    class Killed(BaseException):
        """What nothing catches."""

    def killed(_, version, *, decision):
        if moved:
            registry.decisions[version] = decision
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(stepping_down, "demote", killed)
        with pytest.raises(Killed):
            demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert find_lost_champion(context.home) is None
    assert describe_missing_model(context).startswith(
        "Version 3 does not lead any more: judged again"
    )
    assert is_disproven(champion(), FAILS, context.home), "should MLflow still call it its champion"
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert read_last_demotion(context.home).registry_told


def test_a_version_that_leads_again_was_brought_back_by_a_person(context, lock, registry):
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert not is_disproven(champion(), FAILS, context.home)
    assert is_disproven(champion(4), FAILS, context.home)


def test_a_new_registry_that_counts_from_one_again_does_not_excuse_another_version_3(
    context, lock, registry
):
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    another = champion()
    another.version.spec_sha256 = "of the version 3 in the new registry"
    assert is_disproven(another, FAILS, context.home)


def test_what_an_older_leadgain_remembered_still_counts(context, lock, registry):
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    file = context.home.models / "stepped_down.json"
    told = json.loads(file.read_text())
    del told["spec_sha256"]
    file.write_text(json.dumps(told))
    assert not is_disproven(champion(), FAILS, context.home)


def test_while_the_registry_is_away_the_list_does_without_the_model(context, lock, registry):
    registry.away = True
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert "the next run tries again" in describe_missing_model(context)
    assert is_disproven(champion(), FAILS, context.home), "and so it does"
    registry.away = False
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert "tries again" not in describe_missing_model(context)
    assert not is_disproven(champion(), FAILS, context.home)


def test_the_reason_is_what_happened_last(context, lock, registry):
    assert (
        describe_missing_model(context)
        == "No model has been trained yet; `leadgain train` does it."
    )
    write_training_record(lock, decision("2024-03-13", "It leads.", promoted=True))
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert describe_missing_model(context).startswith("Version 3 does not lead any more")
    write_training_record(lock, decision("2024-03-20", "Not proven."))
    assert describe_missing_model(context).startswith("Version 3 does not lead any more"), (
        "in the same run"
    )
    write_training_record(lock, decision("2024-03-27", "Not proven."))
    assert describe_missing_model(context) == "Not proven."


def test_a_lead_that_nobody_took_away_is_lost_and_its_proof_is_no_reason(context, lock, registry):
    """MLflow's store is empty, or another one is asked."""
    assert find_lost_champion(context.home) is None
    write_training_record(lock, decision("2024-03-13", "It reaches 78 %.", promoted=True))
    assert find_lost_champion(context.home).version == 4
    assert describe_missing_model(context).startswith(
        "MLflow knows no version that leads, although version 4 did after the training of 13 March"
    )
    demote_champion.fn(champion(), FAILS, CHECKED, context, lock)
    assert find_lost_champion(context.home) is None
    write_training_record(lock, decision("2024-03-27", "It reaches 79 %.", promoted=True))
    assert describe_missing_model(context).startswith("MLflow knows no version that leads")


def decision(as_of: str, sentence: str, *, promoted: bool = False) -> TrainingRecord:
    return TrainingRecord(f"{as_of}T00:00:00+00:00", "f", 4, promoted=promoted, sentence=sentence)
