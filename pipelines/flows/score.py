"""Score today's list with the champion; publish it with its evidence and the gate's findings."""

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
from pipelines.config.run_request import RunRequest
from pipelines.data.checked_export import load_checked_export
from pipelines.data.dataset import (
    compute_matrix,
    describe_topics,
    find_open_leads,
    learn_vocabulary_until,
)
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.demotion import demote_champion, describe_missing_model, is_disproven
from pipelines.lifecycle.load_champion import load_champion
from pipelines.lifecycle.run_context import RunContext
from pipelines.monitoring.monitor import MonitoringResult, monitor_model
from pipelines.publishing.lead_details import LeadDetails, LeadFacts, find_strongest_facts
from pipelines.publishing.publish import PublishedList, publish_list, read_unchanged_list
from pipelines.publishing.unchanged_list import find_unchanged_list
from pipelines.runtime.prefect_tasks import coarse_task, reported_flow
from pipelines.runtime.progress import step
from publications.filesystem.failpoints import failpoint
from publications.storage.lock import hold_home
from publications.storage.store import Publication, delete_old_publications
from publications.tables.worklist import build_worklist, mark_reasons

REASONS = 3
FRESHNESS_TOPICS = ("inbound", "activity", "age")
"""The reasons of a lead that no model has ranked."""


@dataclass(frozen=True)
class OpenList:
    """The leads that are open at ``as_of``, one row each, with the baseline's score."""

    snapshots: pd.DataFrame
    most_fresh: npt.NDArray[np.float64]
    shown: pd.DataFrame
    """Their rows of the export."""
    last_activity_at: pd.Series


@dataclass(frozen=True)
class Ranking:
    """Score, tier and reasons of each lead of an open list; scores are NaN without a model."""

    score: npt.NDArray[np.float64]
    tier: npt.NDArray[np.object_]
    reasons: npt.NDArray[np.object_]
    facts: LeadFacts | None = None
    """The contributions to each score."""


@dataclass(frozen=True)
class TodaysList:
    """Today's list, ranked by the context's champion, with the monitoring of that model.

    Without a champion: most fresh first.
    """

    open_list: OpenList
    ranking: Ranking
    monitoring: MonitoringResult | None = None
    training_warnings: tuple[str, ...] = ()
    """A training that was due and not possible."""


@reported_flow(name="score")
def score(request: RunRequest) -> PublishedList:
    """Check the export, then score and publish the list."""
    with hold_home(request.home) as lock:
        return score_and_publish(RunContext(request, lock, load_checked_export(request)))


def score_and_publish(context: RunContext) -> PublishedList:
    """The steps of a scoring, for the flows that build on it."""
    return publish_today(demote_if_disproven(rank_today(context), context), context)


def rank_today(context: RunContext) -> TodaysList:
    """Today's list by the champion, which is monitored; most fresh first without one."""
    open_list = build_open_list(context)
    champion = load_champion(context)
    failpoint("champion.loaded")
    if champion is None:
        return TodaysList(open_list, rank_by_freshness(open_list, context))
    try:
        ranking = rank_by_model(open_list, champion, context)
    except ConfigurationError as error:
        if not _has_outdated_settings(champion, context):
            raise
        reason = (
            f"{describe_missing_model(context)} The champion, version {champion.number}, was "
            f"trained with other settings and cannot rank this export: {error}"
        )
        context.set_champion(None, reason)
        return TodaysList(open_list, rank_by_freshness(open_list, context))
    return TodaysList(open_list, ranking, monitor_model(champion, ranking.score, context))


def _has_outdated_settings(champion: LoadedVersion, context: RunContext) -> bool:
    """Whether a model has other settings, and training with the present ones gave no champion."""
    last, fingerprint = context.last_training, context.fingerprint
    return champion.facts.fingerprint != fingerprint == (last and last.fingerprint)


def demote_if_disproven(today: TodaysList, context: RunContext) -> TodaysList:
    """The same list; most fresh first if the champion fails its proof."""
    champion, monitoring = context.champion, today.monitoring
    if champion is None or monitoring is None or monitoring.rejudged is None:
        return today
    if not is_disproven(champion, monitoring.rejudged, context):
        return today
    demote_champion(champion, monitoring.rejudged, context)
    return TodaysList(today.open_list, rank_by_freshness(today.open_list, context))


