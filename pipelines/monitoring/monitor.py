"""How the model in force does: its age, what has drifted, its gain on the lists matured since."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.evaluation.tiers import assign_frozen
from models.evaluation.verdicts import Difference, ProofVerdict, prove
from models.monitoring.decay import has_enough_outcomes, has_fallen, is_worse
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.run_context import RunContext
from pipelines.lifecycle.since_training import (
    COLUMNS,
    build_verdict_arguments,
    find_next_maturity,
    has_matured_since,
    rejudge_proof,
    score_matured_lists,
)
from pipelines.lifecycle.training_log import collect_proof_figures
from pipelines.monitoring.drift import Drift, Note, Reason, measure_drift
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.filesystem.json_files import format_instant
from publications.wording.formatting import count, day, percent, points, points_interval
from publications.wording.monitoring import PROOF, TRAINING

MAX_AGE = pd.Timedelta(days=90)
"""A model trained longer ago than this may speak of another market."""
AGE, GAIN = "age", "gain"
"""Kinds of reasons that are never mere notes."""


@dataclass(frozen=True)
class MonitoringResult:
    """What a look at the model in force has found."""

    version: int
    known_until: pd.Timestamp
    age_days: float
    reasons: tuple[Reason, ...]
    """Why it is degraded; empty where it is not."""
    notes: tuple[Note, ...]
    """What is worth knowing all the same."""
    drift: Drift
    tier_shares: tuple[dict[str, Any], ...]
    since_training: dict[str, Any] | None
    """The lists that have matured since the training, as in monitoring.json."""
    rejudged: ProofVerdict | None
    """The proof judged again with those lists; None where they hold too little."""

    @property
    def degraded(self) -> bool:
        """Whether a new training is called for."""
        return bool(self.reasons)

    @property
    def why(self) -> str:
        """The reasons as part of a sentence."""
        return " and ".join(reason.short for reason in self.reasons)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Reasons, then notes."""
        return tuple(note.sentence for note in (*self.reasons, *self.notes))

    def content(self) -> dict[str, Any]:
        """As monitoring.json tells it; docs/publications.md tells its keys."""
        return {
            "version": self.version,
            "known_until": format_instant(self.known_until),
            "age_days": round(self.age_days, 6),
            "degraded": self.degraded,
            "reasons": [reason.sentence for reason in self.reasons],
            "notes": [note.sentence for note in self.notes],
            "note_kinds": [note.kind for note in self.notes],
            "scores": self.drift.scores,
            "inputs": self.drift.inputs,
            "tier_shares": list(self.tier_shares),
            "since_training": self.since_training,
        }


@coarse_task(name="watch the model in force")
def monitor_model(
    champion: LoadedVersion, score: npt.NDArray[np.float64], context: RunContext
) -> MonitoringResult:
    """Look at the model in force.

    Parameters
    ----------
    champion : the model
    score : its scores of today's list
    """
    with step("Watching the model in force"):
        if not _is_comparable(champion, context):
            return judge_model(champion, _build_empty_rows(), Drift(), score, context)
        since = score_matured_lists(champion, context)
        drift = measure_drift(champion, context)
        return judge_model(champion, since, drift, score, context)


def judge_model(
    champion: LoadedVersion,
    since: pd.DataFrame,
    drift: Drift,
    score: npt.NDArray[np.float64],
    context: RunContext,
) -> MonitoringResult:
    """What is made of the lists that have matured since the training, and of the drift.

    Drift alone wears no model as long as no list has matured from which a better one could learn.
    """
    now = _judge_since_training(since, champion, context)
    rejudged = rejudge_proof(champion, since, context)
    learnable = has_matured_since(champion.facts.known_until, context)
    reasons = (
        *_find_gain_reasons(now, since, champion),
        *(drift.reasons if learnable else ()),
        *_find_age_reasons(champion, context),
    )
    notes = (
        *_find_proof_notes(rejudged),
        *(() if learnable else (reason.plain_note for reason in drift.reasons)),
        *drift.notes,
        *(_find_retraining_notes(context) if reasons or drift.reasons else ()),
    )
    return MonitoringResult(
        version=champion.number,
        known_until=champion.facts.known_until,
        age_days=max((context.list_as_of - champion.facts.known_until) / pd.Timedelta(days=1), 0.0),
        reasons=reasons,
        notes=notes,
        drift=drift,
        tier_shares=tuple(_compute_tier_shares(champion, score)),
        since_training=None if now is None else _describe_since_training(since, now),
        rejudged=rejudged,
    )


def _is_comparable(champion: LoadedVersion, context: RunContext) -> bool:
    """Today's lists mean what they meant to the model, and lie after its training."""
    same = champion.facts.fingerprint == context.fingerprint
    return same and context.known_until >= champion.facts.known_until


def _build_empty_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


def _judge_since_training(
    since: pd.DataFrame, champion: LoadedVersion, context: RunContext
) -> ProofVerdict | None:
    """The model against most fresh on the lists since; None where nobody converted there."""
    if since.empty or since["converted"].nunique() < 2:
        return None
    found = prove(since, **build_verdict_arguments(champion, context))
    return None if found.difference is None else found


