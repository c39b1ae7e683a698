"""How far inputs, scores and tiers have drifted since the training."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm.list_dates import build_list_dates, find_list_date_before
from features.catalog import Feature, build_catalog
from features.names import list_fact_names, list_measure_names
from features.snapshots import build_scoring_snapshots
from features.vocabulary import Vocabulary
from models.monitoring.drift import (
    SAMPLE_ROWS,
    Reference,
    build_drift_table,
    compute_drifted_share,
    learn_reference,
)
from models.scorer.importance import pick_evenly_spaced
from pipelines.data.dataset import compute_matrix, find_open_leads
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.run_context import RunContext
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.wording.formatting import count, decimal, percent
from publications.wording.monitoring import INPUTS, SCORES


@dataclass(frozen=True)
class Note:
    """What is worth knowing of a model though it does not wear it."""

    kind: str
    """What it is about: one of ``wording.monitoring.KINDS``; pages place it by that."""
    sentence: str


@dataclass(frozen=True)
class Reason(Note):
    """Why a model is degraded: as a sentence, and in a few words."""

    short: str
    """Goes on from "because"."""

    @property
    def plain_note(self) -> Note:
        """The same where it does not wear the model."""
        return Note(self.kind, self.sentence)


REFERENCE_LISTS, REFERENCE_DAYS = 4, 28
"""The latest lists that were learned from: older ones hold other seasons and younger leads."""
WEEK = pd.Timedelta(days=7)
LIST_WORDING = "listed"
"""Wording of what is equal for all leads of a list: its day."""


@coarse_task(name="remember the inputs")
def learn_input_reference(
    snapshots: pd.DataFrame, vocabulary: Vocabulary, context: RunContext
) -> Reference:
    """How the inputs were spread on the latest lists that the model learned from."""
    with step("Remembering what the inputs looked like"):
        rows = sample_rows(_select_latest_lists(snapshots))
        X = compute_matrix(rows, context.export, vocabulary, context.threads)
        # Sorted, as the model's spec.json is: a list published from memory is that from the files.
        names = sorted(feature.name for feature in list_monitored_features(vocabulary))
        return learn_reference(X[names], leads=rows["lead"].nunique())


def build_comparable_list(context: RunContext) -> pd.DataFrame:
    """The open leads of the last week's lists, at instants like those that were learned from.

    With lists on Saturdays at midnight a Tuesday's list differs in all that a weekend brings, and
    that is no drift: last Saturday's is looked at. With lists on arrival it is today's list, whose
    rows stand at the arrival of each lead. Nothing is looked at that the export does not tell.
    """
    until = context.known_until
    if context.policy.policy == "on_arrival":
        return sample_rows(find_open_leads(until, context.export, context.policy))
    lists = (
        build_scoring_snapshots(context.export.leads, as_of=at, policy=context.policy)
        for at in _list_week_dates(until, context.policy.every_days)
    )
    return sample_rows(pd.concat(lists, ignore_index=True))


def list_monitored_features(vocabulary: Vocabulary) -> list[Feature]:
    """The inputs that can drift: all but the day of the list."""
    return [f for f in build_catalog(vocabulary) if f.wording != LIST_WORDING]


def sample_rows(snapshots: pd.DataFrame) -> pd.DataFrame:
    """As many rows as are looked at, spread over all of them."""
    return snapshots.iloc[pick_evenly_spaced(len(snapshots), SAMPLE_ROWS)].reset_index(drop=True)


def _select_latest_lists(snapshots: pd.DataFrame) -> pd.DataFrame:
    """The latest four lists, or those of four weeks where these are more."""
    dates = snapshots["list_date"].drop_duplicates().sort_values()
    first = min(
        dates.iloc[-REFERENCE_LISTS:].iloc[0], _compute_period_start(dates.iloc[-1], REFERENCE_DAYS)
    )
    latest: pd.DataFrame = snapshots[snapshots["list_date"] >= first]
    return latest


def _compute_period_start(last: pd.Timestamp, days: int) -> pd.Timestamp:
    return last - pd.Timedelta(days=days) + pd.Timedelta(microseconds=1)


def _list_week_dates(until: pd.Timestamp, every_days: int) -> list[pd.Timestamp]:
    """The list dates of the seven days up to an instant, on the same days of the week as the lists.

    Where lists are rarer than weekly and on changing days of the week: the latest list date.
    """
    grid = WEEK.days if every_days % WEEK.days == 0 else every_days
    latest = find_list_date_before(pd.Series([until]), grid).iloc[0]
    return [latest, *build_list_dates(_compute_period_start(until, WEEK.days), latest, grid)[:-1]]


HEAVY_SHARE = 0.15
"""Inputs that hold so much of what moves the scores are worth another training."""
NAMED_INPUTS = 3
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


def measure_drift(champion: LoadedVersion, context: RunContext) -> Drift:
    """Hold the list that compares with those of the training against them."""
    listed = build_comparable_list(context)
    if listed.empty:
        return Drift()
    X = compute_matrix(listed, context.export, champion.facts.vocabulary, context.threads)
    leads = int(listed["lead"].nunique())
    scores = _measure_score_drift(champion, X, leads)
    table = _measure_input_drift(champion, X, leads)
    inputs = _summarize_inputs(table, champion)
    return Drift(
        table=_sort_by_drift(table),
        scores=scores,
        inputs=inputs,
        reasons=tuple(_find_reasons(scores, table, inputs)),
        notes=tuple(_find_notes(table, inputs)),
    )


def _measure_score_drift(champion: LoadedVersion, X: pd.DataFrame, leads: int) -> dict[str, float]:
    """Today's scores against those that the backtest gave to lists it had not seen."""
    tested = sample_rows(champion.proof.backtest)
    reference = learn_reference(tested[["score"]], leads=int(tested["lead_id"].nunique()))
    found = pd.DataFrame({"score": champion.scorer.predict_proba(X)[:, 1]})
    row = build_drift_table(reference, found, leads=leads).iloc[0]
    return {"psi": round(float(row["psi"]), 9), "limit": round(float(row["limit"]), 9)}


