"""Whether the export can be trusted: what was checked, kept, set aside and left out."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import list_warnings, reading
from dashboard.components.list_age import list_age
from dashboard.components.look import chart, plain, records
from dashboard.components.page_frame import Page, page
from publications.charts.data_charts import volumes_chart
from publications.tables.safe_csv import csv_bytes
from publications.wording.formatting import NOTHING, count, minute

if TYPE_CHECKING:
    import pandas as pd

SEVERITY = {"error": "stops the list", "warning": "worth a look", "info": "good to know"}


def show_verdict(checks: Mapping[str, Any]) -> None:
    """How many checks hold, and those that do not."""
    results = checks.get("checks") or []
    failed = [result for result in results if not result["passed"]]
    if not results:
        st.caption("This list came without the results of its checks.")
        return
    if not failed:
        st.success(f"All {count(len(results))} checks of the export hold.", icon=":material/check:")
        return
    held = count(len(results) - len(failed))
    st.warning(
        "\n".join(f"- {plain(result['message'])}" for result in failed),
        title=f"{held} of {count(len(results))} checks hold; these do not",
        icon=":material/warning:",
    )


def told_of(checks: Mapping[str, Any]) -> set[str]:
    """The sentences that the checks and findings of this page say already."""
    said = [*(checks.get("checks") or []), *(checks.get("findings") or [])]
    return {result["message"] for result in said}


def show_rows(opened: Page) -> None:
    """Rows in, kept, quarantined and excluded, table by table."""
    st.subheader("Every row is accounted for", anchor=False)
    st.caption(
        "Rows in = kept + quarantined + excluded. Quarantined rows cannot be trusted; excluded "
        "rows are sound but left out on purpose, such as exact repetitions."
    )
    rows = [
        {
            "Table": f"**{plain(str(row['table']))}**",
            "Rows in": count(row["rows_in"]),
            "Kept": count(row["kept"]),
            "Quarantined": count(row["quarantined"]),
            "Excluded": count(row["excluded"]),
        }
        for row in opened.publication.manifest["counts"].get("rows", [])
    ]
    st.table(rows, border="horizontal", hide_index=True)


def show_findings(checks: Mapping[str, Any]) -> None:
    """What was repaired or left out, in sentences."""
    findings = checks.get("findings") or []
    if not findings:
        return
    st.subheader("Repaired or left out", anchor=False)
    st.markdown("\n".join(f"- {plain(finding['message'])}" for finding in findings))


def show_checks(checks: Mapping[str, Any]) -> None:
    """Every check with what was expected and found."""
    results = checks.get("checks") or []
    if not results:
        return
    with st.expander(f"All {count(len(results))} checks"):
        rows = [
            {
                "": "✓" if result["passed"] else "✗",
                "Table": result["table"],
                "Column": result["column"] or "",
                "Expected": result["expected"],
                "Found": result["message"],
                "If not": SEVERITY.get(result["severity"], result["severity"]),
            }
            for result in results
        ]
        st.dataframe(rows, hide_index=True)


def show_quarantine(quarantine: "pd.DataFrame", opened: Page) -> None:
    """The rows that were set aside, with their place and reason."""
    st.subheader("Quarantine", anchor=False)
    if quarantine.empty:
        st.caption("No row had to be set aside.")
        return
    by_rule = (
        quarantine.groupby(["table", "rule", "reason"], dropna=False).size().rename("rows")
    ).reset_index()
    st.dataframe(
        by_rule.sort_values("rows", ascending=False),
        hide_index=True,
        column_config={
            "table": "Table",
            "rule": "Rule",
            "reason": st.column_config.TextColumn("Reason", width="large"),
            "rows": st.column_config.NumberColumn("Rows", format="localized"),
        },
    )
    st.download_button(
        "Download the rows set aside, CSV",
        data=partial(csv_bytes, quarantine),
        file_name=f"quarantine-{opened.as_of:%Y-%m-%d}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        help="File, line, column, rule and reason of each; mend them in the CRM.",
    )


def show_freshness(opened: Page) -> None:
    """How recent each table of the export is."""
    st.subheader("How fresh the export is", anchor=False)
    if not reading.has(opened.publication, "freshness.csv"):
        st.caption("This list does not say how recent its tables are; the next one will.")
        return
    rows = [
        {
            "Table": f"**{plain(row['table'])}**",
            "Latest entry": minute(row["newest_at"]),
            "Before the list": _before(row["newest_at"], opened),
            "Rows": count(row["rows"]),
        }
        for row in records(reading.table(opened.publication, "freshness.csv"))
    ]
    st.table(rows, border="horizontal", hide_index=True)


def _before(newest: datetime, opened: Page) -> str:
    """How long before the list; a table without a time stamp has no newest."""
    return list_age(newest, opened.as_of).words if minute(newest) != NOTHING else NOTHING


def show_volumes(opened: Page) -> None:
    """Activities a day, by kind."""
    st.subheader("Activities a day", anchor=False)
    if not reading.has(opened.publication, "volumes.csv"):
        st.caption("The export has no activities, or this list was made before they were counted.")
        return
    volumes = reading.table(opened.publication, "volumes.csv")
    if volumes.empty:
        st.caption("No activity in the last 90 days before the list.")
        return
    st.caption("The last 90 days before the list. A kind that fell silent shows as a gap.")
    chart(volumes_chart(volumes, theme=opened.theme, width=820))


with page("Data") as opened:
    checks = reading.facts(opened.publication, "data_checks.json")
    show_verdict(checks)
    show_checks(checks)
    list_warnings.tell_in_full(opened, told_of(checks))
    show_rows(opened)
    show_findings(checks)
    show_quarantine(reading.table(opened.publication, "quarantine.parquet"), opened)
    show_freshness(opened)
    show_volumes(opened)
