"""What all pages share: old manifests, calm words, and lists that are replaced meanwhile."""

import logging
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st

from dashboard.access.access_rules import LOCAL_VIEWER
from dashboard.components import page_frame
from dashboard.components.page_frame import Page, is_replaced, rerun_if_replaced, show_error
from publications.storage.home import Home
from publications.storage.store import Publication, PublicationDamaged
from tests.dashboard.made_up_publications import (
    AS_OF,
    NOW,
    publish_made_up,
    read_page_text,
    run_page,
)

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


def build_page(home: Home, publication: Publication, **manifest: Any) -> Page:
    changed = replace(publication, manifest={**publication.manifest, **manifest})
    return Page(changed, LOCAL_VIEWER, home, NOW, "light")


@pytest.fixture
def publication(home: Home) -> Publication:
    return publish_made_up(home)


def test_a_page_tells_the_instant_the_model_and_the_horizon_of_its_list(
    home: Home, publication: Publication
) -> None:
    settings = {"lists": {"horizon_days": 14}, "tiers": {"A": 0.2}}
    found = build_page(home, publication, settings=settings, warnings=["One."])
    assert (found.as_of, found.model_version, found.no_model_reason) == (AS_OF, 3, "")
    assert (found.horizon_days, found.tier_a, found.warnings) == (14, 0.2, ["One."])


def test_a_page_knows_when_a_newer_list_is_in_force(home: Home, publication: Publication) -> None:
    opened_before = build_page(home, publication)
    assert not is_replaced(opened_before)
    publish_made_up(home)
    assert is_replaced(opened_before)


def test_a_file_that_went_with_its_list_begins_the_page_anew(
    home: Home, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[bool] = []
    monkeypatch.setattr(st, "rerun", lambda: begun.append(True))
    with pytest.raises(PublicationDamaged), rerun_if_replaced(build_page(home, publication)):
        raise PublicationDamaged("gone")
    assert begun == [], "the list in force is damaged: no other run would find it whole"
    publish_made_up(home)
    with pytest.raises(PublicationDamaged), rerun_if_replaced(build_page(home, publication)):
        raise PublicationDamaged("gone")
    assert begun == [True]


def test_the_log_gets_the_place_of_an_error_and_no_word_of_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    monkeypatch.setattr(st, "error", lambda text, **_: told.append(text))
    monkeypatch.setattr(st, "stop", lambda: None)
    with caplog.at_level(logging.ERROR), page_frame.catch_page_errors():
        raise KeyError("jane@example.com")
    assert "KeyError" in caplog.text
    assert "test_page_frame.py" in caplog.text
    assert "jane" not in caplog.text + told[0]


def test_of_a_damaged_list_the_log_names_the_file_and_the_page_does_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    monkeypatch.setattr(st, "error", lambda text, **_: told.append(text))
    show_error(PublicationDamaged("/srv/home/publications/7/tiers.csv is damaged."))
    assert "/srv/home/publications/7/tiers.csv is damaged." in caplog.text
    assert "/srv" not in told[0]


def test_the_head_names_the_list_its_age_and_who_ranked_it(home: Home) -> None:
    publish_made_up(home)
    head = "List of 14 March 2012, 00:00 UTC, 5 hours old · 30 open leads · ranked by model 3"
    assert head in read_page_text(run_page("worklist"))
    publish_made_up(home, model=False)
    assert "30 open leads · no model" in read_page_text(run_page("worklist"))


def test_nobody_is_told_who_they_are_where_nobody_signs_in(home: Home) -> None:
    publish_made_up(home)
    assert "Signed in as" not in read_page_text(run_page("worklist"))
    assert page_frame.detect_theme() in ("light", "dark")
