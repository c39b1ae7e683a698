"""A small made-up publication for the tests of this package."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publications.report.report import Proof, ReportFacts
from publications.schema import find_published_file
from publications.storage.store import Home, Provenance
from publications.tables.read_write import write_table, write_table_parts
from tests.publications.made_up_monitoring import made_up_decision, made_up_drift, made_up_watch

VERDICT = "Calling the first 30 % of each list reaches 51.0 % of the conversions."
AS_OF = datetime(2012, 3, 14, tzinfo=UTC)
DEPTHS = np.linspace(0, 1, 21)


def made_up_gains() -> pd.DataFrame:
    """Gain curves by formulas: perfect reaches all at 0.25, the model is 1 - (1 - d) ** 2."""
    curves = {
        "model": 1 - (1 - DEPTHS) ** 2,
        "most_fresh": 1 - (1 - DEPTHS) ** 1.4,
        "random": DEPTHS,
        "perfect": np.minimum(DEPTHS / 0.25, 1),
    }
    band = 0.06 * np.sin(np.pi * DEPTHS)
    frames = []
    for ranking, gain in curves.items():
        width = 0 if ranking in ("random", "perfect") else band
        frames.append(
            pd.DataFrame(
                {
                    "ranking": ranking,
                    "depth": DEPTHS,
                    "gain": gain,
                    "gain_low": np.maximum(gain - width, 0),
                    "gain_high": np.minimum(gain + width, 1),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def made_up_gain_table() -> pd.DataFrame:
    gains = made_up_gains()
    table = gains[gains["depth"].round(2).isin([0.1, 0.2, 0.3, 0.5])]
    table = table.sort_values(["depth", "ranking"], kind="stable").reset_index(drop=True)
    fresh = table[table["ranking"] == "most_fresh"].set_index("depth")["gain"]
    difference = table["gain"] - table["depth"].map(fresh)
    itself = table["ranking"] == "most_fresh"
    table = table.assign(
        difference_to_most_fresh=difference.mask(itself),
        difference_low=(difference - 0.04).mask(itself),
        difference_high=(difference + 0.04).mask(itself),
    )
    return table[list(find_published_file("gain_table.csv").column_names)]


def made_up_tiers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tier": ["A", "B", "C"],
            "leads": [1263, 1686, 1263],
            "share": [0.2999, 0.4003, 0.2998],
            "base_rate": [0.561, 0.275, 0.086],
            "base_rate_low": [0.53, 0.251, 0.068],
            "base_rate_high": [0.592, 0.299, 0.104],
            "share_of_conversions": [0.552, 0.362, 0.086],
        }
    )


def made_up_worklist(rows: int = 30) -> pd.DataFrame:
    created = pd.date_range("2012-02-01", periods=rows, freq="D", tz="UTC", unit="us")
    return pd.DataFrame(
        {
            "rank": range(1, rows + 1),
            "lead_id": [f"17{n:04d}" for n in range(rows)],
            "owner_id": pd.Series([None] * rows, dtype="str"),
            "tier": ["A"] * 10 + ["B"] * 10 + ["C"] * (rows - 20),
            "score": np.linspace(0.81, 0.02, rows),
            "reason_1": "Offer returned 2 days ago",
            "reason_2": "Called by a rep 3 times in 7 days",
            "reason_3": "Requested amount of 15,000",
            "created_at": created,
            "last_activity_at": created + timedelta(hours=5),
            "amount_requested": 15_000.0,
        }
    )


def made_up_backtest(lists: int = 4, leads: int = 200) -> pd.DataFrame:
    """Scores are uniform in [0, 1] and a lead converts with that probability."""
    generator = np.random.default_rng(1)
    dates = pd.date_range("2012-01-14", periods=lists, freq="7D", tz="UTC", unit="us")
    score = generator.random(lists * leads)
    return pd.DataFrame(
        {
            "as_of": np.repeat(dates, leads),
            "lead_id": [f"17{n % leads:04d}" for n in range(lists * leads)],
            "score": score,
            "raw_score": np.log(score / (1 - score)),
            "most_fresh": -generator.random(lists * leads) * 30,
            "converted": (generator.random(lists * leads) < score).astype("int8"),
            "tier": np.where(score > 0.7, "A", np.where(score > 0.3, "B", "C")),
        }
    )


def made_up_quarantine() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": ["leads", "activities"],
            "file": ["leads.csv", "activities.csv.gz"],
            "line": pd.array([17, 8_001], dtype="Int64"),
            "column": ["created_at", "lead_id"],
            "rule": ["unreadable_date", "unknown_lead"],
            "reason": ["not a date", "no lead of this id"],
        }
    )


def made_up_reasons(rows: int = 30) -> pd.DataFrame:
    """Three facts a lead, the first one the stronger the higher the lead stands."""
    rank = np.repeat(np.arange(1, rows + 1), 4)
    facts = ["Offer returned 2 days ago", "No call yet", "Open for 12 days", "Everything else"]
    return pd.DataFrame(
        {
            "rank": rank,
            "lead_id": np.repeat(made_up_worklist(rows)["lead_id"].to_numpy(), 4),
            "position": np.tile(np.arange(1, 5), rows),
            "fact": pd.Series(np.tile(facts, rows), dtype="str"),
            "contribution": np.tile([2.0, -0.5, 0.25, 0.125], rows) / rank,
        }
    )


def made_up_timeline(rows: int = 30) -> pd.DataFrame:
    """Two activities a lead, the latest first."""
    rank = np.repeat(np.arange(1, rows + 1), 2)
    created = np.repeat(made_up_worklist(rows)["created_at"].array, 2)
    return pd.DataFrame(
        {
            "rank": rank,
            "lead_id": np.repeat(made_up_worklist(rows)["lead_id"].to_numpy(), 2),
            "occurred_at": created + pd.to_timedelta(np.tile([5, 1], rows), unit="h"),
            "type": pd.Series(np.tile(["Offer returned", "Offer sent"], rows), dtype="str"),
            "direction": pd.Series(np.tile(["inbound", "outbound"], rows), dtype="str"),
        }
    )


def made_up_importance() -> pd.DataFrame:
    rows = [
        ("group", "Offer returned", None, 0.5),
        ("group", "Age of the lead", None, 0.3),
        ("group", "Amount requested", None, 0.2),
        ("feature", "Offer returned", "days since the last one", 0.4),
        ("feature", "Age of the lead", "days since creation", 0.35),
        ("feature", "Amount requested", "the number", 0.25),
    ]
    found = pd.DataFrame(rows, columns=["level", "group", "feature", "share"])
    return found.astype({"feature": "str"})


def made_up_first_contact() -> pd.DataFrame:
    delays = ["0-3 h", "3-48 h", "later", "no contact yet"]
    rows = [
        (tier, delay, 400, round(400 * rate / place), rate / place)
        for tier, rate in (("A", 0.6), ("B", 0.3), ("C", 0.1))
        for place, delay in enumerate(delays, start=1)
    ]
    found = pd.DataFrame(rows, columns=["tier", "delay", "leads", "conversions", "base_rate"])
    return found.assign(
        base_rate_low=(found["base_rate"] - 0.04).clip(lower=0),
        base_rate_high=found["base_rate"] + 0.04,
    )


def made_up_volumes(days: int = 90) -> pd.DataFrame:
    dates = pd.date_range(end="2012-03-13", periods=days, freq="D", tz="UTC", unit="us")
    return pd.DataFrame(
        {
            "day": dates.repeat(2),
            "type": pd.Series(["Offer returned", "Offer sent"] * days, dtype="str"),
            "activities": [20, 50] * days,
        }
    )


def made_up_freshness() -> pd.DataFrame:
    newest = ["2012-03-13T21:00", "2012-03-13T23:59", "2012-03-12T17:30"]
    return pd.DataFrame(
        {
            "table": ["leads", "activities", "outcomes"],
            "newest_at": pd.to_datetime(newest, utc=True).as_unit("us"),
            "rows": [13_086, 245_001, 11_000],
        }
    )


def made_up_model() -> dict[str, object]:
    return {
        "version": 3,
        "sha256": "c0ffee" + "0" * 58,
        "known_until": "2012-03-14T00:00:00Z",
        "trained_from": "2011-10-01T00:00:00Z",
        "trained_until": "2012-02-11T00:00:00Z",
        "horizon_days": 30,
        "every_days": 7,
        "policy": "periodic",
        "rows": 16_021,
        "conversions": 4_802,
        "columns": 329,
        "base_score": 0.24,
        "depth": 0.3,
        "verdict": VERDICT,
        "trained_on": ["20 lists of 1 October 2011 to 11 February 2012."],
        "left_out": ["Lists after 11 February 2012: their 30 days are not over."],
        "folds": [
            {
                "origin": f"2012-01-{day}T00:00:00Z",
                "train_rows": 9_000 + 100 * day,
                "train_conversions": 2_900 + 30 * day,
                "test_rows": 200,
                "test_conversions": 100,
                "gain": 0.51,
                "most_fresh": 0.39,
            }
            for day in (14, 21, 28)
        ],
        "versions": [
            {
                "version": version,
                "known_until": f"2012-03-{7 * (version - 1):02d}T00:00:00Z",
                "gain_at_30": 0.5 + version / 300,
                "most_fresh_at_30": 0.39,
                "leads": version == 3,
                "decision": "The challenger is better.",
            }
            for version in (3, 2)
        ],
    }


def write_publication_files(folder: Path) -> None:
    """All files of a publication but the manifest, the charts and the page as placeholders."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("worklist.csv", "worklist.parquet"):
        write_table(folder, name, made_up_worklist())
    write_table(folder, "gains.csv", made_up_gains())
    write_table(folder, "gain_table.csv", made_up_gain_table())
    write_table(folder, "tiers.csv", made_up_tiers())
    write_table(folder, "backtest.parquet", made_up_backtest())
    write_table(folder, "quarantine.parquet", made_up_quarantine())
    write_table_parts(folder, "reasons.parquet", [made_up_reasons()])
    write_table_parts(folder, "timeline.parquet", [made_up_timeline()])
    write_table(folder, "importance.csv", made_up_importance())
    write_table(folder, "first_contact.csv", made_up_first_contact())
    write_table(folder, "volumes.csv", made_up_volumes())
    write_table(folder, "freshness.csv", made_up_freshness())
    write_table(folder, "drift.csv", made_up_drift())
    (folder / "model.json").write_text(json.dumps(made_up_model()))
    (folder / "monitoring.json").write_text(json.dumps(made_up_watch()))
    (folder / "decision.json").write_text(json.dumps(made_up_decision()))
    (folder / "data_checks.json").write_text(json.dumps({"results": []}))
    (folder / "report.html").write_text("<!doctype html><title>made up</title>")
    for name in ("gains.png", "tiers.png"):
        (folder / name).write_bytes(b"\x89PNG made up")


