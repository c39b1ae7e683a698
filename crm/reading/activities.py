"""The activities: who did what, when. Millions of rows, so their text never leaves DuckDB."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from crm.contract import DIRECTIONS
from crm.export import Finding
from crm.mapping import ActivitiesSection
from crm.reading.duckdb_session import DuckDBSession
from crm.reading.files import RawTable, WantedColumn
from crm.reading.row_rules import (
    DATED_TO_CREATION,
    EMPTY_ID,
    EXACT_DUPLICATE,
    LEAD_SET_ASIDE,
    REPEATED_HEADER,
    TYPE_IS_MISSING,
    UNKNOWN_DIRECTION,
    UNKNOWN_LEAD,
    Rule,
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

INSTANT = "occurred_at"


def list_wanted_columns(activities: ActivitiesSection) -> list[WantedColumn]:
    """The columns to read of the activities; whatever leadgain.toml names must be there."""
    direction = activities.direction if isinstance(activities.direction, str) else ""
    columns = [
        WantedColumn("lead_id", "lead_id", activities.lead_id),
        WantedColumn(INSTANT, INSTANT, activities.occurred_at),
        WantedColumn("type", "type", activities.type),
        WantedColumn("direction", "direction", direction),
        WantedColumn("rep_id", "rep_id", activities.rep_id),
    ]
    return [column for column in columns if column.name]


def build_activity_rules(minority: Sequence[str]) -> tuple[Rule, ...]:
    """The rules for activities, in the order in which they decide.

    Parameters
    ----------
    minority : shapes of the rarer epoch units of ``occurred_at``
    """
    return (
        REPEATED_HEADER,
        EXACT_DUPLICATE,
        EMPTY_ID,
        UNKNOWN_LEAD,
        LEAD_SET_ASIDE,
        *build_instant_rules(INSTANT, required=True, minority=minority),
        TYPE_IS_MISSING,
        UNKNOWN_DIRECTION,
    )


def read_activities(
    bench: DuckDBSession, raw: RawTable, activities: ActivitiesSection
) -> tuple[Rule, ...]:
    """Type and judge the activities into ``activities_judged``; ``lead_keys`` must be there.

    An activity before its lead's creation is dated to the creation. Returns the rules in the order
    in which they decide.
    """
    columns = dict(LEAD_ID_COLUMNS, type="tidy(type)", rep_id="tidy(rep_id)")
    columns["direction"] = _build_direction_sql(bench, activities.direction)
    type_table(bench, raw, columns, [INSTANT], ("direction", "rep_id"))
    mark_repeated_rows(bench, "activities", [INSTANT])
    rules = build_activity_rules(find_minority_units(bench, "activities", [INSTANT])[INSTANT])
    bench.run(
        f"""CREATE TEMP TABLE activities_judged AS
        SELECT row, position, greatest(occurred_at, created_at) AS occurred_at,
            occurred_at < created_at AS was_clipped, type, direction, rep_id,
            on_day_of_creation(occurred_at, occurred_at_shape, created_at) AS was_that_day,
            {build_rule_sql(rules)} AS rule
        FROM (SELECT a.row, a.is_header, a.occurred_at, a.occurred_at_shape, a.type, a.direction,
                  a.rep_id, a.lead_id, k.position, k.created_at,
                  a.row IN (SELECT row FROM activities_repeated) AS is_repeated,
                  k.lead_id IS NOT NULL AS is_known,
                  k.lead_id IS NOT NULL AND k.position IS NULL AS is_set_aside
              FROM activities_typed a LEFT JOIN lead_keys k ON k.lead_id = a.lead_id)"""
    )
    return rules


def _build_direction_sql(bench: DuckDBSession, direction: str | Mapping[str, str]) -> str:
    """SQL for an activity's direction: by its column, by its type, or internal."""
    if isinstance(direction, str):
        return "direction_of(direction)" if direction else "'internal'::direction_of_activity"
    bench.run("CREATE TEMP TABLE directions (type VARCHAR, direction direction_of_activity)")
    for name, meaning in direction.items():
        bench.run("INSERT INTO directions VALUES (?, ?)", [name, meaning])
    return """coalesce(
        (SELECT d.direction FROM directions d WHERE d.type = cells.type),
        'internal'::direction_of_activity)"""


def load_activities_frame(bench: DuckDBSession) -> pd.DataFrame:
    """The kept activities, sorted by lead, instant and order in the file."""
    for name in ("type", "rep_id"):
        bench.run(
            f"""CREATE TYPE {name}_of_activity AS ENUM (
            SELECT DISTINCT {name} FROM activities_judged
            WHERE rule IS NULL AND {name} IS NOT NULL ORDER BY {name})"""
        )
    table = bench.table(
        """SELECT position AS lead, occurred_at, type::type_of_activity AS type,
            direction, rep_id::rep_id_of_activity AS rep_id
        FROM activities_judged WHERE rule IS NULL ORDER BY position, occurred_at, row"""
    )
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return frame


def build_empty_activities() -> pd.DataFrame:
    """The frame of an export without activities."""
    return pd.DataFrame(
        {
            "lead": np.empty(0, np.int32),
            "occurred_at": pd.DatetimeIndex([], dtype="datetime64[us, UTC]"),
            "type": pd.Categorical([], categories=pd.Index([], dtype="str")),
            "direction": pd.Categorical([], categories=pd.Index(DIRECTIONS, dtype="str")),
            "rep_id": pd.Categorical([], categories=pd.Index([], dtype="str")),
        }
    )


def collect_activity_findings(
    bench: DuckDBSession, raw: RawTable, activities: ActivitiesSection, zone: str
) -> list[Finding]:
    """What reading the activities repaired or took for granted."""
    findings = collect_trimmed_id_findings(bench, raw)
    findings += collect_instant_findings(
        bench, raw, INSTANT, count_shapes(bench, "activities", INSTANT), zone
    )
    ((clipped, that_day, ahead),) = bench.rows(
        """SELECT count(*) FILTER (was_clipped AND NOT was_that_day),
            count(*) FILTER (was_clipped AND was_that_day),
            count(*) FILTER (occurred_at > (SELECT latest FROM clock))
        FROM activities_judged WHERE rule IS NULL"""
    )
    if clipped:
        text = f"{clipped:,} activities were before their lead's creation and were moved to it."
        findings.append(Finding("activities", DATED_TO_CREATION, "info", clipped, text))
    if that_day:
        text = (
            f"{that_day:,} activities have a date without a time, that of their lead's creation, "
            "and were dated to it."
        )
        findings.append(Finding("activities", "on_day_of_creation", "info", that_day, text))
    if ahead:
        text = f"{ahead:,} activities are in the future; no list uses them before they take place."
        findings.append(Finding("activities", "in_the_future", "info", ahead, text))
    return findings + _find_unseen_types(bench, raw, activities.direction)


def _find_unseen_types(
    bench: DuckDBSession, raw: RawTable, direction: str | Mapping[str, str]
) -> list[Finding]:
    """Types that leadgain.toml gives a direction and that no activity has."""
    if isinstance(direction, str):
        return []
    unseen = bench.rows(
        "SELECT type FROM directions WHERE type NOT IN "
        "(SELECT DISTINCT type FROM activities_judged WHERE type IS NOT NULL) ORDER BY type"
    )
    if not unseen:
        return []
    names = ", ".join(repr(name) for (name,) in unseen)
    text = f"[activities] direction names types that {raw.file} does not have: {names}."
    return [Finding("activities", "unseen_type", "warning", len(unseen), text)]
