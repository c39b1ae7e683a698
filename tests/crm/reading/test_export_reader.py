import gzip
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.checks.run_checks import Gate, check_export
from crm.errors import ConfigurationError, DataRefused
from crm.export import Export, check_conservation
from crm.mapping import ActivitiesSection, LeadsSection, Mapping
from crm.reading.export_reader import read_export

NOW = pd.Timestamp("2024-06-01", tz="UTC")
SHIPPED = Path(__file__).parents[3] / "data" / "loan_applications"


def test_the_shipped_loan_applications_are_read_whole() -> None:
    mapping = Mapping(
        folder=SHIPPED,
        leads=LeadsSection(file="leads.csv", profile=("amount_requested",)),
        activities=ActivitiesSection(
            file="activities.csv.gz", direction="direction", rep_id="rep_id"
        ),
    )
    export = read_export(mapping, now=NOW)
    assert export.counts.values.tolist() == [
        ["leads", 13_087, 13_087, 0, 0],
        ["activities", 245_020, 245_020, 0, 0],
    ]
    assert export.quarantine.empty
    assert export.last_instant == pd.Timestamp("2012-03-14T15:04:54.681Z")
    assert export.leads["converted_at"].notna().sum() == 2_246
    assert export.leads[["converted_at", "closed_at"]].isna().all(axis=1).sum() == 399
    assert export.activities["type"].cat.categories.size == 31
    # The same rows by pandas, the slow and obvious way.
    twin = pd.read_csv(SHIPPED / "activities.csv.gz", dtype="str")
    ids = twin["lead_id"].map({lead: i for i, lead in enumerate(export.leads["lead_id"])})
    twin = twin.assign(lead=ids, occurred_at=pd.to_datetime(twin["occurred_at"], utc=True))
    twin = twin.sort_values(["lead", "occurred_at"], kind="stable")
    for name in ("lead", "type", "direction"):
        assert export.activities[name].astype("str").tolist() == twin[name].astype("str").tolist()
    assert (export.activities["occurred_at"].array == twin["occurred_at"].array).all()
    assert export.activities["rep_id"].isna().sum() == twin["rep_id"].isna().sum()


def test_the_last_instant_is_the_latest_of_all_columns(read) -> None:
    header = "lead_id,created_at,converted_at,closed_at\n"
    rows = "a,2024-01-01,2024-03-01,\nb,2024-01-02,,2024-04-01\n"
    assert read(header + rows).last_instant == pd.Timestamp("2024-04-01", tz="UTC")
    later = read(header + rows, activities="lead_id,occurred_at,type\na,2024-05-01,call\n")
    assert later.last_instant == pd.Timestamp("2024-05-01", tz="UTC")


def test_the_same_export_in_another_order_gives_the_same_leads(read) -> None:
    header = "lead_id,created_at,converted_at,closed_at\n"
    rows = [f"{i},2024-01-{i:02},,\n" for i in range(1, 20)]
    first, second = read(header + "".join(rows)), read(header + "".join(reversed(rows)))
    pd.testing.assert_frame_equal(first.leads, second.leads)


def test_no_row_disappears_without_an_account(read) -> None:
    export = read(
        "lead_id,created_at,converted_at,closed_at\na,2024-01-01,,\na,2024-01-01,,\nb,never,,\nc\n",
        activities="lead_id,occurred_at,type\na,2024-01-02,call\nb,2024-01-02,call\nz,2024-01-02,x\n",
    )
    assert export.counts.values.tolist() == [["leads", 4, 1, 2, 1], ["activities", 3, 1, 1, 1]]
    check_conservation(export.counts)


def test_findings_never_hold_the_content_of_a_cell(read) -> None:
    canary = "canary@example.com"
    export = read(
        f"lead_id,created_at,converted_at,closed_at,contact\n{canary},2024-01-01,,,{canary}\n"
        f"b,{canary},,,\nc,2024-01-01,{canary},,\n",
        activities=f"lead_id,occurred_at,type,way\na,{canary},x,\n{canary},2024-01-02,y,{canary}\n",
        leads_toml={"profile": ["contact"]},
        activities_toml={"direction": "way"},
    )
    told = " ".join(finding.message for finding in export.findings)
    assert canary not in told + export.quarantine.to_csv()


