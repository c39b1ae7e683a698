"""Warnings beside a list: why its figures may be less reliable than they look."""

from collections.abc import Iterator

import pandas as pd

from features.vocabulary import MAX_TYPES
from pipelines.data.previous_lists import count_missing_leads, has_too_many_missing
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.model_metadata import ModelSettings
from pipelines.lifecycle.run_context import RunContext
from publications.wording.formatting import count, day, percent

RECENT = pd.Timedelta(days=30)
UNKNOWN_SHARE = 0.20
UNKNOWN_SHARE_OF_MANY = 0.50
"""With more than 40 kinds the rare ones are unknown to every model."""
SPREAD_HOURS = 1.0


def collect_list_warnings(context: RunContext) -> tuple[str, ...]:
    """Sentences on the list, its model and its proof; empty where nothing is wrong."""
    champion = context.champion
    warnings = [*_warn_weak_baseline(context)]
    if champion is not None:
        warnings += [champion.note] if champion.note else []
        warnings += _warn_unproven(champion)
        warnings += _warn_missing_leads(champion, context)
        warnings += _warn_changed_settings(champion, context)
        warnings += _warn_trained_later(champion, context)
        warnings += _warn_failed_training(champion, context)
        warnings += _warn_unknown_types(champion, context)
    return tuple(warnings)


def _name_version(champion: LoadedVersion) -> str:
    return f"Version {champion.number}"


def _warn_unproven(champion: LoadedVersion) -> Iterator[str]:
    """A training never promotes such a version; a person can."""
    if not champion.facts.proven:
        yield (
            f"{_name_version(champion)} is in use without a proof: it was chosen with "
            f"`leadgain rollback` or in MLflow. {champion.facts.verdict}"
        )


def _warn_missing_leads(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """Repeated every night until the next training, unlike the comparison with the last list."""
    proven = champion.proof.backtest["lead_id"].drop_duplicates()
    gone = count_missing_leads(context.export, proven)
    if has_too_many_missing(gone, proven):
        yield (
            f"{gone:,} of the {count(len(proven), 'lead', 'leads')} in the backtest of "
            f"{_name_version(champion).lower()} are no longer in this export, so its gains may not "
            "apply. Check whether the export is complete and the leads have kept their ids."
        )


def _warn_changed_settings(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """The model was trained under another leadgain.toml than today's."""
    if champion.facts.fingerprint == context.fingerprint:
        return
    then, now = champion.meaning, ModelSettings.of(context.settings)
    changed = [
        f"{name} was {getattr(then, name)} and is {getattr(now, name)}"
        for name in ("policy", "every_days", "horizon_days", "fresh_by")
        if getattr(then, name) != getattr(now, name)
    ]
    if then.depth != now.depth:
        changed.append(f"tier A was {percent(then.depth)} and is {percent(now.depth)}")
    what = f" ({'; '.join(changed)})" if changed else ""
    yield (
        f"leadgain.toml has changed since {_name_version(champion).lower()} was trained{what}. "
        "Its scores, gains and tier table use the old settings; today's list uses the new ones. "
        "Run `leadgain train` to update the model."
    )


def _warn_trained_later(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """The model was trained on data from after this list."""
    trained = champion.facts.known_until
    if trained > context.list_as_of:
        yield (
            f"{_name_version(champion)} was trained as of {day(trained)}, after this list of "
            f"{day(context.list_as_of)}: it may have learned from the outcomes of these leads. "
            "Do not judge the model by how well this list turned out."
        )


def _warn_failed_training(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """A newer model was not proven, which casts doubt on the present one too."""
    last = context.last_training
    if last is None or last.promoted or last.at <= champion.facts.known_until:
        return
    yield (
        f"The last training, as of {day(last.at)}, produced no new champion: {last.sentence} "
        f"{_name_version(champion)} of {day(champion.facts.known_until)} still ranks the list, "
        "and the gains shown are from its own training."
    )


def _warn_unknown_types(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """The CRM names its activities differently than when the model was trained."""
    activities, known = context.export.activities, champion.facts.vocabulary.types
    at = activities["occurred_at"]
    recent = activities.loc[(at >= context.list_as_of - RECENT) & (at < context.list_as_of), "type"]
    if recent.empty:
        return
    unknown = 1 - float(recent.isin(known).mean())
    limit = UNKNOWN_SHARE if len(known) < MAX_TYPES else UNKNOWN_SHARE_OF_MANY
    if unknown > limit:
        yield (
            f"{percent(unknown)} of the activities in the 30 days before the list are of kinds "
            f"that {_name_version(champion).lower()} does not know, because they are new or "
            "renamed. It counts them all as one kind. Run `leadgain train` to include them."
        )


def _warn_weak_baseline(context: RunContext) -> Iterator[str]:
    """Most fresh first is a weak baseline where the export does not show who is fresh."""
    champion = context.champion
    meaning = ModelSettings.of(context.settings) if champion is None else champion.meaning
    directions = context.export.activities["direction"]
    if meaning.fresh_by == "last_inbound" and not (directions == "inbound").any():
        yield (
            "No activity of the export is inbound, so most fresh first by the last inbound "
            "activity is the same as newest first, an easier baseline than the team's own order. "
            "Map direction in [activities]."
        )
    elif meaning.fresh_by == "last_activity" and directions.empty:
        yield (
            "The export has no activities, so most fresh first by the last activity is the same "
            "as newest first."
        )
    if champion is not None and _compute_spread_hours(champion.proof.backtest) < SPREAD_HOURS:
        yield (
            "On the backtest's lists nearly all leads were equally fresh, so most fresh first was "
            "close to random order there: a weak baseline to beat."
        )


def _compute_spread_hours(backtest: pd.DataFrame) -> float:
    """The middle nine tenths of a list's freshness, the median over the lists."""
    lists = backtest.groupby("list_date")["most_fresh"]
    return float(24 * (lists.quantile(0.95) - lists.quantile(0.05)).median())
