"""What monitoring.json, drift.csv and decision.json say, in sentences and small tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import nan
from typing import TYPE_CHECKING, Any

from publications.wording.formatting import (
    NO_VALUE,
    count,
    day,
    decimal,
    percent,
    points,
    points_interval,
)

if TYPE_CHECKING:
    import pandas as pd

FAR_DRIFT_FACTOR = 2.0
"""An input at so many times its limit has drifted far."""
PROOF, SCORES, INPUTS, TRAINING = ("proof", "scores", "inputs", "training")
"""What a note of monitoring.json is about: see docs/publications.md."""
DRIFT_EXPLANATION = (
    "Drifted inputs mean that today's leads differ from the leads in training: another season, "
    "another campaign, or a change in how the CRM is used. Whether the ranking suffers shows only "
    "in later outcomes. Drift is measured by the population stability index (PSI): 0 is no change."
)
DEGRADED_EXPLANATION = (
    "The figures below are from past lists; with today's leads the model may reach less. "
    "`leadgain train` trains a new model and puts it in use once it is proven better."
)


NO_OUTCOMES_YET = "No outcomes are known yet for lists made since its training"


def describe_model_age(watch: Mapping[str, Any]) -> str:
    """How old the model is, from the end of its training data to the list that it ranked.

    >>> known_until = "2012-01-14T00:00:00Z"
    >>> describe_model_age({"version": 3, "known_until": known_until, "age_days": 60.2})
    'Model 3 was trained on data up to 14 January 2012, 60 days before this list.'
    """
    head = f"{_format_model_name(watch)} was trained on data up to {_format_training_day(watch)}"
    age = float(watch["age_days"])
    if age < 0:
        return f"{head}, after this list."
    if age < 0.5:
        return f"{head}, the day of this list."
    return f"{head}, {count(round(age), 'day', 'days')} before this list."


def select_notes(watch: Mapping[str, Any], *kinds: str) -> list[str]:
    """The notes of these kinds, in their order.

    >>> watch = {"notes": ["Its proof is gone.", "Two moved."], "note_kinds": ["proof", "inputs"]}
    >>> select_notes(watch, INPUTS), select_notes(watch, SCORES)
    (['Two moved.'], [])
    """
    pairs = zip(watch["note_kinds"], watch["notes"], strict=True)
    return [str(note) for kind, note in pairs if kind in kinds]


def build_age_sentences(watch: Mapping[str, Any], *, decided: bool) -> list[str]:
    """How old the model is, and when the next one comes where that is worth a note.

    ``decided``: the page describes the last training as well, and says it there.
    """
    return [describe_model_age(watch), *([] if decided else select_notes(watch, TRAINING))]


def build_decision_sentences(
    decision: Mapping[str, Any], watch: Mapping[str, Any] | None, *, shown_verdict: str = ""
) -> list[str]:
    """The result of the last training, and when the next one comes where that is worth a note.

    ``shown_verdict``: that of the model in use, which the page shows elsewhere.
    """
    sentence = str(decision["sentence"]).removeprefix(shown_verdict).strip()
    said = describe_decision({**decision, "sentence": sentence})
    return [said, *([] if watch is None else select_notes(watch, TRAINING))]


def build_gain_sentences(watch: Mapping[str, Any], horizon_days: int) -> list[str]:
    """What the lists since the training showed, and whether the proof still holds."""
    return [describe_gain_since_training(watch, horizon_days), *select_notes(watch, PROOF)]


def summarize_model_state(watch: Mapping[str, Any]) -> str:
    """The model's age, its gain since the training and whether it is degraded, in two sentences.

    >>> watch = {"version": 3, "known_until": "2012-01-14T00:00:00Z", "age_days": 60.2,
    ...          "degraded": False, "reasons": [], "since_training": None}
    >>> summarize_model_state(watch)
    'Model 3 is 60 days old and not degraded. No outcomes are known yet for lists made since its
    training.'
    """
    age = max(float(watch["age_days"]), 0.0)
    old = count(round(age), "day", "days") if age >= 0.5 else "less than a day"
    state = "degraded" if watch["degraded"] else "not degraded"
    since = watch.get("since_training")
    if since is None:
        gain = NO_OUTCOMES_YET
    else:
        lists = count(since["lists"], "list", "lists")
        gain = (
            f"On the {lists} since its training, calling the first {percent(since['depth'])} "
            f"reached {percent(parse_number(since['gain']), 1)} of the customers, most fresh first "
            f"{percent(parse_number(since['most_fresh']), 1)} (difference "
            f"{format_difference(since)})"
        )
    return f"{_format_model_name(watch)} is {old} old and {state}. {gain}."


def describe_gain_since_training(watch: Mapping[str, Any], horizon_days: int) -> str:
    """What the lists since the training showed, and how sure that is."""
    since = watch.get("since_training")
    if since is None:
        after = count(horizon_days, "day", "days")
        return f"{NO_OUTCOMES_YET}: a list's outcomes are known after {after}."
    low, high = parse_number(since["low"]), parse_number(since["high"])
    if low > 0:
        verdict = "leadgain's order is still better, and not by chance."
    elif high < 0:
        verdict = "Most fresh first was the better order on these lists."
    else:
        verdict = (
            "The range of the difference includes zero, so these lists alone do not prove that "
            "leadgain's order is better."
        )
    return f"{since['sentence']} {verdict}"


def compare_periods(watch: Mapping[str, Any], gain_table: "pd.DataFrame") -> "pd.DataFrame":
    """Set the gains proven at the training beside those of the lists since then.

    Parameters
    ----------
    watch : as in monitoring.json
    gain_table : DataFrame as in gain_table.csv, read at its depth nearest to that of the watch

    Returns
    -------
    DataFrame with columns period, gain, most_fresh, difference, low, high; without rows where no
    outcomes are known since the training
    """
    import pandas as pd

    columns = ["period", "gain", "most_fresh", "difference", "low", "high"]
    since = watch.get("since_training")
    if since is None:
        return pd.DataFrame(columns=columns)
    away = (gain_table["depth"] - float(since["depth"])).abs()
    proven = gain_table[away == away.min()].set_index("ranking")
    model = proven.loc["model"]
    then = [
        *(model["gain"], proven.loc["most_fresh", "gain"]),
        *(model["difference_to_most_fresh"], model["difference_low"], model["difference_high"]),
    ]
    now = [parse_number(since[name]) for name in columns[1:]]
    rows = [["In the backtest", *map(float, then)], ["Since then", *now]]
    return pd.DataFrame(rows, columns=columns)


def build_drift_sentences(watch: Mapping[str, Any]) -> list[str]:
    """How many inputs have drifted, what they weigh, and whether the scores have drifted.

    A note about either takes the place of the plain figure.

    >>> build_drift_sentences({"inputs": {"features": 40, "drifted": 0, "share_of_importance": 0.0},
    ...                  "scores": {"psi": 0.01, "limit": 0.25}, "notes": [], "note_kinds": []})
    ['None of the 40 inputs has drifted.',
     "Today's score distribution matches the backtest (PSI 0.01, limit 0.25)."]
    """
    inputs, scores = watch.get("inputs"), watch.get("scores")
    said = []
    if inputs is None and scores is None:
        said.append("Today's list cannot be compared with the training data.")
    if inputs is not None and not select_notes(watch, INPUTS):
        said.append(_describe_drifted_inputs(inputs))
    if scores is not None and not select_notes(watch, SCORES):
        said.append(
            _describe_score_drift(parse_number(scores["psi"]), parse_number(scores["limit"]))
        )
    return [*said, *select_notes(watch, SCORES, INPUTS)]


def _describe_drifted_inputs(inputs: Mapping[str, Any]) -> str:
    drifted, of = int(inputs["drifted"]), f"the {count(inputs['features'], 'input', 'inputs')}"
    if not drifted:
        return f"None of {of} has drifted."
    have, share = "has" if drifted == 1 else "have", inputs["share_of_importance"]
    weight = "" if share is None else f", with {percent(share)} of what moves the scores"
    return f"{count(drifted)} of {of} {have} drifted{weight}."


def _describe_score_drift(psi: float, limit: float) -> str:
    verb = "differs from" if psi > limit else "matches"
    return (
        f"Today's score distribution {verb} the backtest (PSI {decimal(psi)}, limit "
        f"{decimal(limit)})."
    )


def select_largest_drift(drift: "pd.DataFrame", most: int = 10) -> "pd.DataFrame":
    """Name the inputs that have drifted most, and say how far.

    Returns
    -------
    DataFrame with columns name, psi, limit, drifted (bool), status

    >>> import pandas as pd
    >>> drift = pd.DataFrame({"group": "Mail", "feature": ["total count", "kind"],
    ...                       "psi": [0.3, 0.05], "limit": 0.1, "drifted": [1, 0]})
    >>> select_largest_drift(drift)[["name", "status"]].values
    array([['Mail: total count', 'drifted far'], ['Mail: kind', 'within limit']],
    dtype=object)
    """
    import pandas as pd

    shown = drift.head(most).reset_index(drop=True)
    pairs = zip(shown["psi"], shown["limit"], shown["drifted"], strict=True)
    return pd.DataFrame(
        {
            "name": shown["group"].astype("object") + ": " + shown["feature"].astype("object"),
            "psi": shown["psi"],
            "limit": shown["limit"],
            "drifted": shown["drifted"] == 1,
            "status": [
                f"drifted{' far' if psi > FAR_DRIFT_FACTOR * limit else ''}"
                if drifted
                else "within limit"
                for psi, limit, drifted in pairs
            ],
        }
    )


def describe_decision(decision: Mapping[str, Any]) -> str:
    """The result of the last training, and the reason for it.

    >>> describe_decision({"list_as_of": "2012-01-14T00:00:00Z", "why_trained": "no model yet",
    ...                    "version": None, "promoted": False, "sentence": "80 are too few."})
    'The last training, on data up to 14 January 2012, produced no model. 80 are too few.
    Reason for the training: no model yet.'
    """
    when = (
        f"The last training, on data up to {day(datetime.fromisoformat(decision['list_as_of']))},"
    )
    if decision["version"] is None:
        result = "produced no model."
    elif decision["promoted"]:
        result = f"produced model {decision['version']}, which is now in use."
    else:
        result = f"produced model {decision['version']}, which was not put in use."
    why = str(decision.get("why_trained") or "").rstrip(".")
    reason = f"Reason for the training: {why}." if why else ""
    return " ".join(part for part in (when, result, str(decision["sentence"]), reason) if part)


def build_decision_rows(
    decision: Mapping[str, Any], *, shown_verdict: str = ""
) -> list[dict[str, str]]:
    """The numbers of a decision, one row a comparison, in words and figures.

    ``shown_verdict``: as for ``build_decision_sentences``; its figures are shown with it.

    Returns
    -------
    Dicts with the keys against, model, other, difference, interval; none where nothing was
    compared
    """
    rows = []
    proof, duel = decision.get("proof"), decision.get("duel")
    if proof and not (shown_verdict and str(decision["sentence"]).startswith(shown_verdict)):
        rows.append(_build_comparison("Most fresh first", proof, proof["most_fresh"]))
    if duel:
        on = f", on {count(duel['rows'], 'row', 'rows')}" if duel.get("rows") else ""
        champion = f"Model {duel['champion']}, in use before{on}"
        rows.append(_build_comparison(champion, duel, duel["champion_gain"]))
    return rows


def collect_first_warnings(watch: Mapping[str, Any] | None, more: Sequence[str] = ()) -> list[str]:
    """Sentences for the top of a page, each once; the reasons for a degraded model come first."""
    degraded = list(watch["reasons"]) if watch is not None and watch["degraded"] else []
    return list(dict.fromkeys([*degraded, *more]))


def format_difference(compared: Mapping[str, Any]) -> str:
    """A difference in points with its 95 % interval, from a mapping of difference, low and high.

    >>> format_difference({"difference": 0.1, "low": 0.06, "high": 0.14})
    '+10.0 points, 95 % range +6.0 to +14.0 points'
    """
    value, low, high = (parse_number(compared[name]) for name in ("difference", "low", "high"))
    if low != low or high != high:  # noqa: PLR0124  (there is no interval)
        return points(value)
    return f"{points(value)}, 95 % range {points_interval(low, high)}"


def parse_number(value: Any) -> float:
    """A figure of a JSON file; nan where it is null."""
    return nan if value is None else float(value)


def _build_comparison(against: str, figures: Mapping[str, Any], other: Any) -> dict[str, str]:
    interval = points_interval(parse_number(figures["low"]), parse_number(figures["high"]))
    return {
        "against": against,
        "model": percent(parse_number(figures["gain"]), 1),
        "other": percent(parse_number(other), 1),
        "difference": points(parse_number(figures["difference"])),
        "interval": "" if interval == NO_VALUE else interval,
    }


def _format_model_name(watch: Mapping[str, Any]) -> str:
    version = watch.get("version")
    return "The model" if version is None else f"Model {version}"


def _format_training_day(watch: Mapping[str, Any]) -> str:
    return day(datetime.fromisoformat(watch["known_until"]))
