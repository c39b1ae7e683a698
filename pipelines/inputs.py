"""What a model's inputs looked like when it was trained, and the list of today that compares."""

import pandas as pd

from crm.grid import list_date_before, list_dates
from features.catalog import Feature, build_catalog
from features.snapshots import scoring_snapshots
from features.vocabulary import Vocabulary
from models.drift import ROWS, Reference, learn_reference
from models.importance import evenly_spaced
from pipelines.check import CheckedExport
from pipelines.job import Job
from pipelines.lists import open_at
from pipelines.matrices import matrix
from pipelines.progress import step
from pipelines.tasks import coarse_task

REFERENCE_LISTS, REFERENCE_DAYS = 4, 28
"""The latest lists that were learned from: older ones hold other seasons and younger leads."""
WEEK = pd.Timedelta(days=7)
OF_THE_LIST = "listed"
"""Wording of what is equal for all leads of a list: its day."""


@coarse_task(name="remember the inputs")
def learn_inputs(
    snapshots: pd.DataFrame, vocabulary: Vocabulary, checked: CheckedExport, job: Job
) -> Reference:
    """How the inputs were spread on the latest lists that the model learned from."""
    with step("Remembering what the inputs looked like"):
        rows = some_of(_latest(snapshots))
        X = matrix(rows, checked.export, vocabulary, job)
        names = [feature.name for feature in watched_features(vocabulary)]
        return learn_reference(X[names], leads=rows["lead"].nunique())


def comparable_list(checked: CheckedExport, job: Job) -> pd.DataFrame:
    """The open leads of the last week's lists, at instants like those that were learned from.

    With lists on Saturdays at midnight a Tuesday's list differs in all that a weekend brings, and
    that is no drift: last Saturday's is looked at. With lists on arrival it is today's list, whose
    rows stand at the arrival of each lead. Nothing is looked at that the export does not tell.
    """
    until = checked.told_until
    if job.policy.policy == "on_arrival":
        return some_of(open_at(until, checked.export, job))
    lists = (
        scoring_snapshots(checked.export.leads, as_of=at, policy=job.policy)
        for at in _dates_of_the_week(until, job.policy.every_days)
    )
    return some_of(pd.concat(lists, ignore_index=True))


def watched_features(vocabulary: Vocabulary) -> list[Feature]:
    """The inputs that can drift: all but the day of the list."""
    return [f for f in build_catalog(vocabulary) if f.wording != OF_THE_LIST]


def some_of(snapshots: pd.DataFrame) -> pd.DataFrame:
    """As many rows as are looked at, spread over all of them."""
    return snapshots.iloc[evenly_spaced(len(snapshots), ROWS)].reset_index(drop=True)


def _latest(snapshots: pd.DataFrame) -> pd.DataFrame:
    """The latest four lists, or those of four weeks where these are more."""
    dates = snapshots["list_date"].drop_duplicates().sort_values()
    first = min(dates.iloc[-REFERENCE_LISTS:].iloc[0], _after(dates.iloc[-1], REFERENCE_DAYS))
    latest: pd.DataFrame = snapshots[snapshots["list_date"] >= first]
    return latest


def _after(last: pd.Timestamp, days: int) -> pd.Timestamp:
    return last - pd.Timedelta(days=days) + pd.Timedelta(microseconds=1)


def _dates_of_the_week(until: pd.Timestamp, every_days: int) -> list[pd.Timestamp]:
    """The list dates of the seven days up to an instant, on the same days of the week as the lists.

    Where lists are rarer than weekly and on changing days of the week: the latest list date.
    """
    grid = WEEK.days if every_days % WEEK.days == 0 else every_days
    latest = list_date_before(pd.Series([until]), grid).iloc[0]
    return [latest, *list_dates(_after(until, WEEK.days), latest, grid)[:-1]]
