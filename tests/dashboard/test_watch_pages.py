"""How the model does, what was decided and what must be known of the list, on the pages."""

import pytest

from publications.home import Home
from tests.dashboard.made_up import NO_MODEL, opened, publish_made_up, said
from tests.publications.made_up_watch import WORN, made_up_watch, with_kinds, worn_watch

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")

FALLBACK = "MLflow cannot be reached; ranked by version 3, the last that was known to lead."
UNKNOWN = "25 % of the activities are of kinds that the model does not know."


def text_of(page: str) -> str:
    """What a page says, without the marks that keep strangers' text from being markup."""
    return said(opened(page)).replace("\\", "")


def test_the_model_page_tells_age_gain_drift_and_tier_shares(home: Home) -> None:
    publish_made_up(home)
    text = text_of("model")
    for words in (
        "Since its training",
        "14 January 2012, 60 days before this list",
        "still the better one, and not by chance",
        "Reached by the model 49.0 % at its training 51.0 %",
        "Difference +11.0 points +6.0 to +16.0 points",
        "Inputs that have drifted 2 of 40 12 % of what moves the scores",
        "Distance of the scores 0.04 limit 0.12",
        "Tier A 36 % at its training 30 %",
        "spread as they were on the tested lists",
        "Offer returned: days since the last one",
        "drifted far",
    ):
        assert words in text
    assert "worn" not in text


def test_the_model_page_tells_the_last_decision_with_its_numbers(home: Home) -> None:
    publish_made_up(home)
    text = text_of("model")
    for words in (
        "brought model 3, which was let lead.",
        "Why it took place: the last training is 7 days old.",
        "Model 2, which led before, on 780 rows",
        "+0.5 points",
    ):
        assert words in text


def test_each_note_stands_in_the_part_that_it_is_about(home: Home) -> None:
    publish_made_up(home, watch=with_kinds())
    told = [mark.value.replace("\\", "") for mark in opened("model").markdown]
    (age,) = (text for text in told if "was trained on what was known by" in text)
    assert age.endswith(" A training.")
    (gain,) = (text for text in told if "On the 4 lists since the training" in text)
    assert gain.endswith(" A proof.")
    assert "A spread. A move. Something new." in told


def test_without_a_model_the_page_still_tells_what_was_decided(home: Home) -> None:
    publish_made_up(home, model=False)
    text = text_of("model")
    assert "What the last training came to" in text
    assert "Since its training" not in text


def test_a_list_from_before_the_watch_says_that_the_next_one_has_it(home: Home) -> None:
    publication = publish_made_up(home)
    older = publication.folder.rename(publication.folder.with_name("2"))
    home.current.write_text("2\n")
    manifest = (older / "manifest.json").read_text()
    for name in ("watch.json", "drift.csv", "decision.json"):
        manifest = manifest.replace(f'"{name}"', f'"{name}.gone"')
    (older / "manifest.json").write_text(manifest)
    at = opened("model")
    assert not at.error
    assert "made before leadgain watched its model" in said(at)
    assert "Against its predecessors" in said(at)


def test_a_model_of_today_shows_no_gain_since(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch(since_training=None))
    text = text_of("model")
    assert "No list since its training has matured yet" in text
    assert "Difference +" not in text


def test_what_is_not_known_of_today_has_no_figure(home: Home) -> None:
    shares = [{"tier": "A", "expected": 0.3, "found": None}]
    watch = made_up_watch(inputs=None, scores=None, notes=[], tier_shares=shares)
    publish_made_up(home, watch=watch)
    text = text_of("model")
    assert "cannot be held against" in text
    assert "Inputs that have drifted" not in text
    assert "Tier A \N{EN DASH} at its training 30 %" in text


@pytest.mark.parametrize("page", ["worklist", "model"])
def test_a_worn_model_is_told_on_the_list_and_on_its_page(page: str, home: Home) -> None:
    publish_made_up(home, watch=worn_watch(), warnings=[WORN, UNKNOWN])
    at = opened(page)
    (warning,) = at.warning
    assert warning.proto.title.startswith("The model is worn")
    assert WORN in str(warning.value).replace("\\", "")


def test_other_warnings_stand_behind_one_line_above_the_list(home: Home) -> None:
    publish_made_up(home, warnings=[FALLBACK, UNKNOWN])
    at = opened("worklist")
    assert not at.warning
    (line,) = at.expander
    assert line.label == "2 things worth knowing about this list"
    assert FALLBACK in str(line.markdown[0].value).replace("\\", "")
    assert not line.proto.expanded


def test_what_the_banner_tells_is_not_told_again(home: Home) -> None:
    publish_made_up(home, watch=worn_watch(), warnings=[WORN, UNKNOWN])
    at = opened("worklist")
    assert at.expander[0].label == "1 more thing worth knowing about this list"
    assert said(at).replace("\\", "").count(WORN) == 1


def test_of_several_reasons_the_first_stands_in_the_banner(home: Home) -> None:
    watch = worn_watch() | {"reasons": [WORN, "It is 91 days old."]}
    publish_made_up(home, watch=watch, warnings=[UNKNOWN])
    at = opened("worklist")
    assert "91 days" not in str(at.warning[0].value)
    assert str(at.expander[0].markdown[0].value).replace("\\", "") == (
        f"- It is 91 days old.\n- {UNKNOWN}"
    )


def test_a_rep_reads_that_no_model_ranked_the_list_and_why(home: Home) -> None:
    publish_made_up(home, model=False)
    (warning,) = opened("worklist").warning
    assert warning.proto.title == "Ranked most fresh first, without a model"
    assert str(warning.value).replace("\\", "") == (
        f"{NO_MODEL} The leads stand most fresh first, by creation."
    )


def test_a_list_with_nothing_to_say_says_nothing(home: Home) -> None:
    publish_made_up(home, warnings=[])
    at = opened("worklist")
    assert not at.warning
    assert not at.expander


def test_all_warnings_stand_in_full_on_the_data_page_and_none_twice(home: Home) -> None:
    failed_check = "The export is 2 days old."
    publish_made_up(home, warnings=[FALLBACK, failed_check])
    gate, rest = opened("data").warning
    assert str(gate.value).replace("\\", "") == f"- {failed_check}"
    assert (rest.proto.title, str(rest.value).replace("\\", "")) == (
        *("Worth knowing about this list", f"- {FALLBACK}"),
    )
    publish_made_up(home)
    assert len(opened("data").warning) == 1


def test_words_of_the_crm_in_a_warning_are_no_markup(home: Home) -> None:
    publish_made_up(home, warnings=["Kind ![x](http://evil.example) is new. `leadgain train`"])
    text = str(opened("worklist").expander[0].markdown[0].value)
    assert "![x](" not in text
    assert "`leadgain train`" in text
