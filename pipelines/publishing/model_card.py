"""What a publication says of the model in use: its training, its backtest, its predecessors."""

import json
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pandas as pd

from features.catalog import build_catalog, humanise, topics
from features.first_response import has_outbound, hours_to_first_outbound
from features.names import fact_names, measure_names
from features.vocabulary import MAX_TYPES, Vocabulary
from models.evaluation.backtest import Fold, fold_table
from models.evaluation.first_contact import first_contact_table
from models.registry.registry import RegisteredVersion, RegistryUnavailable, versions
from models.scorer.explanations import base_score
from models.scorer.importance import evenly_spaced, importance_table
from models.scorer.scorer import LeadScorer
from pipelines.config.registry_address import registry_of
from pipelines.config.run_context import Job, in_utc
from pipelines.data.checked_export import CheckedExport
from pipelines.data.dataset import matrix
from pipelines.lifecycle.champion import Champion
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.wording.formatting import count, day

VERSIONS = 20
"""The newest versions that are told; a server may hold hundreds."""


def model_facts(leading: Champion, job: Job) -> bytes:
    """The bytes of model.json; docs/publications.md tells its keys."""
    facts, scorer, meaning = leading.facts, leading.scorer, leading.meaning
    training = leading.proof.training or {"trained_on": [], "left_out": [], "folds": []}
    content = {
        "version": leading.version.version,
        "sha256": leading.version.model_sha256,
        "as_of": in_utc(facts.as_of),
        "trained_from": in_utc(facts.trained_from),
        "trained_until": in_utc(facts.trained_until),
        "horizon_days": meaning.horizon_days,
        "every_days": meaning.every_days,
        "policy": meaning.policy,
        "rows": scorer.rows_,
        "conversions": scorer.conversions_,
        "columns": len(scorer.columns_),
        "base_score": round(base_score(scorer), 9),
        "depth": meaning.depth,
        "verdict": facts.verdict,
        **training,
        "versions": [_version(found, leading) for found in _told(leading, job)],
    }
    return f"{json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()


def _told(leading: Champion, job: Job) -> list[RegisteredVersion]:
    """The newest versions, and the leading one if it is older than all of them.

    Alone the leading one where the registry is away: the list's warnings tell that.
    """
    try:
        newest = versions(registry_of(job), most=VERSIONS)
    except RegistryUnavailable:
        newest = []
    known = any(found.version == leading.version.version for found in newest)
    return newest if known else [*newest, leading.version]


def _version(found: RegisteredVersion, leading: Champion) -> dict[str, Any]:
    as_of = found.tags.get("as_of")
    return {
        "version": found.version,
        "as_of": None if as_of is None else in_utc(pd.Timestamp(as_of)),
        "gain_at_30": _rounded(found.metrics.get("gain_model_at_30")),
        "most_fresh_at_30": _rounded(found.metrics.get("gain_most_fresh_at_30")),
        "leads": found.version == leading.version.version,
        "decision": found.decided,
    }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 9)


@coarse_task(name="weigh the facts")
def weigh_facts(
    scorer: LeadScorer,
    vocabulary: Vocabulary,
    snapshots: pd.DataFrame,
    checked: CheckedExport,
    job: Job,
) -> pd.DataFrame:
    """Which facts move the model's scores, on rows from all over its training lists."""
    with step("Weighing the facts") as advance:
        some = snapshots.iloc[evenly_spaced(len(snapshots))]
        X = matrix(some, checked.export, vocabulary, job)
        catalog = build_catalog(vocabulary)
        return importance_table(
            scorer.contributions(X, progress=advance),
            topics(catalog),
            fact_names(catalog),
            measure_names(catalog),
        )


@coarse_task(name="tabulate first contacts")
def first_contacts(tested: pd.DataFrame, checked: CheckedExport, job: Job) -> pd.DataFrame | None:
    """Conversion by tier and delay of the first contact; None without outbound activities."""
    export = checked.export
    if not has_outbound(export.activities):
        return None
    hours = hours_to_first_outbound(tested, export.leads, export.activities)
    return first_contact_table(
        tested,
        hours,
        samples=job.settings.backtest.bootstrap_samples,
        seed=job.settings.training.seed,
    )


