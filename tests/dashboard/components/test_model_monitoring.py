"""How the model does since its training, and what was decided, on the page Model."""

import pytest

from publications.storage.home import Home
from tests.dashboard.made_up_publications import publish_made_up, read_page_text, run_page
from tests.publications.made_up_monitoring import (
    made_up_degraded_watch,
    made_up_drift,
    made_up_watch,
    made_up_watch_with_kinds,
)

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


def read_plain_text(page: str) -> str:
    """What a page says, without the marks that keep strangers' text from being markup."""
    return read_page_text(run_page(page)).replace("\\", "")


def test_the_model_page_tells_age_gain_drift_and_tier_shares(home: Home) -> None:
    publish_made_up(home)
    text = read_plain_text("model")
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
    assert "degraded" not in text


def test_the_model_page_tells_the_last_decision_with_its_numbers(home: Home) -> None:
    publish_made_up(home)
    text = read_plain_text("model")
    for words in (
        "brought model 3, which was let lead.",
        "Why it took place: the last training is 7 days old.",
        "Model 2, which led before, on 780 rows",
        "+0.5 points",
    ):
        assert words in text


def test_each_note_stands_in_the_part_that_it_is_about(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch_with_kinds())
    told = [mark.value.replace("\\", "") for mark in run_page("model").markdown]
    (age,) = (text for text in told if "was trained on what was known by" in text)
    assert not age.endswith(" A training.")
    (decided,) = (text for text in told if "The last training, as of" in text)
    assert decided.endswith(" A training.")
    (gain,) = (text for text in told if "On the 4 lists since the training" in text)
    assert gain.endswith(" A proof.")
    assert "A spread. A move. Something new." in told


def test_without_a_model_the_page_still_tells_what_was_decided(home: Home) -> None:
    publish_made_up(home, model=False)
    text = read_plain_text("model")
    assert "What the last training came to" in text
    assert "Since its training" not in text


def test_a_list_from_before_the_watch_says_that_the_next_one_has_it(home: Home) -> None:
    publication = publish_made_up(home)
    older = publication.folder.rename(publication.folder.with_name("2"))
    home.current.write_text("2\n")
    manifest = (older / "manifest.json").read_text()
    for name in ("monitoring.json", "drift.csv", "decision.json"):
        manifest = manifest.replace(f'"{name}"', f'"{name}.gone"')
    (older / "manifest.json").write_text(manifest)
    at = run_page("model")
    assert not at.error
    assert "made before leadgain watched its model" in read_page_text(at)
    assert "Against its predecessors" in read_page_text(at)


def test_a_model_of_today_shows_no_gain_since(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch(since_training=None))
    text = read_plain_text("model")
    assert "No list since its training has matured yet" in text
    assert "Difference +" not in text


def test_what_is_not_known_of_today_has_no_figure(home: Home) -> None:
    shares = [{"tier": "A", "expected": 0.3, "found": None}]
    watch = made_up_watch(inputs=None, scores=None, notes=[], tier_shares=shares)
    publish_made_up(home, watch=watch)
    text = read_plain_text("model")
    assert "cannot be held against" in text
    assert "Inputs that have drifted" not in text
    assert "Tier A \N{EN DASH} at its training 30 %" in text


def test_all_inputs_stand_in_a_table_behind_one_line_the_farthest_first(home: Home) -> None:
    publish_made_up(home)
    at = run_page("model")
    (line,) = (found for found in at.expander if found.label.startswith("All "))
    assert line.label == "All 10 inputs"
    rows = line.dataframe[0].value
    assert rows["Fact"].tolist()[0] == "Offer returned: days since the last one"
    assert rows["Distance"].tolist() == [f"{psi:.2f}" for psi in made_up_drift()["psi"]]
    assert rows["That is"].tolist()[:3] == ["drifted far", "drifted far", "within its limit"]


def test_every_reason_of_a_worn_model_stands_on_its_page_with_what_to_do(home: Home) -> None:
    watch = made_up_degraded_watch() | {"reasons": ["It fell.", "It is 91 days old."]}
    publish_made_up(home, watch=watch)
    (warning,) = run_page("model").warning
    told = str(warning.value).replace("\\", "")
    assert told.startswith("- It fell.\n- It is 91 days old.\n\n")
    assert "`leadgain train` brings a new model" in told


def test_a_note_with_marks_of_the_crm_is_no_markup_here(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch(notes=["![x](http://evil.example) has drifted."]))
    assert not any("![x](" in str(mark.value) for mark in run_page("model").markdown)
