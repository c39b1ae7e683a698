"""Filters, pages, the lead drawer, access, and lists that appear meanwhile."""

import threading
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import worklist_table
from publications.storage.home import APP_VARIABLE, Home
from publications.storage.store import delete_old_publications, hold_home
from tests.dashboard.made_up_publications import (
    AS_OF,
    build_app,
    encode_app_settings,
    owned_worklist,
    publish_made_up,
    read_page_text,
    read_value,
    run_page,
    run_worklist,
)

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")

MANAGER = {"is_logged_in": True, "email": "ann@example.com", "email_verified": True}
REP = {"is_logged_in": True, "email": "ben@example.com", "email_verified": True}
ROLES = {"managers": ["ann@example.com"], "reps": {"ben@example.com": ["ben"]}}


def listed_ids(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["lead_id"]) if at.dataframe else []


def test_the_list_is_in_calling_order_with_every_lead(home: Home) -> None:
    publish_made_up(home)
    at = run_page("worklist")
    assert listed_ids(at) == owned_worklist()["lead_id"].tolist()
    assert "**30 leads**" in read_page_text(at)


def test_tiers_are_badges_scores_are_percent_and_quiet_days_are_whole(home: Home) -> None:
    publish_made_up(home)
    first = run_page("worklist").dataframe[0].value.iloc[0]
    assert list(first["tier"]) == ["A"]
    assert first["score"] == pytest.approx(81.0)
    # Its last activity was on 1 February at 05:00, the list is of 14 March at midnight.
    assert first["days_quiet"] == 41


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"tier": ["B"]}, range(10, 20)),
        ({"tier": ["A", "C"]}, [*range(10), *range(20, 30)]),
        ({"owner": ["ben"]}, range(1, 30, 3)),
        ({"with_source": ["fair", "partner"]}, [r for r in range(30) if r % 5 in (1, 3)]),
        ({"with_newsletter": ["no"]}, range(1, 30, 2)),
        ({"search": "170002"}, [2]),
        # The last activity of lead r is on 1 February + r days; a week before 14 March is 7 March.
        ({"untouched": "a week"}, range(30)),
        ({"untouched": "2 weeks"}, range(28)),
        ({"tier": ["A"], "owner": ["ann"], "with_source": ["web"]}, [0]),
    ],
)
def test_filters_in_the_address_are_kept_by_a_reload(
    parameters: dict[str, str | list[str]], expected: list[int], home: Home
) -> None:
    publish_made_up(home)
    at = run_worklist(**parameters)
    assert listed_ids(at) == [f"17{r:04d}" for r in expected]
    assert {key: at.query_params.get(key) for key in parameters} == {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in parameters.items()
    }


def test_a_filter_that_is_set_on_the_page_leaves_the_leads_that_fit(home: Home) -> None:
    publish_made_up(home)
    at = run_page("worklist")
    at.multiselect(key="owner").set_value(["cara"]).run()
    assert len(listed_ids(at)) == 10
    assert "**10 of 30 leads**" in read_page_text(at)


def test_clearing_takes_all_filters_away(home: Home) -> None:
    publish_made_up(home)
    at = run_worklist(tier=["B"], owner=["ben"], search="1", with_source=["web"])
    next(button for button in at.button if button.label == "Clear filters").click().run()
    assert len(listed_ids(at)) == 30
    assert not at.query_params


def test_filters_that_nothing_fits_say_so(home: Home) -> None:
    publish_made_up(home)
    at = run_worklist(search="no such lead")
    assert not at.dataframe
    assert "No lead matches" in at.info[0].value


def test_a_filter_for_something_that_the_list_lacks_is_dropped(home: Home) -> None:
    publish_made_up(home)
    at = run_worklist(owner=["nobody"], tier=["Z"], page="99", untouched="'; drop table")
    assert len(listed_ids(at)) == 30


def test_a_list_without_owners_and_categories_has_fewer_filters(home: Home) -> None:
    bare = owned_worklist().drop(columns=["source", "newsletter"])
    publish_made_up(home, worklist=bare.assign(owner_id=None).astype({"owner_id": "str"}))
    at = run_page("worklist")
    assert not at.multiselect
    assert len(listed_ids(at)) == 30


def test_long_lists_are_cut_into_pages_and_a_new_filter_begins_on_the_first(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist_table, "PAGE_ROWS", 8)
    publish_made_up(home)
    at = run_worklist(page="3")
    assert listed_ids(at) == [f"17{r:04d}" for r in range(16, 24)]
    at.multiselect(key="owner").set_value(["ann"]).run()
    assert listed_ids(at) == [f"17{r:04d}" for r in range(0, 24, 3)]


def test_no_page_is_longer_than_the_browser_bears() -> None:
    assert worklist_table.PAGE_ROWS <= 5_000


def test_a_lead_in_the_address_opens_its_drawer(home: Home) -> None:
    publish_made_up(home)
    at = run_worklist(lead="170002")
    assert [s.value for s in at.subheader] == [
        *("Why this rank", "Activities", "Rank history", "Lead details")
    ]
    assert [read_value(m) for m in at.metric] == ["3", "76 %", "A"]
    assert "make it **76 %**" in read_page_text(at)
    assert "Offer returned" in read_page_text(at)
    facts, known = (table.value.to_csv() for table in at.table)
    assert "No call yet,lowers it" in facts
    assert "cara" in known


