"""Published frames to one self-contained HTML page: no script, no request, charts as SVG.

The page holds no clock time, so that equal input gives equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from publications.charts.gain_charts import (
    draw_calibration_chart,
    draw_gain_chart,
    draw_lists_chart,
    draw_tiers_chart,
    render_svg,
)
from publications.charts.monitoring_charts import draw_drift_chart, draw_gain_since_training_chart
from publications.charts.theme import Theme
from publications.tables.summaries import (
    compute_calibration,
    compute_gain_by_list,
    list_records,
    select_list_dates,
)
from publications.wording import formatting, monitoring
from publications.wording.headline import Headline, build_headline

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

THEMES: tuple[Theme, ...] = ("light", "dark")
WORKLIST_ROWS = 10
SHOWN_COLUMNS = [
    *("rank", "lead_id", "tier", "score", "reason_1", "reason_2", "reason_3"),
    *("created_at", "last_activity_at"),
]
"""All that the page may show of a lead: no owner, no profile."""


@dataclass(frozen=True)
class Proof:
    """The evidence for the model's order."""

    gains: "pd.DataFrame"
    gain_table: "pd.DataFrame"
    tiers: "pd.DataFrame"
    backtest: "pd.DataFrame"
    """As in backtest.parquet; ``list_date`` is used where it is there."""
    model_version: int
    model_sha256: str
    verdict: str
    """The sentence of the model's proof, which the headline replaces."""
    trained_from: datetime
    trained_until: datetime
    """First and last list that the deployed model learned from."""
    training_rows: int
    training_conversions: int
    depth: float = 0.30
    """The share of tier A: where the headline is read."""


@dataclass(frozen=True)
class ReportFacts:
    """All that is on the page; instants are aware, shares run from 0 to 1."""

    as_of: datetime
    worklist: "pd.DataFrame"
    counts: "pd.DataFrame"
    """table, rows_in, kept, quarantined, excluded."""
    quarantine: "pd.DataFrame"
    horizon_days: int
    code_version: str
    proof: Proof | None = None
    no_model_reason: str = ""
    """Why there is no proof and what is missing, as whole sentences."""
    most_fresh_by: str = "last inbound activity"
    warnings: Sequence[str] = field(default_factory=tuple)
    """The caveats of the model and the gate's warnings, as sentences."""
    notes: Sequence[str] = field(default_factory=tuple)
    """What was repaired or left out on purpose, as sentences."""
    watch: Mapping[str, Any] | None = None
    """As in monitoring.json; its reasons for being degraded go to the top."""
    drift: "pd.DataFrame | None" = None
    """As in drift.csv."""
    decision: Mapping[str, Any] | None = None
    """As in decision.json."""
    first_warnings: Sequence[str] = field(default_factory=tuple)
    """Sentences to read first, such as that another model than the champion ranked the list."""
    name: str = ""
    """The subject of the list, such as "Loan applications"."""


def render_report(facts: ReportFacts) -> str:
    """Write the page.

    Parameters
    ----------
    facts : ReportFacts
        Without a proof the page says at its top that there is no model, and why. A sentence that
        has a section of its own is not repeated among the warnings.

    Raises
    ------
    ValueError
        There is neither a proof nor a reason for its absence.
    """
    if facts.proof is None and not facts.no_model_reason:
        raise ValueError("without a proof the report needs no_model_reason")
    proof = facts.proof
    first_warnings = monitoring.collect_first_warnings(facts.watch, facts.first_warnings)
    noted = [] if proof is None or facts.watch is None else facts.watch["notes"]
    html = (
        _build_environment()
        .get_template("report.html.j2")
        .render(
            facts=facts,
            leads_today=len(facts.worklist),
            top=list_records(facts.worklist.head(WORKLIST_ROWS)[SHOWN_COLUMNS]),
            counts=list_records(facts.counts),
            quarantined=_count_quarantined(facts.quarantine),
            proof=proof,
            first_warnings=first_warnings,
            degraded_explanation=monitoring.DEGRADED_EXPLANATION,
            drift_explanation=monitoring.DRIFT_EXPLANATION,
            warnings=[text for text in facts.warnings if text not in (*first_warnings, *noted)],
            decision=_build_decision_context(facts),
            watch=None if proof is None else _build_monitoring_context(facts, proof),
            **({} if proof is None else _build_proof_context(proof)),
        )
    )
    return formatting.keep_units(html)


