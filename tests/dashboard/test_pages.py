"""Every page without a browser: with a publication, with none, without a model, damaged."""

import re
from datetime import timedelta

import pytest

from publications.storage.home import APP_VARIABLE, Home
from tests.dashboard.made_up_publications import (
    AS_OF,
    NO_MODEL,
    PAGES,
    encode_app_settings,
    list_page_texts,
    owned_worklist,
    publish_made_up,
    read_page_text,
    read_value,
    run_page,
)
from tests.publications.conftest import VERDICT
from tests.publications.made_up_monitoring import made_up_decision, made_up_degraded_watch

pytestmark = pytest.mark.filterwarnings(
    # pyarrow 25 asks pandas 3.1 for time stamps in a way that pandas is about to change.
    "ignore:Series.values:DeprecationWarning"
)

SENTENCE_END = re.compile(r"(?<=[.:?!;])\s+|\n")
LOOSE_UNIT = re.compile(r"\d (%|points|days|leads|customers|calls|rows|UTC)")
JARGON = ("shap", " auc", "decile", "log odds", "log-odds", "calibrat", "nan", "none ")


@pytest.mark.parametrize("page", PAGES)
def test_with_nothing_published_every_page_says_how_to_begin(page: str, home: Home) -> None:
    at = run_page(page)
    assert at.title[0].value == "Nothing has been published yet"
    assert "leadgain demo" in read_page_text(at)
    assert "leadgain run" in read_page_text(at)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_names_its_list_and_shows_something(page: str, home: Home) -> None:
    publish_made_up(home)
    at = run_page(page)
    assert at.title[0].value == page.capitalize()
    assert read_value(at.caption[0]) == (
        "List of 14 March 2012, 00:00 UTC, 5 hours old · 30 open leads · ranked by model 3"
    )
    assert not at.error
    assert at.dataframe or at.get("vega_lite_chart")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_jargon(page: str, home: Home) -> None:
    publish_made_up(home)
    words = read_page_text(run_page(page)).lower()
    assert [word for word in JARGON if word in words] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_sentence_twice_or_a_number_apart_from_its_unit(
    page: str, home: Home
) -> None:
    decision = made_up_decision(sentence=VERDICT)
    publish_made_up(home, watch=made_up_degraded_watch(), decision=decision, warnings=[VERDICT])
    texts = list_page_texts(run_page(page))
    assert [text for text in texts if LOOSE_UNIT.search(text)] == []
    parts = [part for text in texts for part in SENTENCE_END.split(text)]
    sentences = [s for s in parts if len(s.split()) > 5 and not s[0].isdigit()]
    assert sorted({s for s in sentences if sentences.count(s) > 1}) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_list_without_a_model_says_so_and_why(page: str, home: Home) -> None:
    publish_made_up(home, model=False)
    at = run_page(page)
    assert not at.error
    assert "no model" in at.caption[0].value
    assert NO_MODEL in read_page_text(at).replace("\\", "") or page == "data"


@pytest.mark.parametrize("page", PAGES)
def test_publications_from_before_a_file_was_introduced_still_open(page: str, home: Home) -> None:
    publish_made_up(home, stories=False)
    at = run_page(page)
    assert not at.error
    assert len(read_page_text(at)) > 100


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_list_is_called_empty(page: str, home: Home) -> None:
    publish_made_up(home, worklist=owned_worklist().head(0), stories=False)
    at = run_page(page)
    assert not at.error
    if page == "worklist":
        assert "no open leads" in read_page_text(at)


READ_BY = {
    "worklist": "worklist.parquet",
    "gains": "gains.csv",
    "tiers": "tiers.csv",
    "model": "model.json",
    "data": "quarantine.parquet",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_damaged_file_is_reported_without_a_path(page: str, home: Home) -> None:
    publication = publish_made_up(home)
    path = publication.folder / READ_BY[page]
    path.write_bytes(path.read_bytes().replace(b"0", b"1"))
    at = run_page(page)
    assert "has changed" in at.error[0].value
    assert str(home.folder) not in read_page_text(at)


@pytest.mark.parametrize("page", PAGES)
def test_an_unexpected_error_is_logged_without_its_message(
    page: str, home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publish_made_up(home)

    def fail(*_: object) -> None:
        raise ValueError("lead 170004 of jane@example.com")

    monkeypatch.setattr("dashboard.components.publication_cache.load_table", fail)
    monkeypatch.setattr("dashboard.components.publication_cache.load_worklist", fail)
    monkeypatch.setattr("dashboard.components.publication_cache.load_json", fail)
    at = run_page(page)
    assert "Something went wrong on this page" in at.error[0].value
    assert "jane" not in read_page_text(at) + caplog.text
    assert "ValueError" in caplog.text
    assert "in fail" in caplog.text


def test_an_app_that_was_not_started_by_leadgain_shows_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_made_up(home)
    monkeypatch.delenv(APP_VARIABLE)
    at = run_page("worklist")
    assert "leadgain dashboard" in at.error[0].value
    assert not at.dataframe


@pytest.mark.parametrize(
    ("age", "amber", "red"),
    [
        (timedelta(hours=23), 0, 0),
        (timedelta(days=1), 0, 0),
        (timedelta(days=1, minutes=1), 1, 0),
        (timedelta(days=3), 1, 0),
        (timedelta(days=3, minutes=1), 0, 1),
    ],
)
def test_a_banner_warns_in_amber_past_one_day_and_in_red_past_three(
    age: timedelta, amber: int, red: int, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_made_up(home)
    monkeypatch.setenv(APP_VARIABLE, encode_app_settings(home, now=AS_OF + age))
    at = run_page("worklist")
    assert (len(at.warning), len(at.error)) == (amber, red)
