"""The proof of a ranking as frames: written beside the model, read again for every list."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from publications.charts.gain_charts import draw_gain_chart, draw_tiers_chart, render_png
from publications.filesystem.durable_files import write_durably
from publications.tables.read_write import encode_table, read_table

BACKTEST = "backtest.parquet"
TABLES = ("gains.csv", "gain_table.csv", "tiers.csv")
LATER_TABLES = ("importance.csv", "first_contact.csv")
TRAINING = "training.json"
"""Files that a model's folder may lack: an older leadgain made it, or there is nothing to tell."""
PICTURES = ("gains.png", "tiers.png")


@dataclass(frozen=True)
class Evidence:
    """What the backtest showed; ``backtest`` also holds each row's ``list_date`` and ``lead``."""

    backtest: pd.DataFrame
    gains: pd.DataFrame
    gain_table: pd.DataFrame
    tiers: pd.DataFrame
    importance: pd.DataFrame | None = None
    first_contact: pd.DataFrame | None = None
    training: Mapping[str, Any] | None = None
    """As JSON values: trained_on, left_out (sentences), folds."""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """File -> frame, the backtest left out."""
        frames = (self.gains, self.gain_table, self.tiers, self.importance, self.first_contact)
        named = zip((*TABLES, *LATER_TABLES), frames, strict=True)
        return {name: frame for name, frame in named if frame is not None}


def write_evidence(folder: Path, proof: Evidence, *, depth: float) -> None:
    """Write the frames and the pictures of a proof into a model's folder."""
    write_durably(folder / BACKTEST, encode_table(proof.backtest, BACKTEST))
    for name, frame in proof.tables.items():
        write_durably(folder / name, encode_table(frame, name))
    if proof.training is not None:
        told = json.dumps(proof.training, indent=1, ensure_ascii=False, allow_nan=False)
        write_durably(folder / TRAINING, f"{told}\n".encode())
    drawn = (draw_gain_chart(proof.gains, depth=depth), draw_tiers_chart(proof.tiers))
    for name, chart in zip(PICTURES, drawn, strict=True):
        write_durably(folder / name, render_png(chart))


def read_evidence(folder: Path) -> Evidence:
    """Read what :func:`write_evidence` wrote."""
    backtest, gains, gain_table, tiers = (_read_frame(folder, name) for name in (BACKTEST, *TABLES))
    importance, first_contact = (
        _read_frame(folder, name) if (folder / name).exists() else None for name in LATER_TABLES
    )
    training = folder / TRAINING
    told = json.loads(training.read_text(encoding="utf-8")) if training.exists() else None
    return Evidence(backtest, gains, gain_table, tiers, importance, first_contact, told)


def _read_frame(folder: Path, name: str) -> pd.DataFrame:
    return read_table((folder / name).read_bytes(), name)