LEADS = "lead_id,created_at,converted_at,closed_at,amount,source,email\n" + "".join(
    f"L{i:02},2024-01-{i:02}T10:00:00Z,{'2024-03-01T10:00:00Z' if i % 5 == 0 else ''},,{i * 10},"
    f'"web, {"paid" if i % 2 else "free"}",p{i}@example.com\n'
    for i in range(1, 25)
)
ACTIVITIES = "lead_id,occurred_at,type,direction\n" + "".join(
    f"L{1 + i % 24:02},2024-02-{1 + i % 28:02}T1{i % 10}:00:00+01:00,call,inbound\n"
    for i in range(60)
)
JUNK = [
    *(b'"', b",", b";", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t", b"|"),
    *(
        "é😀\u200b\u202e".encode(),
        b'""',
        b'",',
        b"'",
        b"\\",
        b"=1+1",
        b"-",
        b"null",
        b"NaN",
        b"inf",
    ),
    *(b"1e400", b"9999-12-31", b"2024-02-30", b"44927", b"1704067200", b"0", b"<html>", b"PAR1"),
    *(b"2099-01-01T00:00:00Z", b"0001-01-01", b"lead_id", b"a" * 5000, b"; DROP TABLE leads; --"),
]


def draw_damaged_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """A file with one more thing wrong."""
    at, length = draw(st.integers(0, len(data))), draw(st.sampled_from([0, 0, 1, 2, 20, 200]))
    lines = data.splitlines(keepends=True) or [b""]
    line = draw(st.integers(0, len(lines) - 1))
    before, this, after = lines[:line], lines[line], lines[line + 1 :]
    junk = draw(st.sampled_from(JUNK))
    cells = this.split(b",")
    cells[draw(st.integers(0, len(cells) - 1))] = junk
    ways = {
        "insert or overwrite": data[:at] + junk + data[at + length :],
        "delete": data[:at] + data[at + length :],
        "cut": data[:at],
        "repeat a line": b"".join([*before, this, this, *after]),
        "drop a line": b"".join([*before, *after]),
        "begin at a line": b"".join([this, *after, *before]),
        "replace a cell": b"".join([*before, b",".join(cells), *after]),
    }
    return ways[draw(st.sampled_from(sorted(ways)))]


@st.composite
def draw_mutated_bytes(draw: st.DrawFn, original: str) -> bytes:
    """A good file, damaged in one to four places, and perhaps packed or encoded otherwise."""
    data = original.encode()
    for _ in range(draw(st.integers(1, 4))):
        data = draw_damaged_bytes(draw, data)
    ways = {
        "plain": data,
        "gzip": gzip.compress(data, mtime=0),
        "cut gzip": gzip.compress(data, mtime=0)[:-10],
        "utf-16": data.decode("utf-8", "replace").encode("utf-16"),
    }
    return ways[draw(st.sampled_from(["plain", "plain", "plain", *ways]))]


def read_or_refuse(folder: Path, leads: bytes, activities: bytes) -> Export | str:
    """The export after the gate has looked at it, or why it was refused."""
    (folder / "leads.csv").write_bytes(leads)
    (folder / "activities.csv").write_bytes(activities)
    mapping = Mapping(
        folder=folder,
        timezone="Europe/Amsterdam",
        leads=LeadsSection(file="leads.csv", profile=("amount", "source", "email")),
        activities=ActivitiesSection(file="activities.csv", direction="direction"),
    )
    try:
        export = read_export(mapping, now=NOW)
    except (DataRefused, ConfigurationError) as refusal:
        return str(refusal)
    check_export(export, mapping, gate=Gate(), as_of=export.last_instant, now=NOW)
    return export


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Great Expectations is imported before the clock of the examples runs."""
    read_or_refuse(tmp_path_factory.mktemp("loaded"), LEADS.encode(), ACTIVITIES.encode())


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
@settings(
    deadline=60_000,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(draw_mutated_bytes(LEADS), draw_mutated_bytes(ACTIVITIES))
def test_a_damaged_export_is_refused_or_accounted_for_row_by_row(
    tmp_path: Path, leads: bytes, activities: bytes
) -> None:
    export = read_or_refuse(tmp_path, leads, activities)
    if isinstance(export, str):
        assert export.endswith(".")
        assert "@example.com" not in export
        return
    check_conservation(export.counts)
    counts = export.counts.set_index("table")
    assert counts.loc["leads", "kept"] == len(export.leads)
    assert counts.loc["activities", "kept"] == len(export.activities)
    assert counts["quarantined"].sum() == len(export.quarantine)
    assert export.leads["lead_id"].is_unique
    assert export.leads["created_at"].notna().all()
    assert export.activities["lead"].between(0, len(export.leads) - 1).all()
    assert export.quarantine["line"].gt(0).all()
    assert "@example.com" not in " ".join(f.message for f in export.findings)


def test_the_good_export_of_that_test_is_read_whole(tmp_path: Path) -> None:
    export = read_or_refuse(tmp_path, LEADS.encode(), ACTIVITIES.encode())
    assert not isinstance(export, str)
    assert export.counts[["kept", "quarantined"]].values.tolist() == [[24, 0], [60, 0]]
