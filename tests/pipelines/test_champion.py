"""Who leads: what is loaded, how a challenger takes over, and how an earlier version comes back."""

import hashlib
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest

from models.errors import ModelDamaged
from models.proof import Comparison, Proof
from models.registered import SQLITE
from pipelines import champion
from pipelines.champion import let_lead, registry_at
from tests.pipelines.conftest import in_force
from tests.pipelines.test_model_facts import FACTS

PROVEN = Proof(passed=True, sentence="It is better.", depth=0.3, difference=None)
NOT_PROVEN = Proof(passed=False, sentence="It is not.", depth=0.3, difference=None)
TESTED = pd.DataFrame()
JOB = SimpleNamespace(
    settings=SimpleNamespace(
        tiers=SimpleNamespace(A=0.3),
        backtest=SimpleNamespace(bootstrap_samples=100),
        training=SimpleNamespace(seed=1),
    )
)


def version(number: int, fingerprint: str = FACTS.fingerprint) -> SimpleNamespace:
    return SimpleNamespace(version=number, tags={"fingerprint": fingerprint})


@pytest.fixture
def registry(monkeypatch):
    """A registry in memory: who leads, what was promoted, what was only noted."""
    held = SimpleNamespace(leads=None, promoted=[], noted=[])

    def promote(_, number, *, replacing, decision):
        held.promoted.append((number, replacing, decision["sentence"]))

    monkeypatch.setattr(champion, "registry_of", lambda job: held)
    monkeypatch.setattr(champion, "champion", lambda registry: held.leads)
    monkeypatch.setattr(champion, "promote", promote)
    monkeypatch.setattr(
        champion,
        "note_decision",
        lambda _, number, decision: held.noted.append((number, decision["sentence"])),
    )
    return held


@pytest.fixture
def compared(monkeypatch):
    """Both tested on the same rows, with the verdict that the test asks for."""

    def become(verdict: str) -> None:
        found = Comparison(verdict, f"The challenger is {verdict}.", 100, None)
        proof = SimpleNamespace(backtest=TESTED)
        monkeypatch.setattr(champion, "opened", lambda *_: SimpleNamespace(proof=proof))
        monkeypatch.setattr(champion.verdicts, "compare", lambda *_, **__: found)

    return become


def decide(number: int, verdict: Proof) -> tuple[bool, str]:
    return let_lead.fn(version(number), TESTED, verdict, FACTS, JOB)


def test_the_first_proven_model_leads(registry):
    assert decide(1, PROVEN) == (True, "It is better.")
    assert registry.promoted == [(1, None, "It is better.")]


def test_a_model_without_proof_never_leads_and_the_reason_is_kept(registry):
    assert decide(1, NOT_PROVEN) == (False, "It is not.")
    assert registry.promoted == []
    assert registry.noted == [(1, "It is not.")]


@pytest.mark.parametrize("verdict", ["better", "not worse", "not comparable"])
def test_a_challenger_that_is_not_worse_leads(registry, compared, verdict):
    registry.leads = version(1)
    compared(verdict)
    assert decide(2, PROVEN) == (True, f"The challenger is {verdict}.")
    assert registry.promoted == [(2, 1, f"The challenger is {verdict}.")]


def test_a_worse_challenger_does_not_lead(registry, compared):
    registry.leads = version(1)
    compared("worse")
    assert decide(2, PROVEN) == (False, "The challenger is worse.")
    assert registry.promoted == []
    assert registry.noted == [(2, "The challenger is worse.")]


def test_the_same_model_again_leads_already(registry):
    registry.leads = version(1)
    leads, sentence = decide(1, PROVEN)
    assert leads
    assert "leads already: the training gave the same model" in sentence
    assert registry.promoted == registry.noted == []


def test_after_a_change_of_leadgain_toml_the_two_are_not_compared(registry):
    registry.leads = version(1, fingerprint="another")
    leads, sentence = decide(2, PROVEN)
    assert leads
    assert "leadgain.toml has changed since the champion was trained" in sentence


def test_a_challenger_of_an_earlier_day_does_not_take_over(registry, compared):
    """`leadgain train --as-of` an earlier day: it would list today's leads knowing less."""
    registry.leads = version(1)
    registry.leads.tags["as_of"] = "2024-03-15T00:00:00+00:00"
    compared("better")
    leads, sentence = decide(2, PROVEN)
    assert not leads
    assert "trained as of 2024-03-14, and the champion knows what came until 2024-03-15" in sentence


def test_a_champion_that_is_damaged_is_replaced(registry, monkeypatch):
    registry.leads = version(1)

    def damaged(*_):
        raise ModelDamaged("model.txt is not the file that was saved.")

    monkeypatch.setattr(champion, "opened", damaged)
    leads, sentence = decide(2, PROVEN)
    assert leads
    assert "The champion cannot be used any more: model.txt is not the file" in sentence


def test_without_a_leadgain_toml_the_registry_is_the_homes_own(tmp_path):
    registry = registry_at(None, tmp_path / "home")
    assert registry.tracking_uri == f"{SQLITE}{tmp_path / 'home' / 'mlflow.db'}"


def test_a_tracking_server_is_used_where_leadgain_toml_names_one(tmp_path):
    config = tmp_path / "leadgain.toml"
    config.write_text(
        '[leads]\nfile = "l.csv"\n[tracking]\nuri = "http://localhost:5000"\nmodel = "m"\n'
    )
    registry = registry_at(config, tmp_path / "home")
    assert (registry.tracking_uri, registry.model_name) == ("http://localhost:5000", "m")


def test_a_version_whose_files_are_gone_comes_back_from_the_registry(leadgain, night, published):
    model = published / "models" / "1" / "model.txt"
    before = hashlib.sha256(model.read_bytes()).hexdigest()
    shutil.rmtree(model.parent)
    assert leadgain("score", "--config", night.config, "--home", published).code == 0
    assert hashlib.sha256(model.read_bytes()).hexdigest() == before


def test_rollback_lets_the_earlier_version_lead_the_next_list(leadgain, second_night, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(second_night.home, home)
    assert in_force(home).manifest["model"]["version"] == 2
    outcome = leadgain("rollback", "--config", second_night.config, "--home", home)
    assert "Version 1 leads from the next scoring on" in outcome.said
    leadgain("score", "--config", second_night.config, "--home", home)
    assert in_force(home).manifest["model"]["version"] == 1


def test_a_rollback_needs_a_version_to_go_back_to(leadgain, night, published):
    arguments = ("--config", night.config, "--home", published)
    nothing = leadgain("rollback", *arguments)
    assert nothing.code == 2
    assert "There is no earlier champion to go back to" in nothing.err
    unknown = leadgain("rollback", "9", *arguments)
    assert unknown.code == 2
    assert "There is no version 9 of leadgain; there is 1." in unknown.err
