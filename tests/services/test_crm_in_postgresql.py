"""The CRM's data in a real PostgreSQL: the same as from files, and never a part of it."""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pydantic import SecretStr

from crm.errors import DataRefused
from crm.mapping import LeadsSection, Mapping
from crm.reading import database
from crm.reading.duckdb_session import DuckDBSession
from crm.reading.export_reader import read_export
from pipelines.config.settings import load_settings
from tests.pipelines.small_crm import TOML, small_crm
from tests.services.conftest import PASSWORD, PostgreSQL

pytestmark = pytest.mark.postgresql

NOW = pd.Timestamp("2024-09-01", tz="UTC")
TABLES = {
    "leads": "lead_id text, created_at timestamptz, converted_at timestamptz, "
    "closed_at timestamptz, amount numeric, source text",
    "activities": "lead_id text, occurred_at timestamptz, type text",
}
BY_QUERY = {
    "leads.csv": "SELECT * FROM crm.leads ORDER BY random()",
    "activities.csv": "SELECT lead_id, occurred_at, type FROM crm.activities WHERE type LIKE '%'",
}
MANY = """SELECT g::text AS lead_id, now() AS created_at, now() AS converted_at
    FROM generate_series(1, 400000) g"""


@pytest.fixture(scope="session")
def url(postgresql: PostgreSQL) -> str:
    """A database with the small CRM in the tables crm.leads and crm.activities."""
    address = postgresql.database("crm")
    fill_database(address)
    return address


def fill_database(address: str) -> None:
    import psycopg

    with psycopg.connect(address) as connection:
        connection.execute("CREATE SCHEMA crm")
        for (name, columns), rows in zip(TABLES.items(), small_crm(), strict=True):
            connection.execute(f"CREATE TABLE crm.{name} ({columns})")
            copy = f"COPY crm.{name} FROM STDIN (FORMAT csv, HEADER)"
            with connection.cursor().copy(copy) as sent:
                sent.write(rows.to_csv(index=False))


def configure_tables(folder: Path, url: str) -> Path:
    """A leadgain.toml that reads the tables."""
    return write_config(folder, url, 'table = "crm.leads"', 'table = "crm.activities"')


def configure_queries(folder: Path, url: str) -> Path:
    """A leadgain.toml that reads queries."""
    queries = (f'query = """{query}"""' for query in BY_QUERY.values())
    return write_config(folder, url, *queries)


def write_config(folder: Path, url: str, leads: str, activities: str) -> Path:
    text = TOML.replace('file = "leads.csv"', leads).replace('file = "activities.csv"', activities)
    config = folder / "leadgain.toml"
    config.write_text(f'[export]\ndatabase = "{url}"\n{text}')
    return config


@pytest.mark.parametrize("configure", [configure_tables, configure_queries])
def test_tables_and_queries_give_the_same_data_as_files(
    url: str, crm: Path, tmp_path: Path, configure: Callable[[Path, str], Path]
) -> None:
    files, rows = (
        read_export(load_settings(config).mapping, now=NOW)
        for config in (crm, configure(tmp_path, url))
    )
    pd.testing.assert_frame_equal(files.leads, rows.leads)
    pd.testing.assert_frame_equal(files.activities, rows.activities)
    pd.testing.assert_frame_equal(files.counts, rows.counts)
    assert files.last_instant == rows.last_instant


def count_read_leads(url: str, query: str) -> int:
    mapping = Mapping(
        folder=Path(), database=SecretStr(url), leads=LeadsSection(query=query), timezone="UTC"
    )
    return len(read_export(mapping, now=pd.Timestamp.now(tz="UTC")).leads)


def test_a_connection_that_breaks_off_lets_no_part_of_the_data_in(
    url: str, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended = []
    really = DuckDBSession.append

    def append(self: DuckDBSession, table: str, batch: object) -> None:
        really(self, table, batch)
        appended.append(len(batch))  # type: ignore[arg-type]
        postgresql.run(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'crm' AND pid <> pg_backend_pid()",
        )

    monkeypatch.setattr(DuckDBSession, "append", append)
    monkeypatch.setattr(database, "BATCH_ROWS", 1_000)
    with pytest.raises(DataRefused, match=r"could not be read: .*Nothing was written") as refusal:
        count_read_leads(url, MANY)
    assert 0 < sum(appended) < 400_000
    assert PASSWORD not in str(refusal.value)


def test_a_statement_that_hangs_is_given_up(url: str) -> None:
    begin = time.monotonic()
    with pytest.raises(DataRefused, match="statement timeout"):
        count_read_leads(
            f"{url}?options=-c%20statement_timeout%3D500",
            "SELECT 'L' AS lead_id, now() AS created_at FROM pg_sleep(600)",
        )
    assert time.monotonic() - begin < 300  # without the limit it would be ten minutes


def test_without_a_limit_in_the_url_a_statement_has_ten_minutes(url: str) -> None:
    with database.open_database(SecretStr(url)) as connection:
        limits = [
            connection.exec_driver_sql(f"SELECT current_setting('{name}')").scalar()
            for name in ("statement_timeout", "transaction_isolation", "transaction_read_only")
        ]
    assert limits == ["10min", "repeatable read", "on"]


def test_all_tables_are_read_as_they_stood_at_one_instant(url: str, postgresql: PostgreSQL) -> None:
    postgresql.run("crm", "CREATE TABLE counted AS SELECT 1 AS n")
    with database.open_database(SecretStr(url)) as connection:
        count = lambda: connection.exec_driver_sql("SELECT count(*) FROM counted").scalar()  # noqa: E731
        assert count() == 1
        postgresql.run("crm", "INSERT INTO counted VALUES (2)")
        assert count() == 1


def test_nothing_can_be_written_through_a_query(url: str, postgresql: PostgreSQL) -> None:
    with pytest.raises(DataRefused, match="could not be read"):
        count_read_leads(url, "DELETE FROM crm.leads RETURNING lead_id, created_at")
    assert postgresql.run("crm", "SELECT count(*) > 0 FROM crm.leads") == [(True,)]


def test_a_wrong_password_is_refused_and_not_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PAUSE_SECONDS", 0)
    with pytest.raises(DataRefused, match="password authentication failed") as refusal:
        count_read_leads(url.replace(PASSWORD, "wrong-0815"), "SELECT 1")
    assert "wrong-0815" not in str(refusal.value)


def test_a_database_that_accepts_and_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    monkeypatch.setattr(database, "PAUSE_SECONDS", 0)
    monkeypatch.setitem(database.POSTGRESQL_OPTIONS, "connect_timeout", 2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DataRefused, match="timeout expired"),
    ):
        count_read_leads(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/crm", "SELECT 1")
