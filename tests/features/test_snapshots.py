import pandas as pd

from features.list_policy import ListPolicy
from features.snapshots import build_scoring_snapshots, build_training_snapshots
from tests.features.conftest import Loan
from tests.features.frames import build_leads, parse_instant

WEEKLY = ListPolicy(every_days=7, horizon_days=30, max_age_days=365)
ARRIVAL = ListPolicy(policy="on_arrival", every_days=7, delay_hours=2, horizon_days=30)
DTYPES = ["int32", "datetime64[us, UTC]", "datetime64[us, UTC]", "int8"]
MARCH = parse_instant("2012-03-14T16:04")


def days(rows: pd.DataFrame) -> list[str]:
    return rows["as_of"].dt.strftime("%m-%d").tolist()


def test_the_loan_applications_give_20_lists_and_1282_conversions_in_the_last_five(
    loan: Loan,
) -> None:
    rows = build_training_snapshots(
        loan.leads, as_of=parse_instant("2012-03-14T16:04:55"), policy=WEEKLY
    )
    assert rows["as_of"].nunique() == 20
    assert rows["as_of"].min() == parse_instant("2011-10-01")
    five = rows[rows["as_of"] >= parse_instant("2012-01-14")]
    assert five["as_of"].max() == parse_instant("2012-02-11")
    assert (len(five), five["converted"].sum()) == (4212, 1282)


def test_snapshots_equal_a_loop_over_lists_and_leads(loan: Loan) -> None:
    leads = loan.leads.sample(300, random_state=1).sort_values("lead_id", ignore_index=True)
    fast = build_training_snapshots(leads, as_of=MARCH, policy=ListPolicy(max_age_days=40))
    slow = []
    for date in pd.date_range("2011-10-01", "2012-02-11", freq="7D", tz="UTC"):
        for lead in leads.itertuples():
            end = min(e for e in (lead.converted_at, lead.closed_at, MARCH) if not pd.isna(e))
            if lead.created_at < date <= end and date - lead.created_at <= pd.Timedelta(days=40):
                won = date <= lead.converted_at < date + pd.Timedelta(days=30)
                slow.append((lead.Index, lead.lead_id, date, date, int(won)))
    names = ["lead", "lead_id", "as_of", "list_date", "converted"]
    expected = pd.DataFrame(slow, columns=names).sort_values(["lead", "as_of"], ignore_index=True)
    pd.testing.assert_frame_equal(fast, expected, check_dtype=False)


def test_a_lead_created_at_the_instant_of_a_list_is_not_yet_on_it() -> None:
    leads = build_leads(["2012-01-07", "2012-01-06T23:59:59"])
    rows = build_training_snapshots(leads, as_of=parse_instant("2012-02-12"), policy=WEEKLY)
    assert list(zip(rows["lead"], days(rows), strict=True)) == [(1, "01-07")]


def test_a_lead_closed_before_the_list_is_off_it_and_one_closed_at_its_instant_is_on_it() -> None:
    leads = build_leads(
        ["2012-01-01"] * 3,
        converted_at=[None, None, "2012-01-06"],
        closed_at=["2012-01-06T23:59:59", "2012-01-07", None],
    )
    rows = build_training_snapshots(leads, as_of=parse_instant("2012-02-12"), policy=WEEKLY)
    assert rows["lead"].tolist() == [1]


def test_a_conversion_counts_from_the_list_on_and_until_just_before_the_horizon_ends() -> None:
    leads = build_leads(
        ["2012-01-01"] * 3,
        converted_at=["2012-01-07", "2012-02-05T23:59:59", "2012-02-06"],
    )
    rows = build_training_snapshots(leads, as_of=parse_instant("2012-02-06"), policy=WEEKLY)
    assert days(rows) == ["01-07"] * 3
    assert rows["converted"].tolist() == [1, 1, 0]


def test_a_lead_whose_horizon_is_still_running_is_never_counted_as_a_loss() -> None:
    leads = build_leads(["2012-01-01"], converted_at=["2012-02-01"])
    just_before = build_training_snapshots(
        leads, as_of=parse_instant("2012-02-05T23:59:59"), policy=WEEKLY
    )
    assert just_before.empty
    matured = build_training_snapshots(leads, as_of=parse_instant("2012-02-06"), policy=WEEKLY)
    assert days(matured) == ["01-07"]
    assert matured["converted"].tolist() == [1]


def test_a_lead_older_than_the_greatest_age_leaves_the_lists() -> None:
    leads = build_leads(["2012-01-01"])
    policy = ListPolicy(every_days=7, horizon_days=1, max_age_days=13)
    rows = build_training_snapshots(leads, as_of=MARCH, policy=policy)
    assert days(rows) == ["01-07", "01-14"]  # 13 days old on the 14th


