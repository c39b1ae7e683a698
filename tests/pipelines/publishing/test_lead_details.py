"""The details beside the list, compared with the export and with each other."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalog import build_catalog, humanize_name, list_topics
from features.vocabulary import Vocabulary
from models.evaluation.gain_curves import pooled_gain
from pipelines.cli.explain import explain_lead
from pipelines.cli.main import main
from pipelines.config.run_request import RunRequest
from pipelines.publishing import lead_details as stories
from pipelines.publishing.lead_details import FACTS, find_strongest_facts
from publications.charts.lead_charts import build_waterfall
from publications.schema import FILES, require_columns
from publications.storage.store import Publication
from publications.tables.lead_details import EVERYTHING_ELSE
from tests.pipelines.conftest import load_current
from tests.pipelines.small_crm import small_crm, write_export
from tests.publications.test_schema import documented_keys

LATER = {file.name for file in FILES if file.optional}


def publish_run(folder: Path, **environment: str) -> Publication:
    """The publication of a run on the small CRM."""
    leads, activities = small_crm()
    config = write_export(folder / "crm", leads=leads, activities=activities)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        with pytest.raises(SystemExit) as stop:
            main(["run", "--config", str(config), "--home", str(folder / "home")])
    assert not stop.value.code
    return load_current(folder / "home")


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return publish_run(tmp_path_factory.mktemp("weekly"))


@pytest.fixture(scope="module")
def on_arrival(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return publish_run(
        tmp_path_factory.mktemp("on_arrival"),
        LEADGAIN_LISTS__POLICY="on_arrival",
        LEADGAIN_LISTS__DELAY_HOURS="72",
    )


@pytest.fixture(scope="module")
def without_model(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return publish_run(
        tmp_path_factory.mktemp("without_model"), LEADGAIN_TRAINING__MIN_CONVERSIONS="5000"
    )


def select_activities_before(as_of: pd.Timestamp) -> pd.DataFrame:
    _, activities = small_crm()
    at = pd.to_datetime(activities["occurred_at"], utc=True).dt.as_unit("us")
    known = activities.assign(occurred_at=at)[at < as_of]
    return known.assign(type=[humanize_name(kind) for kind in known["type"]])


def read_as_of(publication: Publication) -> pd.Timestamp:
    return pd.Timestamp(publication.manifest["as_of"])


def log_odds(share: pd.Series) -> pd.Series:
    return np.log(share / (1 - share))


def test_facts_do_not_depend_on_how_many_leads_are_told_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vocabulary = Vocabulary(("call",), ())
    catalog = build_catalog(vocabulary)
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.integers(0, 3, (20, len(catalog))), columns=[f.name for f in catalog])
    names = list(dict.fromkeys(list_topics(catalog)))
    moved = pd.DataFrame(rng.normal(size=(20, len(names))).round(1), columns=names)
    whole = find_strongest_facts(moved, X.astype("float32"), vocabulary)
    monkeypatch.setattr(stories, "LEADS_AT_ONCE", 3)
    parts = find_strongest_facts(moved, X.astype("float32"), vocabulary)
    assert whole.sentences.tolist() == parts.sentences.tolist()
    assert whole.contributions.tolist() == parts.contributions.tolist()
    assert whole.other_contributions.tolist() == parts.other_contributions.tolist()


def test_a_publication_with_a_model_holds_every_file(weekly: Publication) -> None:
    weekly.verify()
    assert set(weekly.file_names) >= LATER
    for name in {name for name in LATER if not name.endswith(".json")}:
        require_columns(weekly.table(name), name)


def test_each_listed_lead_is_told_with_its_facts_and_everything_else(weekly: Publication) -> None:
    reasons, worklist = weekly.table("reasons.parquet"), weekly.table("worklist.parquet")
    ids = reasons.drop_duplicates("rank")
    assert ids["rank"].tolist() == worklist["rank"].tolist()
    assert ids["lead_id"].tolist() == worklist["lead_id"].tolist()
    for _, rows in reasons.groupby("rank"):
        assert rows["position"].tolist() == list(range(1, len(rows) + 1))
        assert rows["fact"].iloc[-1] == EVERYTHING_ELSE
        assert len(rows) <= FACTS + 1
        size = rows["contribution"].iloc[:-1].abs()
        assert size.is_monotonic_decreasing
        assert size.min() > 0


def test_the_facts_of_a_lead_sum_to_its_score(weekly: Publication) -> None:
    """In log odds, calibrated: slope * sum = log odds of the score less those of the base."""
    base = json.loads(weekly.read("model.json"))["base_score"]
    spec = json.loads((weekly.folder.parents[1] / "models" / "1" / "spec.json").read_text())
    total = weekly.table("reasons.parquet").groupby("rank")["contribution"].sum()
    score = weekly.table("worklist.parquet").set_index("rank")["score"]
    expected = (log_odds(score) - np.log(base / (1 - base))) / spec["calibration"]["slope"]
    np.testing.assert_allclose(total, expected, atol=1e-4)


def test_the_strongest_facts_are_those_that_explain_tells(weekly: Publication) -> None:
    home = weekly.folder.parents[1]
    request = RunRequest.of(home.parent / "crm" / "leadgain.toml", home)
    first = weekly.table("worklist.parquet").iloc[0]
    told = explain_lead(first["lead_id"], request)
    rows = weekly.read_lead_rows("reasons.parquet", 1)
    shown = rows[rows["fact"] != EVERYTHING_ELSE]
    assert shown["fact"].tolist() == told.facts["fact"].head(len(shown)).tolist()
    others = told.facts["contribution"].iloc[len(shown) :].sum()
    assert rows["contribution"].iloc[-1] == pytest.approx(others, abs=1e-5)
    steps = build_waterfall(rows, score=told.score, base=told.base_rate)
    assert steps["after"].iloc[-2] == pytest.approx(told.score, abs=1e-6)


def test_each_listed_lead_has_its_activities_before_the_list_newest_first(
    weekly: Publication,
) -> None:
    timeline, worklist = weekly.table("timeline.parquet"), weekly.table("worklist.parquet")
    known = select_activities_before(read_as_of(weekly))
    assert timeline["rank"].is_monotonic_increasing
    for rank, lead_id in zip(worklist["rank"], worklist["lead_id"], strict=True):
        own = known[known["lead_id"] == lead_id].sort_values("occurred_at", kind="stable")[::-1]
        rows = timeline[timeline["rank"] == rank]
        assert rows["occurred_at"].tolist() == own["occurred_at"].tolist()
        assert rows["type"].tolist() == own["type"].tolist()
        assert set(rows["lead_id"]) <= {lead_id}


def test_volumes_count_every_activity_of_the_last_90_days(weekly: Publication) -> None:
    volumes = weekly.table("volumes.csv")
    known = select_activities_before(read_as_of(weekly))
    begin = (read_as_of(weekly) - pd.Timedelta(microseconds=1)).floor("D") - pd.Timedelta(days=89)
    recent = known[known["occurred_at"] >= begin]
    expected = recent.groupby([recent["occurred_at"].dt.floor("D"), "type"]).size()
    assert volumes.set_index(["day", "type"])["activities"].to_dict() == expected.to_dict()


def test_freshness_names_the_latest_time_stamp_of_each_table(weekly: Publication) -> None:
    freshness = weekly.table("freshness.csv").set_index("table")
    leads, activities = small_crm()
    assert freshness.loc["leads", "newest_at"] == pd.Timestamp(leads["created_at"].max())
    assert freshness.loc["activities", "newest_at"] == pd.Timestamp(activities["occurred_at"].max())
    ended = leads[["converted_at", "closed_at"]].max(axis=1)
    assert freshness.loc["outcomes", "newest_at"] == pd.Timestamp(ended.max())
    assert freshness.loc["outcomes", "rows"] == (ended != "").sum()


def test_first_contacts_account_for_every_tested_row(weekly: Publication) -> None:
    first_contact, backtest = weekly.table("first_contact.csv"), weekly.table("backtest.parquet")
    by_tier = first_contact.groupby("tier")[["leads", "conversions"]].sum()
    expected = backtest.groupby("tier")["converted"].agg(["size", "sum"])
    assert by_tier.to_numpy().tolist() == expected.to_numpy().tolist()


def test_shares_of_importance_sum_to_one(weekly: Publication) -> None:
    importance = weekly.table("importance.csv")
    assert importance.groupby("level")["share"].sum().tolist() == pytest.approx([1, 1])
    columns = json.loads(weekly.read("model.json"))["columns"]
    assert (importance["level"] == "feature").sum() == columns
    assert importance.loc[importance["level"] == "group", "group"].is_unique


@pytest.mark.parametrize("name", ["monitoring.json", "decision.json"])
def test_the_watch_and_the_decision_have_the_keys_that_are_documented(
    name: str, weekly: Publication
) -> None:
    assert set(json.loads(weekly.read(name))) == documented_keys(name)


def test_the_model_tells_its_training_backtest_and_predecessors(weekly: Publication) -> None:
    model = json.loads(weekly.read("model.json"))
    backtest = weekly.table("backtest.parquet")
    assert set(model) == documented_keys()
    assert model["version"] == weekly.manifest["model"]["version"] == 1
    assert model["sha256"] == weekly.manifest["model"]["sha256"]
    assert sum(fold["test_rows"] for fold in model["folds"]) == len(backtest)
    assert sum(fold["test_conversions"] for fold in model["folds"]) == backtest["converted"].sum()
    assert all(fold["train_rows"] <= model["rows"] for fold in model["folds"])
    (version,) = model["versions"]
    assert version["leads"] is True
    assert version["decision"] == model["verdict"]
    table = weekly.table("gain_table.csv").set_index(["ranking", "depth"])["gain"]
    assert version["gain_at_30"] == pytest.approx(table["model", 0.3])
    assert version["most_fresh_at_30"] == pytest.approx(table["most_fresh", 0.3])
    told = " ".join(model["trained_on"])
    assert f"{model['rows']:,} rows" in told
    assert "Amount, Source" in told
    assert "Lead owner" in " ".join(model["left_out"])


def test_periodic_lists_need_no_list_date_in_the_backtest(weekly: Publication) -> None:
    assert "list_date" not in weekly.table("backtest.parquet")


@pytest.mark.parametrize("ranking", ["model", "most_fresh"])
def test_gains_of_leads_listed_on_arrival_can_be_recomputed(
    on_arrival: Publication, ranking: str
) -> None:
    backtest, gains = on_arrival.table("backtest.parquet"), on_arrival.table("gains.csv")
    curve = gains[gains["ranking"] == ranking].sort_values("depth")
    column = "score" if ranking == "model" else ranking
    recomputed = pooled_gain(
        backtest["converted"], backtest[column], backtest["list_date"], curve["depth"]
    )
    np.testing.assert_allclose(recomputed, curve["gain"], atol=1e-9)
    assert (backtest["as_of"] != backtest["list_date"]).any()


def test_leads_listed_on_arrival_are_told_as_such(on_arrival: Publication) -> None:
    model = json.loads(on_arrival.read("model.json"))
    assert model["policy"] == "on_arrival"
    assert "72 hours after it came in" in model["trained_on"][0]


def test_without_a_model_the_leads_still_have_their_activities(without_model: Publication) -> None:
    lock = set(without_model.file_names) & LATER
    assert lock == {"timeline.parquet", "volumes.csv", "freshness.csv", "decision.json"}
    assert not without_model.read_lead_rows("timeline.parquet", 1).empty
