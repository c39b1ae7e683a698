"""What monitoring.json, drift.csv and decision.json say, in sentences and small tables."""

import re
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
PROOF, SCORES, INPUTS, TRAINING = KINDS = ("proof", "scores", "inputs", "training")
"""What a note of monitoring.json is about: see docs/publications.md."""
NOTE_PATTERNS = {
    INPUTS: re.compile(r"\binputs? (has|have) drifted"),
    SCORES: re.compile(r"^The scores of "),
    PROOF: re.compile(r"^Judged again "),
    TRAINING: re.compile(r"matured since the last training"),
}
"""Publications of an older leadgain tell no kinds: there a note is known by its words."""
OTHER_KIND = ""
DRIFT_EXPLANATION = (
    "An input that has drifted tells that the leads of today are others than those that the model "
    "learned from: another season, another campaign, or something that is kept differently in the "
    "CRM. Whether the model ranks them any worse shows only in the customers that it reaches."
)
DEGRADED_EXPLANATION = (
    "What it reached on past lists stands below; with the leads of today it may reach less. "
    "`leadgain train` brings a new model, which leads once it is proven."
)


def describe_model_age(watch: Mapping[str, Any]) -> str:
    """How old the model is, counted from what it knew to the list that it ranked.

    >>> trained_as_of = "2012-01-14T00:00:00Z"
    >>> describe_model_age({"version": 3, "trained_as_of": trained_as_of, "age_days": 60.2})
    'Model 3 was trained on what was known by 14 January 2012, 60 days before this list.'
    """
    day = _format_training_day(watch)
    head = f"{_format_model_name(watch)} was trained on what was known by {day}"
    age = float(watch["age_days"])
    if age < 0:
        return f"{head}, after the instant of this list."
    if age < 0.5:
        return f"{head}, the day of this list."
    return f"{head}, {count(round(age), 'day', 'days')} before this list."


def select_notes(watch: Mapping[str, Any], *kinds: str) -> list[str]:
    """The notes of these kinds, in their order.

    >>> watch = {"notes": ["Its proof is gone.", "Two moved."], "note_kinds": ["proof", "inputs"]}
    >>> select_notes(watch, INPUTS), select_notes(watch, SCORES)
    (['Two moved.'], [])
    """
    return [note for kind, note in _pair_notes_with_kinds(watch) if kind in kinds]


