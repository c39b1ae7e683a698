"""From the export's text to typed columns, one DuckDB pass a table, and what that repaired."""

from collections.abc import Mapping, Sequence

from crm.export import Finding, Severity
from crm.reading.duckdb_session import DuckDBSession, quote_literal
from crm.reading.files import RawTable
from crm.reading.timestamps import EPOCH_SHAPES

ASSUMPTIONS: tuple[tuple[str, str, Severity, str], ...] = (
    ("naive", "naive_instant", "warning", "have no time zone and were read in {zone}"),
    (
        "sentinel",
        "sentinel_date",
        "info",
        "are placeholders (such as 9999-12-31) and count as missing",
    ),
    ("seconds", "epoch", "info", "were read as seconds since 1970"),
    ("milliseconds", "epoch", "info", "were read as milliseconds since 1970"),
    ("microseconds", "epoch", "info", "were read as microseconds since 1970"),
    (
        "skipped",
        "skipped_hour",
        "info",
        "are in an hour that {zone} skipped; they were moved forward",
    ),
    (
        "repeated",
        "repeated_hour",
        "info",
        "are in an hour that {zone} repeated; the earlier was taken",
    ),
)
"""Shape of an instant or change of the clocks -> rule, severity and words of the finding."""


def type_table(
    bench: DuckDBSession,
    raw: RawTable,
    columns: Mapping[str, str],
    instants: Sequence[str],
    optional: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Create ``<table>_typed`` from ``raw_<table>``, one row a row.

    Beside ``row`` (its place in the file, from 0) and ``fingerprint`` it holds ``columns`` (our
    name -> SQL over the trimmed text), and for each of ``instants`` the instant itself,
    ``<name>_shape`` and ``<name>_change`` (of the clocks); ``is_header`` marks a repeated header.
    Instants and ``optional`` columns that the export does not have are empty.
    """
    cells = "".join(f", trimmed({alias}) AS {alias}" for alias in raw.shown)
    absent = [name for name in (*instants, *optional) if name not in raw.shown]
    cells += "".join(f", NULL::VARCHAR AS {name}" for name in absent)
    plain = "".join(f", {sql} AS {name}" for name, sql in columns.items())
    texts = "".join(f", tidy_number({name}) AS {name}_text" for name in instants)
    shapes = "".join(f", instant_shape({name}_text) AS {name}_shape" for name in instants)
    read = "".join(
        f", instant({name}_text, {name}_shape) AS {name}"
        f", clock_change({name}_text, {name}_shape) AS {name}_change"
        for name in instants
    )
    dropped = ", ".join(f"{name}_text" for name in instants)
    bench.run(
        f"""CREATE TEMP TABLE {raw.table}_typed AS
        SELECT * EXCLUDE ({dropped}){read}
        FROM (SELECT *{shapes}
              FROM (SELECT row, fingerprint, {_build_is_header_sql(raw)} AS is_header{plain}{texts}
                    FROM (SELECT rowid AS row, fingerprint, lead_id AS lead_id_as_read{cells}
                          FROM raw_{raw.table}) AS cells))""",
        parameters or None,
    )
    bench.run(f"DROP TABLE raw_{raw.table}")


def _build_is_header_sql(raw: RawTable) -> str:
    """SQL: every column that we read holds its own name."""
    first, *others = (f"{alias} = {quote_literal(name)}" for alias, name in raw.shown.items())
    return (
        f"CASE WHEN {first} THEN coalesce({' AND '.join(others) or 'true'}, false) ELSE false END"
    )


def mark_repeated_rows(bench: DuckDBSession, table: str, instants: Sequence[str]) -> None:
    """Create ``<table>_repeated``: the rows that equal an earlier one in every column.

    Rows with one fingerprint are compared by lead and instants as well, so that no accident of
    hashing can make two rows one.
    """
    same = ", ".join(("fingerprint", "lead_id", *instants))
    bench.run(
        f"""CREATE TEMP TABLE {table}_repeated AS
        SELECT row FROM (
            SELECT row, row_number() OVER (PARTITION BY {same} ORDER BY row) AS occurrence
            FROM {table}_typed
            WHERE fingerprint IN (SELECT fingerprint FROM {table}_typed
                                  GROUP BY fingerprint HAVING count(*) > 1))
        WHERE occurrence > 1 ORDER BY row"""
    )


def count_shapes(bench: DuckDBSession, table: str, instant: str) -> dict[str, int]:
    """How many cells of an instant have which shape."""
    return dict(
        bench.rows(
            f"SELECT {instant}_shape::VARCHAR AS shape, count(*) FROM {table}_typed "
            "WHERE NOT is_header GROUP BY shape ORDER BY shape"
        )
    )


def find_minority_units(
    bench: DuckDBSession, table: str, instants: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Instant -> shapes of its rarer epoch units."""
    return {name: select_minority_units(count_shapes(bench, table, name)) for name in instants}


def select_minority_units(shapes: Mapping[str, int]) -> tuple[str, ...]:
    """The rarer epoch units of a column that mixes several; the most frequent one stands.

    >>> select_minority_units({"seconds": 3, "milliseconds": 97, "empty": 5})
    ('seconds',)
    """
    found = [shape for shape in EPOCH_SHAPES if shapes.get(shape)]
    return tuple(sorted(found, key=lambda shape: shapes[shape])[:-1])


def collect_instant_findings(
    bench: DuckDBSession, raw: RawTable, instant: str, shapes: Mapping[str, int], zone: str
) -> list[Finding]:
    """What reading an instant took for granted, by `ASSUMPTIONS`."""
    changes = dict(
        bench.rows(
            f"SELECT {instant}_change, count(*) FROM {raw.table}_typed "
            f"WHERE {instant}_change IS NOT NULL GROUP BY ALL"
        )
    )
    counts = {**shapes, **changes}
    column = raw.shown.get(instant, instant)
    return [
        Finding(
            raw.table,
            rule,
            severity,
            counts[met],
            f"{counts[met]:,} cell(s) of {column!r} in {raw.file} {text.format(zone=zone)}.",
        )
        for met, rule, severity, text in ASSUMPTIONS
        if counts.get(met)
    ]


def collect_trimmed_id_findings(bench: DuckDBSession, raw: RawTable) -> list[Finding]:
    """Ids that had spaces or characters of no width around them."""
    ((rows,),) = bench.rows(
        f"SELECT count(*) FROM {raw.table}_typed WHERE id_was_padded AND NOT is_header"
    )
    if not rows:
        return []
    text = (
        f"{rows:,} lead_id cell(s) in {raw.file} had spaces or invisible characters around them, "
        "which were removed."
    )
    return [Finding(raw.table, "padded_id", "info", rows, text)]


LEAD_ID_COLUMNS = {
    "lead_id": "tidy(lead_id)",
    "id_was_padded": "coalesce(lead_id_as_read <> lead_id, false)",
}
"""How every table reads its lead_id."""
