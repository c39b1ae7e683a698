"""What must be said beside a list so that nobody takes its figures for more than they are."""

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
    """Sentences on the list, its model and its proof; none where all is as it should be."""
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
    """A training lets no such version lead, a person may."""
    if not champion.facts.proven:
        yield (
            f"{_name_version(champion)} leads without a proof: `leadgain rollback`, or somebody "
            f"in MLflow, "
            f"has let it. {champion.facts.verdict}"
        )


def _warn_missing_leads(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """Told on every night until the next training, unlike what is held against the last list."""
    proven = champion.proof.backtest["lead_id"].drop_duplicates()
    gone = count_missing_leads(context.export, proven)
    if has_too_many_missing(gone, proven):
        yield (
            f"{gone:,} of the {count(len(proven), 'lead', 'leads')} on whose lists "
            f"{_name_version(champion).lower()} was proven are not in this export any more, so "
            f"its gains may not apply. Check whether the export is complete and whether the leads "
            "have kept their ids."
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
        f"Its scores, "
        "its gains and the table of its tiers are those of its own settings; today's list is cut "
        "by the new ones. `leadgain train` brings them together."
    )


def _warn_trained_later(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """The model knows what came after this list."""
    trained = champion.facts.known_until
    if trained > context.list_as_of:
        yield (
            f"{_name_version(champion)} was trained as of {day(trained)}, after this list of "
            f"{day(context.list_as_of)}: it may have learned from what became of these very leads. "
            "How well this list fits what happened since then proves nothing."
        )


def _warn_failed_training(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """A newer model was not proven, which says something of the present one too."""
    last = context.last_training
    if last is None or last.promoted or last.at <= champion.facts.known_until:
        return
    yield (
        f"The last training, as of {day(last.at)}, produced no new champion: {last.sentence} "
        f"{_name_version(champion)} of {day(champion.facts.known_until)} still ranks the list, "
        "with the gains that it had then."
    )


def _warn_unknown_types(champion: LoadedVersion, context: RunContext) -> Iterator[str]:
    """The CRM calls its activities by other names than when the model was trained."""
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
            f"that {_name_version(champion).lower()} does not know: new ones, or renamed. It "
            f"counts them "
            "all as one. `leadgain train` teaches them."
        )


def _warn_weak_baseline(context: RunContext) -> Iterator[str]:
    """Most fresh first is no rival where the export does not tell who is fresh."""
    champion = context.champion
    meaning = ModelSettings.of(context.settings) if champion is None else champion.meaning
    directions = context.export.activities["direction"]
    if meaning.fresh_by == "last_inbound" and not (directions == "inbound").any():
        yield (
            "No activity of the export is inbound, so most fresh first by the last inbound "
            "activity is nothing but newest first, an easier order to beat than the team's own. "
            "Map direction in [activities]."
        )
    elif meaning.fresh_by == "last_activity" and directions.empty:
        yield (
            "The export holds no activity, so most fresh first by the last activity is nothing "
            "but newest first."
        )
    if champion is not None and _compute_spread_hours(champion.proof.backtest) < SPREAD_HOURS:
        yield (
            "On the tested lists nearly all leads were equally fresh, so most fresh first was "
            "hardly an order there: what the model has beaten is about random order."
        )


def _compute_spread_hours(backtest: pd.DataFrame) -> float:
    """The middle nine tenths of a list's freshness, the median over the lists."""
    lists = backtest.groupby("list_date")["most_fresh"]
    return float(24 * (lists.quantile(0.95) - lists.quantile(0.05)).median())
