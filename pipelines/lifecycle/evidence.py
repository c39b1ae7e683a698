"""The proof of a ranking as frames: written beside the model, read again for every list."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from publications.charts.gain_charts import gain_chart, tiers_chart, to_png
from publications.filesystem.durable_files import write_lasting
from publications.tables.read_write import read_table, table_bytes

BACKTEST = "backtest.parquet"
TABLES = ("gains.csv", "gain_table.csv", "tiers.csv")
LATER_TABLES = ("importance.csv", "first_contact.csv")
TRAINING = "training.json"
"""Files that a model's folder may lack: an older leadgain made it, or there is nothing to tell."""
PICTURES = ("gains.png", "tiers.png")


@dataclass(frozen=True)
class ProofFrames:
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


def write_proof(folder: Path, proof: ProofFrames, *, depth: float) -> None:
    """Write the frames and the pictures of a proof into a model's folder."""
    write_lasting(folder / BACKTEST, table_bytes(proof.backtest, BACKTEST))
    for name, frame in proof.tables.items():
        write_lasting(folder / name, table_bytes(frame, name))
    if proof.training is not None:
        told = json.dumps(proof.training, indent=1, ensure_ascii=False, allow_nan=False)
        write_lasting(folder / TRAINING, f"{told}\n".encode())
    drawn = (gain_chart(proof.gains, depth=depth), tiers_chart(proof.tiers))
    for name, chart in zip(PICTURES, drawn, strict=True):
        write_lasting(folder / name, to_png(chart))


def read_proof(folder: Path) -> ProofFrames:
    """Read what :func:`write_proof` wrote."""
    backtest, gains, gain_table, tiers = (_table(folder, name) for name in (BACKTEST, *TABLES))
    importance, first_contact = (
        _table(folder, name) if (folder / name).exists() else None for name in LATER_TABLES
    )
    training = folder / TRAINING
    told = json.loads(training.read_text(encoding="utf-8")) if training.exists() else None
    return ProofFrames(backtest, gains, gain_table, tiers, importance, first_contact, told)


def _table(folder: Path, name: str) -> pd.DataFrame:
    return read_table((folder / name).read_bytes(), name)
