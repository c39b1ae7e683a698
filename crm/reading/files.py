"""One table of the export as text columns in DuckDB, whichever file it comes from.

Everything is read as text first; types are ours to give. The table keeps the order of the file, so
its ``rowid`` is the row's number, and ``fingerprint`` tells rows that are the same in every column.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crm.errors import DataRefused
from crm.export import Finding
from crm.mapping import Source
from crm.reading.csv_header import (
    Header,
    build_missing_column_error,
    find_column,
    format_names,
    read_header,
)
from crm.reading.csv_records import Records, read_records
from crm.reading.duckdb_session import DuckDBSession, quote_identifier, quote_literal
from crm.reading.encoding import (
    PARQUET_SIGNATURE,
    TextFile,
    open_text,
    read_head,
    read_utf8_chunks,
    rewrite_as_utf8,
)

MAX_LINE_BYTES = 16_000_000
REJECT_RULES = {
    "MISSING COLUMNS": ("ragged_row", "has fewer cells than the header"),
    "TOO MANY COLUMNS": ("ragged_row", "has more cells than the header"),
    "UNQUOTED VALUE": ("stray_quote", "has text after a closing quote"),
    "LINE SIZE OVER MAXIMUM": ("row_too_long", "is longer than 16 MB"),
    "INVALID ENCODING": ("not_text", "has bytes that are not text"),
}
"""DuckDB's reason to reject a row -> our rule and what it says."""


@dataclass(frozen=True)
class WantedColumn:
    """A column to read: its name in our SQL, its key in leadgain.toml, its name in the export."""

    alias: str
    key: str
    name: str
    required: bool = True


@dataclass(frozen=True)
class RawTable:
    """A table as it was read; its rows are in the DuckDB table ``raw_<table>``.

    Attributes
    ----------
    names : all column names of the source; ``shown`` maps our alias to the source's name
    rows_in : rows without the header, counted apart from DuckDB
    lines : ndarray of int64, the physical line of each row that could be read, in order
    rejects : line, rule and reason of each row that could not
    """

    table: str
    file: str
    names: tuple[str, ...]
    shown: dict[str, str]
    rows_in: int
    lines: NDArray[np.int64]
    rejects: tuple[tuple[int, str, str], ...] = ()
    findings: list[Finding] = field(default_factory=list)


def locate_file(folder: Path, name: str, table: str) -> Path:
    """The resolved path of a table's file, which must lie in the export's folder.

    Raises
    ------
    DataRefused
        The folder or the file is missing, or the file lies elsewhere.
    """
    if not folder.is_dir():
        raise DataRefused(
            f"The export's folder {folder} does not exist. Correct folder in [export], or put the "
            "export there."
        )
    try:
        path = (folder / name).resolve()
    except RuntimeError:  # of links
        raise DataRefused(
            f"[{table}] file: {name} in {folder} is a link to itself. Put the file there."
        ) from None
    if not path.is_relative_to(folder.resolve()):
        raise DataRefused(
            f"[{table}] file = {name!r} is outside the export's folder {folder}. Name a file "
            "inside it, or correct folder in [export]."
        )
    try:
        is_folder = path.is_dir()
    except OSError as error:  # a name of more than 255 bytes
        raise DataRefused(
            f"[{table}] file: no file in {folder} can have the name {name[:60]!r}...: "
            f"{error.strerror}. Correct file in leadgain.toml."
        ) from None
    if is_folder:
        raise DataRefused(
            f"[{table}] file: {name} in {folder} is a folder. Name the file inside it."
        )
    if path.exists() and not path.is_file():
        raise DataRefused(
            f"[{table}] file: {name} in {folder} is neither file nor folder, but a pipe or a "
            "device. Name a file."
        )
    if not path.is_file():
        there = sorted(p.name for p in folder.iterdir() if p.is_file())[:20]
        raise DataRefused(
            f"[{table}] file: there is no {name} in {folder}. Found: "
            f"{', '.join(there) or 'no file'}. Export it, or correct file in leadgain.toml."
        )
    if not os.access(path, os.R_OK):
        raise DataRefused(
            f"[{table}] file: {name} in {folder} cannot be read by the user who runs leadgain. Let "
            "that user read it, also when the next export replaces it."
        )
    return path


