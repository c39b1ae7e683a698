"""The main job on the real leads that come with leadgain, as a user runs it."""

import hashlib
import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.cli import sample_data as demo_data
from tests.pipelines.conftest import load_current, run_demo

pytestmark = pytest.mark.slow


def gain_at(publication, ranking: str, depth: float) -> float:
    table = publication.table("gain_table.csv")
    return float(
        table.loc[(table["ranking"] == ranking) & (table["depth"] == depth), "gain"].iloc[0]
    )


def test_the_first_30_percent_hold_at_least_54_percent_of_the_conversions(demo):
    publication = load_current(demo)
    assert gain_at(publication, "model", 0.3) >= 0.54
    assert gain_at(publication, "model", 0.5) >= 0.78
    assert gain_at(publication, "most_fresh", 0.3) == pytest.approx(0.41, abs=0.01)


def test_the_proof_stands_on_the_five_lists_from_mid_january(demo):
    backtest = load_current(demo).table("backtest.parquet")
    assert backtest["as_of"].drop_duplicates().dt.strftime("%Y-%m-%d").sort_values().tolist() == [
        *("2012-01-14", "2012-01-21", "2012-01-28", "2012-02-04", "2012-02-11")
    ]
    assert len(backtest) == 4212
    assert backtest["converted"].sum() == 1282


def slow_gain(backtest: pd.DataFrame, score: str, depth: float) -> float:
    """List by list, lead by lead: the expected conversions among the first leads called."""
    reached = Fraction(0)
    for _, rows in backtest.groupby("as_of"):
        calls = Fraction(depth).limit_denominator(100) * len(rows)
        for _, tied in rows.groupby(score, sort=True) if score else [(0, rows)]:
            ahead = int((rows[score] > tied[score].iloc[0]).sum())
            worked = min(max(calls - ahead, Fraction(0)), Fraction(len(tied)))
            reached += worked / len(tied) * int(tied["converted"].sum())
    return float(reached / int(backtest["converted"].sum()))


@pytest.mark.parametrize(("ranking", "score"), [("model", "score"), ("most_fresh", "most_fresh")])
def test_the_gains_can_be_recomputed_from_the_published_rows(demo, ranking, score):
    publication = load_current(demo)
    backtest, gains = publication.table("backtest.parquet"), publication.table("gains.csv")
    curve = gains[gains["ranking"] == ranking].set_index("depth")["gain"]
    for depth in (0.3, 0.77):
        assert curve[depth] == pytest.approx(slow_gain(backtest, score, depth), abs=1e-9)


def test_newest_created_first_reaches_32_percent(demo):
    publication = load_current(demo)
    leads = pd.read_csv("data/loan_applications/leads.csv", dtype={"lead_id": "str"})
    created = pd.to_datetime(leads["created_at"], utc=True, format="ISO8601")
    newest = publication.table("backtest.parquet").assign(
        created=lambda rows: rows["lead_id"].map(
            dict(zip(leads["lead_id"], created.astype("int64"), strict=True))
        )
    )
    assert slow_gain(newest, "created", 0.3) == pytest.approx(0.32, abs=0.01)


def test_the_worklist_holds_every_open_lead_in_calling_order(demo):
    worklist = load_current(demo).table("worklist.parquet")
    leads = pd.read_csv("data/loan_applications/leads.csv", dtype={"lead_id": "str"})
    still_open = leads[leads["converted_at"].isna() & leads["closed_at"].isna()]
    assert sorted(worklist["lead_id"]) == sorted(still_open["lead_id"])
    assert worklist["score"].is_monotonic_decreasing
    assert worklist["rank"].tolist() == list(range(1, len(worklist) + 1))
    assert worklist["tier"].value_counts().to_dict() == {"A": 120, "B": 159, "C": 120}
    assert worklist["reason_1"].str.len().min() > 0


def test_the_csv_says_the_same_as_the_parquet_file(demo):
    publication = load_current(demo)
    csv, parquet = publication.table("worklist.csv"), publication.table("worklist.parquet")
    assert csv["lead_id"].tolist() == parquet["lead_id"].tolist()
    assert np.allclose(csv["score"], parquet["score"], atol=1e-9)


def test_the_report_says_the_gains_in_words(demo):
    report = load_current(demo).read("report.html").decode()
    assert "Calling the first 30\N{NO-BREAK SPACE}%" in report or "Calling the first 30 %" in report
    assert "<script" not in report
    assert "http://www.w3.org" in report.replace("https://", "http://")  # SVG's name space only


def test_the_terminal_shows_gains_tiers_and_where_the_files_are(demo):
    said = (demo.parent / "printed.txt").read_text()
    assert "most fresh" in said
    assert "worklist.csv" in said
    assert "Tier" in said


def test_every_row_of_the_export_is_accounted_for(demo):
    for table in load_current(demo).manifest["counts"]["rows"]:
        assert table["rows_in"] == table["kept"] + table["quarantined"] + table["excluded"]


def test_the_data_checks_are_readable_by_anyone(demo):
    checks = json.loads(load_current(demo).read("data_checks.json"))
    assert checks["list_as_of"].endswith("Z")


@pytest.mark.harness
def test_two_trainings_give_equal_bytes(demo, tmp_path):
    again = run_demo(tmp_path / "home")
    first, second = load_current(demo), load_current(again)
    for publication in (first, second):
        publication.verify()
    assert first.manifest["files"] == second.manifest["files"]
    assert {**first.manifest, "times": None} == {**second.manifest, "times": None}
    for file in sorted((demo / "models" / "1").iterdir()):
        same = again / "models" / "1" / file.name
        assert digest(file) == digest(same), file.name


def test_an_installation_without_the_data_says_where_the_demo_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(demo_data, "SAMPLE_FOLDERS", (tmp_path / "nowhere",))
    with pytest.raises(ConfigurationError, match=r"has no sample data\. Run the demo"):
        demo_data.find_demo_config()


def digest(file) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
