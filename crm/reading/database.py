"""Reading a table of the export from a database: as text, into the same path as a file."""

import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr

from crm.errors import ConfigurationError, DataRefused
from crm.export import Finding
from crm.mapping import Source
from crm.reading.duckdb_session import DuckDBSession
from crm.reading.files import RawTable, WantedColumn, choose_columns

BATCH_ROWS = 50_000
READ_ONLY_STATEMENTS = {
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
"""How a dialect is told that nothing will be written; every transaction is rolled back besides."""

CONNECT_ATTEMPTS = 3
PAUSE_SECONDS = 1.0
"""Between the first two attempts to connect; twice as long between the next."""
POSTGRESQL_OPTIONS = {
    "connect_timeout": 10,
    "options": "-c statement_timeout=600s",
    # A connection of which nothing is heard any more is given up after a minute.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How PostgreSQL is kept from letting us wait for ever; what the URL says goes before."""
HARMLESS = frozenset(
    ("application_name", "connect_timeout", "driver", "host", "port", "sslmode", "user")
)
"""Keys of a URL's query whose values a message may show."""


@contextmanager
def open_database(url: SecretStr | None) -> Iterator[Any]:
    """A connection in one read-only transaction, so that all tables are of the same instant.

    Parameters
    ----------
    url : of SQLAlchemy; None where no table comes from a database, and then None is yielded

    Raises
    ------
    ConfigurationError
        The URL is not understood, or its driver is not installed.
    DataRefused
        The database cannot be reached, or breaks off; the password is never in the message.
    """
    if url is None:
        yield None
        return
    import sqlalchemy as sa

    try:
        engine = _create_engine(url.get_secret_value())
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
        missing = f" ({error.name} is not installed)" if isinstance(error, ImportError) else ""
        raise ConfigurationError(
            f"[export] database is not a URL that can be opened{missing}. Write it as "
            "dialect+driver://user:password@host/name, and install the driver."
        ) from None
    if engine.dialect.name == "sqlite":
        _refuse_missing_file(engine.url.database or "")
    try:
        with _connect(engine) as connection:
            begin = READ_ONLY_STATEMENTS.get(engine.dialect.name)
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            if begin:
                connection.exec_driver_sql(begin)
            # Not before: PostgreSQL streams by a cursor, which is there for queries only.
            connection.execution_options(stream_results=True)
            yield connection
            connection.rollback()
    except sa.exc.DBAPIError as error:
        raise DataRefused(_describe_error(error, engine.url)) from None
    finally:
        engine.dispose()


def _create_engine(address: str) -> Any:
    """SQLAlchemy's engine; PostgreSQL through the driver that leadgain brings."""
    import sqlalchemy as sa

    url = sa.make_url(re.sub("^postgres(ql)?://", "postgresql+psycopg://", address))
    ours = url.drivername == "postgresql+psycopg"
    limits = {k: v for k, v in POSTGRESQL_OPTIONS.items() if ours and k not in url.query}
    return sa.create_engine(url, hide_parameters=True, connect_args=limits)


def _connect(engine: Any) -> Any:
    """A connection; a database that does not answer is asked three times."""
    import sqlalchemy as sa

    for attempt in range(CONNECT_ATTEMPTS - 1):
        try:
            return engine.connect()
        except sa.exc.OperationalError:
            time.sleep(PAUSE_SECONDS * 2**attempt)
    return engine.connect()


def _refuse_missing_file(name: str) -> None:
    """SQLite would make an empty file, and then find no table in it."""
    is_path = name not in ("", ":memory:") and not name.startswith("file:")
    if is_path and not Path(name).exists():
        raise DataRefused(
            f"There is no SQLite database {Path(name).absolute()}. Correct [export] database; an "
            "absolute path begins with four slashes: sqlite:////home/crm.db."
        )


def _describe_error(error: Any, url: Any) -> str:
    """What went wrong, without the password, and without values where an error may quote them."""
    reason = type(error).__name__
    if reason in ("OperationalError", "ProgrammingError"):
        reason = str(error.orig).strip().splitlines()[0]
    for secret in _list_secrets(url):
        reason = reason.replace(secret, "***")
    return (
        f"The database {_show_place(url)} could not be read: "
        f"{reason.rstrip('.')}. Nothing was written; correct [export] database or the query, or "
        "try again."
    )


def _list_secrets(url: Any) -> list[str]:
    """What a message may not hold of a URL of SQLAlchemy's, the longest first.

    A password may stand in the query, under any name, and within ``odbc_connect``.
    """
    found = [url.password]
    for key, value in url.query.items():
        if key not in HARMLESS:
            for text in [value] if isinstance(value, str) else value:
                found += [text, *(part.partition("=")[2] for part in text.split(";"))]
    return sorted({str(secret) for secret in found if secret}, key=len, reverse=True)


def _show_place(url: Any) -> str:
    """A URL of SQLAlchemy's without user, password and query."""
    import sqlalchemy as sa

    if "@" in (url.host or ""):  # of a password in which it was not escaped
        return f"{url.drivername}://"
    place = sa.URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return str(place.render_as_string())


def load_query(
    bench: DuckDBSession,
    table: str,
    connection: Any,
    source: Source,
    wanted: Sequence[WantedColumn],
) -> RawTable:
    """Read a table or a query of the database into the DuckDB table ``raw_<table>``.

    A database has no order of its own: rows are numbered in the order of their texts, so that the
    same rows give the same answer.

    Raises
    ------
    DataRefused
        A required column is missing, or a name comes twice.
    """
    import pyarrow as pa
    import sqlalchemy as sa

    if source.query:
        plain = connection.execution_options(no_parameters=True)
        result, label = plain.exec_driver_sql(source.query), f"the query of [{table}]"
        if not result.returns_rows:
            raise DataRefused(f"{label} gives no rows. Write one SELECT; nothing was read.")
    else:
        schema, _, name = source.table.rpartition(".")
        selected = sa.select(sa.text("*")).select_from(sa.table(name, schema=schema or None))
        result, label = connection.execute(selected), f"table {source.table}"
    with closing(result):
        names = tuple(str(name) for name in result.keys())  # noqa: SIM118 - not a dictionary
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise DataRefused(f"{label} has two columns named {twice[0]!r}. Rename one.")
        findings: list[Finding] = []
        chosen = choose_columns(table, wanted, names, label, findings)
        cells = [f"c{i}" for i in range(len(names))]
        bench.run(f"CREATE TEMP TABLE read_{table} ({', '.join(f'{c} VARCHAR' for c in cells)})")
        for rows in result.partitions(BATCH_ROWS):
            columns = [
                [_format_value(value) for value in column] for column in zip(*rows, strict=True)
            ]
            batch = pa.table([pa.array(column, pa.string()) for column in columns], names=cells)
            bench.append(f"read_{table}", batch)
    taken = "".join(f"c{position} AS {alias}, " for alias, position in chosen.items())
    bench.run(
        f"CREATE TEMP TABLE raw_{table} AS SELECT {taken}hash({', '.join(cells)}) AS fingerprint "
        f"FROM read_{table} ORDER BY ALL"
    )
    ((rows_in,),) = bench.rows(f"SELECT count(*) FROM read_{table}")
    bench.run(f"DROP TABLE read_{table}")
    shown = {alias: names[position] for alias, position in chosen.items()}
    lines = np.arange(1, rows_in + 1, dtype=np.int64)
    return RawTable(table, label, names, shown, int(rows_in), lines, (), findings)


def _format_value(value: object) -> str | None:
    """A value of the database as the text that an export would hold.

    >>> [_format_value(v) for v in (None, 1.5, True, dt.datetime(2024, 1, 2, 3), dt.date.max)]
    [None, '1.5', 'true', '2024-01-02 03:00:00', '9999-12-31']
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)