def made_up_provenance(**changes: object) -> Provenance:
    facts: dict[str, object] = {
        "as_of": AS_OF,
        "started_at": datetime(2026, 11, 20, 6, tzinfo=UTC),
        "code_version": "0.1.0",
        "model_version": 3,
        "model_sha256": "c0ffee" + "0" * 58,
        "settings": {"lists": {"horizon_days": 30}, "tiers": {"A": 0.3, "B": 0.4, "C": 0.3}},
        "counts": {"leads": {"rows_in": 32, "kept": 30, "quarantined": 1, "excluded": 1}},
    }
    return Provenance(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def finished_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made_up") / "files"
    write_publication_files(folder)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def made_up_counts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": ["leads", "activities"],
            "rows_in": [13_087, 245_020],
            "kept": [13_086, 245_001],
            "quarantined": [1, 1],
            "excluded": [0, 18],
        }
    )


def made_up_facts(**changes: object) -> ReportFacts:
    facts: dict[str, object] = {
        "as_of": AS_OF,
        "worklist": made_up_worklist(),
        "counts": made_up_counts(),
        "quarantine": made_up_quarantine(),
        "horizon_days": 30,
        "code_version": "0.1.0",
        "name": "Loan applications",
        "proof": Proof(
            gains=made_up_gains(),
            gain_table=made_up_gain_table(),
            tiers=made_up_tiers(),
            backtest=made_up_backtest(),
            model_version=3,
            model_sha256="c0ffee" + "0" * 58,
            verdict=VERDICT,
            trained_from=datetime(2011, 10, 1, tzinfo=UTC),
            trained_until=datetime(2012, 2, 11, tzinfo=UTC),
            training_rows=16_021,
            training_conversions=4_802,
        ),
        "warnings": ("3 % of the leads have a source that the model has never seen.",),
        "notes": ("18 activities repeat another row exactly.",),
    }
    return ReportFacts(**{**facts, **changes})  # type: ignore[arg-type]
