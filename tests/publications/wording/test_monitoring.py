"""How a model does since its training, in words that can be checked against the figures."""

import pandas as pd
import pytest

from publications.wording import monitoring
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
    ("days", "words"),
    [
        (-3.0, "after this list."),
        (0.2, "the day of this list."),
        (1.0, "1 day before this list."),
        (59.6, "60 days before this list."),
    ],
)
def test_the_age_of_a_model_is_in_days(days: float, words: str) -> None:
    sentence = monitoring.describe_model_age(made_up_watch(age_days=days))
    assert sentence == f"Model 3 was trained on data up to 14 January 2012, {words}"


def test_the_summary_has_the_age_the_gain_and_the_state() -> None:
    summary = monitoring.summarize_model_state(made_up_watch())
    for words in ("60 days old and not degraded", "49.0 %", "38.0 %", "+6.0 to +16.0 points"):
        assert words in summary
    assert "60 days old and degraded." in monitoring.summarize_model_state(made_up_degraded_watch())


def test_a_model_of_today_is_less_than_a_day_old() -> None:
    watch = made_up_watch(age_days=0.0, since_training=None)
    summary = monitoring.summarize_model_state(watch)
    assert "less than a day old" in summary
    assert summary.endswith(f"{monitoring.NO_OUTCOMES_YET}.")


def test_without_outcomes_it_says_when_there_will_be_some() -> None:
    sentence = monitoring.describe_gain_since_training(made_up_watch(since_training=None), 30)
    assert "No outcomes are known yet" in sentence
    assert "after 30 days" in sentence


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.2, "still better, and not by chance"),
        (-0.01, 0.2, "includes zero"),
        (-0.2, -0.01, "Most fresh first was the better order"),
        (None, None, "do not prove"),
    ],
)
def test_the_verdict_follows_from_the_interval(
    low: float | None, high: float | None, words: str
) -> None:
    sentence = monitoring.describe_gain_since_training(made_up_watch_since(low=low, high=high), 30)
    assert sentence.startswith("On the 4 lists since the training")
    assert words in sentence


def test_the_proof_and_the_lists_since_are_compared() -> None:
    found = monitoring.compare_periods(made_up_watch(), made_up_gain_table())
    assert found["period"].tolist() == ["In the backtest", "Since then"]
    assert found["gain"].round(3).tolist() == [0.51, 0.49]
    assert found["most_fresh"].round(3).tolist() == [0.393, 0.38]
    assert found["low"].round(3).tolist() == [0.077, 0.06]
    assert monitoring.compare_periods(
        made_up_watch(since_training=None), made_up_gain_table()
    ).empty


def test_the_table_is_read_at_the_depth_nearest_to_that_of_the_watch() -> None:
    found = monitoring.compare_periods(made_up_watch_since(depth=0.45), made_up_gain_table())
    assert found["gain"].round(3).tolist() == [0.75, 0.49]  # 1 - (1 - 0.5) ** 2


def test_drift_is_described_by_inputs_their_weight_and_the_scores() -> None:
    inputs, scores = monitoring.build_drift_sentences(made_up_watch(notes=[]))
    assert inputs == "2 of the 40 inputs have drifted, with 12 % of what moves the scores."
    assert "matches the backtest (PSI 0.04, limit 0.12)" in scores
    drifted = made_up_watch(scores={"psi": 0.5, "limit": 0.1}, notes=[])
    assert "differs from the backtest" in monitoring.build_drift_sentences(drifted)[1]


def test_notes_go_where_their_kinds_belong_whatever_their_words() -> None:
    watch = made_up_watch_with_kinds()
    assert monitoring.build_age_sentences(watch, decided=False)[1:] == ["A training."]
    assert monitoring.build_age_sentences(watch, decided=True)[1:] == []
    assert monitoring.build_decision_sentences(made_up_decision(), watch)[1:] == ["A training."]
    assert monitoring.build_decision_sentences(made_up_decision(), None)[1:] == []
    assert monitoring.build_gain_sentences(watch, 30)[1:] == ["A proof."]
    assert monitoring.build_drift_sentences(watch) == ["A spread.", "A move."]


def test_every_note_is_shown_once() -> None:
    watch = made_up_watch_with_kinds()
    shown = [
        *monitoring.build_age_sentences(watch, decided=True),
        *monitoring.build_decision_sentences(made_up_decision(), watch),
        *monitoring.build_gain_sentences(watch, 30),
        *monitoring.build_drift_sentences(watch),
    ]
    assert [shown.count(note) for note in watch["notes"]] == [1] * 4


