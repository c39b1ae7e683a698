"""The published worklist, filtered and cut into pages. Knows nothing of the screen.

The list stays in Arrow's columns, texts stored once each, so that a million leads take some
hundred megabytes and a filter some tens of milliseconds.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dashboard.access.access_rules import LOCAL_VIEWER, Viewer
from publications.schema import WORKLIST_COLUMNS
from publications.tables.safe_csv import encode_csv

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Rows = npt.NDArray[np.int64]
"""Positions in the worklist, ascending; position 0 is rank 1."""

AGREED_COLUMNS = tuple(column.name for column in WORKLIST_COLUMNS)
MOST_CHOICES = 100
"""A profile column with more different values gets no filter."""
CSV_ROWS = 20_000
"""Rows of a download that are turned into text at once."""
YES_NO = ("no", "yes")


@dataclass(frozen=True)
class WorklistFilter:
    """The selected filters; an empty part selects all leads."""

    tiers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Profile column -> the values that are wanted."""
    search: str = ""
    """A part of the lead's id; upper and lower case are alike."""
    untouched_days: int | None = None
    """Only leads without an activity in this many days before the list."""


class Worklist:
    """One published worklist.

    Parameters
    ----------
    content : bytes of worklist.parquet, its hash already checked
    """

    def __init__(self, content: bytes) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pq.read_schema(io.BytesIO(content))
        texts = [f.name for f in schema if pa.types.is_large_string(f.type) and f.name != "lead_id"]
        self._table: pa.Table = pq.read_table(pa.BufferReader(content), read_dictionary=texts)
        self._codes: dict[str, tuple[npt.NDArray[np.int32], pa.Array]] = {}

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def profile(self) -> tuple[str, ...]:
        """The profile columns, in their order."""
        return tuple(name for name in self._table.column_names if name not in AGREED_COLUMNS)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The profile columns that can be filtered by: few different values."""
        return tuple(n for n in self.profile if 1 < len(self.choices(n)) <= MOST_CHOICES)

    def has_values(self, name: str) -> bool:
        """Whether a column holds any value."""
        return bool(self._table[name].null_count < len(self))

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers."""
        import pyarrow as pa

        kind = self._table[name].type
        return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))

    def choices(self, name: str) -> list[str]:
        """The different values of a column of texts or of yes and no, sorted; else none."""
        import pyarrow as pa

        column = self._table[name]
        if pa.types.is_boolean(column.type):
            return [YES_NO[value] for value in sorted(column.unique().drop_null().to_pylist())]
        if not pa.types.is_dictionary(column.type):
            return []
        codes, texts = self._load_codes(name)
        used = np.unique(codes[codes >= 0])
        return sorted(str(text) for text in texts.take(used).to_pylist())

    def list_owners(self, viewer: Viewer) -> list[str]:
        """The owners on this list whose leads someone may see, sorted."""
        return [owner for owner in self.choices("owner_id") if viewer.can_see(owner)]

    def find_visible_rows(self, viewer: Viewer) -> Rows | None:
        """The leads that someone may see; None: all of them."""
        if viewer.has_full_access:
            return None
        codes, texts = self._load_codes("owner_id")
        own = np.array([viewer.can_see(text) for text in texts.to_pylist()], dtype=bool)
        return np.flatnonzero(_look_up_codes(own, codes))

    def find_matching_rows(
        self, wanted: WorklistFilter, *, as_of: datetime, viewer: Viewer = LOCAL_VIEWER
    ) -> Rows:
        """Find the leads that pass a filter and that the viewer may see, in calling order.

        Parameters
        ----------
        wanted : WorklistFilter
        as_of : the list's instant, aware; ``untouched_days`` counts back from it
        viewer : Viewer
        """
        passed = np.ones(len(self), dtype=bool)
        if (allowed := self.find_visible_rows(viewer)) is not None:
            passed[:] = False
            passed[allowed] = True
        for name, values in {
            "tier": wanted.tiers,
            "owner_id": wanted.owners,
            **wanted.categories,
        }.items():
            if values:
                passed &= self._match_values(name, values)
        if wanted.search.strip():
            passed &= self._match_id(wanted.search.strip())
        if wanted.untouched_days is not None:
            passed &= self._match_untouched(as_of - timedelta(days=wanted.untouched_days))
        return np.flatnonzero(passed)

    def frame(self, rows: Rows) -> "pd.DataFrame":
        """The given leads with all columns, as they were published."""
        import pyarrow as pa

        batches = self._table.to_batches()
        ends = np.cumsum([batch.num_rows for batch in batches], dtype=np.int64)
        begins = np.concatenate([[0], ends])
        cuts = np.searchsorted(rows, ends)
        parts = [
            _decode_texts(batch.take(pa.array(part - begin)))
            for batch, part, begin in zip(batches, np.split(rows, cuts), begins, strict=False)
            if len(part)
        ]
        schema = pa.schema(
            [
                f.with_type(pa.large_string()) if pa.types.is_dictionary(f.type) else f
                for f in self._table.schema
            ]
        )
        frame: pd.DataFrame = pa.Table.from_batches(parts, schema).to_pandas()
        return frame

    def find_position(self, lead_id: str, viewer: Viewer = LOCAL_VIEWER) -> int | None:
        """The position of a lead; None where it is not listed or not the viewer's to see."""
        import pyarrow.compute as pc

        place = int(pc.index(self._table["lead_id"], lead_id).as_py())
        allowed = self.find_visible_rows(viewer)
        hidden = allowed is not None and place not in allowed
        return None if place < 0 or hidden else place

    def build_csv(self, rows: Rows) -> bytes:
        """The given leads as the escaped CSV, byte for byte as a publication writes it."""
        parts = [
            encode_csv(self.frame(rows[begin : begin + CSV_ROWS]))
            for begin in range(0, max(len(rows), 1), CSV_ROWS)
        ]
        head_length = len(encode_csv(self.frame(rows[:0])))
        return b"".join([parts[0], *(part[head_length:] for part in parts[1:])])

    def _load_codes(self, name: str) -> "tuple[npt.NDArray[np.int32], pa.Array]":
        """A column of texts as codes and the texts that they stand for; missing is -1."""
        if name not in self._codes:
            whole = self._table[name].unify_dictionaries().combine_chunks()
            codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            self._codes[name] = codes, whole.dictionary
        return self._codes[name]

    def _match_values(self, name: str, values: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        import pyarrow as pa

        if pa.types.is_boolean(self._table[name].type):
            wanted = [value == "yes" for value in values]
            return np.isin(self._table[name].to_numpy(), wanted)
        codes, texts = self._load_codes(name)
        return _look_up_codes(np.isin(np.array(texts.to_pylist(), dtype=object), values), codes)

    def _match_id(self, part: str) -> npt.NDArray[np.bool_]:
        import pyarrow.compute as pc

        found = pc.match_substring(self._table["lead_id"], part, ignore_case=True)
        return np.asarray(found.to_numpy(), dtype=bool)

    def _match_untouched(self, since: datetime) -> npt.NDArray[np.bool_]:
        """No activity at or after ``since``; a lead without any counts from its creation."""
        import pyarrow as pa
        import pyarrow.compute as pc

        touched = pc.coalesce(self._table["last_activity_at"], self._table["created_at"])
        found = pc.less(touched, pa.scalar(since, type=touched.type))
        return np.asarray(found.to_numpy(), dtype=bool)


def _look_up_codes(
    wanted: npt.NDArray[np.bool_], codes: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Per row, whether its text is wanted; a missing text never is."""
    return np.append(wanted, False)[codes]


def _decode_texts(rows: "pa.RecordBatch") -> "pa.RecordBatch":
    """The same rows with their texts written out."""
    import pyarrow as pa

    return pa.RecordBatch.from_arrays(
        [
            column.cast(pa.large_string()) if pa.types.is_dictionary(column.type) else column
            for column in rows.columns
        ],
        names=rows.schema.names,
    )
