"""The rules for single rows, as data: what makes a row be set aside, and what is said of it.

A rule is a name, a column, a sentence and a condition in SQL over the typed table. The first rule
that holds decides, so that every row set aside is counted once, under its cause. To add a check of
single rows, add a `Rule` here and a test that builds the file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from crm.reading.timestamps import EARLIEST, LATEST

Action = Literal["quarantine", "exclude"]


@dataclass(frozen=True)
class Rule:
    """One reason to set a row aside.

    Attributes
    ----------
    name : what quarantine and checks call it
    column : the column that it looks at, by our name; empty for the whole row
    action : ``quarantine`` for a row that cannot be trusted, ``exclude`` for a sound row that is
        left out on purpose
    reason : the end of the sentence "the row ..." or "the cell ..."
    condition : SQL that is true where the rule strikes
    """

    name: str
    column: str
    action: Action
    reason: str
    condition: str


REPEATED_HEADER = Rule("repeated_header", "", "exclude", "repeats the header", "is_header")
EXACT_DUPLICATE = Rule(
    "exact_duplicate", "", "exclude", "equals an earlier row in every column", "is_repeated"
)
EMPTY_ID = Rule("empty_id", "lead_id", "quarantine", "has an empty lead_id", "lead_id IS NULL")
CONFLICTING_ID = Rule(
    "conflicting_id",
    "lead_id",
    "quarantine",
    "shares its lead_id with a row of other content, so it is not known which is right",
    "is_conflicting",
)
UNKNOWN_LEAD = Rule(
    "unknown_lead",
    "lead_id",
    "quarantine",
    "belongs to a lead that is not in the export",
    "NOT is_known",
)
LEAD_SET_ASIDE = Rule(
    "lead_set_aside",
    "lead_id",
    "exclude",
    "belongs to a quarantined lead",
    "is_set_aside",
)


def build_instant_rules(
    column: str, *, required: bool, minority: Sequence[str], value: str = ""
) -> tuple[Rule, ...]:
    """What a contract's instant must be: a date that exists, within what a CRM can date.

    Parameters
    ----------
    column : our name; its shape stands in ``<column>_shape``
    required : whether a row must have one
    minority : shapes of the column's rarer epoch units, if it mixes several
    value : where the instant itself stands, if not in ``<column>``
    """
    value = value or column

    def rule(name: str, reason: str, condition: str) -> Rule:
        return Rule(f"{column}_{name}", column, "quarantine", f"{column} {reason}", condition)

    shape = f"{column}_shape"
    rules = [
        rule("is_a_number", "is a number, but not a time since 1970", f"{shape} = 'number'"),
        rule(
            "is_no_date",
            "is not a date in ISO 8601 or since 1970, or that day does not exist",
            f"{value} IS NULL AND {shape} NOT IN ('empty', 'sentinel')",
        ),
        rule(
            "out_of_range",
            f"is before {EARLIEST[:4]} or after {LATEST[:4]}",
            f"{value} < TIMESTAMPTZ '{EARLIEST}' OR {value} >= TIMESTAMPTZ '{LATEST}'",
        ),
    ]
    if minority:
        held = ", ".join(f"'{name}'" for name in minority)
        reason = "counts from 1970 in another unit than most of the column"
        rules.append(rule("mixed_units", reason, f"{shape} IN ({held})"))
    if required:
        rules.append(rule("is_missing", "is missing", f"{value} IS NULL"))
    return tuple(rules)


def build_future_rule(column: str) -> Rule:
    """An instant that has not come yet (an hour's grace for clocks that differ)."""
    return Rule(
        f"{column}_in_the_future",
        column,
        "quarantine",
        f"{column} is in the future",
        f"{column} > (SELECT latest FROM clock)",
    )


def build_before_creation_rule(column: str) -> Rule:
    """An outcome that came before its lead."""
    return Rule(
        f"{column}_before_created_at",
        column,
        "quarantine",
        f"{column} is before created_at",
        f"{column} < created_at",
    )


def build_flag_rules(outcome: str, *, shared: bool) -> tuple[Rule, ...]:
    """A flag and its date must say the same.

    Parameters
    ----------
    outcome : ``converted`` or ``closed``; the flag is ``<outcome>_flag``, the date that the row
        carries ``<outcome>_on``
    shared : the date column dates something else as well, so that a date alone says nothing
    """
    flag, date = f"{outcome}_flag", f"{outcome}_on"
    rules = [
        Rule(
            f"{outcome}_without_a_date",
            f"{outcome}_at",
            "quarantine",
            f"is {outcome} by its flag, but {outcome}_at is missing",
            f"{flag} AND {date} IS NULL",
        )
    ]
    if not shared:
        # A won deal has a close date as well: it is no contradiction.
        other = "NOT coalesce(converted_flag, false) AND " if outcome == "closed" else ""
        rules.append(
            Rule(
                f"{outcome}_at_without_its_flag",
                f"{outcome}_at",
                "quarantine",
                f"has {outcome}_at, but its flag does not say {outcome}",
                f"{other}NOT {flag} AND {date} IS NOT NULL",
            )
        )
    return tuple(rules)


CONTRADICTING_FLAGS = Rule(
    "contradicting_flags",
    "converted_at",
    "quarantine",
    "is converted by one flag and closed by the other",
    "converted_flag AND closed_flag",
)
OUTCOME_SET_ASIDE = Rule(
    "outcome_set_aside",
    "lead_id",
    "quarantine",
    "has a quarantined outcome, so it is not known how it ended",
    "outcome_is_set_aside",
)
DATED_TO_CREATION = "before_creation"
"""Not a rule that sets rows aside: activities before their lead's creation are dated to it."""
TYPE_IS_MISSING = Rule("type_is_missing", "type", "quarantine", "type is missing", "type IS NULL")
UNKNOWN_DIRECTION = Rule(
    "unknown_direction",
    "direction",
    "quarantine",
    "direction is none of inbound, outbound and internal, nor a known word for them",
    "direction IS NULL",
)


def build_cell_rule(alias: str, kind: str) -> Rule | None:
    """A profile cell must be what its column is; None for kinds that take any text."""
    match kind:
        case "number":
            wrong = (
                f"tidy_number({alias}) IS NOT NULL AND number({alias}) IS NULL "
                f"AND NOT is_not_finite({alias})"
            )
        case "yes_no":
            wrong = f"tidy_number({alias}) IS NOT NULL AND yes_no({alias}) IS NULL"
        case "date":
            shape = f"instant_shape(tidy_number({alias}))"
            wrong = (
                f"{shape} NOT IN ('empty', 'sentinel') "
                f"AND instant(tidy_number({alias}), {shape}) IS NULL"
            )
        case _:
            return None
    spoken = {"number": "a number", "yes_no": "a yes or no", "date": "a date"}[kind]
    return Rule(f"is_not_{kind}", alias, "quarantine", f"the cell is not {spoken}", wrong)


def build_rule_sql(rules: Iterable[Rule]) -> str:
    """SQL for the position of the first rule that strikes, NULL for a row to keep.

    >>> build_rule_sql([REPEATED_HEADER, EMPTY_ID])
    'CASE WHEN (is_header) THEN 0 WHEN (lead_id IS NULL) THEN 1 END::USMALLINT'
    """
    cases = " ".join(f"WHEN ({rule.condition}) THEN {i}" for i, rule in enumerate(rules))
    return f"CASE {cases} END::USMALLINT"