def _measure_input_drift(champion: LoadedVersion, X: pd.DataFrame, leads: int) -> pd.DataFrame:
    features = list_monitored_features(champion.facts.vocabulary)
    table = build_drift_table(champion.facts.inputs, X, leads=leads)
    named = pd.DataFrame(
        {"group": list_fact_names(features), "feature": list_measure_names(features)}
    )
    named.index = pd.Index([feature.name for feature in features])
    return table.join(named, on="column")


def _summarize_inputs(table: pd.DataFrame, champion: LoadedVersion) -> dict[str, Any]:
    """How many inputs have drifted, and their share of what moves the scores."""
    weights = champion.proof.importance
    rows = weights[weights["level"] == "feature"]
    known = dict(zip(zip(rows["group"], rows["feature"], strict=True), rows["share"], strict=True))
    pairs = zip(table["group"], table["feature"], strict=True)
    share = round(compute_drifted_share(table, [known.get(pair, 0.0) for pair in pairs]), 9)
    drifted = int(table["drifted"].sum())
    return {"features": len(table), "drifted": drifted, "share_of_importance": share}


def _sort_by_drift(table: pd.DataFrame) -> pd.DataFrame:
    order = np.argsort(-(table["psi"] / table["limit"]).to_numpy(), kind="stable")
    frame = table.iloc[order].reset_index(drop=True)
    frame["drifted"] = frame["drifted"].astype(np.int64)
    return frame[COLUMNS].astype({"group": "str", "feature": "str"}).round({"psi": 9, "limit": 9})


def _find_reasons(
    scores: dict[str, float], table: pd.DataFrame, inputs: dict[str, Any]
) -> Iterator[Reason]:
    if scores["psi"] > scores["limit"]:
        yield Reason(
            SCORES,
            "Today's score distribution differs from the backtest (PSI "
            f"{decimal(scores['psi'])}, limit {decimal(scores['limit'])}).",
            "its scores have drifted",
        )
    if _is_heavy(inputs):
        yield Reason(
            INPUTS,
            f"{_describe_inputs(inputs)}: {_describe_farthest(table)}.",
            "its inputs have drifted",
        )


def _find_notes(table: pd.DataFrame, inputs: dict[str, Any]) -> Iterator[Note]:
    if not inputs["drifted"] or _is_heavy(inputs):
        return
    yield Note(INPUTS, f"{_describe_inputs(inputs)}: {_describe_farthest(table)}.")


def _is_heavy(inputs: dict[str, Any]) -> bool:
    return bool(inputs["share_of_importance"] >= HEAVY_SHARE)


def _describe_inputs(inputs: dict[str, Any]) -> str:
    of = count(inputs["features"], "input", "inputs")
    have = "has" if inputs["drifted"] == 1 else "have"
    weight = f"{percent(inputs['share_of_importance'])} of what moves the scores"
    return f"{count(inputs['drifted'])} of {of} {have} drifted, with {weight}"


def _describe_farthest(table: pd.DataFrame) -> str:
    worst = _sort_by_drift(table)
    worst = worst[worst["drifted"] == 1].head(NAMED_INPUTS)
    named = [f"{row['group']}, {row['feature']}" for _, row in worst.iterrows()]
    return "; ".join(named)
