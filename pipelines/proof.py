"""The proof of a ranking as frames: written beside the model, read again for every list."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from publications.charts import gain_chart, tiers_chart, to_png
from publications.home import write_lasting
from publications.tables import read_table, table_bytes

BACKTEST = "backtest.parquet"
TABLES = ("gains.csv", "gain_table.csv", "tiers.csv")
PICTURES = ("gains.png", "tiers.png")


@dataclass(frozen=True)
class ProofFrames:
    """What the backtest showed; ``backtest`` also holds each row's ``list_date`` and ``lead``."""

    backtest: pd.DataFrame
    gains: pd.DataFrame
    gain_table: pd.DataFrame
    tiers: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """File -> frame, the backtest left out."""
        return dict(zip(TABLES, (self.gains, self.gain_table, self.tiers), strict=True))


def write_proof(folder: Path, proof: ProofFrames, *, depth: float) -> None:
    """Write the frames and the pictures of a proof into a model's folder."""
    write_lasting(folder / BACKTEST, table_bytes(proof.backtest, BACKTEST))
    for name, frame in proof.tables.items():
        write_lasting(folder / name, table_bytes(frame, name))
    drawn = (gain_chart(proof.gains, depth=depth), tiers_chart(proof.tiers))
    for name, chart in zip(PICTURES, drawn, strict=True):
        write_lasting(folder / name, to_png(chart))


def read_proof(folder: Path) -> ProofFrames:
    """Read what :func:`write_proof` wrote."""
    frames = [read_table((folder / name).read_bytes(), name) for name in (BACKTEST, *TABLES)]
    return ProofFrames(*frames)
