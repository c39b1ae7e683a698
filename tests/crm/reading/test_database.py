import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from crm.errors import ConfigurationError, DataRefused
from crm.export import Export
from crm.mapping import ActivitiesSection, LeadsSection, Mapping
from crm.reading import database
from crm.reading.database import _format_value, open_database
from crm.reading.export_reader import read_export

NOW = pd.Timestamp("2024-06-01", tz="UTC")


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """CREATE TABLE "my leads" (lead_id INTEGER, created_at TEXT, converted_at TEXT,
                closed_at TEXT, amount REAL, vip BOOLEAN);
            INSERT INTO "my leads" VALUES (2, '2024-01-02 10:00:00', NULL, NULL, 1.5, 1),
                (1, '2024-01-01T10:00:00Z', '2024-02-01T10:00:00Z', NULL, NULL, 0),
                (3, 'never', NULL, NULL, 2, 1);
            CREATE TABLE activities (lead_id INTEGER, occurred_at TEXT, type TEXT);
            INSERT INTO activities VALUES (1, '2024-01-05T10:00:00Z', '100% call: yes'),
                (2, '2024-01-06T10:00:00Z', 'mail');"""
        )
    return path


def read(path: Path, leads: dict, activities: dict | None = None) -> Export:
    mapping = Mapping(
        folder=path.parent,
        database=SecretStr(f"sqlite:///{path}"),
        leads=LeadsSection(**leads),
        activities=None if activities is None else ActivitiesSection(**activities),
    )
    return read_export(mapping, now=NOW)


def test_tables_of_a_database_are_read_like_files(crm: Path) -> None:
    export = read(crm, {"table": "my leads", "profile": ["amount", "vip"]}, {"table": "activities"})
    assert export.leads["lead_id"].tolist() == ["1", "2"]
    assert export.leads["vip"].tolist() == [False, True]
    assert export.leads["amount"].tolist()[1] == 1.5
    assert export.counts.values.tolist() == [["leads", 3, 2, 1, 0], ["activities", 2, 2, 0, 0]]
    assert export.quarantine[["file", "column", "rule"]].values.tolist() == [
        ["table my leads", "created_at", "created_at_is_no_date"]
    ]


def test_a_query_is_read_with_its_percent_signs_and_colons(crm: Path) -> None:
    query = "SELECT lead_id, occurred_at, type FROM activities WHERE type LIKE '100%: %'"
    export = read(crm, {"table": "my leads"}, {"query": query})
    assert export.activities["type"].tolist() == ["100% call: yes"]


def test_leads_from_the_database_and_activities_from_a_file_go_together(crm: Path) -> None:
    (crm.parent / "a.csv").write_text("lead_id,occurred_at,type\n1,2024-01-05,call\n")
    export = read(crm, {"table": "my leads"}, {"file": "a.csv"})
    assert len(export.activities) == 1


def test_nothing_can_be_written_through_a_query(crm: Path) -> None:
    with pytest.raises(DataRefused, match="readonly database"):
        read(crm, {"query": 'DELETE FROM "my leads" RETURNING *'})
    assert len(read(crm, {"table": "my leads"}).leads) == 2


@pytest.mark.parametrize("query", ["ATTACH ':memory:' AS other", "PRAGMA query_only = 0"])
def test_a_query_that_is_none_is_refused(crm: Path, query: str) -> None:
    with pytest.raises(DataRefused, match=r"query of \[leads\] gives no rows\. Write one SELECT"):
        read(crm, {"query": query})


@pytest.mark.parametrize("name", ['leads"; DROP TABLE activities; --', "x' OR 1=1", "nowhere"])
def test_a_table_name_is_only_ever_a_name(crm: Path, name: str) -> None:
    with pytest.raises(DataRefused, match="no such table"):
        read(crm, {"table": name})
    assert len(read(crm, {"table": "my leads"}, {"table": "activities"}).activities) == 2


def test_a_missing_column_of_a_table_is_refused_with_the_nearest_names(crm: Path) -> None:
    with pytest.raises(DataRefused, match=r"table activities has no column 'created_at'"):
        read(crm, {"table": "activities"})


def test_two_columns_of_one_name_are_refused(crm: Path) -> None:
    with pytest.raises(DataRefused, match="two columns named 'lead_id'"):
        read(crm, {"query": 'SELECT lead_id, lead_id FROM "my leads"'})


def test_the_order_in_which_a_database_answers_does_not_matter(crm: Path) -> None:
    frames = [
        read(crm, {"query": f'SELECT * FROM "my leads" ORDER BY amount {way}'}).quarantine
        for way in ("ASC", "DESC")
    ]
    pd.testing.assert_frame_equal(*frames)


@pytest.mark.parametrize("url", ["not a url", "klingon://host/db", "postgresql+nodriver://host/db"])
def test_a_url_that_cannot_be_opened_is_a_wrong_configuration(url: str) -> None:
    with (
        pytest.raises(ConfigurationError, match="database is not a URL that can be opened"),
        open_database(SecretStr(url)),
    ):
        pass


def test_a_sqlite_database_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    with (
        pytest.raises(DataRefused, match=rf"There is no SQLite database {file}\. Correct"),
        open_database(SecretStr(f"sqlite:///{file}")),
    ):
        pass
    assert not file.exists()


def test_a_database_that_does_not_answer_is_asked_three_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(database.time, "sleep", waited.append)
    with (
        pytest.raises(DataRefused, match="Connection refused"),
        open_database(SecretStr("postgres://127.0.0.1:1/db")),
    ):
        pass
    assert waited == [1.0, 2.0]


def test_the_password_is_in_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAUSE_SECONDS", 0)
    canary = "canary-4711"
    for url in (
        f"sqlite:///{tmp_path}/{canary}/none.db",
        f"klingon://user:{canary}@host/db",
        f"postgresql://user:{canary}@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?user=crm&password={canary}",
        f"postgresql://127.0.0.1:1/db?user=canary&password={canary}",
        f"postgresql://127.0.0.1:1/db?options={canary}&options=b",
    ):
        with (
            pytest.raises((ConfigurationError, DataRefused)) as refusal,
            open_database(SecretStr(url)),
        ):
            pass
        if "sqlite" not in url:
            assert canary not in str(refusal.value)


def test_values_of_a_database_become_the_text_of_an_export() -> None:
    assert _format_value(pd.Timestamp("2024-01-02T03:04:05.678Z").to_pydatetime()) == (
        "2024-01-02 03:04:05.678000+00:00"
    )


def test_a_database_is_named_by_its_place_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAUSE_SECONDS", 0)
    place = r"The database postgresql\+psycopg://127\.0\.0\.1:1/crm could not be read: .*refused"
    with (
        pytest.raises(DataRefused, match=place),
        open_database(SecretStr("postgresql://me:x@127.0.0.1:1/crm?connect_timeout=3")),
    ):
        pass


def test_what_a_message_may_not_hold_is_listed_longest_first() -> None:
    url = sa.make_url("mssql+pyodbc://me:abc@/?odbc_connect=Driver=x;PWD=abc-4711&sslmode=require")
    assert database._list_secrets(url) == ["Driver=x;PWD=abc-4711", "abc-4711", "abc", "x"]


def test_a_host_with_an_at_sign_is_not_shown() -> None:
    assert database._show_place(sa.make_url("oracle+x://crm:p@ss@db/crm")) == "oracle+x://"