def _pair_notes_with_kinds(watch: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kind and sentence of each note; a kind of a newer leadgain is ``OTHER_KIND``."""
    notes = [str(note) for note in watch["notes"]]
    kinds = watch.get("note_kinds")
    if kinds is None:
        kinds = [
            next((kind for kind, words in NOTE_PATTERNS.items() if words.search(note)), OTHER_KIND)
            for note in notes
        ]
    known = [kind if kind in KINDS else OTHER_KIND for kind in kinds]
    return list(zip(known, notes, strict=True))


def build_age_sentences(watch: Mapping[str, Any], *, decided: bool) -> list[str]:
    """How old the model is, and when the next is trained where that is worth a note.

    ``decided``: the last training is told as well, and when the next one comes stands there.
    """
    return [describe_model_age(watch), *([] if decided else select_notes(watch, TRAINING))]


def build_decision_sentences(
    decision: Mapping[str, Any], watch: Mapping[str, Any] | None
) -> list[str]:
    """What the last training came to, and when the next one comes where that is worth a note."""
    return [describe_decision(decision), *([] if watch is None else select_notes(watch, TRAINING))]


def build_gain_sentences(watch: Mapping[str, Any], horizon_days: int) -> list[str]:
    """What the lists since the training showed, and whether the proof has ceased to hold."""
    return [describe_gain_since_training(watch, horizon_days), *select_notes(watch, PROOF)]


def summarize_model_state(watch: Mapping[str, Any]) -> str:
    """The age, the gain since the training and whether the model is degraded, for a screen's line.

    >>> watch = {"version": 3, "trained_as_of": "2012-01-14T00:00:00Z", "age_days": 60.2,
    ...          "degraded": False, "reasons": [], "since_training": None}
    >>> summarize_model_state(watch)
    'Model 3 is 60 days old and not degraded; no list since its training has matured yet.'
    """
    age = max(float(watch["age_days"]), 0.0)
    old = count(round(age), "day", "days") if age >= 0.5 else "less than a day"
    state = "degraded" if watch["degraded"] else "not degraded"
    since = watch.get("since_training")
    if since is None:
        told = "no list since its training has matured yet."
    else:
        lists = count(since["lists"], "list", "lists")
        told = (
            f"on the {lists} since its training calling the first {percent(since['depth'])} "
            f"reached {percent(parse_number(since['gain']), 1)} of the customers, most fresh first "
            f"{percent(parse_number(since['most_fresh']), 1)} (difference "
            f"{format_difference(since)})."
        )
    return f"{_format_model_name(watch)} is {old} old and {state}; {told}"


def describe_gain_since_training(watch: Mapping[str, Any], horizon_days: int) -> str:
    """What the lists since the training showed, and how sure that is."""
    since = watch.get("since_training")
    if since is None:
        return (
            "No list since its training has matured yet: the outcome of a list is known after "
            f"{count(horizon_days, 'day', 'days')}. Until then nobody knows what it reaches on "
            "leads that came after its training."
        )
    low, high = parse_number(since["low"]), parse_number(since["high"])
    if low > 0:
        sure = "So the model's order is still the better one, and not by chance."
    elif high < 0:
        sure = "So most fresh first was the better order on these lists."
    else:
        sure = (
            "The band of the difference includes 0: on these lists alone it is not proven that the "
            "model's order is the better one."
        )
    return f"{since['sentence']} {sure}"


def compare_periods(watch: Mapping[str, Any], gain_table: "pd.DataFrame") -> "pd.DataFrame":
    """Set what was proven at the training beside what came of the lists since then.

    Parameters
    ----------
    watch : as in monitoring.json
    gain_table : DataFrame as in gain_table.csv, read at its depth nearest to that of the watch

    Returns
    -------
    DataFrame with columns period, gain, most_fresh, difference, low, high; without rows where no
    list has matured since the training
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
    rows = [["At its training", *map(float, then)], ["Since then", *now]]
    return pd.DataFrame(rows, columns=columns)


def build_drift_sentences(watch: Mapping[str, Any]) -> list[str]:
    """How many inputs have drifted, what they weigh, and whether the scores have drifted.

    What the watch's own notes tell of it is not told again; notes of no known kind follow.

    >>> build_drift_sentences({"inputs": {"features": 40, "drifted": 0, "share_of_importance": 0.0},
    ...                  "scores": {"psi": 0.01, "limit": 0.25}, "notes": []})
    ['None of the 40 inputs has drifted: as far as one can tell they lie where they lay at the
    training.', 'The scores of this list are spread as they were on the tested lists.']
    """
    inputs, scores = watch.get("inputs"), watch.get("scores")
    told = []
    if inputs is None and scores is None:
        told.append("Today's list cannot be held against those that the model learned from.")
    if inputs is not None and not select_notes(watch, INPUTS):
        told.append(_describe_drifted_inputs(inputs))
    if scores is not None and not select_notes(watch, SCORES):
        told.append(
            _describe_score_drift(parse_number(scores["psi"]), parse_number(scores["limit"]))
        )
    return [*told, *select_notes(watch, SCORES, INPUTS, OTHER_KIND)]


def _describe_drifted_inputs(inputs: Mapping[str, Any]) -> str:
    drifted, of = int(inputs["drifted"]), f"the {count(inputs['features'], 'input', 'inputs')}"
    if not drifted:
        return (
            f"None of {of} has drifted: as far as one can tell they lie where they lay at the "
            "training."
        )
    have = "has drifted: it lies" if drifted == 1 else "have drifted: they lie"
    share = inputs["share_of_importance"]
    weight = (
        "" if share is None else f" {percent(share)} of what moves the scores comes from there."
    )
    return (
        f"{count(drifted)} of {of} {have} farther from the training than chance explains.{weight}"
    )


def _describe_score_drift(psi: float, limit: float) -> str:
    if psi > limit:
        return (
            "The scores of this list are spread otherwise than on the tested lists (distance "
            f"{decimal(psi)}, limit {decimal(limit)})."
        )
    return "The scores of this list are spread as they were on the tested lists."


def select_largest_drift(drift: "pd.DataFrame", most: int = 10) -> "pd.DataFrame":
    """Name the inputs that lie farthest from the training, and say how far that is.

    Returns
    -------
    DataFrame with columns name, psi, limit, drifted (bool), says

    >>> import pandas as pd
    >>> drift = pd.DataFrame({"group": "Mail", "feature": ["how many ever", "its kind"],
    ...                       "psi": [0.3, 0.05], "limit": 0.1, "drifted": [1, 0]})
    >>> select_largest_drift(drift)[["name", "says"]].values
    array([['Mail: how many ever', 'drifted far'], ['Mail: its kind', 'within its limit']],
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
            "says": [
                f"drifted{' far' if psi > FAR_DRIFT_FACTOR * limit else ''}"
                if drifted
                else "within its limit"
                for psi, limit, drifted in pairs
            ],
        }
    )


def describe_decision(decision: Mapping[str, Any]) -> str:
    """What the last training came to, and why it took place.

    >>> describe_decision({"as_of": "2012-01-14T00:00:00Z", "why_trained": "there was none yet",
    ...                    "version": None, "promoted": False, "sentence": "80 are too few."})
    'The last training, as of 14 January 2012, brought no model. 80 are too few.
    Why it took place: there was none yet.'
    """
    when = f"The last training, as of {day(datetime.fromisoformat(decision['as_of']))},"
    if decision["version"] is None:
        brought = "brought no model."
    elif decision["promoted"]:
        brought = f"brought model {decision['version']}, which was let lead."
    else:
        brought = f"brought model {decision['version']}, which was not let lead."
    why = str(decision.get("why_trained") or "").rstrip(".")
    because = f"Why it took place: {why}." if why else ""
    return f"{when} {brought} {decision['sentence']} {because}".strip()


def build_decision_rows(decision: Mapping[str, Any]) -> list[dict[str, str]]:
    """The numbers of a decision, one row a comparison, in words and figures.

    Returns
    -------
    Dicts with the keys against, model, other, difference, band; none where nothing was compared
    """
    rows = []
    proof, duel = decision.get("proof"), decision.get("duel")
    if proof:
        rows.append(_build_comparison("Most fresh first", proof, proof["most_fresh"]))
    if duel:
        on = f", on {count(duel['rows'], 'row', 'rows')}" if duel.get("rows") else ""
        champion = f"Model {duel['champion']}, which led before{on}"
        rows.append(_build_comparison(champion, duel, duel["champion_gain"]))
    return rows


def collect_first_warnings(watch: Mapping[str, Any] | None, more: Sequence[str] = ()) -> list[str]:
    """What must be read before the list, each sentence once: first why the model is degraded."""
    degraded = list(watch["reasons"]) if watch is not None and watch["degraded"] else []
    return list(dict.fromkeys([*degraded, *more]))


def format_difference(compared: Mapping[str, Any]) -> str:
    """A difference in points with its 95 % band, from anything that has difference, low and high.

    >>> format_difference({"difference": 0.1, "low": 0.06, "high": 0.14})
    '+10.0 points, 95 % band +6.0 to +14.0 points'
    """
    value, low, high = (parse_number(compared[name]) for name in ("difference", "low", "high"))
    if low != low or high != high:  # noqa: PLR0124  (there is no band)
        return points(value)
    return f"{points(value)}, 95 % band {points_interval(low, high)}"


def parse_number(value: Any) -> float:
    """A figure of a JSON file; nan where it is null."""
    return nan if value is None else float(value)


def _build_comparison(against: str, figures: Mapping[str, Any], other: Any) -> dict[str, str]:
    band = points_interval(parse_number(figures["low"]), parse_number(figures["high"]))
    return {
        "against": against,
        "model": percent(parse_number(figures["gain"]), 1),
        "other": percent(parse_number(other), 1),
        "difference": points(parse_number(figures["difference"])),
        "band": "" if band == NO_VALUE else band,
    }


def _format_model_name(watch: Mapping[str, Any]) -> str:
    version = watch.get("version")
    return "The model" if version is None else f"Model {version}"


def _format_training_day(watch: Mapping[str, Any]) -> str:
    return day(datetime.fromisoformat(watch["trained_as_of"]))