def _build_proof_context(proof: Proof) -> dict[str, Any]:
    found = build_headline(proof.gains, proof.gain_table, proof.depth)
    lists = select_list_dates(proof.backtest)
    return {
        "headline": found,
        "gain_rows": _build_gain_rows(proof.gain_table),
        "tiers": list_records(proof.tiers),
        "tested": {
            "lists": int(lists.nunique()),
            "first": lists.min(),
            "last": lists.max(),
            "rows": len(proof.backtest),
            "leads": int(proof.backtest["lead_id"].nunique()),
            "conversions": int(proof.backtest["converted"].sum()),
            "customers": int(proof.backtest.query("converted == 1")["lead_id"].nunique()),
        },
        "pictures": _draw_pictures(proof, found),
    }


def _build_decision_context(facts: ReportFacts) -> dict[str, Any] | None:
    decision = facts.decision
    if decision is None or facts.no_model_reason == decision["sentence"]:  # already at the top
        return None
    watch, verdict = (None, "") if facts.proof is None else (facts.watch, facts.proof.verdict)
    return {
        "sentences": monitoring.build_decision_sentences(decision, watch, shown_verdict=verdict),
        "rows": monitoring.build_decision_rows(decision, shown_verdict=verdict),
    }


def _build_monitoring_context(facts: ReportFacts, proof: Proof) -> dict[str, Any] | None:
    watch = facts.watch
    if watch is None:
        return None
    periods = monitoring.compare_periods(watch, proof.gain_table)
    pictures: dict[str, dict[Theme, Any]] = {"since": {}, "drift": {}}
    drift = facts.drift
    if drift is not None and not (drift["drifted"] == 1).any():
        drift = None
    for theme in THEMES:
        if len(periods):
            depth = float(watch["since_training"]["depth"])
            pictures["since"][theme] = draw_gain_since_training_chart(
                periods, depth=depth, theme=theme
            )
        if drift is not None:
            pictures["drift"][theme] = draw_drift_chart(drift, theme=theme)
    return {
        "degraded": bool(watch["degraded"]),
        "age": monitoring.build_age_sentences(
            watch, decided=_build_decision_context(facts) is not None
        ),
        "since": monitoring.build_gain_sentences(watch, facts.horizon_days),
        "drift": monitoring.build_drift_sentences(watch),
        "moved": [] if drift is None else monitoring.select_largest_drift(drift)["name"].tolist(),
        "tiers": watch["tier_shares"],
        "pictures": _render_svgs(pictures),
    }


def _build_gain_rows(gain_table: "pd.DataFrame") -> list[dict[str, Any]]:
    """One row a depth: ranking -> its row of the table."""
    return [
        {"depth": depth, **{row["ranking"]: row for row in list_records(rows)}}
        for depth, rows in gain_table.groupby("depth", sort=True)
    ]


def _count_quarantined(quarantine: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows set aside, by table and rule, the most frequent first."""
    columns = ["table", "rule", "reason"]
    found = quarantine.groupby(columns, sort=True, dropna=False).size().rename("rows").reset_index()
    return list_records(found.sort_values("rows", ascending=False, kind="stable"))


def _draw_pictures(proof: Proof, found: Headline) -> dict[str, dict[Theme, str]]:
    """Name of a picture -> theme -> SVG."""
    by_list = compute_gain_by_list(proof.backtest, found.depth)
    groups = compute_calibration(proof.backtest)
    drawn: dict[str, dict[Theme, Any]] = {"gains": {}, "tiers": {}, "lists": {}, "calibration": {}}
    for theme in THEMES:
        drawn["gains"][theme] = draw_gain_chart(proof.gains, depth=found.depth, theme=theme)
        drawn["tiers"][theme] = draw_tiers_chart(proof.tiers, theme=theme)
        drawn["lists"][theme] = draw_lists_chart(by_list, depth=found.depth, theme=theme)
        drawn["calibration"][theme] = draw_calibration_chart(groups, theme=theme)
    return _render_svgs(drawn)


def _render_svgs(drawn: Mapping[str, Mapping[Theme, Any]]) -> dict[str, dict[Theme, str]]:
    return {
        name: {theme: render_svg(chart, name=f"{name}-{theme}") for theme, chart in both.items()}
        for name, both in drawn.items()
    }


def _build_environment() -> "jinja2.Environment":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("publications.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for function in (
        formatting.percent,
        formatting.percent_interval,
        formatting.points,
        formatting.signed_points,
        formatting.points_interval,
        formatting.count,
        formatting.decimal,
        formatting.day,
        formatting.minute,
    ):
        environment.filters[function.__name__] = function
    return environment
