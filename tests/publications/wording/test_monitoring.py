"""How a model does since its training, in words that can be checked against the figures."""

import pandas as pd
import pytest

from publications.wording import monitoring as watch_words
from tests.publications.conftest import made_up_gain_table
from tests.publications.made_up_monitoring import (
    DEGRADED_REASON,
    made_up_decision,
    made_up_degraded_watch,
    made_up_drift,
    made_up_watch,
    made_up_watch_with_kinds,
)


def made_up_watch_since(**changes: object) -> dict[str, object]:
    return made_up_watch(since_training={**made_up_watch()["since_training"], **changes})


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-3.0, "after the instant of this list."),
        (0.2, "the day of this list."),
        (1.0, "1 day before this list."),
        (59.6, "60 days before this list."),
    ],
)
def test_the_age_of_a_model_is_told_in_days(days: float, told: str) -> None:
    sentence = watch_words.describe_model_age(made_up_watch(age_days=days))
    assert sentence == f"Model 3 was trained on what was known by 14 January 2012, {told}"


def test_in_short_stand_the_age_the_gain_and_whether_the_model_is_worn() -> None:
    assert watch_words.summarize_model_state(made_up_watch()) == (
        "Model 3 is 60 days old and not degraded; on the 4 lists since its training calling the "
        "first 30 % reached 49.0 % of the customers, most fresh first 38.0 % (difference +11.0 "
        "points, 95 % band +6.0 to +16.0 points)."
    )
    assert "60 days old and degraded;" in watch_words.summarize_model_state(
        made_up_degraded_watch()
    )


def test_a_model_of_today_is_less_than_a_day_old() -> None:
    watch = made_up_watch(age_days=0.0, since_training=None)
    assert watch_words.summarize_model_state(watch) == (
        "Model 3 is less than a day old and not degraded; no list since its training has matured "
        "yet."
    )


def test_without_a_matured_list_it_says_when_there_will_be_one() -> None:
    told = watch_words.describe_gain_since_training(made_up_watch(since_training=None), 30)
    assert "No list since its training has matured yet" in told
    assert "known after 30 days" in told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.01, 0.2, "still the better one, and not by chance"),
        (-0.01, 0.2, "it is not proven that the model's order is the better one"),
        (-0.2, -0.01, "most fresh first was the better order"),
        (None, None, "it is not proven"),
    ],
)
def test_how_sure_the_gain_is_follows_from_its_band(
    low: float | None, high: float | None, told: str
) -> None:
    sentence = watch_words.describe_gain_since_training(made_up_watch_since(low=low, high=high), 30)
    assert sentence.startswith("On the 4 lists since the training")
    assert told in sentence


def test_what_was_proven_stands_beside_what_came_since() -> None:
    found = watch_words.compare_periods(made_up_watch(), made_up_gain_table())
    assert found["period"].tolist() == ["At its training", "Since then"]
    assert found["gain"].round(3).tolist() == [0.51, 0.49]
    assert found["most_fresh"].round(3).tolist() == [0.393, 0.38]
    assert found["low"].round(3).tolist() == [0.077, 0.06]
    assert watch_words.compare_periods(
        made_up_watch(since_training=None), made_up_gain_table()
    ).empty


def test_the_table_is_read_at_the_depth_nearest_to_that_of_the_watch() -> None:
    found = watch_words.compare_periods(made_up_watch_since(depth=0.45), made_up_gain_table())
    assert found["gain"].round(3).tolist() == [0.75, 0.49]  # 1 - (1 - 0.5) ** 2


def test_drift_is_told_by_how_many_inputs_what_they_weigh_and_the_scores() -> None:
    told = watch_words.build_drift_sentences(made_up_watch(notes=[]))
    assert told == [
        "2 of the 40 inputs have drifted: they lie farther from the training than chance explains. "
        "12 % of what moves the scores comes from there.",
        "The scores of this list are spread as they were on the tested lists.",
    ]
    spread = made_up_watch(scores={"psi": 0.5, "limit": 0.1}, notes=[])
    assert "(distance 0.50, limit 0.10)" in watch_words.build_drift_sentences(spread)[1]


def test_what_the_notes_tell_is_not_told_again() -> None:
    notes = [
        "2 of 40 inputs have drifted, with 12 % of what moves the scores: Age of the lead.",
        "The scores of today's leads are spread otherwise than on the tested lists.",
        "The next list matures on 19 March 2012.",
    ]
    scores = {"psi": 0.5, "limit": 0.1}
    older = made_up_watch(scores=scores, notes=notes)
    assert watch_words.build_drift_sentences(older) == notes
    inputs, spread, last = watch_words.build_drift_sentences(older | {"notes": notes[2:]})
    assert inputs.startswith("2 of the 40 inputs have drifted")
    assert spread.startswith("The scores of this list are spread otherwise")
    assert last == notes[2]


