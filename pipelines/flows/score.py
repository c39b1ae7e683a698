"""Score today's list with the champion, and publish it with the proof and the gate's findings."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.errors import ConfigurationError
from features.catalog import build_catalog, list_topics
from features.freshness import compute_days_since_fresh, find_last_activity_at
from features.vocabulary import Vocabulary
from features.wording import build_sentences
from models.evaluation.baselines import most_fresh
from models.evaluation.tiers import assign_frozen, assign_relative, compute_call_order
from models.scorer.explanations import NO_TOPIC, compute_topic_contributions, find_strongest_topics
from pipelines.config.run_context import RunContext
from pipelines.data.checked_export import CheckedExport, load_checked_export
from pipelines.data.dataset import (
    compute_matrix,
    describe_topics,
    find_open_leads,
    learn_vocabulary_until,
)
from pipelines.lifecycle.champion import Champion, load_champion
from pipelines.lifecycle.demotion import demote_champion, describe_missing_model, is_disproven
from pipelines.lifecycle.model_metadata import compute_fingerprint
from pipelines.lifecycle.training_log import read_last_training
from pipelines.monitoring.monitor import MonitoringResult, monitor_model
from pipelines.publishing.lead_details import LeadDetails, LeadFacts, find_strongest_facts
from pipelines.publishing.publish import PublishedList, publish_list, read_unchanged_list
from pipelines.publishing.unchanged_list import find_unchanged_list
from pipelines.runtime.prefect_tasks import coarse_task, reported_flow
from pipelines.runtime.progress import step
from publications.filesystem.failpoints import failpoint
from publications.storage.lock import HomeLock, hold_home
from publications.storage.store import Publication, delete_old_publications
from publications.tables.worklist import build_worklist, mark_reasons

REASONS = 3
FRESHNESS_TOPICS = ("inbound", "activity", "age")
"""What is told of a lead that no model has ranked."""


@dataclass(frozen=True)
class OpenList:
    """The leads that are open at ``as_of``, one row each, with the baseline's score."""

    snapshots: pd.DataFrame
    most_fresh: npt.NDArray[np.float64]
    shown: pd.DataFrame
    """What the export tells of them."""
    last_activity_at: pd.Series


@dataclass(frozen=True)
class Ranking:
    """Score, tier and reasons of each lead of an open list; scores are NaN without a model."""

    score: npt.NDArray[np.float64]
    tier: npt.NDArray[np.object_]
    reasons: npt.NDArray[np.object_]
    facts: LeadFacts | None = None
    """What each score is made of."""


@dataclass(frozen=True)
class TodaysList:
    """Today's list, who ranked it and how that model does; no model: most fresh first."""

    open_list: OpenList
    ranked: Ranking
    champion: Champion | None = None
    watch: MonitoringResult | None = None
    training_warnings: tuple[str, ...] = ()
    """Warnings: what should have been done before the list, and was not."""
    reason: str = ""
    """Why the model that leads did not rank it; empty where it did, or where none leads."""


@reported_flow(name="score")
def score(
    config: str,
    home: str,
    as_of: str | None = None,
    now: str | None = None,
    warn_when_stale: bool = True,
    any_size: bool = False,
    again: bool = False,
) -> PublishedList:
    """Check the export, then score and publish the list."""
    context = RunContext.of(
        config,
        home,
        as_of=as_of,
        now=now,
        warn_when_stale=warn_when_stale,
        any_size=any_size,
        again=again,
    )
    with hold_home(context.home) as lock:
        return score_and_publish(load_checked_export(context), context, lock)


def score_and_publish(checked: CheckedExport, context: RunContext, lock: HomeLock) -> PublishedList:
    """The steps of a scoring, for the flows that build on it."""
    return publish_today(
        demote_if_disproven(rank_today(checked, context, lock), checked, context, lock),
        checked,
        context,
        lock,
    )


def rank_today(checked: CheckedExport, context: RunContext, lock: HomeLock) -> TodaysList:
    """Today's list by the champion, who is watched; most fresh first where nobody leads."""
    champion = load_champion(context, lock)
    failpoint("champion.loaded")
    open_list = build_open_list(checked, context)
    if champion is None:
        return TodaysList(open_list, rank_by_freshness(open_list, checked, context))
    try:
        ranked = rank_by_model(open_list, champion, checked, context)
    except ConfigurationError as error:
        if not _has_outdated_settings(champion, context):
            raise
        return TodaysList(
            open_list,
            rank_by_freshness(open_list, checked, context),
            reason=f"{describe_missing_model(context)} "
            f"Version {champion.version.version}, which leads, is of "
            f"another leadgain.toml and cannot rank this export: {error}",
        )
    return TodaysList(
        open_list, ranked, champion, monitor_model(champion, ranked.score, checked, context)
    )


def _has_outdated_settings(champion: Champion, context: RunContext) -> bool:
    """Whether a model is of another leadgain.toml, and a training under this one gave no other."""
    now, last = compute_fingerprint(context.settings), read_last_training(context.home)
    return champion.facts.fingerprint != now and last is not None and last.fingerprint == now


def demote_if_disproven(
    today: TodaysList, checked: CheckedExport, context: RunContext, lock: HomeLock
) -> TodaysList:
    """The same list; most fresh first if the champion's proof has ceased to hold."""
    champion, again = today.champion, None if today.watch is None else today.watch.again
    if champion is None or again is None or not is_disproven(champion, again, context.home):
        return today
    demote_champion(champion, again, checked, context, lock)
    return TodaysList(today.open_list, rank_by_freshness(today.open_list, checked, context))


