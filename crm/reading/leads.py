"""The leads: their instants, how they ended, and their profile."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from crm.contract import LEADS, ProfileColumn
from crm.export import Finding
from crm.mapping import LeadsSection, OutcomesSection
from crm.reading.duckdb_session import DuckDBSession
from crm.reading.files import RawTable, WantedColumn
from crm.reading.row_rules import (
    CONFLICTING_ID,
    CONTRADICTING_FLAGS,
    EMPTY_ID,
    EXACT_DUPLICATE,
    OUTCOME_SET_ASIDE,
    REPEATED_HEADER,
    Rule,
    build_before_creation_rule,
    build_cell_rule,
    build_flag_rules,
    build_future_rule,
    build_instant_rules,
    build_rule_sql,
)
from crm.reading.typed_tables import (
    LEAD_ID_COLUMNS,
    collect_instant_findings,
    collect_trimmed_id_findings,
    count_shapes,
    mark_repeated_rows,
    type_table,
)

OUTCOMES = ("converted_at", "closed_at")
INSTANTS = ("created_at", *OUTCOMES)
FLAGS = {"converted_flag": "converted_when", "closed_flag": "closed_when"}
"""Our flag columns -> their keys in leadgain.toml."""
MIN_LEADS, MAX_SLIP_SHARE = 20, 0.5
"""Among fewer leads nothing is usual; what more than half of them have is no slip."""


def list_wanted_columns(
    leads: LeadsSection, outcomes: OutcomesSection | None
) -> list[WantedColumn]:
    """The columns to read of the leads: those of the contract, the flags, the profile.

    A column that leadgain.toml names must be there. One that only has its default name may be
    missing where the contract does not require it.
    """
    named = leads.model_fields_set
    columns = [
        WantedColumn("lead_id", "lead_id", leads.lead_id),
        WantedColumn("created_at", "created_at", leads.created_at),
        WantedColumn("owner_id", "owner_id", leads.owner_id),
    ]
    if outcomes is None:
        columns.append(WantedColumn("converted_at", "converted_at", leads.converted_at))
        required = "closed_at" in named
        columns.append(WantedColumn("closed_at", "closed_at", leads.closed_at, required))
        for alias, key in FLAGS.items():
            for number, name in enumerate(getattr(leads, key)):
                columns.append(WantedColumn(f"{alias}_{number}", key, name))
    columns += [
        WantedColumn(f"p{i}", "profile", name) for i, name in enumerate(leads.profile_columns)
    ]
    return [column for column in columns if column.name]


def type_leads(bench: DuckDBSession, raw: RawTable, leads: LeadsSection) -> None:
    """Create ``leads_typed``: instants, flags and tidied text."""
    columns = dict(LEAD_ID_COLUMNS, owner_id="tidy(owner_id)")
    parameters: dict[str, object] = {}
    for alias, key in FLAGS.items():
        holds = []
        for number, values in enumerate(getattr(leads, key).values()):
            flag = f"{alias}_{number}"
            if flag not in raw.shown:
                continue
            parameters[flag] = [value.strip().lower() for value in values]
            holds.append(f"list_contains(${flag}, lower(coalesce({flag}, '')))")
        columns[alias] = f"({' AND '.join(holds)})" if holds else "NULL::BOOLEAN"
    profile = [f"p{i}" for i in range(len(leads.profile_columns))]
    columns |= {alias: f"tidy({alias})" for alias in profile}
    type_table(bench, raw, columns, INSTANTS, ("owner_id",), parameters)
    mark_repeated_rows(bench, "leads", INSTANTS)


def build_lead_rules(
    leads: LeadsSection,
    profile: Sequence[ProfileColumn],
    minority: Mapping[str, Sequence[str]],
    *,
    outcomes_apart: bool,
    dated_anyway: Collection[str] = (),
) -> tuple[Rule, ...]:
    """The rules for leads, in the order in which they decide.

    Parameters
    ----------
    minority : instant -> shapes of its rarer epoch units
    outcomes_apart : the outcomes come from a table of their own, which has rules of its own
    dated_anyway : outcomes whose date says nothing without the flag, as of
    `find_outcomes_dated_anyway`
    """
    rules = [REPEATED_HEADER, EXACT_DUPLICATE, EMPTY_ID, CONFLICTING_ID, OUTCOME_SET_ASIDE]
    for name in ("created_at",) if outcomes_apart else INSTANTS:
        value = name if name == "created_at" else name.replace("_at", "_on")
        rules += build_instant_rules(
            name, required=name == "created_at", minority=minority[name], value=value
        )
    rules += [build_future_rule(name) for name in INSTANTS]
    rules.append(CONTRADICTING_FLAGS)
    dates = [leads.created_at, leads.converted_at, leads.closed_at]
    for outcome, date in (("converted", leads.converted_at), ("closed", leads.closed_at)):
        rules += build_flag_rules(outcome, shared=dates.count(date) > 1 or outcome in dated_anyway)
    rules += [build_before_creation_rule(name) for name in OUTCOMES]
    cells = (build_cell_rule(f"p{i}", column.kind) for i, column in enumerate(profile))
    rules += [rule for rule in cells if rule is not None]
    return tuple(rules)


def find_outcomes_dated_anyway(bench: DuckDBSession) -> tuple[str, ...]:
    """Outcomes whose date most leads have without the flag, such as the last change of a lead.

    Fewer such leads are slips, which `build_flag_rules` sets aside.
    """
    found = []
    for outcome, of in (("converted", ""), ("closed", "NOT coalesce(converted_flag, false) AND")):
        ((leads, dated),) = bench.rows(
            f"""SELECT count(*), count({outcome}_at) FROM leads_typed
            WHERE {of} NOT {outcome}_flag AND NOT is_header"""
        )
        if leads >= MIN_LEADS and dated >= MAX_SLIP_SHARE * leads:
            found.append(outcome)
    return tuple(found)


def judge_leads(
    bench: DuckDBSession, leads: LeadsSection, rules: Sequence[Rule], *, outcomes_apart: bool
) -> None:
    """Create ``leads_judged``: outcomes resolved, ``rule`` set where a row is set aside.

    ``<outcome>_on`` is the date that the export gives, ``<outcome>_at`` what it means: nothing
    where the flag does not hold, and the creation where a mere date names the day of it.
    """
    clipped = {
        name: f"on_day_of_creation({name}_told, {name}_at_shape, created_at)"
        for name in ("converted", "closed")
    }
    resolved = ", ".join(
        f"CASE WHEN {same_day} THEN created_at ELSE {name}_told END AS {name}_at"
        for name, same_day in clipped.items()
    )
    bench.run(
        f"""CREATE TEMP TABLE leads_judged AS
        SELECT *, {build_rule_sql(rules)} AS rule
        FROM (SELECT *, {resolved}, coalesce({" OR ".join(clipped.values())}, false) AS was_clipped,
                  lead_id IS NOT NULL AND NOT is_repeated AND count(*) FILTER (NOT is_repeated)
                      OVER (PARTITION BY lead_id) > 1 AS is_conflicting
              FROM (SELECT *, {_build_resolved_dates_sql(leads, outcomes_apart=outcomes_apart)}
                    FROM ({_build_outcomes_sql(outcomes_apart=outcomes_apart)})))"""
    )


def _build_outcomes_sql(*, outcomes_apart: bool) -> str:
    """SQL: the leads with the dates of their outcomes, their own or those of ``[outcomes]``."""
    own = ", ".join(f"{name}, {name}_shape" for name in OUTCOMES)
    source = "o" if outcomes_apart else "t"
    carried = ", ".join(
        f"{source}.{name} AS {name.replace('_at', '_on')}, {source}.{name}_shape AS {name}_shape"
        for name in OUTCOMES
    )
    joined = "LEFT JOIN outcomes_by_lead o ON o.lead_id = t.lead_id" if outcomes_apart else ""
    aside = "coalesce(o.is_set_aside, false)" if outcomes_apart else "false"
    return f"""SELECT t.* EXCLUDE ({own}), {carried}, {aside} AS outcome_is_set_aside,
        t.is_header OR t.row IN (SELECT row FROM leads_repeated) AS is_repeated
        FROM leads_typed t {joined}"""


def _build_resolved_dates_sql(leads: LeadsSection, *, outcomes_apart: bool) -> str:
    """SQL: the dates by which each outcome holds, where flags have their say."""
    converted, closed = "converted_on", "closed_on"
    shared = leads.converted_at == leads.closed_at
    if not outcomes_apart:
        if leads.converted_when:
            converted = "CASE WHEN converted_flag THEN converted_on END"
        elif shared:
            converted = "CASE WHEN NOT closed_flag THEN converted_on END"
        if leads.closed_when:
            closed = "CASE WHEN closed_flag AND converted_flag IS DISTINCT FROM true "
            closed += "THEN closed_on END"
        elif shared:
            closed = "CASE WHEN NOT converted_flag THEN closed_on END"
    return f"{converted} AS converted_told, {closed} AS closed_told"


def number_leads(bench: DuckDBSession) -> int:
    """Create ``lead_keys``: every lead_id of the file once; how many leads are kept.

    A kept lead has its ``position`` in the order of ids, from 0, and its ``created_at``; a lead
    that was set aside has neither.
    """
    bench.run(
        """CREATE TEMP TABLE lead_keys AS
        SELECT ids.lead_id, kept.position, kept.created_at
        FROM (SELECT DISTINCT lead_id FROM leads_judged
              WHERE lead_id IS NOT NULL AND NOT is_header) ids
        LEFT JOIN (SELECT lead_id, created_at,
                          (row_number() OVER (ORDER BY lead_id) - 1)::INTEGER AS position
                   FROM leads_judged WHERE rule IS NULL) kept ON kept.lead_id = ids.lead_id"""
    )
    ((kept,),) = bench.rows("SELECT count(position) FROM lead_keys")
    return int(kept)


def load_leads_frame(bench: DuckDBSession, profile: Sequence[ProfileColumn]) -> pd.DataFrame:
    """The kept leads in the order of their ids, typed as the contract says."""
    import pyarrow as pa

    cells = {
        "number": "number({0})",
        "yes_no": "yes_no({0})",
        "date": "instant(tidy_number({0}), instant_shape(tidy_number({0})))",
    }
    typed = "".join(
        f", {cells.get(column.kind, '{0}').format(f'p{i}')} AS p{i}"
        for i, column in enumerate(profile)
    )
    names = [column.name for column in LEADS.columns]
    frame: pd.DataFrame = bench.table(
        f"""SELECT {", ".join(names)}{typed}
        FROM leads_judged WHERE rule IS NULL ORDER BY lead_id"""
    ).to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return frame.set_axis([*names, *(column.name for column in profile)], axis="columns")


def collect_lead_findings(
    bench: DuckDBSession,
    raw: RawTable,
    profile: Sequence[ProfileColumn],
    zone: str,
) -> list[Finding]:
    """What reading the leads repaired or took for granted."""
    findings = collect_trimmed_id_findings(bench, raw)
    for name in INSTANTS:
        if name in raw.shown:
            shapes = count_shapes(bench, "leads", name)
            findings += collect_instant_findings(bench, raw, name, shapes, zone)
    ((clipped,),) = bench.rows(
        "SELECT count(*) FROM leads_judged WHERE was_clipped AND rule IS NULL"
    )
    if clipped:
        text = (
            f"{clipped:,} lead(s) ended on the day of their creation by a date without a time; "
            "the creation was taken as the instant."
        )
        findings.append(Finding("leads", "outcome_on_day_of_creation", "info", clipped, text))
    for alias, key in FLAGS.items():
        if f"{alias}_0" in raw.shown and not bench.rows(
            f"SELECT 1 FROM leads_typed WHERE {alias} LIMIT 1"
        ):
            text = f"No lead matches {key}; compare its values with those in {raw.file}."
            findings.append(Finding("leads", "flag_never_holds", "warning", 0, text))
    return findings + _collect_profile_findings(bench, raw, profile)


def build_dated_anyway_finding(leads: LeadsSection, outcome: str) -> Finding:
    """An outcome's date that counts only where its flag holds."""
    text = (
        f"Most leads have {getattr(leads, f'{outcome}_at')!r} without being {outcome}: it dates "
        f"something else as well, and counts only where {outcome}_when matches."
    )
    return Finding("leads", "dated_anyway", "info", 0, text)


def _collect_profile_findings(
    bench: DuckDBSession, raw: RawTable, profile: Sequence[ProfileColumn]
) -> list[Finding]:
    """Numbers without end and dates that are none, read as missing."""
    counted = {
        "number": ("not_finite", "is_not_finite({0})", "are not finite numbers"),
        "date": ("sentinel_date", "instant_shape(tidy_number({0})) = 'sentinel'", "are not dates"),
    }
    findings = []
    for number, column in enumerate(profile):
        if column.kind not in counted:
            continue
        rule, condition, text = counted[column.kind]
        condition = condition.format(f"p{number}")
        ((rows,),) = bench.rows(
            f"SELECT count(*) FROM leads_judged WHERE rule IS NULL AND {condition}"
        )
        if rows:
            text = f"{rows:,} cell(s) of {column.name!r} in {raw.file} {text}; read as missing."
            findings.append(Finding("leads", rule, "info", rows, text))
    return findings
