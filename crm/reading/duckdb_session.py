"""The DuckDB that reads, cleans and joins: in memory, shut off from all but what it is handed."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from crm.reading.cell_values import build_value_macros
from crm.reading.timestamps import build_instant_macros

MEMORY_LIMIT = "4GB"
"""Beyond it DuckDB spills to the scratch folder."""
MAX_THREADS = 4


@dataclass(frozen=True)
class DuckDBSession:
    """An open DuckDB connection, and a private folder that is gone when the reading is done."""

    db: Any
    scratch: Path

    def rows(self, query: str, parameters: object = None) -> list[tuple[Any, ...]]:
        """All rows of a query; parameters are bound, never spliced."""
        return list(self.db.execute(query, parameters).fetchall())

    def run(self, statement: str, parameters: object = None) -> None:
        """Run a statement that yields no rows."""
        self.db.execute(statement, parameters).fetchall()

    def append(self, table: str, batch: Any) -> None:
        """Add an Arrow table's rows to a table with the same columns."""
        self.db.register("batch", batch)
        self.run(f"INSERT INTO {table} SELECT * FROM batch")
        self.db.unregister("batch")

    def link(self, path: Path, name: str) -> Path:
        """A name of our own for a file: no character of a user's path means anything to DuckDB."""
        link = self.scratch / name
        link.symlink_to(path)
        return link

    def table(self, query: str) -> Any:
        """A query's rows as an Arrow table: text does not become Python objects."""
        return self.db.sql(query).to_arrow_table()


@contextmanager
def open_duckdb_session(
    files: Iterable[Path], timezone: str, latest: pd.Timestamp
) -> Iterator[DuckDBSession]:
    """A DuckDB in memory with our macros, that may read the export's files and nothing else.

    No extension is loaded or installed, and the configuration is locked.

    Parameters
    ----------
    files : the files of the export, resolved
    timezone : zone of time stamps that carry none
    latest : instants after this one lie in the future; statements read it from table ``clock``
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="leadgain-") as name:
        scratch = Path(name)
        settings = {
            "threads": min(MAX_THREADS, os.cpu_count() or 1),
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(scratch / "spill"),
            "preserve_insertion_order": True,
            "allow_community_extensions": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with duckdb.connect(":memory:", config=settings) as db:
            bench = DuckDBSession(db, scratch)
            allowed = ", ".join(quote_literal(str(path)) for path in files)
            bench.run(f"SET allowed_paths = [{allowed}]")
            bench.run(f"SET allowed_directories = [{quote_literal(str(scratch))}]")
            bench.run("SET TimeZone = 'UTC'")
            bench.run("SET enable_progress_bar = false")
            bench.run("SET enable_external_access = false")
            bench.run("SET lock_configuration = true")
            for statement in (*build_value_macros(), *build_instant_macros(timezone)):
                bench.run(statement)
            bench.run("CREATE TEMP TABLE clock AS SELECT ?::TIMESTAMPTZ AS latest", [latest])
            yield bench


def quote_identifier(name: str) -> str:
    """An SQL identifier, whatever the name holds.

    >>> quote_identifier('6" pipe')
    '"6"" pipe"'
    """
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """An SQL text literal, where a statement (``SET``) cannot bind a parameter.

    >>> quote_literal("O'Hara")
    "'O''Hara'"
    """
    return "'" + text.replace("'", "''") + "'"
