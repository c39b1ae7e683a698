"""How the model was trained and tested, what moves its scores, earlier versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import model_monitoring, publication_cache
from dashboard.components.page_elements import (
    escape_markup,
    explain_if_missing,
    show_caption,
    show_chart,
    show_fact_table,
    show_table,
)
from dashboard.components.page_frame import Page, open_page
from publications.charts.data_charts import draw_importance_chart
from publications.charts.gain_charts import draw_calibration_chart
from publications.tables.summaries import (
    build_folds_table,
    build_versions_table,
    compute_calibration,
    list_records,
)
from publications.wording.formatting import count, day, percent

if TYPE_CHECKING:
    import pandas as pd

POLICIES = {
    "periodic": "every open lead, every {days} days",
    "on_arrival": "each lead once, shortly after its creation",
}


def show_facts(model: Mapping[str, Any]) -> None:
    """Version, dates and size of the training."""
    policy = POLICIES.get(model["policy"], model["policy"]).format(days=model["every_days"])
    show_fact_table(
        {
            "Version": str(model["version"]),
            "Trained on data up to": _format_day(model["known_until"]),
            "Training lists": f"{_format_day(model['trained_from'])} to "
            f"{_format_day(model['trained_until'])}",
            "Predicts": f"whether a lead becomes a customer within {model['horizon_days']} days",
            "Lists": policy,
            "Training rows": _format_rows(model["rows"], model["conversions"]),
            "Inputs": count(model["columns"]),
            "SHA-256": f"{model['sha256'][:16]}…",
        }
    )


def show_training(model: Mapping[str, Any]) -> None:
    """The training data, and what was left out of it."""
    both = (("Training data", "trained_on"), ("Left out", "left_out"))
    for column, (title, key) in zip(st.columns(2), both, strict=True):
        column.subheader(title, anchor=False)
        sentences = model[key] or ["Nothing."]
        column.markdown("\n".join(f"- {escape_markup(sentence)}" for sentence in sentences))


def show_importance(importance: "pd.DataFrame", opened: Page) -> None:
    """What moves the scores, by group and by single fact."""
    st.subheader(
        "What moves the scores",
        help="How much each fact moves the scores, up or down, on average over all leads. It shows "
        "what the model uses, not what makes a lead convert.",
        anchor=False,
    )
    groups, features = st.tabs(["By kind of fact", "By single fact"])
    with groups:
        show_chart(draw_importance_chart(importance, level="group", theme=opened.theme))
    with features:
        show_chart(draw_importance_chart(importance, level="feature", theme=opened.theme))


def show_folds(folds: "pd.DataFrame") -> None:
    """The fits of the backtest, one row each."""
    st.subheader("How it was tested", anchor=False)
    show_caption(
        "For each of these days a model was trained only on lists whose outcomes were complete by "
        "then, and ranked the lists that followed. All gains come from these tests."
    )
    rows = [
        {
            "Tested from": day(row["origin"]),
            "Trained on": _format_rows(row["train_rows"], row["train_conversions"]),
            "Tested on": _format_rows(row["test_rows"], row["test_conversions"]),
            "leadgain": percent(row["gain"]),
            "Most fresh first": percent(row["most_fresh"]),
        }
        for row in list_records(folds)
    ]
    show_table(rows)


def show_calibration(backtest: "pd.DataFrame", opened: Page) -> None:
    """Whether the score can be read as a probability."""
    st.subheader("Can the score be read as a probability?", anchor=False)
    show_caption(
        "The tested leads in ten groups by score. On the dashed line, the conversion rate is the "
        "predicted one."
    )
    with st.container(width=520):
        show_chart(
            draw_calibration_chart(compute_calibration(backtest), theme=opened.theme, height=340)
        )


def show_versions(versions: "pd.DataFrame", verdict: str) -> None:
    """The model and its predecessors."""
    st.subheader("Model versions", anchor=False)
    rows = [
        {
            "Version": f"**{row['version']}**, in use" if row["leads"] else str(row["version"]),
            "Trained on data up to": day(row["known_until"]),
            "leadgain, calling 30 %": percent(row["gain_at_30"]),
            "Most fresh first": percent(row["most_fresh_at_30"]),
            "Decision": escape_markup(_describe_version(row, verdict)),
        }
        for row in list_records(versions)
    ]
    show_table(rows)
    st.caption("Each version on its own test lists; only the decision compares two on the same.")


def _describe_version(row: Mapping[str, Any], verdict: str) -> str:
    """The decision on a version, without the verdict that the page shows of the one in use."""
    decision = str(row["decision"] or "")
    return (decision.removeprefix(verdict).strip() or "Put in use") if row["leads"] else decision


def _format_rows(rows: int, conversions: int) -> str:
    return f"{count(rows)} rows, {count(conversions)} converted"


def _format_day(text: str) -> str:
    return day(datetime.fromisoformat(text))


with open_page("Model") as opened:
    if explain_if_missing(opened, ("model.json", "backtest.parquet"), "the model"):
        model_monitoring.show_decision(opened)
    else:
        model = publication_cache.load_json(opened.publication, "model.json")
        model_monitoring.show_degradation(opened)
        st.markdown(escape_markup(model["verdict"]))
        show_facts(model)
        model_monitoring.show_monitoring(opened)
        show_training(model)
        if publication_cache.has_files(opened.publication, "importance.csv"):
            show_importance(
                publication_cache.load_table(opened.publication, "importance.csv"), opened
            )
        show_folds(build_folds_table(model))
        show_calibration(
            publication_cache.load_table(opened.publication, "backtest.parquet"), opened
        )
        model_monitoring.show_decision(opened, shown_verdict=model["verdict"])
        show_versions(build_versions_table(model), model["verdict"])
