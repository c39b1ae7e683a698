"""What has drifted, and whether that is a reason to train or only worth knowing."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.names import fact_names, measure_names
from models.drift import learn_reference
from pipelines import drifted
from pipelines.drifted import drift_of
from pipelines.inputs import watched_features
from tests.pipelines.test_model_facts import FACTS

LEADS = 400
WATCHED = watched_features(FACTS.vocabulary)
NAMES = [feature.name for feature in WATCHED]
SPREAD = np.linspace(0, 1, LEADS)
BEFORE = pd.DataFrame(dict.fromkeys(NAMES, SPREAD))


class Scorer:
    """Its score is the last input."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        score = X[NAMES[-1]].to_numpy()
        return np.column_stack([1 - score, score])


def leading(*shares: float) -> SimpleNamespace:
    """A model whose first inputs hold these shares of what moves the scores, the last the rest."""
    importance = pd.DataFrame(
        {
            "level": "feature",
            "group": fact_names(WATCHED),
            "feature": measure_names(WATCHED),
            "share": [*shares, *[0.0] * (len(NAMES) - len(shares) - 1), 1 - sum(shares)],
        }
    )
    tested = pd.DataFrame({"lead_id": range(LEADS), "score": SPREAD})
    return SimpleNamespace(
        facts=replace(FACTS, inputs=learn_reference(BEFORE, leads=LEADS)),
        scorer=Scorer(),
        proof=SimpleNamespace(backtest=tested, importance=importance),
    )


@pytest.fixture
def seen(monkeypatch):
    """Look at a list whose inputs are as before but for those named."""

    def look(model: SimpleNamespace, **now: float):
        X = BEFORE.assign(**now)
        listed = pd.DataFrame({"lead": range(len(X))})
        monkeypatch.setattr(drifted, "comparable_list", lambda *_: listed)
        monkeypatch.setattr(drifted, "matrix", lambda *_: X)
        return drift_of(model, SimpleNamespace(export=None), SimpleNamespace())

    return look


def test_a_list_like_those_of_the_training_tells_nothing(seen):
    drift = seen(leading(0.2))
    assert (drift.reasons, drift.notes) == ((), ())
    assert drift.scores["psi"] == 0
    assert drift.inputs == {"features": len(NAMES), "drifted": 0, "share_of_importance": 0.0}


def test_an_input_that_moves_the_scores_wears_the_model_and_is_named(seen):
    drift = seen(leading(0.15), **{NAMES[0]: 7.0})
    (reason,) = drift.reasons
    assert (reason.kind, reason.short) == ("inputs", "its inputs have drifted")
    named = f"{fact_names(WATCHED)[0]}, {measure_names(WATCHED)[0]}"
    assert reason.sentence == (
        f"1 of {len(NAMES)} inputs has drifted, with 15 % of what moves the scores: {named}."
    )
    assert drift.notes == ()
    assert drift.table["drifted"].tolist() == [1] + [0] * (len(NAMES) - 1)


def test_inputs_that_move_little_are_only_told(seen):
    drift = seen(leading(0.05, 0.09), **{NAMES[0]: 7.0, NAMES[1]: 7.0})
    assert drift.reasons == ()
    (note,) = drift.notes
    assert note.kind == "inputs"
    assert note.sentence.startswith(
        f"2 of {len(NAMES)} inputs have drifted, with 14 % of what moves"
    )


def test_at_most_three_inputs_are_named(seen):
    drift = seen(leading(), **dict.fromkeys(NAMES[:5], 7.0))
    assert drift.notes[0].sentence.count(";") == 2


def test_scores_that_are_spread_otherwise_wear_the_model(seen):
    drift = seen(leading(0.2), **{NAMES[-1]: 0.5})
    assert [(reason.kind, reason.short) for reason in drift.reasons] == [
        ("scores", "its scores have drifted"),
        ("inputs", "its inputs have drifted"),
    ]
    assert "limit 0.25" in drift.reasons[0].sentence


def test_a_model_whose_importance_is_not_known_is_not_worn_by_its_inputs(seen):
    model = leading(0.2)
    model.proof.importance = None
    drift = seen(model, **{NAMES[0]: 7.0})
    assert drift.reasons == ()
    assert drift.notes[0].sentence.startswith(f"1 of {len(NAMES)} inputs has drifted: ")


def test_where_no_lead_is_open_nothing_has_drifted(monkeypatch):
    monkeypatch.setattr(drifted, "comparable_list", lambda *_: pd.DataFrame({"lead": []}))
    drift = drift_of(leading(), SimpleNamespace(export=None), SimpleNamespace())
    assert (drift.table, drift.scores, drift.reasons, drift.notes) == (None, None, (), ())