def tell_training(
    snapshots: pd.DataFrame,
    folds: Sequence[Fold],
    tested: pd.DataFrame,
    scorer: LeadScorer,
    vocabulary: Vocabulary,
    checked: CheckedExport,
    job: Job,
) -> dict[str, Any]:
    """What the model learned from and what was left out, in sentences, and the backtest's fits."""
    fits = fold_table(folds, tested, snapshots["converted"], depth=job.settings.tiers.A)
    return {
        "trained_on": [*_trained_on(snapshots, scorer, vocabulary, job)],
        "left_out": [*_left_out(snapshots, vocabulary, checked, job)],
        "folds": [_as_json(fit) for fit in fits.to_dict("records")],
    }


def _as_json(fit: dict[Hashable, Any]) -> dict[str, Any]:
    """One fit of the backtest as JSON values; a gain that is none is null."""
    values = {str(name): value for name, value in fit.items()}
    gains = {
        name: None if pd.isna(values[name]) else round(values[name], 9)
        for name in ("gain", "most_fresh")
    }
    return values | gains | {"origin": in_utc(values["origin"])}


def _trained_on(
    snapshots: pd.DataFrame, scorer: LeadScorer, vocabulary: Vocabulary, job: Job
) -> Iterator[str]:
    lists = job.settings.lists
    first, last = (day(end) for end in (snapshots["as_of"].min(), snapshots["as_of"].max()))
    if lists.policy == "periodic":
        drawn = count(snapshots["as_of"].nunique(), "list", "lists")
        yield f"{drawn}, one every {count(lists.every_days, 'day', 'days')}, {first} to {last}."
    else:
        yield (
            f"Leads of {first} to {last}, each as it stood {lists.delay_hours:g} hours after it "
            "came in."
        )
    yield (
        f"{count(len(snapshots), 'row', 'rows')} of "
        f"{count(snapshots['lead'].nunique(), 'different lead', 'different leads')}; "
        f"{count(scorer.conversions_)} of the rows converted within "
        f"{count(lists.horizon_days, 'day', 'days')}."
    )
    yield (
        f"{count(len(scorer.columns_))} columns of what was known on the day of the list: "
        f"{count(len(vocabulary.types), 'kind', 'kinds')} of activity, how often, how recently and "
        "in which order; the age of the lead and the calendar."
    )
    if vocabulary.profile:
        named = ", ".join(humanise(term.name) for term in vocabulary.profile)
        yield f"What the export says of the lead itself: {named}."


def _left_out(
    snapshots: pd.DataFrame, vocabulary: Vocabulary, checked: CheckedExport, job: Job
) -> Iterator[str]:
    lists, export = job.settings.lists, checked.export
    horizon = count(lists.horizon_days, "day", "days")
    yield (
        f"Lists after {day(checked.told_until - job.policy.horizon)}: their {horizon} are not "
        "over, so nobody knows yet who converts. Such leads are not counted as losses."
    )
    unseen = len(export.leads) - snapshots["lead"].nunique()
    yield (
        f"{count(unseen, 'lead stands', 'leads stand')} on no such list: too new, or converted or "
        "closed before the next list was drawn up."
    )
    yield (
        f"Leads older than {count(lists.max_age_days, 'day', 'days')}, and all that happened at "
        "or after the instant of a list."
    )
    kinds = export.activities["type"].nunique()
    if kinds > MAX_TYPES:
        yield f"{count(kinds - len(vocabulary.types))} rare kinds of activity: counted together."
    shown = [humanise(column.name) for column in export.profile if column.kind == "display"]
    unused = ", ".join(["Who owns the lead", *shown])
    yield f"Never used, only shown: {unused}."
    for row in export.counts.to_dict("records"):
        if aside := row["quarantined"] + row["excluded"]:
            yield f"{count(aside, 'row', 'rows')} of the {row['table']}, quarantined or excluded."
