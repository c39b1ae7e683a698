import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.contract import DIRECTIONS
from crm.errors import ConfigurationError
from features.catalog import build_catalog, slugify
from features.families import MISSING_CODE
from features.list_policy import ListPolicy
from features.matrix import build_matrix
from features.snapshots import build_scoring_snapshots, build_training_snapshots
from features.vocabulary import ProfileTerm, Vocabulary, learn_vocabulary
from tests.features.conftest import Loan
from tests.features.frames import build_activities, build_leads, build_snapshots, parse_instant

VOCABULARY = Vocabulary(("call", "mail"), ())
AS_OF = parse_instant("2012-03-01")
HOUR = pd.Timedelta(hours=1)

what = st.tuples(
    st.sampled_from(["call", "mail", "rare"]),
    st.sampled_from(DIRECTIONS),
    st.sampled_from(["ann", "bob", None]),
)
History = list[tuple[int, tuple[str, str, str | None]]]
past = st.lists(st.tuples(st.integers(1, 1400), what), max_size=8)
future = st.lists(st.tuples(st.integers(-300, 0), what), max_size=4)  # 0: at the very instant
ten_leads = st.lists(st.tuples(past, future, future), min_size=10, max_size=10)


def build_history_matrix(*histories: History) -> pd.DataFrame:
    """One row at AS_OF per lead, from (hours ago, what) of each."""
    activities = build_activities(
        (lead, AS_OF - ago * HOUR, *kind)
        for lead, happened in enumerate(histories)
        for ago, kind in happened
    )
    leads = build_leads(["2012-01-01"] * len(histories))
    snapshots = build_snapshots((lead, AS_OF) for lead in range(len(histories)))
    return build_matrix(snapshots, leads, activities, VOCABULARY, threads=1)


@settings(max_examples=50, deadline=None, derandomize=True)  # ten leads each: 500
@given(ten_leads)
def test_what_happens_at_or_after_the_list_moves_no_feature(
    leads: list[tuple[History, History, History]],
) -> None:
    one = build_history_matrix(*(past + future for past, future, _ in leads))
    other = build_history_matrix(*(past + future for past, _, future in leads))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_another_future_of_500_loan_applications_moves_no_feature(loan: Loan) -> None:
    rng = np.random.default_rng(1)
    as_of = parse_instant("2012-01-14")
    rows = build_scoring_snapshots(loan.leads, as_of=as_of, policy=ListPolicy()).sample(
        500, random_state=1
    )
    vocabulary = learn_vocabulary(*loan, until=as_of)
    before = build_matrix(rows, loan.leads, loan.activities, vocabulary)
    later = loan.activities["occurred_at"] >= as_of
    changed = loan.activities[~later | (rng.random(len(later)) < 0.5)].copy()  # half is removed
    moved = changed["occurred_at"] >= as_of
    changed.loc[moved, "occurred_at"] = as_of
    changed.loc[moved, "type"] = "offer_returned"
    changed.loc[moved, "direction"] = "inbound"
    after = build_matrix(rows, loan.leads, changed, vocabulary)
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_training_and_scoring_see_the_same_in_1000_rows(loan: Loan) -> None:
    as_of, policy = parse_instant("2012-01-14"), ListPolicy()
    vocabulary = learn_vocabulary(*loan, until=as_of)
    today = build_scoring_snapshots(loan.leads, as_of=as_of, policy=policy)
    scoring = build_matrix(today, loan.leads, loan.activities, vocabulary)
    history = build_training_snapshots(loan.leads, as_of=parse_instant("2012-03-14"), policy=policy)
    training = build_matrix(history, loan.leads, loan.activities, vocabulary, threads=1)
    same = (history["as_of"] == as_of).to_numpy()
    assert history.loc[same, "lead"].tolist() == today["lead"].tolist()
    assert training[same].to_numpy().tobytes() == scoring.to_numpy().tobytes()
    earlier = history[~same].sample(1000, random_state=2)
    again = build_matrix(earlier, loan.leads, loan.activities, vocabulary, threads=3)
    assert training.loc[earlier.index].to_numpy().tobytes() == again.to_numpy().tobytes()


def test_columns_are_the_catalog_in_its_order() -> None:
    X = build_history_matrix([])
    assert list(X) == [f.name for f in build_catalog(VOCABULARY)]
    assert (X.dtypes == np.float32).all()


def test_a_lead_without_activities_has_counts_of_zero_and_no_recencies() -> None:
    row = build_history_matrix([]).iloc[0]
    assert row["activity_ever"] == row["reps_ever"] == row["active_days_90d"] == 0
    assert row[["days_since_call", "days_since_activity", "days_between_last_two"]].isna().all()
    assert row["last_type"] == 0


