"""Cells as CRMs write them: missing words, yes and no, numbers. The words are closed lists.

The lists become DuckDB macros, so that a column of any length is read in one pass.
"""

from collections.abc import Sequence

from crm.contract import DIRECTIONS

TRIMMED_CHARACTERS = (
    " \t\r\n\v\f"  # what a keyboard leaves around a value
    "\u00a0\u202f\u3000"  # spaces that do not break
    "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f"  # characters of no width
)
"""Characters that are taken off both ends of a cell."""

MISSING_WORDS = (
    "",
    "null",
    "(null)",
    "<null>",
    "\\n",
    "none",
    "(none)",
    "(blank)",
    "n/a",
    "#n/a",
    "-",
    "--",
    "nan",
    "nat",
    "<na>",  # the last three as pandas writes them into text
)
"""Cells that mean "no value", in any case of letters. Not NA: that is Namibia."""

MISSING_NUMBERS = (*MISSING_WORDS, "na")
"""The same for numbers and dates, where NA cannot be a name."""

NOT_FINITE = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
"""Numbers that no computation can use; they are read as missing and counted."""

YES_WORDS = ("yes", "y", "true", "t", "1", "1.0", "ja", "j", "oui", "si", "sí", "sim")
NO_WORDS = ("no", "n", "false", "f", "0", "0.0", "nein", "nee", "non", "não")

INBOUND_WORDS = ("inbound", "incoming", "in", "received")
OUTBOUND_WORDS = ("outbound", "outgoing", "out", "sent")
INTERNAL_WORDS = ("internal",)

NUMBER_PATTERN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def format_sql_list(words: Sequence[str]) -> str:
    """Words of our own as an SQL list of text literals.

    >>> format_sql_list(("a", "it's"))
    "('a', 'it''s')"
    """
    return "(" + ", ".join("'" + word.replace("'", "''") + "'" for word in words) + ")"


def build_value_macros() -> tuple[str, ...]:
    """The DuckDB macros for single cells.

    ``trimmed(x)`` comes first; the others take text that is trimmed, and yield NULL for a missing
    value: ``tidy`` (missing words out), ``tidy_number`` (NA and NaN out as well), ``number`` (NULL
    if it is none, or not finite), ``is_not_finite``, ``yes_no``, ``direction_of``.
    """
    missing, missing_numbers = format_sql_list(MISSING_WORDS), format_sql_list(MISSING_NUMBERS)
    return (
        # Most cells begin and end in a visible ASCII character: they are told faster than trimmed.
        f"""CREATE TEMP MACRO trimmed(x) AS
            CASE WHEN regexp_full_match(x, '(?s)[!-~](.*[!-~])?') THEN x
                 ELSE trim(x, '{TRIMMED_CHARACTERS}') END""",
        f"CREATE TEMP MACRO tidy(x) AS CASE WHEN lower(x) IN {missing} THEN NULL ELSE x END",
        f"""CREATE TEMP MACRO tidy_number(x) AS
            CASE WHEN lower(x) IN {missing_numbers} THEN NULL ELSE x END""",
        f"""CREATE TEMP MACRO is_not_finite(x) AS coalesce(
            lower(x) IN {format_sql_list(NOT_FINITE)} OR (regexp_full_match(x, '{NUMBER_PATTERN}')
            AND isinf(try_cast(x AS DOUBLE))), false)""",
        f"""CREATE TEMP MACRO number(x) AS
            CASE WHEN regexp_full_match(x, '{NUMBER_PATTERN}')
                      AND isfinite(try_cast(x AS DOUBLE))
                 THEN try_cast(x AS DOUBLE) END""",
        f"""CREATE TEMP MACRO yes_no(x) AS
            CASE WHEN lower(x) IN {format_sql_list(YES_WORDS)} THEN true
                 WHEN lower(x) IN {format_sql_list(NO_WORDS)} THEN false END""",
        f"CREATE TYPE direction_of_activity AS ENUM {format_sql_list(DIRECTIONS)}",
        f"""CREATE TEMP MACRO direction_of(x) AS
            (CASE WHEN lower(x) IN {format_sql_list(INBOUND_WORDS)} THEN 'inbound'
                  WHEN lower(x) IN {format_sql_list(OUTBOUND_WORDS)} THEN 'outbound'
                  WHEN tidy(x) IS NULL OR lower(x) IN {format_sql_list(INTERNAL_WORDS)}
                  THEN 'internal' END)::direction_of_activity""",
    )
