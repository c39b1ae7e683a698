import numba
import numpy as np
import pandas as pd
import pytest

from features.families import PER_SUBJECT
from features.matrix import build_matrix
from features.vocabulary import Vocabulary
from tests.features.frames import build_activities, build_leads, build_snapshots, draw_export
from tests.features.twin import compute_slow_rows

TYPES = ("call", "mail", "visit")
VOCABULARY = Vocabulary(TYPES, ())

compiled = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="numba is told to compile nothing, as for tests.mutation"
)


def test_the_kernel_equals_its_slow_row_by_row_twin() -> None:
    leads, activities, snapshots = draw_export(seed=1)
    fast = build_matrix(snapshots, leads, activities, VOCABULARY)
    slow = compute_slow_rows(snapshots, leads, activities, TYPES)
    assert list(slow) == list(fast.columns[: slow.shape[1]])
    exact = [name for name in slow if "decayed" not in name]
    pd.testing.assert_frame_equal(fast[exact], slow[exact].astype(np.float32), check_exact=True)
    np.testing.assert_allclose(fast[list(slow)], slow, rtol=1e-6)


def test_the_kernel_equals_a_duckdb_query() -> None:
    import duckdb

    leads, activities, snapshots = draw_export(seed=2)
    fast = build_matrix(snapshots, leads, activities, VOCABULARY)
    with duckdb.connect() as db:
        db.register(
            "a", activities.astype({"type": "str", "direction": "str"}).drop(columns="rep_id")
        )
        db.register("s", snapshots.assign(row=range(len(snapshots))))
        for subject, condition in {
            "call": "type = 'call'",
            "other_type": "type NOT IN ('call', 'mail', 'visit')",
            "inbound": "direction = 'inbound'",
            "activity": "true",
        }.items():
            # Everything strictly before as_of; windows begin at as_of - n days, that instant in.
            rows = db.execute(
                f"""
                WITH known AS (
                    SELECT s.row, epoch_us(s.as_of) - epoch_us(a.occurred_at) AS age,
                           a.occurred_at
                    FROM s LEFT JOIN a
                      ON a.lead = s.lead AND a.occurred_at < s.as_of AND {condition})
                SELECT count(*) FILTER (age <= 1 * 86400e6), count(*) FILTER (age <= 7 * 86400e6),
                       count(*) FILTER (age <= 30 * 86400e6),
                       count(*) FILTER (age <= 90 * 86400e6), count(age),
                       min(age) / 86400e6, max(age) / 86400e6,
                       coalesce(sum(pow(0.5, age / (7 * 86400e6))), 0),
                       coalesce(sum(pow(0.5, age / (30 * 86400e6))), 0)
                FROM known GROUP BY row ORDER BY row
                """
            ).fetchnumpy()
            names = [family.pattern.format(subject) for family in PER_SUBJECT]
            expected = np.column_stack(
                [np.ma.filled(c.astype(float), np.nan) for c in rows.values()]
            )
            np.testing.assert_allclose(fast[names], expected, rtol=1e-6)


def one_lead(*activities: tuple[str, str]) -> pd.DataFrame:
    return build_activities((0, at, kind, "outbound", "ann") for at, kind in activities)


def compute_row(activities: pd.DataFrame, as_of: str) -> pd.Series:
    leads = build_leads(["2012-01-01"])
    return build_matrix(build_snapshots([(0, as_of)]), leads, activities, VOCABULARY).iloc[0]


def test_an_activity_at_the_instant_of_the_list_is_not_yet_known() -> None:
    row = compute_row(one_lead(("2012-02-01", "call")), "2012-02-01")
    assert row["call_ever"] == 0
    assert np.isnan(row["days_since_call"])
    later = compute_row(one_lead(("2012-02-01", "call")), "2012-02-01T00:00:00.000001")
    assert later["call_ever"] == 1


