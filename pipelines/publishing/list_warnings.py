"""What must be said beside a list so that nobody takes its figures for more than they are."""

from collections.abc import Iterator

import pandas as pd

from features.vocabulary import MAX_TYPES
from pipelines.config.run_context import RunContext
from pipelines.data.checked_export import CheckedExport
from pipelines.data.previous_lists import count_missing_leads, has_too_many_missing
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.model_metadata import ModelSettings, compute_fingerprint
from pipelines.lifecycle.training_log import read_last_training
from publications.wording.formatting import count, day, percent

RECENT = pd.Timedelta(days=30)
UNKNOWN_SHARE = 0.20
UNKNOWN_SHARE_OF_MANY = 0.50
"""With more than 40 kinds the rare ones are unknown to every model."""
SPREAD_HOURS = 1.0


def collect_list_warnings(
    champion: Champion | None, checked: CheckedExport, context: RunContext
) -> tuple[str, ...]:
    """Sentences on the list, its model and its proof; none where all is as it should be.

    Parameters
    ----------
    champion : the model that ranked the list, if one did
    checked : the export and the instant of the list
    context : its settings are those of today
    """
    told = [*_warn_weak_baseline(champion, checked, context)]
    if champion is not None:
        told += [champion.note] if champion.note else []
        told += _warn_unproven(champion)
        told += _warn_missing_leads(champion, checked)
        told += _warn_changed_settings(champion, context)
        told += _warn_trained_later(champion, checked)
        told += _warn_failed_training(champion, context)
        told += _warn_unknown_types(champion, checked)
    return tuple(told)


def _name_version(champion: Champion) -> str:
    return f"Version {champion.version.version}"


def _warn_unproven(champion: Champion) -> Iterator[str]:
    """A training lets no such version lead, a person may."""
    if champion.facts.proven is False:
        yield (
            f"{_name_version(champion)} leads without a proof: `leadgain rollback`, or somebody "
            f"in MLflow, "
            f"has let it. {champion.facts.verdict}"
        )


def _warn_missing_leads(champion: Champion, checked: CheckedExport) -> Iterator[str]:
    """Told on every night until the next training, unlike what is held against the last list."""
    proven = champion.proof.backtest["lead_id"].drop_duplicates()
    gone = count_missing_leads(checked.export, proven)
    if has_too_many_missing(gone, proven):
        yield (
            f"{gone:,} of the {count(len(proven), 'lead', 'leads')} on whose lists "
            f"{_name_version(champion).lower()} was proven are not in this export any more, so "
            f"nobody can "
            "say that its gains hold for the others. Look whether the export is whole, and whether "
            "leads have kept their ids."
        )


def _warn_changed_settings(champion: Champion, context: RunContext) -> Iterator[str]:
    """The model was trained under another leadgain.toml than today's."""
    if champion.facts.fingerprint == compute_fingerprint(context.settings):
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


def _warn_trained_later(champion: Champion, checked: CheckedExport) -> Iterator[str]:
    """The model knows what came after this list."""
    trained = champion.facts.as_of
    if trained > checked.as_of:
        yield (
            f"{_name_version(champion)} was trained as of {day(trained)}, after this list of "
            f"{day(checked.as_of)}: it may have learned from what became of these very leads. How "
            "well this list fits what happened since then proves nothing."
        )


def _warn_failed_training(champion: Champion, context: RunContext) -> Iterator[str]:
    """A newer model was not proven, which says something of the present one too."""
    last = read_last_training(context.home)
    if last is None or last.promoted or last.at <= champion.facts.as_of:
        return
    yield (
        f"The last training, as of {day(last.at)}, brought no model that may "
        f"lead: {last.sentence} {_name_version(champion)} of {day(champion.facts.as_of)} still "
        f"ranks the "
        "list, with the gains that it had then."
    )


def _warn_unknown_types(champion: Champion, checked: CheckedExport) -> Iterator[str]:
    """The CRM calls its activities by other names than when the model was trained."""
    activities, known = checked.export.activities, champion.facts.vocabulary.types
    at = activities["occurred_at"]
    recent = activities.loc[(at >= checked.as_of - RECENT) & (at < checked.as_of), "type"]
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


def _warn_weak_baseline(
    champion: Champion | None, checked: CheckedExport, context: RunContext
) -> Iterator[str]:
    """Most fresh first is no rival where the export does not tell who is fresh."""
    meaning = ModelSettings.of(context.settings) if champion is None else champion.meaning
    directions = checked.export.activities["direction"]
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
