"""The reference of the inputs, and the list of today that compares with it."""

from types import SimpleNamespace

import pandas as pd
import pytest

from features.snapshots import ListPolicy
from features.vocabulary import ProfileTerm, Vocabulary
from models.drift import ROWS
from pipelines import inputs
from pipelines.inputs import comparable_list, learn_inputs, some_of, watched_features

VOCABULARY = Vocabulary(("call",), (ProfileTerm("source", "category", ("web",)),))


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def leads(*created: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": [f"L{n}" for n in range(len(created))],
            "created_at": pd.to_datetime(list(created), utc=True).as_unit("us"),
            "converted_at": pd.to_datetime([None] * len(created), utc=True).as_unit("us"),
            "closed_at": pd.to_datetime([None] * len(created), utc=True).as_unit("us"),
        }
    )


def seen(until: str) -> SimpleNamespace:
    export = SimpleNamespace(leads=leads("2024-01-01", "2024-07-09"), last_instant=at("2024-09-01"))
    return SimpleNamespace(export=export, told_until=at(until), as_of=at(until))


def job(**policy) -> SimpleNamespace:
    return SimpleNamespace(policy=ListPolicy(**policy))


def test_with_weekly_lists_last_saturdays_list_is_looked_at():
    """On Thursday 11 July: the list of Saturday 6 July, without the lead of Tuesday."""
    listed = comparable_list(seen("2024-07-11 09:00"), job(every_days=7))
    assert listed["as_of"].tolist() == [at("2024-07-06")]
    assert listed["lead_id"].tolist() == ["L0"]


def test_with_lists_every_fourteen_days_a_saturday_is_looked_at_too():
    listed = comparable_list(seen("2024-07-18"), job(every_days=14))
    assert listed["as_of"].unique().tolist() == [at("2024-07-13")]


def test_with_daily_lists_a_whole_week_is_looked_at():
    listed = comparable_list(seen("2024-07-11 09:00"), job(every_days=1))
    days = listed.loc[listed["lead_id"] == "L0", "as_of"].dt.day
    assert sorted(days) == [5, 6, 7, 8, 9, 10, 11]


def test_with_rare_lists_on_changing_days_the_latest_is_looked_at():
    listed = comparable_list(seen("2024-07-11"), job(every_days=10))
    assert listed["as_of"].nunique() == 1
    assert at("2024-07-01") < listed["as_of"].iloc[0] <= at("2024-07-11")


def test_with_lists_on_arrival_the_arrivals_of_the_week_are_looked_at():
    listed = comparable_list(seen("2024-07-11"), job(policy="on_arrival", every_days=7))
    assert listed["lead_id"].tolist() == ["L1"]


def test_the_day_of_the_list_is_no_input_that_can_drift():
    names = [feature.name for feature in watched_features(VOCABULARY)]
    assert "list_weekday" not in names
    assert {"call_7d", "created_weekday", "source"} <= set(names)


@pytest.mark.parametrize(("every_days", "lists"), [(7, 4), (14, 4), (1, 28)])
def test_the_reference_is_made_of_the_latest_lists(monkeypatch, every_days, lists):
    """Of four weeks, and at least four."""
    dates = pd.date_range("2024-01-06", periods=40, freq=f"{every_days}D", tz="UTC")
    snapshots = pd.DataFrame({"lead": range(40), "list_date": dates, "as_of": dates})
    asked = []

    def matrix(rows, *_):
        asked.append(rows)
        names = [feature.name for feature in watched_features(VOCABULARY)]
        return pd.DataFrame(0.0, index=rows.index, columns=names)

    monkeypatch.setattr(inputs, "matrix", matrix)
    checked = SimpleNamespace(export=None)
    reference = learn_inputs.fn(snapshots, VOCABULARY, checked, job(every_days=every_days))
    assert asked[0]["list_date"].tolist() == dates[-lists:].tolist()
    assert reference.leads == lists
    assert reference.columns["call_7d"].counts == (0, lists, 0, 0)


def test_a_large_list_is_looked_at_in_part():
    rows = some_of(pd.DataFrame({"lead": range(3 * ROWS)}))
    assert len(rows) == ROWS
    assert rows["lead"].max() > 2.9 * ROWS
