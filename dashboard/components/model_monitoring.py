"""The model since its training, and the last training, for the page Model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import publication_cache
from dashboard.components.page_elements import (
    escape_markup,
    format_sentence,
    show_chart,
    show_figures,
    show_table,
)
from dashboard.components.page_frame import Page
from publications.charts.monitoring_charts import draw_drift_chart, draw_gain_since_training_chart
from publications.tables.summaries import list_records
from publications.wording import monitoring
from publications.wording.formatting import (
    NO_VALUE,
    count,
    decimal,
    percent,
    points,
    points_interval,
)

if TYPE_CHECKING:
    import pandas as pd

WATCH, DRIFT, DECISION = "monitoring.json", "drift.csv", "decision.json"


def show_degradation(opened: Page) -> None:
    """The reasons for a degraded model; nothing where it is not."""
    if not publication_cache.has_files(opened.publication, WATCH):
        return
    reasons = monitoring.collect_first_warnings(
        publication_cache.load_json(opened.publication, WATCH)
    )
    if reasons:
        st.warning(
            "\n".join(f"- {format_sentence(reason)}" for reason in reasons)
            + f"\n\n{format_sentence(monitoring.DEGRADED_EXPLANATION)}",
            title="The model is degraded",
            icon=":material/warning:",
        )


def show_monitoring(opened: Page) -> None:
    """Age, gain since the training, drift and tier shares."""
    st.subheader("Since its training", anchor=False)
    if not publication_cache.has_files(opened.publication, WATCH):
        st.caption("This list does not include monitoring. The next one will.")
        return
    watch = publication_cache.load_json(opened.publication, WATCH)
    decided = publication_cache.has_files(opened.publication, DECISION)
    st.markdown(format_sentence(" ".join(monitoring.build_age_sentences(watch, decided=decided))))
    _show_gain_since_training(watch, opened)
    _show_drift(watch, opened)
    _show_tier_shares(watch)


def _show_gain_since_training(watch: Mapping[str, Any], opened: Page) -> None:
    """The gains of the lists since the training, compared with the proof."""
    periods = monitoring.compare_periods(
        watch, publication_cache.load_table(opened.publication, "gain_table.csv")
    )
    st.markdown(
        format_sentence(" ".join(monitoring.build_gain_sentences(watch, opened.horizon_days)))
    )
    if periods.empty:
        return
    then, since = list_records(periods)
    depth = float(watch["since_training"]["depth"])
    show_figures(
        {
            "Reached by leadgain": _format_both_periods(since["gain"], then["gain"]),
            "Most fresh first": _format_both_periods(since["most_fresh"], then["most_fresh"]),
            "Difference": (
                points(since["difference"]),
                points_interval(since["low"], since["high"]),
            ),
        }
    )
    show_chart(draw_gain_since_training_chart(periods, depth=depth, theme=opened.theme))


def _show_drift(watch: Mapping[str, Any], opened: Page) -> None:
    """The inputs that have drifted most, and whether the scores have drifted."""
    st.subheader(
        "Do today's leads look like the leads in training?",
        help=format_sentence(monitoring.DRIFT_EXPLANATION),
        anchor=False,
    )
    st.markdown(format_sentence(" ".join(monitoring.build_drift_sentences(watch))))
    if cells := _build_drift_figures(watch):
        show_figures(cells)
    if not publication_cache.has_files(opened.publication, DRIFT):
        return
    drift = publication_cache.load_table(opened.publication, DRIFT)
    if drift.empty:
        return
    show_chart(draw_drift_chart(drift, theme=opened.theme))
    with st.expander(f"All {count(len(drift), 'input', 'inputs')}"):
        st.dataframe(_build_drift_rows(drift), hide_index=True)


def _build_drift_figures(watch: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """How many inputs have drifted, and the drift of the scores from the backtest."""
    inputs, scores, cells = watch.get("inputs"), watch.get("scores"), {}
    if inputs is not None:
        weight = percent(monitoring.parse_number(inputs["share_of_importance"]))
        drifted = f"{count(inputs['drifted'])} of {count(inputs['features'])}"
        cells["Drifted inputs"] = (drifted, f"{weight} of what moves the scores")
    if scores is not None:
        psi, limit = (decimal(monitoring.parse_number(scores[name])) for name in ("psi", "limit"))
        cells["Drift of the scores (PSI)"] = (psi, f"limit {limit}")
    return cells


def _build_drift_rows(drift: "pd.DataFrame") -> list[dict[str, str]]:
    return [
        {
            "Input": str(row["name"]),
            "PSI": decimal(row["psi"]),
            "Limit": decimal(row["limit"]),
            "Status": row["status"],
        }
        for row in list_records(monitoring.select_largest_drift(drift, len(drift)))
    ]


def _show_tier_shares(watch: Mapping[str, Any]) -> None:
    """Today's leads by the scores that separated the tiers in training."""
    if not watch["tier_shares"]:
        return
    st.caption(
        "Today's leads by the scores that separated the tiers in training. A large difference "
        "means that the leads or the scores have changed."
    )
    cells = {}
    for row in watch["tier_shares"]:
        found, expected = (monitoring.parse_number(row[name]) for name in ("found", "expected"))
        cells[f"Tier {row['tier']}"] = (percent(found), f"in training {percent(expected)}")
    show_figures(cells)


def show_decision(opened: Page, *, shown_verdict: str = "") -> None:
    """The result of the last training, the reason for it and its numbers.

    ``shown_verdict``: the sentence of the model's proof, where the page shows it.
    """
    if not publication_cache.has_files(opened.publication, DECISION):
        return
    decision = publication_cache.load_json(opened.publication, DECISION)
    st.subheader("The last training", anchor=False)
    watched = publication_cache.has_files(opened.publication, WATCH)
    watch = publication_cache.load_json(opened.publication, WATCH) if watched else None
    sentences = monitoring.build_decision_sentences(decision, watch, shown_verdict=shown_verdict)
    st.markdown(format_sentence(" ".join(sentences)))
    rows = [
        {
            "Compared with": escape_markup(row["against"]),
            "New model": row["model"],
            "Other model or order": row["other"],
            "Difference": row["difference"],
            "95 % range": row["interval"] or NO_VALUE,
        }
        for row in monitoring.build_decision_rows(decision, shown_verdict=shown_verdict)
    ]
    if rows:
        show_table(rows)
        st.caption("Share of the customers reached, each comparison on the same past lists.")


def _format_both_periods(now: float, then: float) -> tuple[str, str]:
    return percent(now, 1), f"in the backtest {percent(then, 1)}"
