"""The model since its training, and the last training, on the page Model."""

import pytest

from publications.storage.home import Home
from tests.dashboard.made_up_publications import (
    publish_made_up,
    read_page_text,
    read_value,
    run_page,
)
from tests.publications.made_up_monitoring import (
    made_up_degraded_watch,
    made_up_drift,
    made_up_watch,
    made_up_watch_with_kinds,
)

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


def read_plain_text(page: str) -> str:
    """The text of a page, without the marks that escape text of the CRM."""
    return read_page_text(run_page(page)).replace("\\", "")


def test_the_model_page_has_age_gain_drift_and_tier_shares(home: Home) -> None:
    publish_made_up(home)
    text = read_plain_text("model")
    for words in (
        "Since its training",
        "14 January 2012, 60 days before this list",
        "still better, and not by chance",
        "Reached by leadgain 49.0 % in the backtest 51.0 %",
        "Difference +11.0 points +6.0 to +16.0 points",
        "Drifted inputs 2 of 40 12 % of what moves the scores",
        "Drift of the scores (PSI) 0.04 limit 0.12",
        "Tier A 36 % in training 30 %",
        "score distribution matches",
        "Offer returned: days since the last one",
        "drifted far",
    ):
        assert words in text
    assert "degraded" not in text


def test_the_model_page_has_the_last_decision_with_its_numbers(home: Home) -> None:
    publish_made_up(home)
    text = read_plain_text("model")
    for words in (
        "produced model 3, which is now in use.",
        "Reason for the training: the last training is 7 days old.",
        "Model 2, in use before, on 780 rows",
        "+0.5 points",
    ):
        assert words in text


def test_each_note_is_in_its_section(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch_with_kinds())
    texts = [read_value(mark) for mark in run_page("model").markdown]
    (age,) = (text for text in texts if "was trained on data up to" in text)
    assert not age.endswith(" A training.")
    (decided,) = (text for text in texts if "The last training, on" in text)
    assert decided.endswith(" A training.")
    (gain,) = (text for text in texts if "On the 4 lists since the training" in text)
    assert gain.endswith(" A proof.")
    assert "A spread. A move." in texts


def test_without_a_model_the_page_still_has_the_last_training(home: Home) -> None:
    publish_made_up(home, model=False)
    text = read_plain_text("model")
    assert "The last training" in text
    assert "Since its training" not in text


def test_a_list_without_monitoring_says_that_the_next_one_has_it(home: Home) -> None:
    publication = publish_made_up(home)
    older = publication.folder.rename(publication.folder.with_name("2"))
    home.current.write_text("2\n")
    manifest = (older / "manifest.json").read_text()
    for name in ("monitoring.json", "drift.csv", "decision.json"):
        manifest = manifest.replace(f'"{name}"', f'"{name}.gone"')
    (older / "manifest.json").write_text(manifest)
    at = run_page("model")
    assert not at.error
    assert "does not include monitoring" in read_page_text(at)
    assert "Model versions" in read_page_text(at)


def test_a_model_of_today_shows_no_gain_since(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch(since_training=None))
    text = read_plain_text("model")
    assert "No outcomes are known yet" in text
    assert "Difference +" not in text


def test_what_is_not_known_of_today_has_no_figure(home: Home) -> None:
    shares = [{"tier": "A", "expected": 0.3, "found": None}]
    watch = made_up_watch(inputs=None, scores=None, notes=[], tier_shares=shares)
    publish_made_up(home, watch=watch)
    text = read_plain_text("model")
    assert "cannot be compared" in text
    assert "Drifted inputs" not in text
    assert "Tier A \N{EN DASH} in training 30 %" in text


def test_all_inputs_are_in_a_table_behind_one_line(home: Home) -> None:
    publish_made_up(home)
    at = run_page("model")
    (line,) = (found for found in at.expander if found.label.startswith("All "))
    assert line.label == "All 10 inputs"
    rows = line.dataframe[0].value
    assert rows["Input"].tolist()[0] == "Offer returned: days since the last one"
    assert rows["PSI"].tolist() == [f"{psi:.2f}" for psi in made_up_drift()["psi"]]
    assert rows["Status"].tolist()[:3] == ["drifted far", "drifted far", "within limit"]


def test_every_reason_of_a_degraded_model_is_on_its_page_with_what_to_do(home: Home) -> None:
    watch = made_up_degraded_watch() | {"reasons": ["It fell.", "It is 91 days old."]}
    publish_made_up(home, watch=watch)
    (warning,) = run_page("model").warning
    text = read_value(warning)
    assert text.startswith("- It fell.\n- It is 91 days old.\n\n")
    assert "`leadgain train`" in text


def test_a_note_with_marks_of_the_crm_is_no_markup_here(home: Home) -> None:
    publish_made_up(home, watch=made_up_watch(notes=["![x](http://evil.example) has drifted."]))
    assert not any("![x](" in str(mark.value) for mark in run_page("model").markdown)