def test_notes_stand_where_their_kinds_belong_whatever_their_words() -> None:
    watch = made_up_watch_with_kinds()
    assert watch_words.build_age_sentences(watch, decided=False)[1:] == ["A training."]
    assert watch_words.build_age_sentences(watch, decided=True)[1:] == []
    assert watch_words.build_decision_sentences(made_up_decision(), watch)[1:] == ["A training."]
    assert watch_words.build_decision_sentences(made_up_decision(), None)[1:] == []
    assert watch_words.build_gain_sentences(watch, 30)[1:] == ["A proof."]
    assert watch_words.build_drift_sentences(watch) == ["A spread.", "A move.", "Something new."]


def test_a_kind_decides_and_not_the_words() -> None:
    told = "The scores of the month are in."
    watch = made_up_watch(notes=[told], note_kinds=["training"])
    assert watch_words.build_age_sentences(watch, decided=False)[1:] == [told]
    assert len(watch_words.build_drift_sentences(watch)) == 2, "nothing is taken for told"


def test_every_note_is_told_once() -> None:
    watch = made_up_watch_with_kinds()
    told = [
        *watch_words.build_age_sentences(watch, decided=True),
        *watch_words.build_decision_sentences(made_up_decision(), watch),
        *watch_words.build_gain_sentences(watch, 30),
        *watch_words.build_drift_sentences(watch),
    ]
    assert [told.count(note) for note in watch["notes"]] == [1] * 5


def test_one_input_that_drifted_and_whose_weight_is_not_known() -> None:
    inputs = {"features": 40, "drifted": 1, "share_of_importance": None}
    told = watch_words.build_drift_sentences(made_up_watch(inputs=inputs, notes=[]))
    assert told[0] == (
        "1 of the 40 inputs has drifted: it lies farther from the training than chance explains."
    )


def test_a_list_that_cannot_be_compared_says_so() -> None:
    watch = made_up_watch(inputs=None, scores=None, notes=[])
    assert watch_words.build_drift_sentences(watch) == [
        "Today's list cannot be held against those that the model learned from."
    ]


def test_an_input_beyond_twice_its_limit_has_drifted_far() -> None:
    drift = made_up_drift().assign(psi=[0.25, 0.24] + [0.1] * 8)
    found = watch_words.select_largest_drift(drift, 3)
    assert found["says"].tolist() == ["drifted far", "drifted", "within its limit"]
    assert found["name"].tolist()[0] == "Offer returned: days since the last one"
    assert found["drifted"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "brought model 3, which was let lead. The challenger is not worse"),
        ({"promoted": False}, "brought model 3, which was not let lead."),
        ({"version": None, "promoted": False}, "brought no model."),
    ],
)
def test_a_decision_is_told_with_its_reason(changes: dict[str, object], told: str) -> None:
    sentence = watch_words.describe_decision(made_up_decision(**changes))
    assert sentence.startswith("The last training, as of 14 January 2012, ")
    assert told in sentence
    assert sentence.endswith("Why it took place: the last training is 7 days old.")
    unknown = watch_words.describe_decision(made_up_decision(why_trained=None))
    assert "Why it took place" not in unknown


def test_the_numbers_of_a_decision_name_whom_the_model_was_held_against() -> None:
    fresh, champion = watch_words.build_decision_rows(made_up_decision())
    assert list(fresh.values()) == [
        *("Most fresh first", "51.0 %", "39.3 %", "+11.7 points", "+7.7 to +15.7 points"),
    ]
    assert champion["against"] == "Model 2, which led before, on 780 rows"
    assert champion["other"] == "50.5 %"


def test_a_comparison_that_came_to_nothing_has_no_figures() -> None:
    duel = dict.fromkeys(made_up_decision()["duel"]) | {"champion": 2, "rows": 0}
    rows = watch_words.build_decision_rows(made_up_decision(proof=None, duel=duel))
    assert [list(row.values()) for row in rows] == [
        ["Model 2, which led before", "\N{EN DASH}", "\N{EN DASH}", "\N{EN DASH}", ""]
    ]


def test_why_a_model_is_worn_is_told_first_and_nothing_is_told_twice() -> None:
    assert watch_words.collect_first_warnings(
        made_up_degraded_watch(), ["Version 2 ranks.", DEGRADED_REASON]
    ) == [
        *(DEGRADED_REASON, "Version 2 ranks."),
    ]
    assert watch_words.collect_first_warnings(made_up_watch(reasons=["Not so bad."])) == []
    assert watch_words.collect_first_warnings(None, ["Version 2 ranks."]) == ["Version 2 ranks."]


def test_no_word_of_it_is_jargon() -> None:
    watch = made_up_degraded_watch()
    frame: pd.DataFrame = watch_words.select_largest_drift(made_up_drift())
    told = " ".join(
        [
            *(
                watch_words.describe_model_age(watch),
                watch_words.describe_gain_since_training(watch, 30),
            ),
            *(*watch_words.build_drift_sentences(watch), watch_words.summarize_model_state(watch)),
            *(watch_words.describe_decision(made_up_decision()), *frame["says"]),
            *(watch_words.DRIFT_EXPLANATION, watch_words.DEGRADED_EXPLANATION),
        ]
    ).lower()
    for word in ("psi", "stability", "nan", "none", "null", "bootstrap"):
        assert word not in told.split()
