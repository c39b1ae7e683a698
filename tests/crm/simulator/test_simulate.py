"""The simulated CRM: its truth is true, and nothing but the stated facts tells who converts."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm.errors import ConfigurationError
from crm.list_dates import build_list_dates
from crm.reading.export_reader import read_export
from crm.simulator import ground_truth as simulated_truth
from crm.simulator import profiles as simulated_leads
from crm.simulator.simulate import DEFAULT_END, simulate
from pipelines.config.settings import load_settings

HORIZON = pd.Timedelta(days=14)
LEADS = 30_000


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> SimpleNamespace:
    """A simulated CRM of 30,000 leads, read back from its files."""
    folder = tmp_path_factory.mktemp("simulated")
    made = simulate(folder, leads=LEADS, seed=7)
    leads = pd.read_csv(folder / "leads.csv", parse_dates=["created_at"])
    for name in ("converted_at", "closed_at"):
        leads[name] = pd.to_datetime(leads[name], utc=True)
    activities = pd.read_parquet(folder / "activities.parquet")
    activities = activities.astype({"lead_id": "str", "type": "str", "direction": "str"})
    truth = pd.read_parquet(folder / "truth" / "true_probabilities.parquet")
    return SimpleNamespace(made=made, leads=leads, activities=activities, truth=truth)


@pytest.fixture(scope="module")
def matured(world) -> pd.DataFrame:
    """The lists whose whole horizon the export shows: the truth, the lead and its label."""
    rows = world.truth[world.truth["as_of"] + HORIZON <= DEFAULT_END]
    rows = rows.merge(world.leads, on="lead_id", validate="many_to_one")
    rows["converted"] = rows["converted_at"] < rows["as_of"] + HORIZON
    return rows


def compute_surprise(rows: pd.DataFrame) -> float:
    """How many standard deviations the conversions lie from what the truth lets expect."""
    if rows.empty:
        return 0.0
    p = rows["probability"]
    return (rows["converted"].sum() - p.sum()) / math.sqrt((p * (1 - p)).sum())


def auc(converted: pd.Series, order: pd.Series) -> tuple[float, float]:
    """How often a converted lead comes after another in this order, and its deviation by chance."""
    n, m = int(converted.sum()), int((~converted).sum())
    above = order.rank()[converted].sum() - n * (n + 1) / 2
    return above / (n * m), math.sqrt((n + m + 1) / (12 * n * m))


def expected_gain(rows: pd.DataFrame, by: str, depth: float) -> float:
    """Share of the conversions to be expected in the first part of each list."""
    place = rows.groupby("as_of")[by].rank(ascending=False, pct=True)
    return rows.loc[place <= depth, "probability"].sum() / rows["probability"].sum()


def test_as_many_leads_convert_as_their_true_probabilities_say_in_every_tenth(matured):
    tenth = pd.qcut(matured["probability"], 10, labels=False)
    for number in range(10):
        assert abs(compute_surprise(matured[tenth == number])) < 3.5, f"tenth {number}"


def test_the_truth_holds_every_open_lead_at_every_list_date_and_no_other(world):
    leads = world.leads
    dates = build_list_dates(leads["created_at"].min(), DEFAULT_END, 14)
    ended = leads["converted_at"].fillna(leads["closed_at"])
    expected = [
        leads.loc[(leads["created_at"] < date) & ~(ended < date), ["lead_id"]].assign(as_of=date)
        for date in dates
    ]
    expected = pd.concat(expected, ignore_index=True)
    pd.testing.assert_frame_equal(world.truth[["lead_id", "as_of"]], expected)


def test_nothing_is_written_at_or_after_an_outcome_or_the_end(world):
    rows = world.activities.merge(world.leads, on="lead_id", how="left", validate="many_to_one")
    assert (rows["occurred_at"] >= rows["created_at"]).all()
    assert (rows["occurred_at"] < DEFAULT_END).all()
    for name in ("converted_at", "closed_at"):
        assert not (rows["occurred_at"] >= rows[name]).any()
        assert not (world.leads[name] >= DEFAULT_END).any()
        assert not (world.leads[name] <= world.leads["created_at"]).any()
    assert not (world.leads["converted_at"].notna() & world.leads["closed_at"].notna()).any()


def test_the_last_lists_have_not_matured(world):
    lists = world.truth["as_of"].drop_duplicates()
    assert (lists + HORIZON > DEFAULT_END).sum() == 1
    assert lists.max() == pd.Timestamp("2026-06-13", tz="UTC")


def slow_probability(lead: pd.Series, activities: pd.DataFrame, as_of: pd.Timestamp) -> float:
    """The formula of docs/simulation.md, one activity after another."""
    known = activities[activities["occurred_at"] < as_of]
    source = {
        "organic_search": 0.25,
        "social": -0.3,
        "referral": 0.5,
        "event": 0.25,
        "partner": 0.25,
        "bought_list": -0.6,
    }
    logit = -6.88 + source.get(lead["source"], 0)
    logit += 0.3 if lead["industry"] in ("software", "finance") else 0
    if not math.isnan(lead["company_size"]):
        logit += 0.3 * math.log10(min(max(lead["company_size"] / 50, 1 / 30), 30))
    engagement, last_inbound, contacted = 0.0, lead["created_at"], as_of
    for activity in known.sort_values("occurred_at", ascending=False).itertuples():
        if activity.direction == "inbound":
            days = (as_of - activity.occurred_at) / pd.Timedelta(days=1)
            engagement += 0.5 ** (days / 14)
            last_inbound = max(last_inbound, activity.occurred_at)
        elif activity.direction == "outbound":
            contacted = activity.occurred_at
    logit += 1.4 * math.log(1 + engagement)
    logit -= 0.2 * math.log(1 + (as_of - last_inbound) / pd.Timedelta(days=1))
    hours = (contacted - lead["created_at"]) / pd.Timedelta(hours=1)
    logit -= 0.25 * math.log(1 + min(hours, 168) / 3)
    return 1 / (1 + math.exp(-logit))


def test_the_truth_follows_from_the_written_files_by_the_stated_formula(world):
    lead = world.leads.set_index("lead_id")
    history = dict(tuple(world.activities.groupby("lead_id")))
    most = world.truth.nlargest(50, "probability")
    some = world.truth.sample(100, random_state=1)
    for row in pd.concat([most, some]).itertuples():
        slow = slow_probability(lead.loc[row.lead_id], history[row.lead_id], row.as_of)
        assert row.probability == pytest.approx(slow, rel=1e-9)


def test_neither_ids_nor_the_order_of_rows_tell_who_converts_or_when_a_lead_came(world):
    leads = world.leads
    converted = leads["converted_at"].notna()
    assert leads["lead_id"].is_monotonic_increasing  # so the order of rows is that of ids
    rate, deviation = auc(converted, pd.Series(leads.index))
    assert abs(rate - 0.5) < 3 * deviation
    assert abs(leads["created_at"].rank().corr(pd.Series(leads.index))) < 3 / math.sqrt(LEADS)
    assert world.activities["occurred_at"].is_monotonic_increasing  # and so tells nothing else


def test_every_type_of_activity_befalls_leads_that_never_convert(world):
    converted = world.leads.loc[world.leads["converted_at"].notna(), "lead_id"]
    shares = (
        world.activities.assign(converted=world.activities["lead_id"].isin(converted))
        .groupby("type")["converted"]
        .mean()
    )
    assert len(shares) == 13
    assert shares.between(0.01, 0.25).all()


def test_no_activity_type_tells_more_than_the_truth_does(world, matured):
    for name, of_type in world.activities.groupby("type"):
        first = of_type.groupby("lead_id")["occurred_at"].min()
        had = matured["lead_id"].map(first) < matured["as_of"]
        assert abs(compute_surprise(matured[had])) < 3.5, f"with {name}"
        assert abs(compute_surprise(matured[~had])) < 3.5, f"without {name}"


@pytest.mark.parametrize(
    "column", ["source", "industry", "country", "is_business", "newsletter", "owner_id"]
)
def test_no_profile_column_tells_more_than_the_truth_does(matured, column):
    for value, rows in matured.groupby(column, dropna=False):
        assert abs(compute_surprise(rows)) < 3.5, value


def test_a_missing_number_tells_no_more_than_the_truth_does(matured):
    for column in ("company_size", "budget"):
        assert 0.1 < matured[column].isna().mean() < 0.6
        assert abs(compute_surprise(matured[matured[column].isna()])) < 3.5


def test_the_defaults_mirror_the_published_case(world, matured):
    per_lead = 67_000 / LEADS
    conversions = world.leads["converted_at"].notna().sum()
    assert world.made.conversions == conversions
    assert 1_300 < conversions * per_lead < 1_700
    assert 2.7 < len(world.truth) / LEADS < 2.9
    assert 16.5 < world.made.activities / LEADS < 17.8
    newest = matured.assign(newest=matured["created_at"].astype("int64"))
    assert 0.79 < expected_gain(matured, "probability", 0.3) < 0.84
    assert 0.90 < expected_gain(matured, "probability", 0.5) < 0.94
    assert 0.55 < expected_gain(newest, "newest", 0.5) < 0.61


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others(tmp_path):
    once, again, other = (
        simulate(tmp_path / name, leads=300, seed=seed)
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    for file, same, different in zip(once.files, again.files, other.files, strict=True):
        assert file.read_bytes() == same.read_bytes()
        assert file.suffix == ".toml" or file.read_bytes() != different.read_bytes()


@pytest.mark.parametrize("leads", [1, 10, 200])
def test_a_small_crm_is_read_without_any_loss(tmp_path, leads):
    made = simulate(tmp_path, leads=leads)
    settings = load_settings(tmp_path / "leadgain.toml")
    export = read_export(settings.mapping, now=DEFAULT_END)
    assert export.counts["kept"].tolist() == [leads, made.activities]
    assert export.counts["rows_in"].tolist() == [leads, made.activities]
    assert export.leads["converted_at"].notna().sum() == made.conversions
    assert {column.name: column.kind for column in export.profile} == {
        "source": "category",
        "industry": "category",
        "company_size": "number",
        "country": "category",
        "budget": "number",
        "is_business": "yes_no",
        "newsletter": "yes_no",
    }


def test_the_configuration_lists_open_leads_as_often_as_the_truth_does(tmp_path):
    simulate(tmp_path, leads=10)
    settings = load_settings(tmp_path / "leadgain.toml")
    assert settings.lists.every_days == settings.lists.horizon_days == 14
    assert settings.lists.max_age_days > 36 * 14
    assert settings.freshness.by == "created"


def test_the_simulated_time_may_end_on_a_list_date(tmp_path):
    end = pd.Timestamp("2026-06-13", tz="UTC")
    simulate(tmp_path, leads=200, end=end)
    truth = pd.read_parquet(tmp_path / "truth" / "true_probabilities.parquet")
    assert truth["as_of"].max() == end - HORIZON


def test_progress_counts_up_to_its_total(tmp_path):
    steps = []
    simulate(tmp_path, leads=10, progress=lambda done, total: steps.append((done, total)))
    total = steps[0][1]
    assert steps == [(done, total) for done in range(1, total + 1)]


def test_arguments_that_make_no_sense_are_refused_before_anything_is_written(tmp_path):
    folder = tmp_path / "new"
    with pytest.raises(ConfigurationError, match="at least 1 lead, got 0"):
        simulate(folder, leads=0)
    with pytest.raises(ConfigurationError, match="seed must not be negative, got -1"):
        simulate(folder, seed=-1)
    with pytest.raises(ConfigurationError, match="needs a time zone, got 2026-06-24"):
        simulate(folder, end=pd.Timestamp("2026-06-24"))
    assert not folder.exists()


def test_probabilities_differ_from_lead_to_lead(world):
    spread = np.quantile(world.truth["probability"], [0.1, 0.5, 0.9])
    assert spread[2] > 10 * spread[0]
    assert 0 < world.truth["probability"].min() < world.truth["probability"].max() < 1


def test_the_documentation_states_the_formula_that_is_used():
    page = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text()
    for stated in (
        f"z = {simulated_truth.INTERCEPT}",
        f"+ {simulated_truth.ENGAGEMENT_EFFECT:.2f} · ln(1 + engagement)",
        f"- {simulated_truth.RECENCY_EFFECT:.2f} · ln(1 + days since",
        f"- {simulated_truth.SPEED_EFFECT:.2f} · ln(1 + hours waited",
        f"{simulated_leads.COMPANY_SIZE_EFFECT} · log10(company_size / 50)",
        " · ".join(f"{level.name} {level.effect:g}" for level in simulated_leads.SOURCES),
        " · ".join(f"{i.name} {i.effect:g}" for i in simulated_leads.INDUSTRIES if i.effect),
    ):
        assert stated in page