def publish_today(today: TodaysList, context: RunContext) -> PublishedList:
    """Put today's list in calling order and publish it with its evidence, unless unchanged."""
    failpoint("list.ranked")
    unchanged = None if context.request.publish_unchanged else _find_same_list(today, context)
    if unchanged is not None:
        # An earlier run may have failed to.
        delete_old_publications(context.lock, context.settings.publications.keep)
        return read_unchanged_list(unchanged, context)
    open_list, ranking = today.open_list, today.ranking
    order = compute_call_order(
        np.nan_to_num(ranking.score), open_list.most_fresh, open_list.shown["lead_id"]
    )
    worklist = build_worklist(
        open_list.shown,
        order=order,
        score=ranking.score,
        tier=ranking.tier,
        reasons=ranking.reasons,
        last_activity_at=open_list.last_activity_at,
        profile=[column.name for column in context.export.profile],
    )
    details = LeadDetails(open_list.snapshots["lead"].to_numpy(), order, ranking.facts)
    return publish_list(worklist, details, today.monitoring, today.training_warnings, context)


def _find_same_list(today: TodaysList, context: RunContext) -> Publication | None:
    """The list in force if a new one would be the same; a new warning is worth a new list.

    So is a stale export, which only the clock reveals.
    """
    unchanged = find_unchanged_list(context)
    if unchanged is None:
        return None
    due = {
        *today.training_warnings,
        *(str(result["message"]) for result in context.checked.checks.warnings),
    }
    return unchanged if due <= set(unchanged.manifest.get("warnings", ())) else None


@coarse_task(name="build today's list")
def build_open_list(context: RunContext) -> OpenList:
    """The open leads, their freshness, and their rows of the export."""
    leads, activities = context.export.leads, context.export.activities
    with step("Building today's list") as current:
        snapshots = find_open_leads(context.list_as_of, context.export, context.policy)
        current.rows = len(snapshots)
        today = snapshots.assign(as_of=context.list_as_of)
        days = compute_days_since_fresh(today, leads, activities, by=context.settings.freshness.by)
        shown = leads.iloc[snapshots["lead"]].reset_index(drop=True)
        last = find_last_activity_at(today, leads, activities)
    return OpenList(snapshots, most_fresh(days), shown, last)


@coarse_task(name="score the list")
def rank_by_model(open_list: OpenList, champion: LoadedVersion, context: RunContext) -> Ranking:
    """The champion's probabilities, the tiers, and three reasons for each lead."""
    with step(f"Scoring {len(open_list.snapshots):,} open leads") as current:
        vocabulary, policy = champion.facts.vocabulary, context.policy.policy
        X = compute_matrix(open_list.snapshots, context.export, vocabulary, context.threads)
        probability = champion.scorer.predict_proba(X)[:, 1]
        named = list_topics(build_catalog(vocabulary))
        moved = compute_topic_contributions(champion.scorer, X, named, progress=current.advance)
        topics, signs = find_strongest_topics(moved, k=REASONS)
        return Ranking(
            score=probability,
            tier=_assign_tiers(probability, open_list, champion, context),
            reasons=mark_reasons(
                describe_topics(_fill_empty_topics(topics, vocabulary), X, vocabulary, policy),
                signs,
            ),
            facts=find_strongest_facts(moved, X, vocabulary, policy),
        )


@coarse_task(name="rank by freshness")
def rank_by_freshness(open_list: OpenList, context: RunContext) -> Ranking:
    """Most fresh first, where no model may rank the list."""
    n_leads = len(open_list.snapshots)
    with step(f"Ordering {n_leads:,} open leads, most fresh first"):
        vocabulary = learn_vocabulary_until(context.list_as_of, context.export)
        today = open_list.snapshots.assign(as_of=context.list_as_of)
        X = compute_matrix(today, context.export, vocabulary, context.threads)
        topics = np.full((n_leads, REASONS), FRESHNESS_TOPICS, dtype=object)
        return Ranking(
            score=np.full(n_leads, np.nan),
            tier=_assign_relative_tiers(np.zeros(n_leads), open_list, context),
            reasons=build_sentences(topics, X, build_catalog(vocabulary)),
        )


def _assign_tiers(
    probability: npt.NDArray[np.float64],
    open_list: OpenList,
    champion: LoadedVersion,
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
    topics: npt.NDArray[np.object_], vocabulary: Vocabulary
) -> npt.NDArray[np.object_]:
    """Any topic where a lead has fewer reasons; what is said of it is not shown."""
    return np.where(topics == NO_TOPIC, build_catalog(vocabulary)[0].topic, topics)
