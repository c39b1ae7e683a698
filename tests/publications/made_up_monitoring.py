"""How the made-up model does since its training, and what the last training came to."""

from typing import Any

import pandas as pd

DEGRADED_REASON = (
    "On the 4 lists since its training the difference to most fresh first has "
    "shrunk from +11.7 to +2.1 points (95 % range -1.9 to +6.1)."
)


def made_up_watch(**changes: object) -> dict[str, Any]:
    """A model of 60 days that still ranks better, while two of its inputs have drifted."""
    watch: dict[str, Any] = {
        "version": 3,
        "known_until": "2012-01-14T00:00:00Z",
        "age_days": 60.0,
        "degraded": False,
        "reasons": [],
        "notes": ["2 inputs weigh too little to call for a training."],
        "note_kinds": ["inputs"],
        "scores": {"psi": 0.04, "limit": 0.12},
        "inputs": {"features": 40, "drifted": 2, "share_of_importance": 0.12},
        "tier_shares": [
            {"tier": "A", "expected": 0.3, "found": 0.36},
            {"tier": "B", "expected": 0.4, "found": 0.38},
            {"tier": "C", "expected": 0.3, "found": 0.26},
        ],
        "since_training": {
            "lists": 4,
            "from": "2012-01-21T00:00:00Z",
            "until": "2012-02-11T00:00:00Z",
            "rows": 800,
            "conversions": 240,
            "depth": 0.3,
            "gain": 0.49,
            "most_fresh": 0.38,
            "difference": 0.11,
            "low": 0.06,
            "high": 0.16,
            "sentence": "On the 4 lists since the training the first 30 % of each list reach 49 % "
            "of the conversions; most fresh first reaches 38 %.",
        },
    }
    if changes.get("notes") == []:
        watch["note_kinds"] = []
    return {**watch, **changes}


def made_up_watch_with_kinds() -> dict[str, Any]:
    """One note of each kind; their words do not show which."""
    notes = ["A proof.", "A spread.", "A move.", "A training."]
    kinds = ["proof", "scores", "inputs", "training"]
    return made_up_watch(notes=notes, note_kinds=kinds)


def made_up_degraded_watch() -> dict[str, Any]:
    """A model that hardly ranks better any more."""
    since = {**made_up_watch()["since_training"], "gain": 0.401, "most_fresh": 0.38}
    since |= {"difference": 0.021, "low": -0.019, "high": 0.061}
    return made_up_watch(degraded=True, reasons=[DEGRADED_REASON], since_training=since)


def made_up_drift() -> pd.DataFrame:
    """Ten inputs, of which two are beyond their limits."""
    psi = [0.9, 0.3, 0.1, 0.08, 0.05, 0.04, 0.03, 0.02, 0.01, 0.0]
    return pd.DataFrame(
        {
            "group": pd.Series(
                ["Offer returned"] * 2 + ["Age of the lead"] + ["Call by a rep"] * 7, dtype="str"
            ),
            "feature": pd.Series(
                ["days since the last one", "count in the last 7 days", "days since creation"]
                + [f"count in the last {7 * weeks} days" for weeks in range(1, 8)],
                dtype="str",
            ),
            "psi": psi,
            "limit": 0.12,
            "drifted": [int(value > 0.12) for value in psi],
        }
    )


def made_up_decision(**changes: object) -> dict[str, Any]:
    """Version 3 took over from version 2, by its proof and by a comparison on the same lists."""
    decision: dict[str, Any] = {
        "list_as_of": "2012-01-14T00:00:00Z",
        "why_trained": "the last training is 7 days old",
        "version": 3,
        "promoted": True,
        "sentence": "The challenger is not worse than the champion.",
        "proof": {
            "depth": 0.3,
            "gain": 0.51,
            "most_fresh": 0.393,
            "difference": 0.117,
            "low": 0.077,
            "high": 0.157,
        },
        "duel": {
            "champion": 2,
            "verdict": "not worse",
            "rows": 780,
            "gain": 0.51,
            "champion_gain": 0.505,
            "difference": 0.005,
            "low": -0.012,
            "high": 0.022,
        },
    }
    return {**decision, **changes}
