"""The account of every row: kept, quarantined or excluded, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.export import QUARANTINE_COLUMNS, Finding
from crm.reading.duckdb_session import DuckDBSession
from crm.reading.files import RawTable
from crm.reading.row_rules import Rule


@dataclass(frozen=True)
class RowAccount:
    """What became of a table's rows."""

    counts: tuple[str, int, int, int, int]
    quarantine: pd.DataFrame
    findings: list[Finding]


def account_for_rows(
    bench: DuckDBSession,
    raw: RawTable,
    kept: int,
    judged: str,
    rules: Sequence[Rule],
    shown: Mapping[str, str],
) -> RowAccount:
    """Give each row that was set aside its line and its reason, and count all rows.

    Parameters
    ----------
    kept : rows in the frame that goes on
    judged : the DuckDB table with ``row`` and ``rule``, the position in ``rules`` or NULL
    shown : our column name -> the export's own
    """
    aside = bench.table(
        f"SELECT row, rule FROM {judged} WHERE rule IS NOT NULL ORDER BY row"
    ).to_pandas()
    struck = aside["rule"].to_numpy(np.int64)
    to_quarantine = np.array([rule.action == "quarantine" for rule in rules], np.bool_)[struck]
    lines = raw.lines[aside["row"].to_numpy(np.int64)]
    quarantine = _build_quarantine(raw, lines[to_quarantine], struck[to_quarantine], rules, shown)
    excluded = np.bincount(struck[~to_quarantine], minlength=len(rules))
    counts = (raw.table, raw.rows_in, kept, len(quarantine), int(excluded.sum()))
    findings = [
        Finding(
            raw.table,
            rule.name,
            "info",
            int(rows),
            f"{rows:,} row(s) of {raw.file} left out: each {rule.reason}.",
        )
        for rule, rows in zip(rules, excluded, strict=True)
        if rows
    ]
    return RowAccount(counts, quarantine, findings)


def _build_quarantine(
    raw: RawTable,
    lines: np.ndarray,
    struck: np.ndarray,
    rules: Sequence[Rule],
    shown: Mapping[str, str],
) -> pd.DataFrame:
    """The quarantine by line: rows that a rule struck, and those that could not be read at all."""
    rejects = pd.DataFrame(raw.rejects, columns=["line", "rule", "reason"])
    columns = [shown.get(rule.column, rule.column) for rule in rules]
    frame = pd.DataFrame(
        {
            "line": np.concatenate([lines, rejects["line"].to_numpy(np.int64)]),
            "column": _repeat_texts(columns, struck, [""] * len(rejects)),
            "rule": _repeat_texts([rule.name for rule in rules], struck, rejects["rule"].tolist()),
            "reason": _repeat_texts(
                [rule.reason for rule in rules], struck, rejects["reason"].tolist()
            ),
        }
    )
    frame = frame.sort_values("line", kind="stable", ignore_index=True)
    frame.insert(0, "table", raw.table)
    frame.insert(1, "file", raw.file)
    return _cast_quarantine(frame)


def _repeat_texts(names: Sequence[str], struck: np.ndarray, rejected: Sequence[str]) -> pd.Series:
    """One text a row, without a Python object a row."""
    values = pd.Series(list(names), dtype="str").take(struck)
    return pd.concat([values, pd.Series(list(rejected), dtype="str")], ignore_index=True)


def _cast_quarantine(frame: pd.DataFrame) -> pd.DataFrame:
    text = dict.fromkeys(QUARANTINE_COLUMNS, "str")
    return frame[list(QUARANTINE_COLUMNS)].astype(text | {"line": "Int64"})


def join_quarantines(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The quarantine of all tables, in the order given."""
    return _cast_quarantine(pd.concat(parts, ignore_index=True))
