"""Outcomes that a CRM keeps apart from its leads."""

from collections.abc import Mapping, Sequence

from crm.export import Finding
from crm.mapping import OutcomesSection
from crm.reading.duckdb_session import DuckDBSession
from crm.reading.files import RawTable, WantedColumn
from crm.reading.row_rules import (
    CONFLICTING_ID,
    EMPTY_ID,
    EXACT_DUPLICATE,
    LEAD_SET_ASIDE,
    REPEATED_HEADER,
    UNKNOWN_LEAD,
    Rule,
    build_future_rule,
    build_instant_rules,
    build_rule_sql,
)
from crm.reading.typed_tables import (
    LEAD_ID_COLUMNS,
    collect_instant_findings,
    collect_trimmed_id_findings,
    count_shapes,
    find_minority_units,
    mark_repeated_rows,
    type_table,
)

INSTANTS = ("converted_at", "closed_at")


def list_wanted_columns(outcomes: OutcomesSection) -> list[WantedColumn]:
    """The columns to read of the outcomes; ``closed_at`` may be missing if only its default is."""
    required = "closed_at" in outcomes.model_fields_set
    columns = [
        WantedColumn("lead_id", "lead_id", outcomes.lead_id),
        WantedColumn("converted_at", "converted_at", outcomes.converted_at),
        WantedColumn("closed_at", "closed_at", outcomes.closed_at, required),
    ]
    return [column for column in columns if column.name]


def build_outcome_rules(minority: Mapping[str, Sequence[str]]) -> tuple[Rule, ...]:
    """The rules for outcomes, in the order in which they decide, but for the last.

    Parameters
    ----------
    minority : instant -> shapes of its rarer epoch units
    """
    rules = [REPEATED_HEADER, EXACT_DUPLICATE, EMPTY_ID, CONFLICTING_ID, UNKNOWN_LEAD]
    for name in INSTANTS:
        rules += build_instant_rules(name, required=False, minority=minority[name])
        rules.append(build_future_rule(name))
    return tuple(rules)


def read_outcomes(bench: DuckDBSession, raw: RawTable) -> tuple[Rule, ...]:
    """Type and judge the outcomes; ``outcomes_by_lead`` holds one row a lead that has some.

    A lead of which a row was quarantined is ``is_set_aside``: nobody knows how it ended.
    ``leads_typed`` must be there. Returns the rules in the order in which they decide.
    """
    type_table(bench, raw, LEAD_ID_COLUMNS, INSTANTS)
    mark_repeated_rows(bench, "outcomes", INSTANTS)
    rules = build_outcome_rules(find_minority_units(bench, "outcomes", INSTANTS))
    bench.run(
        f"""CREATE TEMP TABLE outcomes_read AS
        SELECT *, {build_rule_sql(rules)} AS rule
        FROM (SELECT *, lead_id IS NOT NULL AND NOT is_repeated
                  AND count(*) FILTER (NOT is_repeated) OVER (PARTITION BY lead_id) > 1
                  AS is_conflicting,
                  lead_id IN (SELECT lead_id FROM leads_typed
                              WHERE lead_id IS NOT NULL AND NOT is_header) AS is_known
              FROM (SELECT *, is_header OR row IN (SELECT row FROM outcomes_repeated) AS is_repeated
                    FROM outcomes_typed))"""
    )
    quarantines = ", ".join(str(i) for i, r in enumerate(rules) if r.action == "quarantine")
    held = ", ".join(
        f"any_value({name}) FILTER (rule IS NULL) AS {name}, "
        f"any_value({name}_shape) FILTER (rule IS NULL) AS {name}_shape"
        for name in INSTANTS
    )
    bench.run(
        f"""CREATE TEMP TABLE outcomes_by_lead AS
        SELECT lead_id, {held}, coalesce(bool_or(rule IN ({quarantines})), false) AS is_set_aside
        FROM outcomes_read WHERE lead_id IS NOT NULL GROUP BY lead_id"""
    )
    return rules


def judge_outcomes(bench: DuckDBSession, rules: Sequence[Rule]) -> tuple[int, tuple[Rule, ...]]:
    """Create ``outcomes_judged``: sound outcomes of leads that were set aside are excluded.

    ``lead_keys`` must be there. Returns the rows kept, and the rules with the one added.
    """
    bench.run(
        f"""CREATE TEMP TABLE outcomes_judged AS
        SELECT o.row, CASE WHEN o.rule IS NULL AND k.position IS NULL THEN {len(rules)}::USMALLINT
                           ELSE o.rule END AS rule
        FROM outcomes_read o LEFT JOIN lead_keys k ON k.lead_id = o.lead_id"""
    )
    ((kept,),) = bench.rows("SELECT count(*) FROM outcomes_judged WHERE rule IS NULL")
    return int(kept), (*rules, LEAD_SET_ASIDE)


def collect_outcome_findings(bench: DuckDBSession, raw: RawTable, zone: str) -> list[Finding]:
    """What reading the outcomes repaired or took for granted."""
    findings = collect_trimmed_id_findings(bench, raw)
    for name in INSTANTS:
        if name in raw.shown:
            shapes = count_shapes(bench, "outcomes", name)
            findings += collect_instant_findings(bench, raw, name, shapes, zone)
    return findings