def publish_today(
    today: TodaysList, checked: CheckedExport, context: RunContext, lock: HomeLock
) -> PublishedList:
    """Put today's list into calling order and publish it with its proof, unless it stands."""
    failpoint("list.ranked")
    if not context.again and (standing := _find_same_list(today, checked, context)) is not None:
        delete_old_publications(
            lock, context.settings.publications.keep
        )  # an earlier run may have failed to
        return read_unchanged_list(standing, today.champion)
    open_list, ranked = today.open_list, today.ranked
    order = compute_call_order(
        np.nan_to_num(ranked.score), open_list.most_fresh, open_list.shown["lead_id"]
    )
    worklist = build_worklist(
        open_list.shown,
        order=order,
        score=ranked.score,
        tier=ranked.tier,
        reasons=ranked.reasons,
        last_activity_at=open_list.last_activity_at,
        profile=[column.name for column in checked.export.profile],
    )
    stories = LeadDetails(open_list.snapshots["lead"].to_numpy(), order, ranked.facts)
    reason = (today.reason or describe_missing_model(context)) if today.champion is None else ""
    return publish_list(
        worklist,
        stories,
        today.champion,
        today.watch,
        reason,
        today.training_warnings,
        checked,
        context,
        lock,
    )


def _find_same_list(
    today: TodaysList, checked: CheckedExport, context: RunContext
) -> Publication | None:
    """The list in force where a new one would say the same; a new warning is worth a new list.

    So is that the export has ceased to change: by its age alone, which the clock tells.
    """
    found = find_unchanged_list(today.champion, checked, context)
    told = () if found is None else tuple(found.manifest.get("warnings", ()))
    due = {
        *today.training_warnings,
        *(str(result["message"]) for result in checked.checks.warnings),
    }
    return found if due <= set(told) else None


@coarse_task(name="draw up today's list")
def build_open_list(checked: CheckedExport, context: RunContext) -> OpenList:
    """The open leads, how fresh they are, and what is shown of them."""
    leads, activities = checked.export.leads, checked.export.activities
    with step("Drawing up today's list"):
        snapshots = find_open_leads(checked.as_of, checked.export, context)
        today = snapshots.assign(as_of=checked.as_of)
        days = compute_days_since_fresh(today, leads, activities, by=context.settings.freshness.by)
        shown = leads.iloc[snapshots["lead"]].reset_index(drop=True)
        last = find_last_activity_at(today, leads, activities)
    return OpenList(snapshots, most_fresh(days), shown, last)


@coarse_task(name="score the list")
def rank_by_model(
    open_list: OpenList, champion: Champion, checked: CheckedExport, context: RunContext
) -> Ranking:
    """The champion's probabilities, the tiers, and three reasons for each lead."""
    with step(f"Scoring {len(open_list.snapshots):,} open leads") as advance:
        vocabulary, policy = champion.facts.vocabulary, context.policy.policy
        X = compute_matrix(open_list.snapshots, checked.export, vocabulary, context)
        probability = champion.scorer.predict_proba(X)[:, 1]
        named = list_topics(build_catalog(vocabulary))
        moved = compute_topic_contributions(champion.scorer, X, named, progress=advance)
        told, signs = find_strongest_topics(moved, k=REASONS)
        return Ranking(
            score=probability,
            tier=_assign_tiers(probability, open_list, champion, context),
            reasons=mark_reasons(
                describe_topics(_fill_empty_topics(told, vocabulary), X, vocabulary, policy), signs
            ),
            facts=find_strongest_facts(moved, X, vocabulary, policy),
        )


@coarse_task(name="rank by freshness")
def rank_by_freshness(open_list: OpenList, checked: CheckedExport, context: RunContext) -> Ranking:
    """The team's present order, where no model may rank the list."""
    n_leads = len(open_list.snapshots)
    with step(f"Ordering {n_leads:,} open leads, most fresh first"):
        vocabulary = learn_vocabulary_until(checked.as_of, checked.export)
        today = open_list.snapshots.assign(as_of=checked.as_of)
        X = compute_matrix(today, checked.export, vocabulary, context)
        told = np.full((n_leads, REASONS), FRESHNESS_TOPICS, dtype=object)
        return Ranking(
            score=np.full(n_leads, np.nan),
            tier=_assign_relative_tiers(np.zeros(n_leads), open_list, context),
            reasons=build_sentences(told, X, build_catalog(vocabulary)),
        )


def _assign_tiers(
    probability: npt.NDArray[np.float64],
    open_list: OpenList,
    champion: Champion,
    context: RunContext,
) -> npt.NDArray[np.object_]:
    """Shares of the list; by the frozen cut-offs where configured, or for a single lead."""
    if context.settings.tiers.mode == "frozen" or len(probability) == 1:
        return assign_frozen(probability, champion.facts.cutoffs)
    return _assign_relative_tiers(probability, open_list, context)


def _assign_relative_tiers(
    values: npt.NDArray[np.float64], open_list: OpenList, context: RunContext
) -> npt.NDArray[np.object_]:
    return assign_relative(
        values,
        open_list.most_fresh,
        open_list.shown["lead_id"],
        np.zeros(len(values)),
        context.settings.tiers.shares,
    )


def _fill_empty_topics(
    told: npt.NDArray[np.object_], vocabulary: Vocabulary
) -> npt.NDArray[np.object_]:
    """Any topic where a lead has fewer reasons; what is said of it is not shown."""
    return np.where(told == NO_TOPIC, build_catalog(vocabulary)[0].topic, told)
