"""What kind each profile column is, read off all its cells, and which must never be a feature."""

import re
from dataclasses import dataclass

from crm.contract import ProfileColumn, ProfileKind
from crm.export import Finding
from crm.mapping import LeadsSection
from crm.reading.duckdb_session import DuckDBSession

FITTING_SHARE = 0.98
"""A column is a number, a yes/no or a date if so many of its cells are; the others are set aside,
and the gate stops above 2 % by one rule."""
EMAIL_SHARE = 0.01
PHONE_SHARE = 0.50
MANY_VALUES = 50
DISTINCT_SHARE = 0.50
FREE_TEXT_LENGTH = 60

PERSONAL_HEADERS = (
    *("email", "e_mail", "mail", "email_address", "phone", "phone_number", "telephone", "tel"),
    *("mobile", "mobile_number", "mobile_phone", "cell_phone", "fax", "first_name", "firstname"),
    *("last_name", "lastname", "surname", "given_name", "family_name", "middle_name", "full_name"),
    *("contact_name", "street", "street_address", "address", "birth_date", "birthdate"),
    *("date_of_birth", "birthday", "dob", "ssn", "passport", "iban", "ip", "ip_address"),
    *("linkedin", "twitter", "skype", "salutation"),
)
"""Headers, or ends of headers (``work_email``), that name personal data."""

EMAIL_PATTERN = r"[^@\s]+@[^@\s]+\.[^@\s]+"
PHONE_PATTERN = r"(\+|0|\()[\d\s().\-/]{7,20}|\d{2,4}[\s.\-/][\d\s.\-/]{5,15}"


@dataclass(frozen=True)
class CellFacts:
    """How many of a column's cells are what; ``filled`` of them hold anything."""

    filled: int
    distinct: int
    numbers: int
    numbers_filled: int
    leading_zeros: int
    yes: int
    no: int
    digits_only: int
    dates: int
    emails: int
    phones: int
    mean_length: float


def learn_kinds(
    bench: DuckDBSession, leads: LeadsSection
) -> tuple[tuple[ProfileColumn, ...], list[Finding]]:
    """The profile columns with their kinds, declared or inferred from ``leads_typed``.

    A column that looks like personal data, free text or an identifier becomes ``display``: it is
    shown and never a feature. A declared kind stands, with a warning where it looks personal.
    """
    profile, findings = [], []
    declared = leads.declared_kinds
    for number, name in enumerate(leads.profile_columns):
        facts = count_cell_facts(bench, f"p{number}")
        inferred, reason = infer_kind(name, facts)
        kind = declared.get(name, inferred)
        profile.append(ProfileColumn(name, kind))
        if not reason or (name in declared and kind == "display"):
            continue
        if name in declared:
            text = f"{name!r} is declared as {kind}, but it {reason}. Declare it as display."
            findings.append(Finding("leads", "looks_personal", "warning", facts.filled, text))
        else:
            text = f"{name!r} {reason}: it is shown and is never a feature."
            findings.append(Finding("leads", "shown_only", "info", facts.filled, text))
    return tuple(profile), findings


def count_cell_facts(bench: DuckDBSession, alias: str) -> CellFacts:
    """Count what a column's cells are; each distinct cell is looked at once."""
    (row,) = bench.rows(
        rf"""SELECT coalesce(sum(n), 0), count(*),
            coalesce(sum(n) FILTER (number(v) IS NOT NULL OR is_not_finite(v)), 0),
            coalesce(sum(n) FILTER (tidy_number(v) IS NOT NULL), 0),
            coalesce(sum(n) FILTER (regexp_full_match(v, '0\d+')), 0),
            coalesce(sum(n) FILTER (yes_no(v)), 0), coalesce(sum(n) FILTER (NOT yes_no(v)), 0),
            coalesce(sum(n) FILTER (regexp_full_match(v, '[01](\.0)?')), 0),
            coalesce(sum(n) FILTER (instant_shape(tidy_number(v)) IN ('zoned', 'naive', 'date',
                'sentinel')), 0),
            coalesce(sum(n) FILTER (regexp_full_match(v, '{EMAIL_PATTERN}')), 0),
            coalesce(sum(n) FILTER (regexp_full_match(v, '{PHONE_PATTERN}')
                AND length(regexp_replace(v, '\D', '', 'g')) BETWEEN 8 AND 15
                AND instant_shape(v) = 'text'
                OR regexp_full_match(v, '(\+|0)\d{{8,14}}')), 0),
            coalesce(sum(n * length(v)) / sum(n), 0)
        FROM (SELECT {alias} AS v, count(*) AS n FROM leads_typed
              WHERE NOT is_header AND {alias} IS NOT NULL GROUP BY v)"""
    )
    return CellFacts(*row)


def infer_kind(name: str, facts: CellFacts) -> tuple[ProfileKind, str]:
    """A column's kind, and why it is only shown (empty if it is a feature).

    >>> nothing = dict.fromkeys(CellFacts.__dataclass_fields__, 0)
    >>> infer_kind("source", CellFacts(**nothing | {"filled": 9, "distinct": 2}))
    ('category', '')
    >>> infer_kind("work_email", CellFacts(**nothing | {"filled": 9, "distinct": 9}))
    ('display', 'is named like personal data')
    """
    filled = facts.filled
    is_flag = facts.yes + facts.no >= _compute_min_fitting_cells(filled) and not _is_count_column(
        facts
    )
    is_number = (
        facts.numbers >= _compute_min_fitting_cells(facts.numbers_filled)
        and not facts.leading_zeros
    )
    signs: tuple[tuple[bool, ProfileKind, str], ...] = (
        (is_flag, "yes_no", ""),
        (facts.emails >= max(1, EMAIL_SHARE * filled), "display", "contains e-mail addresses"),
        (facts.phones >= max(1, PHONE_SHARE * filled), "display", "contains phone numbers"),
        (is_personal_header(name), "display", "is named like personal data"),
        (is_number, "number", ""),
        (facts.dates >= _compute_min_fitting_cells(facts.numbers_filled), "date", ""),
        (facts.mean_length > FREE_TEXT_LENGTH, "display", "contains free text"),
        (facts.distinct > max(MANY_VALUES, DISTINCT_SHARE * filled), "display", "hardly repeats"),
    )
    return next(((kind, reason) for holds, kind, reason in signs if holds), ("category", ""))


def is_personal_header(header: str) -> bool:
    """Whether a header names personal data, whole or at its end.

    >>> [is_personal_header(name) for name in ("Work E-Mail", "email_opt_in", "FirstName")]
    [True, False, True]
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", header)
    words = re.sub(r"[^a-z0-9]+", "_", spaced.casefold()).strip("_")
    return any(words == term or words.endswith("_" + term) for term in PERSONAL_HEADERS)


def _compute_min_fitting_cells(filled: int) -> float:
    return max(1.0, FITTING_SHARE * filled)


def _is_count_column(facts: CellFacts) -> bool:
    """Only noughts, or only ones: a count as well as a yes or no."""
    return facts.digits_only == facts.filled and not (facts.yes and facts.no)