def test_an_activity_exactly_one_window_before_the_list_is_counted() -> None:
    activities = one_lead(("2012-02-01", "call"))
    assert compute_row(activities, "2012-02-08")["call_7d"] == 1
    assert compute_row(activities, "2012-02-08T00:00:00.000001")["call_7d"] == 0


def test_a_decayed_count_halves_with_its_half_life() -> None:
    activities = one_lead(("2012-02-01", "call"), ("2012-02-08", "call"))
    row = compute_row(activities, "2012-02-15")
    assert row["call_decayed_7d"] == 0.5 + 0.25


def test_a_day_without_sunlight_saving_has_24_hours_and_leap_day_is_a_day() -> None:
    # 25 March 2012 had 23 hours in Amsterdam; 29 February exists in 2012.
    assert compute_row(one_lead(("2012-03-24", "call")), "2012-03-26")["days_since_call"] == 2
    assert compute_row(one_lead(("2012-02-28", "call")), "2012-03-01")["days_since_call"] == 2


def test_active_days_count_a_day_that_the_window_cuts_in_two() -> None:
    activities = one_lead(
        ("2012-02-01T06:00", "call"), ("2012-02-01T18:00", "call"), ("2012-02-03", "mail")
    )
    assert compute_row(activities, "2012-02-08T12:00")["active_days_7d"] == 2
    assert compute_row(activities, "2012-02-08T19:00")["active_days_7d"] == 1


def test_pace_is_missing_without_activities_before_and_one_when_nothing_changes() -> None:
    assert np.isnan(compute_row(one_lead(("2012-02-01", "call")), "2012-02-02")["pace_7d"])
    daily = one_lead(*((f"2012-01-{d:02d}", "call") for d in range(1, 31)))
    # 7 in the last 7 days, 23 in the 30 days before: 7 / (23 * 7 / 30).
    assert compute_row(daily, "2012-01-31")["pace_7d"] == pytest.approx(30 / 23)


def test_first_response_is_the_hours_from_creation_to_the_first_outbound_activity() -> None:
    activities = one_lead(("2012-01-01T05:00", "call"), ("2012-01-01T09:00", "call"))
    answered = compute_row(activities, "2012-01-02")
    assert answered["hours_to_first_outbound"] == 5
    assert np.isnan(answered["hours_without_outbound"])
    waiting = compute_row(activities, "2012-01-01T05:00")
    assert np.isnan(waiting["hours_to_first_outbound"])
    assert waiting["hours_without_outbound"] == 5


@pytest.mark.parametrize("threads", [2, 4, 7])
def test_the_number_of_threads_changes_nothing(threads: int) -> None:
    leads, activities, snapshots = draw_export(seed=3)
    one = build_matrix(snapshots, leads, activities, VOCABULARY, threads=1)
    many = build_matrix(snapshots, leads, activities, VOCABULARY, threads=threads)
    assert one.to_numpy().tobytes() == many.to_numpy().tobytes()


def test_a_row_does_not_depend_on_the_other_rows_asked_for() -> None:
    leads, activities, snapshots = draw_export(seed=4)
    together = build_matrix(snapshots, leads, activities, VOCABULARY)
    for i in range(0, len(snapshots), 10):
        alone = build_matrix(snapshots.iloc[[i]], leads, activities, VOCABULARY)
        assert alone.to_numpy().tobytes() == together.iloc[[i]].to_numpy().tobytes()


@compiled
def test_the_kernel_is_compiled_once() -> None:
    from features.windows import write_windows

    leads, activities, snapshots = draw_export(seed=5)
    build_matrix(snapshots, leads, activities, VOCABULARY)
    build_matrix(snapshots.iloc[::2], leads.copy(), activities.copy(), VOCABULARY, threads=3)
    assert len(write_windows.signatures) == 1


@compiled
def test_the_compiled_kernel_leaves_nothing_on_disk() -> None:
    from features.windows import write_windows

    assert write_windows.stats.cache_path is None
