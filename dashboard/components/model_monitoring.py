"""How the model does since its training, and what the last training came to, for the page Model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import publication_cache
from dashboard.components.page_elements import (
    escape_markup,
    format_sentence,
    list_records,
    show_chart,
    show_figures,
)
from dashboard.components.page_frame import Page
from publications.charts.monitoring_charts import draw_drift_chart, draw_gain_since_training_chart
from publications.wording import monitoring as watch_words
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
    """Why the model is degraded; nothing where it is not."""
    if not publication_cache.has_files(opened.publication, WATCH):
        return
    reasons = watch_words.collect_first_warnings(
        publication_cache.load_json(opened.publication, WATCH)
    )
    if reasons:
        st.warning(
            "\n".join(f"- {format_sentence(reason)}" for reason in reasons)
            + f"\n\n{format_sentence(watch_words.DEGRADED_EXPLANATION)}",
            title="The model is degraded",
            icon=":material/warning:",
        )


def show_monitoring(opened: Page) -> None:
    """Age, gain since the training, drift and tier shares."""
    st.subheader("Since its training", anchor=False)
    if not publication_cache.has_files(opened.publication, WATCH):
        st.caption("This list was made before leadgain watched its model. The next one shows it.")
        return
    watch = publication_cache.load_json(opened.publication, WATCH)
    decided = publication_cache.has_files(opened.publication, DECISION)
    st.markdown(format_sentence(" ".join(watch_words.build_age_sentences(watch, decided=decided))))
    _show_gain_since_training(watch, opened)
    _show_drift(watch, opened)
    _show_tier_shares(watch)


def _show_gain_since_training(watch: Mapping[str, Any], opened: Page) -> None:
    """What the lists since the training brought, beside what was proven."""
    periods = watch_words.compare_periods(
        watch, publication_cache.load_table(opened.publication, "gain_table.csv")
    )
    st.markdown(
        format_sentence(" ".join(watch_words.build_gain_sentences(watch, opened.horizon_days)))
    )
    if periods.empty:
        return
    then, since = list_records(periods)
    depth = float(watch["since_training"]["depth"])
    show_figures(
        {
            "Reached by the model": _format_both_periods(since["gain"], then["gain"]),
            "Most fresh first": _format_both_periods(since["most_fresh"], then["most_fresh"]),
            "Difference": (
                points(since["difference"]),
                points_interval(since["low"], since["high"]),
            ),
        }
    )
    show_chart(draw_gain_since_training_chart(periods, depth=depth, theme=opened.theme))


def _show_drift(watch: Mapping[str, Any], opened: Page) -> None:
    """The inputs that lie farthest from the training, and whether the scores have drifted."""
    st.subheader(
        "Are today's leads like those that it learned from?",
        help=format_sentence(watch_words.DRIFT_EXPLANATION),
        anchor=False,
    )
    st.markdown(format_sentence(" ".join(watch_words.build_drift_sentences(watch))))
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
    """How many inputs have drifted, and how far the scores lie from those of the tested lists."""
    inputs, scores, cells = watch.get("inputs"), watch.get("scores"), {}
    if inputs is not None:
        weight = percent(watch_words.parse_number(inputs["share_of_importance"]))
        drifted = f"{count(inputs['drifted'])} of {count(inputs['features'])}"
        cells["Inputs that have drifted"] = (drifted, f"{weight} of what moves the scores")
    if scores is not None:
        psi, limit = (decimal(watch_words.parse_number(scores[name])) for name in ("psi", "limit"))
        cells["Distance of the scores"] = (psi, f"limit {limit}")
    return cells


def _build_drift_rows(drift: "pd.DataFrame") -> list[dict[str, str]]:
    return [
        {
            "Fact": str(row["name"]),
            "Distance": decimal(row["psi"]),
            "Limit": decimal(row["limit"]),
            "That is": row["says"],
        }
        for row in list_records(watch_words.select_largest_drift(drift, len(drift)))
    ]


def _show_tier_shares(watch: Mapping[str, Any]) -> None:
    """Today's leads by the scores that marked the tiers at the training."""
    if not watch["tier_shares"]:
        return
    st.caption(
        "Today's leads by the scores that marked the tiers at the training. Where many more or "
        "fewer reach them than then, the leads have changed, or the scores have."
    )
    cells = {}
    for row in watch["tier_shares"]:
        found, expected = (watch_words.parse_number(row[name]) for name in ("found", "expected"))
        cells[f"Tier {row['tier']}"] = (percent(found), f"at its training {percent(expected)}")
    show_figures(cells)


def show_decision(opened: Page) -> None:
    """What the last training came to, why it took place, and with which numbers."""
    if not publication_cache.has_files(opened.publication, DECISION):
        return
    decision = publication_cache.load_json(opened.publication, DECISION)
    st.subheader("What the last training came to", anchor=False)
    watched = publication_cache.has_files(opened.publication, WATCH)
    watch = publication_cache.load_json(opened.publication, WATCH) if watched else None
    st.markdown(format_sentence(" ".join(watch_words.build_decision_sentences(decision, watch))))
    rows = [
        {
            "Against": escape_markup(row["against"]),
            "New model": row["model"],
            "The other": row["other"],
            "Difference": row["difference"],
            "95 % band": row["band"] or NO_VALUE,
        }
        for row in watch_words.build_decision_rows(decision)
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True)
        st.caption("Share of the customers reached, each comparison on the same past lists.")


def _format_both_periods(now: float, then: float) -> tuple[str, str]:
    return percent(now, 1), f"at its training {percent(then, 1)}"
