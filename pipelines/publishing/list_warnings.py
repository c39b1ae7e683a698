"""What must be said beside a list so that nobody takes its figures for more than they are."""

from collections.abc import Iterator

import pandas as pd

from features.vocabulary import MAX_TYPES
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport
from pipelines.data.previous_lists import gone_from, is_strange
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.model_metadata import Meaning, fingerprint
from pipelines.lifecycle.training_log import last_decision
from publications.wording.formatting import count, day, percent

RECENT = pd.Timedelta(days=30)
UNKNOWN_SHARE = 0.20
UNKNOWN_SHARE_OF_MANY = 0.50
"""With more than 40 kinds the rare ones are unknown to every model."""
SPREAD_HOURS = 1.0


def caveats(leading: Champion | None, checked: CheckedExport, job: Job) -> tuple[str, ...]:
    """Sentences on the list, its model and its proof; none where all is as it should be.

    Parameters
    ----------
    leading : the model that ranked the list, if one did
    checked : the export and the instant of the list
    job : its settings are those of today
    """
    told = [*_of_freshness(leading, checked, job)]
    if leading is not None:
        told += [leading.note] if leading.note else []
        told += _of_proof(leading)
        told += _of_leads(leading, checked)
        told += _of_settings(leading, job)
        told += _of_time(leading, checked)
        told += _of_last_training(leading, job)
        told += _of_kinds(leading, checked)
    return (*told, *_of_alarms(job))


def _named(leading: Champion) -> str:
    return f"Version {leading.version.version}"


def _of_proof(leading: Champion) -> Iterator[str]:
    """A training lets no such version lead, a person may."""
    if leading.facts.proven is False:
        yield (
            f"{_named(leading)} leads without a proof: `leadgain rollback`, or somebody in MLflow, "
            f"has let it. {leading.facts.verdict}"
        )


def _of_leads(leading: Champion, checked: CheckedExport) -> Iterator[str]:
    """Told on every night until the next training, unlike what is held against the last list."""
    proven = leading.proof.backtest["lead_id"].drop_duplicates()
    gone = gone_from(checked.export, proven)
    if is_strange(gone, proven):
        yield (
            f"{gone:,} of the {count(len(proven), 'lead', 'leads')} on whose lists "
            f"{_named(leading).lower()} was proven are not in this export any more, so nobody can "
            "say that its gains hold for the others. Look whether the export is whole, and whether "
            "leads have kept their ids."
        )


def _of_alarms(job: Job) -> Iterator[str]:
    """A run that fails would be known to nobody; what was found there concerns no reader."""
    alarms = job.settings.alarms
    if alarms.mistakes and alarms.reach:
        yield (
            f"{alarms.reach}, because not all of [alarms] in leadgain.toml is understood. "
            "`leadgain check` tells what is wrong there."
        )


def _of_settings(leading: Champion, job: Job) -> Iterator[str]:
    """The model was trained under another leadgain.toml than today's."""
    if leading.facts.fingerprint == fingerprint(job.settings):
        return
    then, now = leading.meaning, Meaning.of(job.settings)
    changed = [
        f"{name} was {getattr(then, name)} and is {getattr(now, name)}"
        for name in ("policy", "every_days", "horizon_days", "fresh_by")
        if getattr(then, name) != getattr(now, name)
    ]
    if then.depth != now.depth:
        changed.append(f"tier A was {percent(then.depth)} and is {percent(now.depth)}")
    what = f" ({'; '.join(changed)})" if changed else ""
    yield (
        f"leadgain.toml has changed since {_named(leading).lower()} was trained{what}. Its scores, "
        "its gains and the table of its tiers are those of its own settings; today's list is cut "
        "by the new ones. `leadgain train` brings them together."
    )


def _of_time(leading: Champion, checked: CheckedExport) -> Iterator[str]:
    """The model knows what came after this list."""
    trained = leading.facts.as_of
    if trained > checked.as_of:
        yield (
            f"{_named(leading)} was trained as of {day(trained)}, after this list of "
            f"{day(checked.as_of)}: it may have learned from what became of these very leads. How "
            "well this list fits what happened since then proves nothing."
        )


def _of_last_training(leading: Champion, job: Job) -> Iterator[str]:
    """A newer model was not proven, which says something of the present one too."""
    last = last_decision(job.home)
    if last is None or last.promoted or last.at <= leading.facts.as_of:
        return
    yield (
        f"The last training, as of {day(last.at)}, brought no model that may "
        f"lead: {last.sentence} {_named(leading)} of {day(leading.facts.as_of)} still ranks the "
        "list, with the gains that it had then."
    )


def _of_kinds(leading: Champion, checked: CheckedExport) -> Iterator[str]:
    """The CRM calls its activities by other names than when the model was trained."""
    activities, known = checked.export.activities, leading.facts.vocabulary.types
    at = activities["occurred_at"]
    recent = activities.loc[(at >= checked.as_of - RECENT) & (at < checked.as_of), "type"]
    if recent.empty:
        return
    unknown = 1 - float(recent.isin(known).mean())
    limit = UNKNOWN_SHARE if len(known) < MAX_TYPES else UNKNOWN_SHARE_OF_MANY
    if unknown > limit:
        yield (
            f"{percent(unknown)} of the activities in the 30 days before the list are of kinds "
            f"that {_named(leading).lower()} does not know: new ones, or renamed. It counts them "
            "all as one. `leadgain train` teaches them."
        )


def _of_freshness(leading: Champion | None, checked: CheckedExport, job: Job) -> Iterator[str]:
    """Most fresh first is no rival where the export does not tell who is fresh."""
    meaning = Meaning.of(job.settings) if leading is None else leading.meaning
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
    if leading is not None and _spread_hours(leading.proof.backtest) < SPREAD_HOURS:
        yield (
            "On the tested lists nearly all leads were equally fresh, so most fresh first was "
            "hardly an order there: what the model has beaten is about random order."
        )


def _spread_hours(backtest: pd.DataFrame) -> float:
    """The middle nine tenths of a list's freshness, the median over the lists."""
    lists = backtest.groupby("list_date")["most_fresh"]
    return float(24 * (lists.quantile(0.95) - lists.quantile(0.05)).median())
