"""What has drifted of the inputs and the scores of the model in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.names import fact_names, measure_names
from models.drift import drift_table, learn_reference, share_beyond
from pipelines.champion import Champion
from pipelines.check import CheckedExport
from pipelines.inputs import comparable_list, some_of, watched_features
from pipelines.job import Job
from pipelines.matrices import matrix
from pipelines.remarks import Note, Reason
from publications.figures import count, decimal, percent
from publications.watch_words import INPUTS, SCORES

WEIGHTY = 0.15
"""Inputs that hold so much of what moves the scores are worth another training."""
NAMED = 3
COLUMNS = ["group", "feature", "psi", "limit", "drifted"]


@dataclass(frozen=True)
class Drift:
    """How far today's inputs and scores lie from those of the training; nothing where unknown."""

    table: pd.DataFrame | None = None
    """drift.csv: group, feature, psi, limit, drifted; the farthest beyond its limit first."""
    scores: dict[str, float] | None = None
    inputs: dict[str, Any] | None = None
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Note, ...] = ()


def drift_of(leading: Champion, checked: CheckedExport, job: Job) -> Drift:
    """Hold the list that compares with those of the training against them."""
    listed = comparable_list(checked, job)
    if listed.empty:
        return Drift()
    X = matrix(listed, checked.export, leading.facts.vocabulary, job)
    leads = int(listed["lead"].nunique())
    scores = _of_scores(leading, X, leads)
    table = _of_inputs(leading, X, leads)
    inputs = None if table is None else _summed(table, leading)
    return Drift(
        table=None if table is None else _sorted(table),
        scores=scores,
        inputs=inputs,
        reasons=tuple(_reasons(scores, table, inputs)),
        notes=tuple(_notes(table, inputs)),
    )


def _of_scores(leading: Champion, X: pd.DataFrame, leads: int) -> dict[str, float]:
    """Today's scores against those that the backtest gave to lists it had not seen."""
    tested = some_of(leading.proof.backtest)
    reference = learn_reference(tested[["score"]], leads=int(tested["lead_id"].nunique()))
    found = pd.DataFrame({"score": leading.scorer.predict_proba(X)[:, 1]})
    row = drift_table(reference, found, leads=leads).iloc[0]
    return {"psi": round(float(row["psi"]), 9), "limit": round(float(row["limit"]), 9)}


def _of_inputs(leading: Champion, X: pd.DataFrame, leads: int) -> pd.DataFrame | None:
    if leading.facts.inputs is None:
        return None
    features = watched_features(leading.facts.vocabulary)
    table = drift_table(leading.facts.inputs, X, leads=leads)
    named = pd.DataFrame({"group": fact_names(features), "feature": measure_names(features)})
    named.index = pd.Index([feature.name for feature in features])
    return table.join(named, on="column")


def _summed(table: pd.DataFrame, leading: Champion) -> dict[str, Any]:
    """How many inputs have drifted, and their share of what moves the scores."""
    weights = leading.proof.importance
    share = None
    if weights is not None:
        rows = weights[weights["level"] == "feature"]
        known = dict(
            zip(zip(rows["group"], rows["feature"], strict=True), rows["share"], strict=True)
        )
        pairs = zip(table["group"], table["feature"], strict=True)
        share = round(share_beyond(table, [known.get(pair, 0.0) for pair in pairs]), 9)
    drifted = int(table["drifted"].sum())
    return {"features": len(table), "drifted": drifted, "share_of_importance": share}


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    order = np.argsort(-(table["psi"] / table["limit"]).to_numpy(), kind="stable")
    frame = table.iloc[order].reset_index(drop=True)
    frame["drifted"] = frame["drifted"].astype(np.int64)
    return frame[COLUMNS].astype({"group": "str", "feature": "str"}).round({"psi": 9, "limit": 9})


def _reasons(
    scores: dict[str, float], table: pd.DataFrame | None, inputs: dict[str, Any] | None
) -> Iterator[Reason]:
    if scores["psi"] > scores["limit"]:
        yield Reason(
            SCORES,
            "The scores of today's leads are spread otherwise than on the tested lists (distance "
            f"{decimal(scores['psi'])}, limit {decimal(scores['limit'])}).",
            "its scores have drifted",
        )
    if table is not None and inputs is not None and _weighs(inputs):
        yield Reason(
            INPUTS,
            f"{_drifted(inputs)}, with {percent(inputs['share_of_importance'])} of what moves "
            f"the scores: {_farthest(table)}.",
            "its inputs have drifted",
        )


def _notes(table: pd.DataFrame | None, inputs: dict[str, Any] | None) -> Iterator[Note]:
    if table is None or inputs is None or not inputs["drifted"] or _weighs(inputs):
        return
    share = inputs["share_of_importance"]
    weight = "" if share is None else f", with {percent(share)} of what moves the scores"
    yield Note(INPUTS, f"{_drifted(inputs)}{weight}: {_farthest(table)}.")


def _weighs(inputs: dict[str, Any]) -> bool:
    share = inputs["share_of_importance"]
    return share is not None and share >= WEIGHTY


def _drifted(inputs: dict[str, Any]) -> str:
    of = count(inputs["features"], "input", "inputs")
    have = "has" if inputs["drifted"] == 1 else "have"
    return f"{count(inputs['drifted'])} of {of} {have} drifted"


def _farthest(table: pd.DataFrame) -> str:
    worst = _sorted(table)
    worst = worst[worst["drifted"] == 1].head(NAMED)
    named = [f"{row['group']}, {row['feature']}" for _, row in worst.iterrows()]
    return "; ".join(named)