def _describe_since_training(since: pd.DataFrame, found: ProofVerdict) -> dict[str, Any]:
    dates, difference = since["list_date"], found.difference
    assert difference is not None  # noqa: S101 (`_judge_since_training` gives none otherwise)
    lists = count(int(dates.nunique()), "list has", "lists have")
    sentence = (
        f"{lists} matured since its training, {day(dates.min())} to {day(dates.max())}: the first "
        f"{percent(found.depth)} reach {percent(difference.gain, 1)} of the conversions, most "
        f"fresh first {percent(difference.other_gain, 1)}; {_format_difference(difference)}."
    )
    return {
        "lists": int(dates.nunique()),
        "from": format_instant(dates.min()),
        "until": format_instant(dates.max()),
        "rows": len(since),
        "conversions": int(since["converted"].sum()),
        **(collect_proof_figures(found) or {}),
        "sentence": sentence,
    }


def _find_gain_reasons(
    now: ProofVerdict | None, since: pd.DataFrame, champion: LoadedVersion
) -> Iterator[Reason]:
    """It now ranks worse than most fresh first, or far less well than was proven.

    With few customers a band is too narrow to be believed, so nothing is said of them.
    """
    enough = has_enough_outcomes(champion.proof.backtest, since)
    if now is None or now.difference is None or not enough:
        return
    until = f"on the lists of {day(since['list_date'].min())} to {day(since['list_date'].max())}"
    if is_worse(now.difference):
        yield Reason(
            GAIN,
            f"The model now ranks worse than most fresh first: {until}, made since its "
            f"training, the difference is {_format_difference(now.difference)}.",
            "it now ranks worse than most fresh first",
        )
        return
    proven = _read_proven_difference(champion)
    if has_fallen(proven, now.difference):
        yield Reason(
            GAIN,
            f"The model ranks less well than proven: the difference to most fresh first was "
            f"{_format_difference(proven)}, and {until}, made since its training, it is "
            f"{_format_difference(now.difference)}.",
            "its gain has fallen",
        )


def _read_proven_difference(champion: LoadedVersion) -> Difference:
    """The model's lead over most fresh first at the depth of tier A, as its proof told it.

    The table tells whole percents, and tier A may be a third.
    """
    table = champion.proof.gain_table
    away = (table["depth"] - champion.meaning.depth).abs()
    at_depth = table[away == away.min()]
    model = at_depth[at_depth["ranking"] == "model"].iloc[0]
    fresh = at_depth[at_depth["ranking"] == "most_fresh"].iloc[0]
    return Difference(
        gain=float(model["gain"]),
        other_gain=float(fresh["gain"]),
        low=float(model["difference_low"]),
        high=float(model["difference_high"]),
    )


def _find_age_reasons(champion: LoadedVersion, context: RunContext) -> Iterator[Reason]:
    age = context.list_as_of - champion.facts.known_until
    if age <= MAX_AGE:
        return
    tested = champion.proof.backtest["list_date"]
    yield Reason(
        AGE,
        f"Version {champion.number} was trained {count(age.days)} days before this list. "
        f"Its gains are those of lists from {day(tested.min())} to {day(tested.max())}.",
        f"it is {count(age.days, 'day', 'days')} old",
    )


def _find_proof_notes(rejudged: ProofVerdict | None) -> Iterator[Note]:
    """Shown only where a person has brought the model back: else it has stepped down."""
    if rejudged is not None and not rejudged.passed:
        yield Note(
            PROOF,
            "With the outcomes known since the training, the model is no longer proven. "
            f"{rejudged.sentence}",
        )


def _find_retraining_notes(context: RunContext) -> Iterator[Note]:
    """When a model is trained anew: as soon as there is something new to learn."""
    last = context.last_training
    if last is None or has_matured_since(last.at, context):
        yield Note(
            TRAINING,
            "New outcomes are known since the last training: the next `leadgain run` retrains.",
        )
    else:
        yield Note(
            TRAINING,
            f"No new outcomes since the last training on {day(last.at)}, so retraining would not "
            "help. The next outcomes are known on "
            f"{day(find_next_maturity(context.known_until, context))}.",
        )


def _compute_tier_shares(
    champion: LoadedVersion, score: npt.NDArray[np.float64]
) -> Iterator[dict[str, Any]]:
    """The share of each tier by the cut-offs learned at training: on the tested lists, and now."""
    cutoffs = champion.facts.cutoffs
    then, now = (assign_frozen(s, cutoffs) for s in (champion.proof.backtest["score"], score))
    for tier in cutoffs:
        found = round(float((now == tier).mean()), 9) if len(now) else None
        yield {"tier": tier, "expected": round(float((then == tier).mean()), 9), "found": found}


def _format_difference(difference: Difference) -> str:
    band = points_interval(difference.low, difference.high)
    return f"{points(difference.value)} (95 % range {band})"