def load_file(
    bench: DuckDBSession, table: str, path: Path, source: Source, wanted: Sequence[WantedColumn]
) -> RawTable:
    """Read a file of the export into the DuckDB table ``raw_<table>``.

    Raises
    ------
    DataRefused
        The file is empty, damaged, no table, or lacks a required column.
    """
    with path.open("rb") as stream:
        is_parquet = stream.read(len(PARQUET_SIGNATURE)) == PARQUET_SIGNATURE
    if is_parquet:
        return _load_parquet(bench, table, path, source.file, wanted)
    return _load_csv(bench, table, open_text(path, source.file, source.encoding), wanted)


def _load_csv(
    bench: DuckDBSession, table: str, original: TextFile, wanted: Sequence[WantedColumn]
) -> RawTable:
    findings: list[Finding] = []
    text = _convert_to_utf8(bench, table, original, findings)
    header = _read_file_header(table, text, wanted, findings)
    text, records = _read_file_records(bench, table, text, header, findings)
    shown = choose_columns(table, wanted, header.names, original.name, findings)
    _scan_csv(bench, table, text, header, shown)
    return _reconcile_rows(bench, table, original.name, header, records, shown, findings)


def _convert_to_utf8(
    bench: DuckDBSession, table: str, text: TextFile, findings: list[Finding]
) -> TextFile:
    """The file itself if it is UTF-8, else a copy that is."""
    if text.encoding == "utf-8-sig":
        findings.append(
            _build_repair_finding(table, "byte_order_mark", "begins with a byte order mark")
        )
    elif text.encoding != "utf-8":
        findings.append(_build_repair_finding(table, "encoding", f"is in {text.encoding.upper()}"))
        return rewrite_as_utf8(text, bench.scratch / f"{table}-decoded.csv")
    head = read_head(text)
    if b"\r" in head and b"\n" not in head:
        return rewrite_as_utf8(text, bench.scratch / f"{table}-decoded.csv")
    return text


def _read_file_header(
    table: str, text: TextFile, wanted: Sequence[WantedColumn], findings: list[Finding]
) -> Header:
    head = read_head(text).decode("utf-8-sig", "replace")
    header = read_header(head, [column.name for column in wanted], text.name)
    if header.separator != ",":
        name = {"\t": "a tab", ";": "a semicolon", "|": "a pipe"}[header.separator]
        findings.append(
            _build_repair_finding(table, "separator", f"separates its columns by {name}")
        )
    return header


def _read_file_records(
    bench: DuckDBSession, table: str, text: TextFile, header: Header, findings: list[Finding]
) -> tuple[TextFile, Records]:
    """The file's records, and the file to read: a copy where its lines end in different ways."""
    records = read_records(read_utf8_chunks(text), text.open, header.separator)
    if records.mixed_newlines:
        text = rewrite_as_utf8(text, bench.scratch / f"{table}-newlines.csv")
        records = read_records(read_utf8_chunks(text), text.open, header.separator)
        findings.append(_build_repair_finding(table, "newlines", "has different line endings"))
    if records.unclosed_quote_line is not None:
        raise DataRefused(
            f"{text.name}, line {records.unclosed_quote_line:,}: a quote is opened and never "
            f"closed, so "
            "the rest of the file cannot be read. Close the quote in the export."
        )
    return text, records


def _build_repair_finding(table: str, rule: str, what: str) -> Finding:
    return Finding(table, rule, "info", 0, f"The file of {table} {what}; it was read as it is.")


def choose_columns(
    table: str,
    wanted: Sequence[WantedColumn],
    names: Sequence[str],
    file: str,
    findings: list[Finding],
) -> dict[str, int]:
    """Alias -> position of the wanted columns that are there."""
    found: dict[str, int] = {}
    for column in wanted:
        position = find_column(column.name, names)
        if position is not None:
            found[column.alias] = position
        elif column.required:
            raise build_missing_column_error(table, column.key, column.name, names, file)
        else:
            message = f"{file} has no column {column.name!r} ({column.key}); it counts as empty."
            findings.append(Finding(table, "optional_column_missing", "warning", 0, message))
    used = {names[position] for position in found.values()}
    extra = [name for name in names if name not in used and name]
    if extra:
        message = f"Not named in leadgain.toml, so not used from {file}: {format_names(extra)}."
        findings.append(Finding(table, "extra_columns", "info", 0, message))
    return found