def test_no_snapshots_give_a_matrix_of_no_rows_with_all_columns() -> None:
    leads, activities = build_leads(["2012-01-01"]), build_activities([])
    X = build_matrix(build_snapshots([]), leads, activities, VOCABULARY)
    assert X.shape == (0, len(build_catalog(VOCABULARY)))
    nobody = build_matrix(build_snapshots([]), leads.iloc[:0], activities, VOCABULARY)
    assert nobody.shape == X.shape


def test_a_type_outside_the_vocabulary_counts_as_other() -> None:
    row = build_history_matrix([(2, ("rare", "inbound", None))]).iloc[0]
    assert row["other_type_1d"] == row["inbound_1d"] == row["activity_1d"] == 1
    assert row["last_type"] == row["last_inbound_type"] == 1


def test_age_and_calendar_are_utc() -> None:
    leads = build_leads(["2012-01-01T13:59"])  # a Sunday
    X = build_matrix(
        build_snapshots([(0, "2012-01-07T13:59")]), leads, build_activities([]), VOCABULARY
    ).iloc[0]
    assert X["lead_age_days"] == 6
    assert (X["created_weekday"], X["created_hour"], X["list_weekday"]) == (6, 13, 5)


PROFILE = Vocabulary(
    (),
    (
        ProfileTerm("Amount (EUR)", "number"),
        ProfileTerm("source", "category", ("web", "partner")),
        ProfileTerm("consent", "yes_no"),
        ProfileTerm("lease_end", "date"),
    ),
)


def profile_leads() -> pd.DataFrame:
    return build_leads(
        ["2012-01-01"] * 3,
        **{
            "Amount (EUR)": [1500.0, np.nan, 1e300],
            "source": pd.Series(["partner", None, "fair"], dtype="str"),
            "consent": pd.array([True, None, False], dtype="boolean"),
            "lease_end": pd.to_datetime(["2012-01-11", None, "2011-12-31"], utc=True),
        },
    )


def test_profile_columns_keep_missing_apart_from_other() -> None:
    X = build_matrix(
        build_snapshots((i, "2012-01-06") for i in range(3)),
        profile_leads(),
        build_activities([]),
        PROFILE,
    )
    nan = np.nan
    columns = {
        "amount_eur": [1500, nan, nan],  # float32 does not hold 1e300
        "source": [3, 0, 1],
        "consent": [1, nan, 0],
        "lease_end_days_after_creation": [10, nan, -1],
        "lease_end_days_ahead": [5, nan, -6],
    }
    expected = pd.DataFrame(columns, dtype=np.float32)
    pd.testing.assert_frame_equal(X[list(columns)], expected)


def test_a_profile_column_that_is_gone_is_named() -> None:
    leads = profile_leads().drop(columns="source")
    with pytest.raises(ConfigurationError, match=r"lack the profile columns \['source'\]"):
        build_matrix(build_snapshots([]), leads, build_activities([]), PROFILE)


@pytest.mark.parametrize(
    ("name", "values", "was"),
    [
        ("Amount (EUR)", ["1500", "on request", None], "number"),
        ("source", [1.0, 2.0, np.nan], "category"),
        ("consent", ["yes", "no", "perhaps"], "yes_no"),
        ("lease_end", ["2012-01-11", "soon", None], "date"),
    ],
)
def test_a_profile_column_of_another_kind_is_named_without_its_content(name, values, was) -> None:
    leads = profile_leads().assign(**{name: values})
    told = rf"^The profile column '{re.escape(name)}' was a {was} when .* now it has (str|float64)"
    with pytest.raises(ConfigurationError, match=told):
        build_matrix(build_snapshots([]), leads, build_activities([]), PROFILE)


@pytest.mark.parametrize("name", ["Amount (EUR)", "source", "consent", "lease_end"])
def test_a_profile_column_without_any_value_is_missing_whatever_its_kind(name) -> None:
    for nothing in (pd.Series([None] * 3, dtype="str"), pd.Series([np.nan] * 3)):
        leads = profile_leads().assign(**{name: nothing})
        pairs = [(i, "2012-01-06") for i in range(3)]
        X = build_matrix(build_snapshots(pairs), leads, build_activities([]), PROFILE)
        (column, *_) = [c for c in X if c.startswith(slugify(name))]
        assert (X[column].isna() | (X[column] == MISSING_CODE)).all()
