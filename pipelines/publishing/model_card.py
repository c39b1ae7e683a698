"""The model card of a publication: training, backtest and earlier versions."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pandas as pd

from features.catalog import build_catalog, humanize_name, list_topics
from features.first_response import compute_hours_to_first_outbound, has_outbound
from features.names import list_fact_names, list_measure_names
from features.vocabulary import MAX_TYPES, Vocabulary
from models.evaluation.backtest import Fold, build_fold_table
from models.evaluation.first_contact import build_first_contact_table
from models.registry.registry import RegisteredVersion, RegistryUnavailable, list_versions
from models.scorer.explanations import base_score
from models.scorer.importance import build_importance_table, pick_evenly_spaced
from models.scorer.scorer import LeadScorer
from pipelines.data.dataset import compute_matrix
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.run_context import RunContext
from pipelines.runtime.prefect_tasks import coarse_task
from pipelines.runtime.progress import step
from publications.filesystem.json_files import encode_json, format_instant
from publications.wording.formatting import count, day

VERSIONS = 20
"""The newest versions listed; a server may have hundreds."""


def build_model_card(champion: LoadedVersion, context: RunContext) -> bytes:
    """The bytes of model.json; docs/publications.md lists its keys."""
    facts, scorer, meaning = champion.facts, champion.scorer, champion.meaning
    content = {
        "version": champion.number,
        "sha256": champion.version.model_sha256,
        "known_until": format_instant(facts.known_until),
        "trained_from": format_instant(facts.trained_from),
        "trained_until": format_instant(facts.trained_until),
        "horizon_days": meaning.horizon_days,
        "every_days": meaning.every_days,
        "policy": meaning.policy,
        "rows": scorer.rows_,
        "conversions": scorer.conversions_,
        "columns": len(scorer.columns_),
        "base_score": round(base_score(scorer), 9),
        "depth": meaning.depth,
        "verdict": facts.verdict,
        **champion.proof.training,
        "versions": [
            _describe_version(found, champion) for found in _list_versions(champion, context)
        ],
    }
    return encode_json(content)


def _list_versions(champion: LoadedVersion, context: RunContext) -> list[RegisteredVersion]:
    """The newest versions, and the champion if it is older than all of them.

    Only the champion where the registry is away, which the list's warnings mention.
    """
    try:
        newest = list_versions(context.registry, most=VERSIONS)
    except RegistryUnavailable:
        newest = []
    known = any(found.version == champion.number for found in newest)
    return newest if known else [*newest, champion.version]


def _describe_version(found: RegisteredVersion, champion: LoadedVersion) -> dict[str, Any]:
    return {
        "version": found.version,
        "known_until": found.tags.get("known_until"),
        "gain_at_30": _round_figure(found.metrics.get("gain_model_at_30")),
        "most_fresh_at_30": _round_figure(found.metrics.get("gain_most_fresh_at_30")),
        "leads": found.version == champion.number,
        "decision": found.decided,
    }


def _round_figure(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 9)


@coarse_task(name="measure importance")
def compute_importance(
    scorer: LeadScorer,
    vocabulary: Vocabulary,
    snapshots: pd.DataFrame,
    context: RunContext,
) -> pd.DataFrame:
    """How much each fact moves the scores, on rows spread evenly over the training lists."""
    some = snapshots.iloc[pick_evenly_spaced(len(snapshots))]
    with step("Measuring which facts matter", rows=len(some)) as current:
        X = compute_matrix(some, context.export, vocabulary, context.threads)
        catalog = build_catalog(vocabulary)
        return build_importance_table(
            scorer.contributions(X, progress=current.advance),
            list_topics(catalog),
            list_fact_names(catalog),
            list_measure_names(catalog),
        )


@coarse_task(name="tabulate first contacts")
def tabulate_first_contacts(tested: pd.DataFrame, context: RunContext) -> pd.DataFrame | None:
    """Conversion by tier and delay of the first contact; None without outbound activities."""
    export = context.export
    if not has_outbound(export.activities):
        return None
    hours = compute_hours_to_first_outbound(tested, export.leads, export.activities)
    return build_first_contact_table(
        tested,
        hours,
        samples=context.settings.backtest.bootstrap_samples,
        seed=context.settings.training.seed,
    )


def describe_training(
    snapshots: pd.DataFrame,
    folds: Sequence[Fold],
    tested: pd.DataFrame,
    scorer: LeadScorer,
    vocabulary: Vocabulary,
    context: RunContext,
) -> dict[str, Any]:
    """The training data and what was left out, as sentences, and the backtest's fits."""
    fits = build_fold_table(folds, tested, snapshots["converted"], depth=context.settings.tiers.A)
    return {
        "trained_on": [*_describe_training_rows(snapshots, scorer, vocabulary, context)],
        "left_out": [*_describe_left_out(snapshots, vocabulary, context)],
        "folds": [_format_fit(fit) for fit in fits.to_dict("records")],
    }


