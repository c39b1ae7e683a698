"""Time stamps as CRMs write them, read into UTC.

A cell is first told by its shape, then read; what has no known shape, or names no day that exists,
is not guessed at. The rules become DuckDB macros, so that millions of cells take seconds.
"""

from zoneinfo import ZoneInfo

SHAPES = (
    "empty",
    "zoned",  # 2024-03-31T02:30:00+02:00, with Z, UTC or an offset
    "naive",  # 2024-03-31 02:30, read in the configured zone
    "date",  # 2024-03-31, midnight in the configured zone
    "seconds",  # 1711845000, since 1970
    "milliseconds",
    "microseconds",
    "sentinel",  # 9999-12-31 and its kin: no date at all
    "number",  # a number of no such magnitude, such as Excel's 44927
    "text",  # anything else
)
EPOCH_SHAPES = ("seconds", "milliseconds", "microseconds")

DAY_PATTERN = r"\d{4}-\d{2}-\d{2}"
TIME_PATTERN = r"[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?"
ZONE_PATTERN = r" ?(Z|z|UTC|[+-]\d{2}(:?\d{2})?)"
SENTINEL_PATTERN = r"(0000-00-00|0001-|1900-01-01|9999-).*"
EPOCH_PATTERN = r"-?\d+(\.\d+)?"

EARLIEST, LATEST = "1970-01-01", "2200-01-01"
"""What a lead or an activity can be dated to, half-open; other dates are slips of the pen."""


def build_instant_macros(timezone: str) -> tuple[str, ...]:
    """The DuckDB macros for instants; ``timezone`` is the zone of time stamps that carry none.

    ``instant_shape(x)`` is one of `SHAPES`. ``instant(x, shape)`` is the instant, NULL where the
    shape has none or the day does not exist. ``wall_clock(t)`` reads a time of the zone's clocks:
    an hour that the change to summer time skipped moves forward, one that the change back repeats
    is the earlier. ``clock_change(x, shape)`` says 'skipped' or 'repeated' where that happened.
    ``on_day_of_creation(t, shape, created)``: a date without a time names the day of creation, so
    that its midnight comes before it.
    """
    zone = "'" + ZoneInfo(timezone).key.replace("'", "''") + "'"
    shapes = ", ".join(f"'{shape}'" for shape in SHAPES)
    # The same clock time by the offset that held three hours earlier: right before and in a
    # repeated hour; it is taken only where it names the same clock time again.
    before = f"timezone({zone}, t - INTERVAL 3 HOUR) + INTERVAL 3 HOUR"
    wall = f"""CREATE TEMP MACRO wall_clock(t) AS
        CASE WHEN timezone({zone}, {before}) = t
             THEN least({before}, timezone({zone}, t)) ELSE timezone({zone}, t) END"""
    change = f"""CREATE TEMP MACRO clock_change(x, shape) AS CASE
        WHEN shape NOT IN ('naive', 'date') THEN NULL
        WHEN timezone({zone}, wall_clock(local_time(x))) <> local_time(x) THEN 'skipped'
        WHEN timezone({zone}, local_time(x)) <> wall_clock(local_time(x)) THEN 'repeated' END"""
    if timezone == "UTC":
        wall = "CREATE TEMP MACRO wall_clock(t) AS t::TIMESTAMPTZ"
        change = "CREATE TEMP MACRO clock_change(x, shape) AS NULL::VARCHAR"
    return (
        f"CREATE TYPE instant_shape AS ENUM ({shapes})",
        _build_shape_macro(),
        "CREATE TEMP MACRO local_time(x) AS try_cast(replace(x, ',', '.') AS TIMESTAMP)",
        # The slower way is for what DuckDB does not take: a space before the offset, a comma.
        """CREATE TEMP MACRO zoned_time(x) AS coalesce(try_cast(x AS TIMESTAMPTZ),
            try_cast(replace(replace(replace(left(x, 11) || replace(substr(x, 12), ' ', ''),
            'UTC', 'Z'), 'z', 'Z'), ',', '.') AS TIMESTAMPTZ))""",
        """CREATE TEMP MACRO epoch_time(x, per_second) AS
            make_timestamp((try_cast(x AS DECIMAL(30, 6)) * (1000000 // per_second))::BIGINT
            )::TIMESTAMPTZ""",
        wall,
        change,
        """CREATE TEMP MACRO instant(x, shape) AS CASE shape
            WHEN 'zoned' THEN zoned_time(x)
            WHEN 'naive' THEN wall_clock(local_time(x))
            WHEN 'date' THEN wall_clock(local_time(x))
            WHEN 'seconds' THEN epoch_time(x, 1)
            WHEN 'milliseconds' THEN epoch_time(x, 1000)
            WHEN 'microseconds' THEN epoch_time(x, 1000000) END""",
        f"""CREATE TEMP MACRO on_day_of_creation(t, shape, created) AS
            t < created AND created < t + INTERVAL 24 HOUR
            AND (shape = 'date' OR t = date_trunc('day', t)
                 OR timezone({zone}, t) = date_trunc('day', timezone({zone}, t)))""",
    )


def _build_shape_macro() -> str:
    digits = "length(regexp_extract(x, '\\d+'))"
    return f"""CREATE TEMP MACRO instant_shape(x) AS (CASE
        WHEN x IS NULL THEN 'empty'
        WHEN regexp_full_match(x, '{SENTINEL_PATTERN}') THEN 'sentinel'
        WHEN regexp_full_match(x, '{DAY_PATTERN}{TIME_PATTERN}{ZONE_PATTERN}') THEN 'zoned'
        WHEN regexp_full_match(x, '{DAY_PATTERN}{TIME_PATTERN}') THEN 'naive'
        WHEN regexp_full_match(x, '{DAY_PATTERN}') THEN 'date'
        WHEN NOT regexp_full_match(x, '{EPOCH_PATTERN}') THEN 'text'
        WHEN {digits} IN (9, 10) THEN 'seconds'
        WHEN {digits} IN (12, 13) THEN 'milliseconds'
        WHEN {digits} IN (15, 16) THEN 'microseconds'
        ELSE 'number' END)::instant_shape"""
