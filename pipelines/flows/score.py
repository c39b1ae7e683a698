"""Score today's list with the champion, and publish it with the proof and the gate's findings."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.errors import ConfigurationError
from features.catalog import build_catalog, topics
from features.freshness import days_since_fresh, last_activity_at
from features.vocabulary import Vocabulary
from features.wording import sentences
from models.evaluation.baselines import most_fresh
from models.evaluation.tiers import assign_frozen, assign_relative, call_order
from models.scorer.explanations import NO_TOPIC, strongest, topic_contributions
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport, checked_export
from pipelines.data.dataset import matrix, open_at, told_of, vocabulary_until
from pipelines.lifecycle.champion import Champion, load_champion
from pipelines.lifecycle.demotion import is_disproven, let_step_down, why_no_model
from pipelines.lifecycle.model_metadata import fingerprint
from pipelines.lifecycle.training_log import last_decision
from pipelines.monitoring.monitor import Watch, watch_over
from pipelines.publishing.lead_details import Facts, Stories, strongest_facts
from pipelines.publishing.publish import Listing, publish_list, standing_listing
from pipelines.publishing.unchanged import already_published
from pipelines.runtime.prefect_tasks import coarse_task, reported_flow
from pipelines.runtime.progress import step
from publications.filesystem.failpoints import failpoint
from publications.storage.lock import Hold, hold
from publications.storage.store import Publication, keep_latest
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
class Ranked:
    """Score, tier and reasons of each lead of an open list; scores are NaN without a model."""

    score: npt.NDArray[np.float64]
    tier: npt.NDArray[np.object_]
    reasons: npt.NDArray[np.object_]
    facts: Facts | None = None
    """What each score is made of."""


@dataclass(frozen=True)
class Today:
    """Today's list, who ranked it and how that model does; no model: most fresh first."""

    open_list: OpenList
    ranked: Ranked
    leading: Champion | None = None
    watch: Watch | None = None
    missed: tuple[str, ...] = ()
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
) -> Listing:
    """Check the export, then score and publish the list."""
    job = Job.of(
        config,
        home,
        as_of=as_of,
        now=now,
        warn_when_stale=warn_when_stale,
        any_size=any_size,
        again=again,
    )
    with hold(job.home) as held:
        return scored(checked_export(job), job, held)


def scored(checked: CheckedExport, job: Job, held: Hold) -> Listing:
    """The steps of a scoring, for the flows that build on it."""
    return published(
        settled(rank_today(checked, job, held), checked, job, held), checked, job, held
    )


def rank_today(checked: CheckedExport, job: Job, held: Hold) -> Today:
    """Today's list by the champion, who is watched; most fresh first where nobody leads."""
    leading = load_champion(job, held)
    failpoint("champion.loaded")
    open_list = draw_list(checked, job)
    if leading is None:
        return Today(open_list, rank_by_freshness(open_list, checked, job))
    try:
        ranked = rank_by_model(open_list, leading, checked, job)
    except ConfigurationError as error:
        if not _is_left_over(leading, job):
            raise
        return Today(
            open_list,
            rank_by_freshness(open_list, checked, job),
            reason=f"{why_no_model(job)} Version {leading.version.version}, which leads, is of "
            f"another leadgain.toml and cannot rank this export: {error}",
        )
    return Today(open_list, ranked, leading, watch_over(leading, ranked.score, checked, job))


def _is_left_over(leading: Champion, job: Job) -> bool:
    """Whether a model is of another leadgain.toml, and a training under this one gave no other."""
    now, last = fingerprint(job.settings), last_decision(job.home)
    return leading.facts.fingerprint != now and last is not None and last.fingerprint == now


def settled(today: Today, checked: CheckedExport, job: Job, held: Hold) -> Today:
    """The same list; most fresh first if the champion's proof has ceased to hold."""
    leading, again = today.leading, None if today.watch is None else today.watch.again
    if leading is None or again is None or not is_disproven(leading, again, job.home):
        return today
    let_step_down(leading, again, checked, job, held)
    return Today(today.open_list, rank_by_freshness(today.open_list, checked, job))