def _scan_csv(
    bench: DuckDBSession, table: str, text: TextFile, header: Header, shown: dict[str, int]
) -> None:
    """Create ``raw_<table>``; rows that DuckDB cannot read are in ``rejected_<table>``.

    Not in parallel: when a broken row stands where two threads meet, DuckDB 2.0 loses the rest of
    the block without a word (8 million rows came out as 7 million).
    """
    import duckdb

    link = bench.link(text.path, f"{table}.csv")
    cells = [f"c{i}" for i in range(len(header.names))]
    struct = ", ".join(f"'{cell}': 'VARCHAR'" for cell in cells)
    taken = "".join(f"c{position} AS {alias}, " for alias, position in shown.items())
    try:
        bench.run(
            f"""CREATE TEMP TABLE raw_{table} AS
            SELECT {taken}hash({", ".join(cells)}) AS fingerprint
            FROM read_csv(?, columns = {{{struct}}}, auto_detect = false, header = false,
                skip = {header.skip}, delim = {quote_literal(header.separator)}, quote = '"',
                escape = '"', compression = '{"gzip" if text.gzipped else "none"}',
                parallel = false, max_line_size = {MAX_LINE_BYTES}, store_rejects = true,
                rejects_table = 'rejected_{table}', rejects_scan = 'scanned_{table}')""",
            [str(link)],
        )
    except duckdb.Error:
        raise _build_unreadable_error(text.name) from None


def _reconcile_rows(
    bench: DuckDBSession,
    table: str,
    file: str,
    header: Header,
    records: Records,
    shown: dict[str, int],
    findings: list[Finding],
) -> RawTable:
    """Hold DuckDB's rows against the records of the file, and give each row its physical line."""
    (read,) = bench.rows(f"SELECT count(*) FROM raw_{table}")[0]
    rejected = bench.rows(
        f"SELECT line, min(error_type) FROM rejected_{table} GROUP BY line ORDER BY line"
    )
    is_row = ~records.blank
    is_row[: header.skip] = False
    rows_in = int(is_row.sum())
    if rows_in != read + len(rejected) or any(not is_row[line - 1] for line, _ in rejected):
        raise _build_unreadable_error(file)
    rejects = []
    for record, error in rejected:
        is_row[record - 1] = False
        rejects.append((int(records.line[record - 1]), *REJECT_RULES[error]))
    names = header.names
    shown_names = {alias: names[position] for alias, position in shown.items()}
    lines = records.line[is_row]
    return RawTable(table, file, names, shown_names, rows_in, lines, tuple(rejects), findings)


def _build_unreadable_error(file: str) -> DataRefused:
    return DataRefused(
        f"{file} cannot be read reliably as CSV: its quotes or line ends do not follow the rules "
        "(RFC 4180). Nothing was read; export it again with every text cell quoted."
    )


def _load_parquet(
    bench: DuckDBSession, table: str, path: Path, file: str, wanted: Sequence[WantedColumn]
) -> RawTable:
    import duckdb

    link = str(bench.link(path, f"{table}.parquet"))
    findings: list[Finding] = []
    try:
        described = bench.rows("DESCRIBE SELECT * FROM read_parquet(?)", [link])
        names = tuple(str(row[0]) for row in described)
        chosen = choose_columns(table, wanted, names, file, findings)
        taken = "".join(
            f"{quote_identifier(names[position])}::VARCHAR AS {alias}, "
            for alias, position in chosen.items()
        )
        everything = ", ".join(quote_identifier(name) for name in names)
        bench.run(
            f"CREATE TEMP TABLE raw_{table} AS SELECT {taken}hash({everything}) AS fingerprint "
            "FROM read_parquet(?)",
            [link],
        )
    except duckdb.Error:
        raise DataRefused(
            f"{file} is a broken Parquet file. Nothing was read; export or transfer it again."
        ) from None
    (rows_in,) = bench.rows(f"SELECT count(*) FROM raw_{table}")[0]
    shown = {alias: names[position] for alias, position in chosen.items()}
    lines = np.arange(1, rows_in + 1, dtype=np.int64)
    return RawTable(table, file, names, shown, rows_in, lines, (), findings)
