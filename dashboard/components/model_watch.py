"""How the model does since its training, and what the last training came to, for the page Model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import reading
from dashboard.components.look import chart, figures, plain, records, sentence
from dashboard.components.page_frame import Page
from publications.charts.monitoring_charts import drift_chart, since_chart
from publications.wording import monitoring as watch_words
from publications.wording.formatting import NOTHING, count, decimal, percent, points, points_band

if TYPE_CHECKING:
    import pandas as pd

WATCH, DRIFT, DECISION = "watch.json", "drift.csv", "decision.json"


def show_wear(opened: Page) -> None:
    """Why the model is worn; nothing where it is not."""
    if not reading.has(opened.publication, WATCH):
        return
    reasons = watch_words.told_first(reading.facts(opened.publication, WATCH))
    if reasons:
        st.warning(
            "\n".join(f"- {sentence(reason)}" for reason in reasons)
            + f"\n\n{sentence(watch_words.WHAT_WORN_MEANS)}",
            title="The model is worn",
            icon=":material/warning:",
        )


def show_watch(opened: Page) -> None:
    """Age, gain since the training, drift and tier shares."""
    st.subheader("Since its training", anchor=False)
    if not reading.has(opened.publication, WATCH):
        st.caption("This list was made before leadgain watched its model. The next one shows it.")
        return
    watch = reading.facts(opened.publication, WATCH)
    decided = reading.has(opened.publication, DECISION)
    st.markdown(sentence(" ".join(watch_words.of_age(watch, decided=decided))))
    _show_since(watch, opened)
    _show_drift(watch, opened)
    _show_tiers(watch)


def _show_since(watch: Mapping[str, Any], opened: Page) -> None:
    """What the lists since the training brought, beside what was proven."""
    periods = watch_words.periods(watch, reading.table(opened.publication, "gain_table.csv"))
    st.markdown(sentence(" ".join(watch_words.of_gain(watch, opened.horizon_days))))
    if periods.empty:
        return
    then, since = records(periods)
    depth = float(watch["since_training"]["depth"])
    figures(
        {
            "Reached by the model": _beside(since["gain"], then["gain"]),
            "Most fresh first": _beside(since["most_fresh"], then["most_fresh"]),
            "Difference": (points(since["difference"]), points_band(since["low"], since["high"])),
        }
    )
    chart(since_chart(periods, depth=depth, theme=opened.theme))


def _show_drift(watch: Mapping[str, Any], opened: Page) -> None:
    """The inputs that lie farthest from the training, and whether the scores have drifted."""
    st.subheader(
        "Are today's leads like those that it learned from?",
        help=sentence(watch_words.WHAT_DRIFT_MEANS),
        anchor=False,
    )
    st.markdown(sentence(" ".join(watch_words.drift_sentences(watch))))
    if cells := _drift_figures(watch):
        figures(cells)
    if not reading.has(opened.publication, DRIFT):
        return
    drift = reading.table(opened.publication, DRIFT)
    if drift.empty:
        return
    chart(drift_chart(drift, theme=opened.theme))
    with st.expander(f"All {count(len(drift), 'input', 'inputs')}"):
        st.dataframe(_drift_rows(drift), hide_index=True)


def _drift_figures(watch: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """How many inputs have drifted, and how far the scores lie from those of the tested lists."""
    inputs, scores, cells = watch.get("inputs"), watch.get("scores"), {}
    if inputs is not None:
        weight = percent(watch_words.number(inputs["share_of_importance"]))
        drifted = f"{count(inputs['drifted'])} of {count(inputs['features'])}"
        cells["Inputs that have drifted"] = (drifted, f"{weight} of what moves the scores")
    if scores is not None:
        psi, limit = (decimal(watch_words.number(scores[name])) for name in ("psi", "limit"))
        cells["Distance of the scores"] = (psi, f"limit {limit}")
    return cells


def _drift_rows(drift: "pd.DataFrame") -> list[dict[str, str]]:
    return [
        {
            "Fact": str(row["name"]),
            "Distance": decimal(row["psi"]),
            "Limit": decimal(row["limit"]),
            "That is": row["says"],
        }
        for row in records(watch_words.farthest(drift, len(drift)))
    ]


def _show_tiers(watch: Mapping[str, Any]) -> None:
    """Today's leads by the scores that marked the tiers at the training."""
    if not watch["tier_shares"]:
        return
    st.caption(
        "Today's leads by the scores that marked the tiers at the training. Where many more or "
        "fewer reach them than then, the leads have changed, or the scores have."
    )
    cells = {}
    for row in watch["tier_shares"]:
        found, expected = (watch_words.number(row[name]) for name in ("found", "expected"))
        cells[f"Tier {row['tier']}"] = (percent(found), f"at its training {percent(expected)}")
    figures(cells)


def show_decision(opened: Page) -> None:
    """What the last training came to, why it took place, and with which numbers."""
    if not reading.has(opened.publication, DECISION):
        return
    decision = reading.facts(opened.publication, DECISION)
    st.subheader("What the last training came to", anchor=False)
    watched = reading.has(opened.publication, WATCH)
    watch = reading.facts(opened.publication, WATCH) if watched else None
    st.markdown(sentence(" ".join(watch_words.of_decision(decision, watch))))
    rows = [
        {
            "Against": plain(row["against"]),
            "New model": row["model"],
            "The other": row["other"],
            "Difference": row["difference"],
            "95 % band": row["band"] or NOTHING,
        }
        for row in watch_words.decision_rows(decision)
    ]
    if rows:
        st.table(rows, border="horizontal", hide_index=True)
        st.caption("Share of the customers reached, each comparison on the same past lists.")


def _beside(now: float, then: float) -> tuple[str, str]:
    return percent(now, 1), f"at its training {percent(then, 1)}"
