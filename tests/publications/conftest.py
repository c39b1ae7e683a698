"""A small made-up publication that every test of this room can publish."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publications.layout import published_file
from publications.report import Proof, ReportFacts
from publications.store import Home, Provenance
from publications.tables import write_table

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
    return table[list(published_file("gain_table.csv").column_names)]


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
        "settings": {"lists": {"horizon_days": 30}},
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
            trained_from=datetime(2011, 10, 1, tzinfo=UTC),
            trained_until=datetime(2012, 2, 11, tzinfo=UTC),
            training_rows=16_021,
            training_conversions=4_802,
        ),
        "warnings": ("3 % of the leads have a source that the model has never seen.",),
        "notes": ("18 activities repeat another row exactly.",),
    }
    return ReportFacts(**{**facts, **changes})  # type: ignore[arg-type]
