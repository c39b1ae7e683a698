"""Frames to the bytes of published tables and back. Equal frames give equal bytes."""

import csv
import io
import os
import warnings
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publications.filesystem.durable_files import explain_write_errors, write_durably
from publications.schema import PublishedFile, find_published_file, require_columns
from publications.tables.safe_csv import encode_csv

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PARQUET_OPTIONS = {
    "version": "2.6",
    "compression": "zstd",
    "compression_level": 3,
    "row_group_size": 122_880,
    "data_page_version": "1.0",
    "store_schema": True,
}
"""Spelled out, so that a new default of the library does not change published bytes."""


def write_table(folder: Path, name: str, frame: "pd.DataFrame") -> None:
    """Write a published table into a folder, once its columns are checked.

    Parameters
    ----------
    folder : Path of the run
    name : file of the publication, such as "gains.csv" or "worklist.parquet"
    frame : DataFrame; its index is not written

    Raises
    ------
    ValueError
        The frame does not have the columns of ``name``.
    CannotWrite
        The disk does not let us.
    """
    require_columns(frame, name)
    write_durably(folder / name, encode_table(frame, name))


def encode_table(frame: "pd.DataFrame", name: str) -> bytes:
    r"""Turn a frame into the bytes of a CSV or Parquet file, by the ending of its name.

    >>> import pandas as pd
    >>> encode_table(pd.DataFrame({"depth": [0.5]}), "any.csv")
    b'"depth"\n"0.5"\n'
    """
    if name.endswith(".csv"):
        return encode_csv(frame)
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(_convert_to_arrow(frame), sink, **PARQUET_OPTIONS)
    return sink.getvalue()


def write_table_parts(folder: Path, name: str, parts: "Iterable[pd.DataFrame]") -> None:
    """Write a large Parquet table part by part, so that no more than one is held at a time.

    Parameters
    ----------
    folder, name : as for ``write_table``
    parts : at least one frame, all with the columns and dtypes of the first; each becomes row
        groups of its own, whose pages carry checksums

    Raises
    ------
    ValueError
        A part does not have the columns of ``name``.
    CannotWrite
        The disk does not let us.
    """
    import pyarrow.parquet as pq

    tables = (_convert_part(part, name) for part in parts)
    first, path = next(tables), folder / name
    size = PARQUET_OPTIONS["row_group_size"]
    options = {key: value for key, value in PARQUET_OPTIONS.items() if key != "row_group_size"}
    with explain_write_errors(path), path.open("wb") as file:
        with pq.ParquetWriter(file, first.schema, write_page_checksum=True, **options) as writer:
            for table in chain([first], tables):
                writer.write_table(table, row_group_size=size)
        file.flush()
        os.fsync(file.fileno())


def read_rows_of_rank(path: Path, rank: int) -> "pd.DataFrame":
    """Read the rows of one lead from a Parquet file that is sorted by its first column, the rank.

    Only the row groups that may hold the rank are read, and their checksums compared.

    Raises
    ------
    OSError
        The file is missing, or a page is not what was written.
    """
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, page_checksum_verification=True)
    groups = [
        group
        for group in range(file.num_row_groups)
        if _can_contain_rank(file.metadata.row_group(group).column(0).statistics, rank)
    ]
    table = file.read_row_groups(groups)
    found = table.slice(*_find_rank_slice(table.column("rank").to_numpy(), rank))
    frame: pd.DataFrame = found.to_pandas()
    return frame


def read_table(content: bytes, name: str) -> "pd.DataFrame":
    r"""Turn the bytes of a published table back into a frame, with the dtypes of its columns.

    Text in a CSV keeps the apostrophes that were put before formula signs; the Parquet files
    hold it unchanged.

    >>> read_table(b'"ranking","depth"\n"model","0.5"\n', "gains.csv")["depth"].tolist()
    [0.5]
    """
    import pandas as pd

    if name.endswith(".parquet"):
        return pd.read_parquet(io.BytesIO(content))
    frame = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False, na_values=[""])
    return _set_column_types(frame, find_published_file(name))


def _can_contain_rank(statistics: Any, rank: int) -> bool:
    return (
        statistics is None or not statistics.has_min_max or statistics.min <= rank <= statistics.max
    )


def _find_rank_slice(ranks: "np.ndarray", rank: int) -> tuple[int, int]:
    """Where a rank begins among sorted ranks, and how many rows it has."""
    first, behind = ranks.searchsorted(rank, "left"), ranks.searchsorted(rank, "right")
    return int(first), int(behind - first)


def _convert_part(part: "pd.DataFrame", name: str) -> Any:
    require_columns(part, name)
    return _convert_to_arrow(part)


def _convert_to_arrow(frame: "pd.DataFrame") -> Any:
    import pyarrow as pa

    with warnings.catch_warnings():
        # pyarrow 25 asks pandas 3.1 for time stamps in a way that pandas is about to change.
        warnings.filterwarnings("ignore", "Series.values", DeprecationWarning)
        return pa.Table.from_pandas(frame, preserve_index=False)


def _set_column_types(frame: "pd.DataFrame", file: PublishedFile) -> "pd.DataFrame":
    import pandas as pd

    columns = {column.name: column.kind for column in file.columns if column.name in frame}
    instants = {
        name: pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
        for name, kind in columns.items()
        if kind == "instant"
    }
    counts = {n: pd.to_numeric(frame[n]) for n, kind in columns.items() if kind == "count"}
    numbers = {
        name: pd.to_numeric(frame[name]).astype("float64")
        for name, kind in columns.items()
        if kind == "number"
    }
    return frame.assign(**instants, **counts, **numbers)


def count_rows(path: Path) -> int:
    """Count the rows of a CSV or Parquet file, the header left out."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.read_metadata(path).num_rows)
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1
