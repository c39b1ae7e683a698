"""Warnings about a list: above it in short, on the page Data in full."""

import pytest

from publications.storage.home import Home
from tests.dashboard.made_up_publications import (
    NO_MODEL,
    PAGES,
    publish_made_up,
    read_page_text,
    read_value,
    run_page,
)
from tests.publications.made_up_monitoring import DEGRADED_REASON, made_up_degraded_watch

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")

FALLBACK = "MLflow cannot be reached; ranked by version 3, the last known champion."
UNKNOWN = "25 % of the activities are of kinds that the model does not know."


@pytest.mark.parametrize("page", ["worklist", "model"])
def test_a_degraded_model_is_named_on_the_list_and_on_its_page(page: str, home: Home) -> None:
    publish_made_up(home, watch=made_up_degraded_watch(), warnings=[DEGRADED_REASON, UNKNOWN])
    at = run_page(page)
    (warning,) = at.warning
    assert warning.proto.title.startswith("The model is degraded")
    assert DEGRADED_REASON in read_value(warning)


def test_other_warnings_are_behind_one_line_above_the_list(home: Home) -> None:
    publish_made_up(home, warnings=[FALLBACK, UNKNOWN])
    at = run_page("worklist")
    assert not at.warning
    (line,) = at.expander
    assert line.label == "2 notes on this list"
    assert FALLBACK in read_value(line.markdown[0])
    assert not line.proto.expanded


def test_a_reason_in_the_banner_is_not_repeated(home: Home) -> None:
    publish_made_up(home, watch=made_up_degraded_watch(), warnings=[DEGRADED_REASON, UNKNOWN])
    at = run_page("worklist")
    assert at.expander[0].label == "1 more note on this list"
    assert read_page_text(at).replace("\\", "").count(DEGRADED_REASON) == 1


def test_of_several_reasons_the_first_is_in_the_banner(home: Home) -> None:
    watch = made_up_degraded_watch() | {"reasons": [DEGRADED_REASON, "It is 91 days old."]}
    publish_made_up(home, watch=watch, warnings=[UNKNOWN])
    at = run_page("worklist")
    assert "91 days" not in str(at.warning[0].value)
    assert read_value(at.expander[0].markdown[0]) == (f"- It is 91 days old.\n- {UNKNOWN}")


def test_a_rep_reads_that_no_model_ranked_the_list_and_why(home: Home) -> None:
    publish_made_up(home, model=False)
    (warning,) = run_page("worklist").warning
    assert "No model" in warning.proto.title
    text = read_value(warning)
    assert text.startswith(NO_MODEL)
    assert "most fresh first, by creation" in text


def test_a_list_with_nothing_to_say_says_nothing(home: Home) -> None:
    publish_made_up(home, warnings=[])
    at = run_page("worklist")
    assert not at.warning
    assert not at.expander


def test_all_warnings_are_on_the_data_page_and_none_twice(home: Home) -> None:
    failed_check = "The export is 2 days old."
    publish_made_up(home, warnings=[FALLBACK, failed_check])
    gate, rest = run_page("data").warning
    assert read_value(gate) == f"- {failed_check}"
    assert (rest.proto.title, read_value(rest)) == (*("Notes on this list", f"- {FALLBACK}"),)
    publish_made_up(home)
    assert len(run_page("data").warning) == 1


def test_words_of_the_crm_in_a_warning_are_no_markup(home: Home) -> None:
    publish_made_up(home, warnings=["Kind ![x](http://evil.example) is new. `leadgain train`"])
    text = str(run_page("worklist").expander[0].markdown[0].value)
    assert "![x](" not in text
    assert "`leadgain train`" in text


@pytest.mark.parametrize("page", PAGES)
def test_words_of_the_crm_in_the_reason_for_no_model_are_no_markup(page: str, home: Home) -> None:
    """The reason may name columns of the export."""
    reason = "Column ![x](http://evil.example/p.png) reveals the outcome. Run `leadgain check`."
    publish_made_up(home, model=False, no_model_reason=reason)
    texts = [
        str(element.value)
        for kind in ("info", "warning", "markdown")
        for element in run_page(page).get(kind)
    ]
    assert not any("![x](" in text for text in texts)
    shown = [text for text in texts if "reveals the outcome" in text.replace("\\", "")]
    assert shown or page in ("data",)
    assert all("`leadgain check`" in text for text in shown)


def test_the_reason_for_no_model_and_the_warnings_are_separate(home: Home) -> None:
    publish_made_up(home, model=False, warnings=[UNKNOWN])
    at = run_page("worklist")
    (warning,) = at.warning
    assert UNKNOWN not in read_value(warning)
    assert at.expander[0].label == "1 note on this list"
