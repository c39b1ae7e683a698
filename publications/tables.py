"""Frames to the bytes of published tables and back. Equal frames give equal bytes."""

import csv
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from publications.home import write_lasting
from publications.layout import PublishedFile, published_file, require_columns
from publications.spreadsheet import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

PARQUET = {
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
    write_lasting(folder / name, table_bytes(frame, name))


def table_bytes(frame: "pd.DataFrame", name: str) -> bytes:
    r"""Turn a frame into the bytes of a CSV or Parquet file, by the ending of its name.

    >>> import pandas as pd
    >>> table_bytes(pd.DataFrame({"depth": [0.5]}), "any.csv")
    b'"depth"\n"0.5"\n'
    """
    if name.endswith(".csv"):
        return csv_bytes(frame)
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    with warnings.catch_warnings():
        # pyarrow 25 asks pandas 3.1 for time stamps in a way that pandas is about to change.
        warnings.filterwarnings("ignore", "Series.values", DeprecationWarning)
        table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, sink, **PARQUET)
    return sink.getvalue()


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
    return _typed(frame, published_file(name))


def _typed(frame: "pd.DataFrame", file: PublishedFile) -> "pd.DataFrame":
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