def _format_fit(fit: dict[Hashable, Any]) -> dict[str, Any]:
    """One fit of the backtest as JSON values; a missing gain is null."""
    values = {str(name): value for name, value in fit.items()}
    gains = {
        name: None if pd.isna(values[name]) else round(values[name], 9)
        for name in ("gain", "most_fresh")
    }
    return values | gains | {"origin": format_instant(values["origin"])}


def _describe_training_rows(
    snapshots: pd.DataFrame, scorer: LeadScorer, vocabulary: Vocabulary, context: RunContext
) -> Iterator[str]:
    lists = context.settings.lists
    first, last = (day(end) for end in (snapshots["as_of"].min(), snapshots["as_of"].max()))
    if lists.policy == "periodic":
        n_lists = count(snapshots["as_of"].nunique(), "list", "lists")
        yield f"{n_lists}, one every {count(lists.every_days, 'day', 'days')}, {first} to {last}."
    else:
        yield (
            f"Leads of {first} to {last}, each with what was known {lists.delay_hours:g} hours "
            "after it came in."
        )
    yield (
        f"{count(len(snapshots), 'row', 'rows')} of "
        f"{count(snapshots['lead'].nunique(), 'different lead', 'different leads')}; "
        f"{count(scorer.conversions_)} of the rows converted within "
        f"{count(lists.horizon_days, 'day', 'days')}."
    )
    yield (
        f"{count(len(scorer.columns_))} columns with what was known on the day of the list: "
        f"{count(len(vocabulary.types), 'kind', 'kinds')} of activity, how often, how recently and "
        "in which order; the age of the lead and the calendar."
    )
    if vocabulary.profile:
        named = ", ".join(humanize_name(term.name) for term in vocabulary.profile)
        yield f"Lead fields from the export: {named}."


def _describe_left_out(
    snapshots: pd.DataFrame, vocabulary: Vocabulary, context: RunContext
) -> Iterator[str]:
    lists, export = context.settings.lists, context.export
    horizon = count(lists.horizon_days, "day", "days")
    yield (
        f"Lists after {day(context.known_until - context.policy.horizon)}: their {horizon} are not "
        "over, so their outcomes are not known yet. These leads are not counted as losses."
    )
    unseen = len(export.leads) - snapshots["lead"].nunique()
    yield (
        f"{count(unseen, 'lead is', 'leads are')} on no past list: too new, or converted or "
        "closed before the next list date."
    )
    yield (
        f"Leads older than {count(lists.max_age_days, 'day', 'days')}, and everything that "
        "happened at or after the time of a list."
    )
    kinds = export.activities["type"].nunique()
    if kinds > MAX_TYPES:
        yield f"{count(kinds - len(vocabulary.types))} rare kinds of activity, counted together."
    shown = [humanize_name(column.name) for column in export.profile if column.kind == "display"]
    unused = ", ".join(["Lead owner", *shown])
    yield f"Never used, only shown: {unused}."
    for row in export.counts.to_dict("records"):
        if aside := row["quarantined"] + row["excluded"]:
            yield f"{count(aside, 'row', 'rows')} of the {row['table']}, quarantined or excluded."