def published(today: Today, checked: CheckedExport, job: Job, held: Hold) -> Listing:
    """Put today's list into calling order and publish it with its proof, unless it stands."""
    failpoint("list.ranked")
    if not job.again and (standing := _standing(today, checked, job)) is not None:
        keep_latest(held, job.settings.publications.keep)  # an earlier run may have failed to
        return standing_listing(standing, today.leading)
    open_list, ranked = today.open_list, today.ranked
    order = call_order(
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
    stories = Stories(open_list.snapshots["lead"].to_numpy(), order, ranked.facts)
    reason = (today.reason or why_no_model(job)) if today.leading is None else ""
    return publish_list(
        worklist, stories, today.leading, today.watch, reason, today.missed, checked, job, held
    )


def _standing(today: Today, checked: CheckedExport, job: Job) -> Publication | None:
    """The list in force where a new one would say the same; a new warning is worth a new list.

    So is that the export has ceased to change: by its age alone, which the clock tells.
    """
    found = already_published(today.leading, checked, job)
    told = () if found is None else tuple(found.manifest.get("warnings", ()))
    due = {*today.missed, *(str(result["message"]) for result in checked.checks.warnings)}
    return found if due <= set(told) else None


@coarse_task(name="draw up today's list")
def draw_list(checked: CheckedExport, job: Job) -> OpenList:
    """The open leads, how fresh they are, and what is shown of them."""
    leads, activities = checked.export.leads, checked.export.activities
    with step("Drawing up today's list"):
        snapshots = open_at(checked.as_of, checked.export, job)
        today = snapshots.assign(as_of=checked.as_of)
        days = days_since_fresh(today, leads, activities, by=job.settings.freshness.by)
        shown = leads.iloc[snapshots["lead"]].reset_index(drop=True)
        last = last_activity_at(today, leads, activities)
    return OpenList(snapshots, most_fresh(days), shown, last)


@coarse_task(name="score the list")
def rank_by_model(
    open_list: OpenList, leading: Champion, checked: CheckedExport, job: Job
) -> Ranked:
    """The champion's probabilities, the tiers, and three reasons for each lead."""
    with step(f"Scoring {len(open_list.snapshots):,} open leads") as advance:
        vocabulary, policy = leading.facts.vocabulary, job.policy.policy
        X = matrix(open_list.snapshots, checked.export, vocabulary, job)
        probability = leading.scorer.predict_proba(X)[:, 1]
        named = topics(build_catalog(vocabulary))
        moved = topic_contributions(leading.scorer, X, named, progress=advance)
        told, signs = strongest(moved, k=REASONS)
        return Ranked(
            score=probability,
            tier=_tiers(probability, open_list, leading, job),
            reasons=mark_reasons(told_of(_asked(told, vocabulary), X, vocabulary, policy), signs),
            facts=strongest_facts(moved, X, vocabulary, policy),
        )


@coarse_task(name="rank by freshness")
def rank_by_freshness(open_list: OpenList, checked: CheckedExport, job: Job) -> Ranked:
    """The team's present order, where no model may rank the list."""
    n_leads = len(open_list.snapshots)
    with step(f"Ordering {n_leads:,} open leads, most fresh first"):
        vocabulary = vocabulary_until(checked.as_of, checked.export)
        today = open_list.snapshots.assign(as_of=checked.as_of)
        X = matrix(today, checked.export, vocabulary, job)
        told = np.full((n_leads, REASONS), FRESHNESS_TOPICS, dtype=object)
        return Ranked(
            score=np.full(n_leads, np.nan),
            tier=_relative_tiers(np.zeros(n_leads), open_list, job),
            reasons=sentences(told, X, build_catalog(vocabulary)),
        )


def _tiers(
    probability: npt.NDArray[np.float64], open_list: OpenList, leading: Champion, job: Job
) -> npt.NDArray[np.object_]:
    """Shares of the list; by the frozen cut-offs where configured, or for a single lead."""
    if job.settings.tiers.mode == "frozen" or len(probability) == 1:
        return assign_frozen(probability, leading.facts.cutoffs)
    return _relative_tiers(probability, open_list, job)


def _relative_tiers(
    values: npt.NDArray[np.float64], open_list: OpenList, job: Job
) -> npt.NDArray[np.object_]:
    return assign_relative(
        values,
        open_list.most_fresh,
        open_list.shown["lead_id"],
        np.zeros(len(values)),
        job.settings.tiers.shares,
    )


def _asked(told: npt.NDArray[np.object_], vocabulary: Vocabulary) -> npt.NDArray[np.object_]:
    """Any topic where a lead has fewer reasons; what is said of it is not shown."""
    return np.where(told == NO_TOPIC, build_catalog(vocabulary)[0].topic, told)
