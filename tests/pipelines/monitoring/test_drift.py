from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.list_policy import ListPolicy
from features.names import list_fact_names, list_measure_names
from features.vocabulary import ProfileTerm, Vocabulary
from models.monitoring.drift import SAMPLE_ROWS, learn_reference
from pipelines.monitoring import drift
from pipelines.monitoring.drift import (
    build_comparable_list,
    learn_input_reference,
    list_monitored_features,
    measure_drift,
    sample_rows,
)
from tests.pipelines.lifecycle.test_model_metadata import FACTS

VOCABULARY = Vocabulary(("call",), (ProfileTerm("source", "category", ("web",)),))


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def leads(*created: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": [f"L{n}" for n in range(len(created))],
            "created_at": pd.to_datetime(list(created), utc=True).as_unit("us"),
            "converted_at": pd.to_datetime([None] * len(created), utc=True).as_unit("us"),
            "closed_at": pd.to_datetime([None] * len(created), utc=True).as_unit("us"),
        }
    )


def context(until: str = "2024-07-11", **policy) -> SimpleNamespace:
    export = SimpleNamespace(leads=leads("2024-01-01", "2024-07-09"), last_instant=at("2024-09-01"))
    return SimpleNamespace(
        policy=ListPolicy(**policy), export=export, known_until=at(until), threads=1
    )


def test_with_weekly_lists_last_saturdays_list_is_looked_at():
    """On Thursday 11 July: the list of Saturday 6 July, without the lead of Tuesday."""
    listed = build_comparable_list(context("2024-07-11 09:00", every_days=7))
    assert listed["as_of"].tolist() == [at("2024-07-06")]
    assert listed["lead_id"].tolist() == ["L0"]


def test_with_lists_every_fourteen_days_a_saturday_is_looked_at_too():
    listed = build_comparable_list(context("2024-07-18", every_days=14))
    assert listed["as_of"].unique().tolist() == [at("2024-07-13")]


def test_with_daily_lists_a_whole_week_is_looked_at():
    listed = build_comparable_list(context("2024-07-11 09:00", every_days=1))
    days = listed.loc[listed["lead_id"] == "L0", "as_of"].dt.day
    assert sorted(days) == [5, 6, 7, 8, 9, 10, 11]


def test_with_rare_lists_on_changing_days_the_latest_is_looked_at():
    listed = build_comparable_list(context("2024-07-11", every_days=10))
    assert listed["as_of"].nunique() == 1
    assert at("2024-07-01") < listed["as_of"].iloc[0] <= at("2024-07-11")


def test_with_lists_on_arrival_the_arrivals_of_the_week_are_looked_at():
    listed = build_comparable_list(context("2024-07-11", policy="on_arrival", every_days=7))
    assert listed["lead_id"].tolist() == ["L1"]


def test_the_day_of_the_list_is_no_input_that_can_drift():
    names = [feature.name for feature in list_monitored_features(VOCABULARY)]
    assert "list_weekday" not in names
    assert {"call_7d", "created_weekday", "source"} <= set(names)


@pytest.mark.parametrize(("every_days", "lists"), [(7, 4), (14, 4), (1, 28)])
def test_the_reference_is_made_of_the_latest_lists(monkeypatch, every_days, lists):
    """Of four weeks, and at least four."""
    dates = pd.date_range("2024-01-06", periods=40, freq=f"{every_days}D", tz="UTC")
    snapshots = pd.DataFrame({"lead": range(40), "list_date": dates, "as_of": dates})
    asked = []

    def matrix(rows, *_):
        asked.append(rows)
        names = [feature.name for feature in list_monitored_features(VOCABULARY)]
        return pd.DataFrame(0.0, index=rows.index, columns=names)

    monkeypatch.setattr(drift, "compute_matrix", matrix)
    reference = learn_input_reference.fn(snapshots, VOCABULARY, context(every_days=every_days))
    assert asked[0]["list_date"].tolist() == dates[-lists:].tolist()
    assert reference.leads == lists
    assert reference.columns["call_7d"].counts == (0, lists, 0, 0)


def test_a_large_list_is_looked_at_in_part():
    rows = sample_rows(pd.DataFrame({"lead": range(3 * SAMPLE_ROWS)}))
    assert len(rows) == SAMPLE_ROWS
    assert rows["lead"].max() > 2.9 * SAMPLE_ROWS


LEADS = 400
WATCHED = list_monitored_features(FACTS.vocabulary)
NAMES = [feature.name for feature in WATCHED]
SPREAD = np.linspace(0, 1, LEADS)
BEFORE = pd.DataFrame(dict.fromkeys(NAMES, SPREAD))


class Scorer:
    """Its score is the last input."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        score = X[NAMES[-1]].to_numpy()
        return np.column_stack([1 - score, score])


def champion(*shares: float) -> SimpleNamespace:
    """A model whose first inputs hold these shares of what moves the scores, the last the rest."""
    importance = pd.DataFrame(
        {
            "level": "feature",
            "group": list_fact_names(WATCHED),
            "feature": list_measure_names(WATCHED),
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
        monkeypatch.setattr(drift, "build_comparable_list", lambda *_: listed)
        monkeypatch.setattr(drift, "compute_matrix", lambda *_: X)
        return measure_drift(model, context())

    return look


def test_a_list_like_those_of_the_training_tells_nothing(seen):
    found = seen(champion(0.2))
    assert (found.reasons, found.notes) == ((), ())
    assert found.scores["psi"] == 0
    assert found.inputs == {"features": len(NAMES), "drifted": 0, "share_of_importance": 0.0}


def test_an_input_that_moves_the_scores_wears_the_model_and_is_named(seen):
    found = seen(champion(0.15), **{NAMES[0]: 7.0})
    (reason,) = found.reasons
    assert (reason.kind, reason.short) == ("inputs", "its inputs have drifted")
    named = f"{list_fact_names(WATCHED)[0]}, {list_measure_names(WATCHED)[0]}"
    assert reason.sentence == (
        f"1 of {len(NAMES)} inputs has drifted, with 15 % of what moves the scores: {named}."
    )
    assert found.notes == ()
    assert found.table["drifted"].tolist() == [1] + [0] * (len(NAMES) - 1)


def test_inputs_that_move_little_are_only_told(seen):
    found = seen(champion(0.05, 0.09), **{NAMES[0]: 7.0, NAMES[1]: 7.0})
    assert found.reasons == ()
    (note,) = found.notes
    assert note.kind == "inputs"
    assert note.sentence.startswith(
        f"2 of {len(NAMES)} inputs have drifted, with 14 % of what moves"
    )


def test_at_most_three_inputs_are_named(seen):
    found = seen(champion(), **dict.fromkeys(NAMES[:5], 7.0))
    assert found.notes[0].sentence.count(";") == 2


def test_scores_that_are_spread_otherwise_wear_the_model(seen):
    found = seen(champion(0.2), **{NAMES[-1]: 0.5})
    assert [(reason.kind, reason.short) for reason in found.reasons] == [
        ("scores", "its scores have drifted"),
        ("inputs", "its inputs have drifted"),
    ]
    assert "limit 0.25" in found.reasons[0].sentence


def test_where_no_lead_is_open_nothing_has_drifted(monkeypatch):
    monkeypatch.setattr(drift, "build_comparable_list", lambda *_: pd.DataFrame({"lead": []}))
    found = measure_drift(champion(), context())
    assert (found.table, found.scores, found.reasons, found.notes) == (None, None, (), ())
