"""The page's sections on the model since its training, the last training and first warnings."""

from publications.report.report import render_report
from tests.publications.conftest import made_up_facts
from tests.publications.made_up_monitoring import (
    DEGRADED_REASON,
    made_up_decision,
    made_up_degraded_watch,
    made_up_drift,
    made_up_watch,
    made_up_watch_with_kinds,
)
from tests.publications.report.test_report import REASON, Page

FALLBACK = "MLflow cannot be reached; ranked by version 3, the last known champion."


def render_page(**changes: object) -> Page:
    return Page(render_report(made_up_facts(**changes)))


def drawings(page: Page) -> list[str]:
    labels = [
        str(a["aria-label"]).replace("\xa0", " ")
        for tag, a in page.tags
        if tag == "div" and a.get("role")
    ]
    return labels[::2]  # each in light and dark


def test_the_page_has_age_gain_drift_and_tiers_since_the_training() -> None:
    page = render_page(watch=made_up_watch(), drift=made_up_drift())
    for words in (
        "The model since its training",
        "14 January 2012, 60 days before this list",
        "still better, and not by chance",
        "score distribution matches",
        "Drifted inputs mean",
        "2 inputs weigh too little to call for a training.",
        "A 30 % 36 %",
    ):
        assert words in page.text
    pictures = " ".join(drawings(page))
    assert "on the lists since the training" in pictures
    assert "days since the last one; Offer returned: count in the last 7 days" in pictures
    assert "The model is degraded" not in page.text


def test_a_degraded_model_is_at_the_top() -> None:
    page = render_page(
        watch=made_up_degraded_watch(), warnings=(DEGRADED_REASON, "3 % are unknown.")
    )
    assert page.text.index("The model is degraded") < page.text.index("Calling the first 30 %")
    assert page.text.count(DEGRADED_REASON) == 1
    assert "may reach less" in page.text
    assert "3 % are unknown." in page.text


def test_another_model_than_usual_is_at_the_top_as_well() -> None:
    page = render_page(first_warnings=(FALLBACK,), warnings=(FALLBACK,))
    assert page.text.index(FALLBACK) < page.text.index("Calling the first 30 %")
    assert page.text.count(FALLBACK) == 1
    assert "Other warnings None." in page.text


def test_each_note_is_in_its_section() -> None:
    text = render_page(watch=made_up_watch_with_kinds(), decision=made_up_decision()).text
    drift = text.index("Do today's leads look like")
    assert text.index("A proof.") < drift
    assert drift < min(text.index(note) for note in ("A spread.", "A move."))
    assert text.index("The last training,") < text.index("A training.")


def test_the_next_training_is_named_even_where_the_last_is_not() -> None:
    text = render_page(watch=made_up_watch_with_kinds(), decision=None).text
    assert text.index("A training.") < text.index("Do today's leads look like")


def test_a_model_of_today_has_neither_pictures_nor_gains_since() -> None:
    still = made_up_drift().assign(drifted=0)
    page = render_page(watch=made_up_watch(since_training=None, notes=[]), drift=still)
    assert "No outcomes are known yet" in page.text
    assert len(drawings(page)) == 4
    assert "Drifted inputs mean" not in page.text


def test_what_is_not_known_of_today_has_no_figure() -> None:
    tiers = [{"tier": "A", "expected": 0.3, "found": None}]
    watch = made_up_watch(inputs=None, scores=None, tier_shares=tiers, notes=[])
    page = render_page(watch=watch)
    assert "cannot be compared" in page.text
    assert "A 30 % \N{EN DASH}" in page.text


def test_the_last_decision_comes_with_its_numbers() -> None:
    page = render_page(decision=made_up_decision())
    for words in (
        "produced model 3, which is now in use. The challenger is not worse than the champion.",
        "Reason for the training: the last training is 7 days old.",
        "Model 2, in use before, on 780 rows",
        "+0.5 points",
    ):
        assert words in page.text


def test_the_reason_for_no_model_is_given_once() -> None:
    decision = made_up_decision(version=None, promoted=False, sentence=REASON)
    page = render_page(proof=None, no_model_reason=REASON, decision=decision)
    assert page.text.count(REASON) == 1
    other = made_up_decision(promoted=False, sentence="It ranks nothing.")
    stepped_down = render_page(proof=None, no_model_reason=REASON, decision=other)
    assert "It ranks nothing." in stepped_down.text


def test_words_of_the_crm_cannot_become_markup_here_either() -> None:
    attack = "<script>alert(1)</script>"
    page = render_page(
        watch=made_up_degraded_watch()
        | {"reasons": [attack], "notes": [attack], "note_kinds": ["scores"]},
        drift=made_up_drift().assign(group=attack),
        decision=made_up_decision(sentence=attack, why_trained=attack),
        first_warnings=(attack,),
    )
    assert "script" not in {tag for tag, _ in page.tags}
    assert attack in page.text


def test_equal_facts_give_equal_bytes() -> None:
    facts = made_up_facts(
        watch=made_up_degraded_watch(),
        drift=made_up_drift(),
        decision=made_up_decision(),
        first_warnings=(FALLBACK,),
    )
    assert render_report(facts) == render_report(facts)