def test_one_input_that_drifted_and_whose_weight_is_not_known() -> None:
    inputs = {"features": 40, "drifted": 1, "share_of_importance": None}
    sentences = monitoring.build_drift_sentences(made_up_watch(inputs=inputs, notes=[]))
    assert sentences[0] == "1 of the 40 inputs has drifted."


def test_a_list_that_cannot_be_compared_says_so() -> None:
    watch = made_up_watch(inputs=None, scores=None, notes=[])
    assert "cannot be compared" in " ".join(monitoring.build_drift_sentences(watch))


def test_an_input_beyond_twice_its_limit_has_drifted_far() -> None:
    drift = made_up_drift().assign(psi=[0.25, 0.24] + [0.1] * 8)
    found = monitoring.select_largest_drift(drift, 3)
    assert found["status"].tolist() == ["drifted far", "drifted", "within limit"]
    assert found["name"].tolist()[0] == "Offer returned: days since the last one"
    assert found["drifted"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "produced model 3, which is now in use. The challenger is not worse"),
        ({"promoted": False}, "model 3, which was not put in use."),
        ({"version": None, "promoted": False}, "produced no model."),
    ],
)
def test_a_decision_comes_with_its_reason(changes: dict[str, object], words: str) -> None:
    sentence = monitoring.describe_decision(made_up_decision(**changes))
    assert "up to 14 January 2012" in sentence
    assert words in sentence
    assert sentence.endswith("Reason for the training: the last training is 7 days old.")
    unknown = monitoring.describe_decision(made_up_decision(why_trained=None))
    assert "Reason" not in unknown


def test_a_verdict_that_the_page_shows_is_not_repeated() -> None:
    shown = "Calling the first 30 % reaches 51 %."
    decision = made_up_decision(sentence=f"{shown} The champion cannot be used.")
    (sentence,) = monitoring.build_decision_sentences(decision, None, shown_verdict=shown)
    assert shown not in sentence
    assert "The champion cannot be used." in sentence
    (duel,) = monitoring.build_decision_rows(decision, shown_verdict=shown)
    assert duel["other"] == "50.5 %"


def test_the_numbers_of_a_decision_name_what_was_compared() -> None:
    fresh, champion = monitoring.build_decision_rows(made_up_decision())
    assert list(fresh.values()) == [
        *("Most fresh first", "51.0 %", "39.3 %", "+11.7 points", "+7.7 to +15.7 points"),
    ]
    assert champion["against"] == "Model 2, in use before, on 780 rows"
    assert champion["other"] == "50.5 %"


def test_a_comparison_that_came_to_nothing_has_no_figures() -> None:
    duel = dict.fromkeys(made_up_decision()["duel"]) | {"champion": 2, "rows": 0}
    rows = monitoring.build_decision_rows(made_up_decision(proof=None, duel=duel))
    assert [list(row.values()) for row in rows] == [
        ["Model 2, in use before", "\N{EN DASH}", "\N{EN DASH}", "\N{EN DASH}", ""]
    ]


def test_the_reasons_for_a_degraded_model_come_first_and_once() -> None:
    assert monitoring.collect_first_warnings(
        made_up_degraded_watch(), ["Version 2 ranks.", DEGRADED_REASON]
    ) == [
        *(DEGRADED_REASON, "Version 2 ranks."),
    ]
    assert monitoring.collect_first_warnings(made_up_watch(reasons=["Not so bad."])) == []
    assert monitoring.collect_first_warnings(None, ["Version 2 ranks."]) == ["Version 2 ranks."]


def test_no_word_of_it_is_jargon() -> None:
    watch = made_up_degraded_watch()
    frame: pd.DataFrame = monitoring.select_largest_drift(made_up_drift())
    text = " ".join(
        [
            *(
                monitoring.describe_model_age(watch),
                monitoring.describe_gain_since_training(watch, 30),
            ),
            *(*monitoring.build_drift_sentences(watch), monitoring.summarize_model_state(watch)),
            *(monitoring.describe_decision(made_up_decision()), *frame["status"]),
            *(monitoring.DRIFT_EXPLANATION, monitoring.DEGRADED_EXPLANATION),
        ]
    ).lower()
    for word in ("nan", "none", "null", "bootstrap"):
        assert word not in text.split()
