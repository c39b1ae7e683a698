"""The evidence of a ranking as frames: written beside the model, read for every list."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from publications.charts.gain_charts import draw_gain_chart, draw_tiers_chart, render_png
from publications.filesystem.durable_files import write_durably
from publications.filesystem.json_files import encode_json
from publications.tables.read_write import read_table, write_table

BACKTEST = "backtest.parquet"
TABLES = ("gains.csv", "gain_table.csv", "tiers.csv", "importance.csv")
FIRST_CONTACT = "first_contact.csv"
"""Missing where the export has no outbound activity."""
TRAINING = "training.json"
PICTURES = ("gains.png", "tiers.png")


@dataclass(frozen=True)
class Evidence:
    """The backtest's results; ``backtest`` also has each row's ``list_date`` and ``lead``."""

    backtest: pd.DataFrame
    gains: pd.DataFrame
    gain_table: pd.DataFrame
    tiers: pd.DataFrame
    importance: pd.DataFrame
    training: Mapping[str, Any]
    """As JSON values: trained_on, left_out (sentences), folds."""
    first_contact: pd.DataFrame | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """File -> frame, the backtest left out."""
        frames = (self.gains, self.gain_table, self.tiers, self.importance)
        named = dict(zip(TABLES, frames, strict=True))
        return named if self.first_contact is None else {**named, FIRST_CONTACT: self.first_contact}


def write_evidence(folder: Path, proof: Evidence, *, depth: float) -> Evidence:
    """Write the frames and the charts of the evidence into a model's folder.

    Columns and types are checked before a frame is kept: it will be published as it is.

    Raises
    ------
    ValueError
        A frame does not have its columns.

    Returns
    -------
    The evidence as read back from the files, so that a list published from memory and one
    published from the files are the same.
    """
    write_table(folder, BACKTEST, proof.backtest)
    for name, frame in proof.tables.items():
        write_table(folder, name, frame)
    write_durably(folder / TRAINING, encode_json(proof.training))
    charts = (draw_gain_chart(proof.gains, depth=depth), draw_tiers_chart(proof.tiers))
    for name, chart in zip(PICTURES, charts, strict=True):
        write_durably(folder / name, render_png(chart))
    return read_evidence(folder)


def read_evidence(folder: Path) -> Evidence:
    """Read what :func:`write_evidence` wrote."""
    backtest, gains, gain_table, tiers, importance = (
        _read_frame(folder, name) for name in (BACKTEST, *TABLES)
    )
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    has_contacts = (folder / FIRST_CONTACT).exists()
    first_contact = _read_frame(folder, FIRST_CONTACT) if has_contacts else None
    return Evidence(backtest, gains, gain_table, tiers, importance, training, first_contact)


def _read_frame(folder: Path, name: str) -> pd.DataFrame:
    return read_table((folder / name).read_bytes(), name)