def test_the_list_of_today_holds_the_open_leads_whatever_comes_later() -> None:
    leads = build_leads(
        ["2012-01-01", "2012-01-01", "2012-01-01", "2012-03-14T16:04"],
        converted_at=["2012-04-01", None, None, None],
        closed_at=[None, "2012-03-14", None, None],
    )
    rows = build_scoring_snapshots(leads, as_of=MARCH, policy=WEEKLY)
    assert rows["lead_id"].tolist() == ["lead-0", "lead-2"]
    assert (rows["as_of"] == MARCH).all()
    assert (rows["list_date"] == MARCH).all()
    assert list(rows) == ["lead", "lead_id", "as_of", "list_date"]


def test_on_arrival_gives_one_row_per_lead_some_hours_after_its_creation() -> None:
    leads = build_leads(
        ["2012-01-10T05:00", "2012-01-10T05:00", "2012-02-13T20:00"],
        converted_at=["2012-01-20", None, None],
        closed_at=[None, "2012-01-10T06:59", None],  # closed before its row: never called
    )
    rows = build_training_snapshots(leads, as_of=MARCH, policy=ARRIVAL)
    assert rows["lead"].tolist() == [0]  # the third lead's horizon is still running
    assert rows["as_of"].tolist() == [parse_instant("2012-01-10T07:00")]
    assert rows["list_date"].tolist() == [parse_instant("2012-01-07")]
    assert rows["converted"].tolist() == [1]


def test_on_arrival_a_lead_that_ended_at_the_instant_of_its_row_still_has_it() -> None:
    leads = build_leads(
        ["2012-01-10T05:00"] * 3,
        converted_at=["2012-01-10T07:00", None, None],
        closed_at=[None, "2012-01-10T07:00", "2012-01-10T06:59:59"],
    )
    rows = build_training_snapshots(leads, as_of=MARCH, policy=ARRIVAL)
    assert rows["lead"].tolist() == [0, 1]
    assert rows["converted"].tolist() == [1, 0]


def test_on_arrival_a_horizon_that_ends_at_this_instant_has_matured() -> None:
    leads = build_leads(["2012-02-13T14:04", "2012-02-13T14:04:01"])
    rows = build_training_snapshots(leads, as_of=MARCH, policy=ARRIVAL)
    assert rows["as_of"].tolist() == [MARCH - pd.Timedelta(days=30)]


def test_on_arrival_a_delay_beyond_the_greatest_age_leaves_nobody() -> None:
    leads = build_leads(["2012-01-10"])
    for hours, n_rows in ((24, 1), (24.5, 0)):
        policy = ListPolicy(policy="on_arrival", delay_hours=hours, max_age_days=1)
        assert len(build_training_snapshots(leads, as_of=MARCH, policy=policy)) == n_rows


def test_on_arrival_today_lists_open_leads_that_have_arrived_each_at_its_own_instant() -> None:
    leads = build_leads(
        ["2012-03-14T10:00", "2012-03-14T15:00", "2012-03-13", "2012-03-13"],
        closed_at=[None, None, "2012-03-14", None],
    )
    rows = build_scoring_snapshots(leads, as_of=MARCH, policy=ARRIVAL)
    assert rows["lead"].tolist() == [0, 3]  # 1 arrives at 17:00, 2 is closed
    assert rows["as_of"].tolist() == [
        parse_instant("2012-03-14T12:00"),
        parse_instant("2012-03-13T02:00"),
    ]
    assert rows["list_date"].dt.strftime("%m-%d").tolist() == ["03-10", "03-10"]


def test_on_arrival_a_lead_leaves_the_list_when_its_calling_period_is_over() -> None:
    """Leads of earlier periods were ranked then; their scores spoke of days that are gone."""
    leads = build_leads(["2012-03-07T14:00", "2012-03-07T14:05", "2011-12-01"])
    rows = build_scoring_snapshots(leads, as_of=parse_instant("2012-03-14T16:00"), policy=ARRIVAL)
    assert rows["lead"].tolist() == [1]  # lead 0 arrived at 16:00, seven days ago to the minute


def test_no_leads_give_no_rows_with_all_columns() -> None:
    nobody = build_leads([])
    for policy in (WEEKLY, ARRIVAL):
        rows = build_training_snapshots(nobody, as_of=MARCH, policy=policy)
        assert list(rows) == ["lead", "lead_id", "as_of", "list_date", "converted"]
        assert rows.empty
        assert [str(dtype) for dtype in rows.dtypes.drop("lead_id")] == DTYPES
        assert build_scoring_snapshots(nobody, as_of=MARCH, policy=policy).empty
