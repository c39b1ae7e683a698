"""The data: checks of the export, rows kept, quarantined and excluded, freshness."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import list_warnings, publication_cache
from dashboard.components.list_age import compute_list_age
from dashboard.components.page_elements import escape_markup, show_caption, show_chart, show_table
from dashboard.components.page_frame import Page, open_page
from publications.charts.data_charts import draw_volumes_chart
from publications.tables.safe_csv import encode_csv
from publications.tables.summaries import list_records
from publications.wording.formatting import NO_VALUE, count, minute

if TYPE_CHECKING:
    import pandas as pd

SEVERITY = {"error": "stops the list", "warning": "warning", "info": "note"}


def show_check_summary(checks: Mapping[str, Any]) -> None:
    """How many checks passed, and those that failed."""
    results = checks.get("checks") or []
    failed = [result for result in results if not result["passed"]]
    if not results:
        st.caption("This list does not include the results of its checks.")
        return
    if not failed:
        st.success(
            f"All {count(len(results))} checks of the export passed.", icon=":material/check:"
        )
        return
    passed = count(len(results) - len(failed))
    st.warning(
        "\n".join(f"- {escape_markup(result['message'])}" for result in failed),
        title=f"{passed} of {count(len(results))} checks passed; these failed",
        icon=":material/warning:",
    )


def collect_shown_messages(checks: Mapping[str, Any]) -> set[str]:
    """The messages of the checks and findings, which the page shows already."""
    shown = [*(checks.get("checks") or []), *(checks.get("findings") or [])]
    return {result["message"] for result in shown}


def show_row_counts(opened: Page) -> None:
    """Rows in, kept, quarantined and excluded, table by table."""
    st.subheader("Every row is accounted for", anchor=False)
    st.caption(
        "Rows in = kept + quarantined + excluded. Quarantined rows failed a check; excluded rows "
        "are valid but not used, such as exact duplicates."
    )
    rows = [
        {
            "Table": f"**{escape_markup(str(row['table']))}**",
            "Rows in": count(row["rows_in"]),
            "Kept": count(row["kept"]),
            "Quarantined": count(row["quarantined"]),
            "Excluded": count(row["excluded"]),
        }
        for row in opened.publication.manifest["counts"].get("rows", [])
    ]
    show_table(rows)


def show_findings(checks: Mapping[str, Any]) -> None:
    """What was fixed or skipped, in sentences."""
    findings = checks.get("findings") or []
    if not findings:
        return
    st.subheader("Fixed or skipped", anchor=False)
    st.markdown("\n".join(f"- {escape_markup(finding['message'])}" for finding in findings))


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
                "Result": result["message"],
                "If it fails": SEVERITY.get(result["severity"], result["severity"]),
            }
            for result in results
        ]
        st.dataframe(rows, hide_index=True)


def show_quarantine(quarantine: "pd.DataFrame", opened: Page) -> None:
    """The quarantined rows, with their place and reason."""
    st.subheader("Quarantine", anchor=False)
    if quarantine.empty:
        st.caption("No rows were quarantined.")
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
        "Download quarantined rows, CSV",
        data=partial(encode_csv, quarantine),
        file_name=f"quarantine-{opened.as_of:%Y-%m-%d}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        help="File, line, column, rule and reason of each, to fix them in the CRM.",
    )


def show_freshness(opened: Page) -> None:
    """How recent each table of the export is."""
    st.subheader("Freshness of the export", anchor=False)
    if not publication_cache.has_files(opened.publication, "freshness.csv"):
        st.caption("This list does not include freshness; the next one will.")
        return
    rows = [
        {
            "Table": f"**{escape_markup(row['table'])}**",
            "Latest entry": minute(row["newest_at"]),
            "Before the list": _format_age_before_list(row["newest_at"], opened),
            "Rows": count(row["rows"]),
        }
        for row in list_records(publication_cache.load_table(opened.publication, "freshness.csv"))
    ]
    show_table(rows)


def _format_age_before_list(newest: datetime, opened: Page) -> str:
    """How long before the list; a table without a time stamp has no newest."""
    return compute_list_age(newest, opened.as_of).words if minute(newest) != NO_VALUE else NO_VALUE


def show_volumes(opened: Page) -> None:
    """Activities a day, by kind."""
    st.subheader("Activities per day", anchor=False)
    if not publication_cache.has_files(opened.publication, "volumes.csv"):
        st.caption("The export has no activities.")
        return
    volumes = publication_cache.load_table(opened.publication, "volumes.csv")
    if volumes.empty:
        st.caption("No activity in the 90 days before the list.")
        return
    show_caption("In the 90 days before the list. A type that has stopped shows as a gap.")
    show_chart(draw_volumes_chart(volumes, theme=opened.theme, width=820))


with open_page("Data") as opened:
    checks = publication_cache.load_json(opened.publication, "data_checks.json")
    show_check_summary(checks)
    show_checks(checks)
    list_warnings.show_further_warnings(opened, collect_shown_messages(checks))
    show_row_counts(opened)
    show_findings(checks)
    show_quarantine(publication_cache.load_table(opened.publication, "quarantine.parquet"), opened)
    show_freshness(opened)
    show_volumes(opened)