def test_a_lead_without_the_newer_files_has_the_three_reasons(home: Home) -> None:
    publish_made_up(home, stories=False)
    at = run_worklist(lead="170002")
    assert "- Called by a rep 3 times in 7 days" in read_page_text(at)
    assert "Last activity: 3 February 2012" in read_page_text(at)


def test_the_next_lead_is_the_next_one_that_fits_the_filters(home: Home) -> None:
    publish_made_up(home)
    at = run_worklist(lead="170001", owner=["ben"])
    buttons = {button.label: button for button in at.button}
    assert buttons["Previous lead"].disabled
    buttons["Next lead"].click().run()
    assert at.query_params["lead"] == "170004"


def test_how_a_lead_moved_shows_once_it_stood_on_two_lists(home: Home) -> None:
    publish_made_up(home, as_of=AS_OF - timedelta(days=1))
    assert "First appearance" in read_page_text(run_worklist(lead="170001"))
    publish_made_up(home)
    assert "First appearance" not in read_page_text(run_worklist(lead="170001"))


def test_a_lead_that_is_not_listed_is_said_to_be_missing(home: Home) -> None:
    publish_made_up(home)
    at = run_worklist(lead="170999")
    assert "not on your list" in at.info[0].value
    assert not at.subheader


def test_text_from_the_crm_is_never_read_as_markup(home: Home) -> None:
    evil = "![x](http://evil.example/p.png)"
    listed = owned_worklist()
    listed.loc[0, ["lead_id", "owner_id", "source", "reason_1"]] = evil
    publish_made_up(home, worklist=listed, stories=False)
    at = run_worklist(lead=evil)
    markup = "\n".join(str(m.value) for m in at.markdown) + at.table[0].value.to_csv()
    assert evil not in markup
    assert r"\!\[x\]\(http" in markup


def test_a_list_published_while_the_page_is_open_shows_on_the_next_interaction(
    home: Home,
) -> None:
    publish_made_up(home)
    at = run_page("worklist")
    publish_made_up(home, worklist=owned_worklist().head(7), stories=False)
    at.run()
    assert len(listed_ids(at)) == 7


def test_nobody_sees_a_mixture_while_lists_are_published_and_cleared_away(home: Home) -> None:
    """List n holds n leads, so that every figure of a page must tell the same n."""
    publish_made_up(home, worklist=owned_worklist().head(1), stories=False)
    failures: list[BaseException] = []
    seen: list[int] = []
    over = threading.Event()

    def publish_many() -> None:
        try:
            for rows in range(2, 12):
                while len(set(seen)) < rows // 3 and not over.wait(0.01):
                    pass  # three lists at least are looked at
                publish_made_up(home, worklist=owned_worklist().head(rows), stories=False)
                with hold_home(home) as lock:
                    delete_old_publications(lock, 0)
        except BaseException as error:
            failures.append(error)

    publisher = threading.Thread(target=publish_many)
    publisher.start()
    at = build_app()
    try:
        while publisher.is_alive() or not seen or seen[-1] < 11:
            at.run()
            assert not at.exception
            assert not at.error
            named = int(at.caption[0].value.split(" · ")[1].split()[0])
            assert len(listed_ids(at)) == named
            assert f"**{named} lead" in read_page_text(at)
            seen.append(named)
    finally:
        over.set()
        publisher.join()
    assert not failures
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def run_signed_in(
    user: dict[str, object], home: Home, monkeypatch: pytest.MonkeyPatch, **parameters: str
) -> AppTest:
    monkeypatch.setenv(APP_VARIABLE, encode_app_settings(home, roles=ROLES))
    at = build_app()
    at.user = user
    at.query_params.update(parameters)
    at.run()
    assert not at.exception
    return at


def test_who_has_not_signed_in_is_asked_to(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_made_up(home)
    at = run_signed_in({"is_logged_in": False}, home, monkeypatch)
    assert at.title[0].value == "Please sign in"
    assert not at.dataframe
    assert [button.label for button in at.button] == ["Sign in"]


def test_a_manager_sees_every_lead(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_made_up(home)
    assert len(listed_ids(run_signed_in(MANAGER, home, monkeypatch))) == 30


def test_a_rep_sees_only_leads_of_their_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_made_up(home)
    at = run_signed_in(REP, home, monkeypatch)
    assert listed_ids(at) == [f"17{r:04d}" for r in range(1, 30, 3)]
    assert "30" not in at.caption[0].value
    assert "**10 leads**" in read_page_text(at)
    assert "owner" not in {m.key for m in at.multiselect}
    assert "Signed in as ben@example.com; you see your own leads." in read_page_text(at)


@pytest.mark.parametrize("asked", [{"owner": "ann"}, {"lead": "170000"}, {"search": "170000"}])
def test_a_rep_cannot_ask_for_the_leads_of_others(
    asked: dict[str, str], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_made_up(home)
    at = run_signed_in(REP, home, monkeypatch, **asked)
    assert "170000" not in listed_ids(at)
    assert "170000" not in read_page_text(at)
    assert not at.metric


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@example.com", "email_verified": True},
        {"email": "ann@example.com", "email_verified": False},
        {},
    ],
)
def test_whoever_is_not_in_the_role_table_sees_nothing(
    claims: dict[str, object], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_made_up(home)
    at = run_signed_in({"is_logged_in": True, **claims}, home, monkeypatch)
    assert "no access" in at.title[0].value
    assert not at.dataframe
    assert not at.metric
