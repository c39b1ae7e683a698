"""The page that a head of sales reads: whole in itself, honest, and the same for equal input."""

import re
from html.parser import HTMLParser

import pytest

from publications.report.report import render_report
from tests.publications.conftest import (
    VERDICT,
    made_up_facts,
    made_up_quarantine,
    made_up_worklist,
)
from tests.publications.made_up_monitoring import (
    made_up_decision,
    made_up_degraded_watch,
    made_up_drift,
)

SENTENCE_END = re.compile(r"(?<=[.:?!;])\s+")
REASON = "Only 80 leads have converted; a model needs 120. 40 more are missing."


class Page(HTMLParser):
    """The tags, attributes and words of a page; every opened tag must be closed."""

    BLOCKS = ("p", "li", "h1", "h2", "h3", "dd", "caption")
    VOID = ("meta", "br", "img", "link", "hr", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.blocks: list[str] = []
        """The text of each paragraph, heading, caption and list item."""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in self.BLOCKS:
            self.blocks.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {*self.open} & {*self.BLOCKS}:
            self.blocks[-1] += data
        if self.open and self.open[-1] != "style":
            self.words.append(data.replace("\xa0", " ").strip())

    @property
    def text(self) -> str:
        return " ".join(word for word in self.words if word)

    @property
    def sentences(self) -> list[str]:
        """The sentences of six words or more; table cells are none."""
        found = [s for block in self.blocks for s in SENTENCE_END.split(" ".join(block.split()))]
        return [sentence for sentence in found if len(sentence.split()) >= 6]


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(made_up_facts())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_begins_with_the_headline_in_words(page: Page) -> None:
    headline = "Calling the first 30 % of each list reaches 51 % of the customers"
    assert f"{headline}; most fresh first reaches 39 %." in page.text
    assert "On a list of 30 leads that is 9 calls." in page.text


def test_every_published_gain_and_tier_is_in_a_table(page: Page) -> None:
    for words in (
        "46.1 to 55.9 %",
        "+11.7 points",
        "+7.7 to +15.7 points",
        "1,686",
        "53.0 to 59.2 %",
    ):
        assert words in page.text


def test_no_sentence_is_on_the_page_twice() -> None:
    """With all that a page can have: warnings that are notes and reasons, a decision, drift."""
    watch = made_up_degraded_watch()
    decision = made_up_decision(sentence=VERDICT)
    facts = made_up_facts(
        watch=watch,
        drift=made_up_drift(),
        decision=decision,
        warnings=(*watch["reasons"], *watch["notes"], "3 % of the leads have a new source."),
        first_warnings=("Version 2 ranked this list instead of the champion.",),
    )
    sentences = Page(render_report(facts)).sentences
    assert len(sentences) > 25
    assert [s for s in {*sentences} if sentences.count(s) > 1] == []


def test_every_number_keeps_to_its_unit(html: str) -> None:
    assert "30\xa0% of each list" in html
    assert re.search(r"\d (%|points|days|leads|calls)", html) is None


def test_it_says_how_it_was_tested(page: Page) -> None:
    for words in (
        "4 lists, 14 January 2012 to 4 February 2012",
        "800 rows, 200 different leads",
        "within 30 days of the list",
        "past lists that the model had not seen",
    ):
        assert words in page.text


def test_customers_and_conversions_differ(page: Page) -> None:
    """A customer counts on every list before the conversion."""
    proof = made_up_facts().proof
    assert proof is not None
    won = proof.backtest[proof.backtest["converted"] == 1]
    words = f"{won['lead_id'].nunique():,} different customers, {len(won):,} conversions within"
    assert words in " ".join(" ".join(page.words).split())


def test_it_says_what_was_left_out_and_why(page: Page) -> None:
    for words in ("245,020", "unknown_lead", "no lead of this id", "18 activities repeat"):
        assert words in page.text
    assert "3 % of the leads have a source that the model has never seen." in page.text


def test_it_names_the_model_by_version_and_hash(page: Page) -> None:
    assert "c0ffee" + "0" * 58 in page.text
    assert "lists of 1 October 2011 to 11 February 2012: 16,021 rows, 4,802 conversions" in (
        page.text
    )


def test_without_a_model_it_says_so_first_and_shows_no_proof() -> None:
    page = Page(render_report(made_up_facts(proof=None, no_model_reason=REASON)))
    assert page.text.index("No model: the list below is sorted most fresh first") < page.text.index(
        "Top of today's list"
    )
    assert REASON in page.text
    assert "Score" not in page.text
    assert not [tag for tag, _ in page.tags if tag == "svg"]


def test_without_a_model_and_without_a_reason_there_is_no_page() -> None:
    with pytest.raises(ValueError, match="needs no_model_reason"):
        render_report(made_up_facts(proof=None))


def test_the_page_asks_nothing_of_any_server(html: str, page: Page) -> None:
    assert not {"script", "link", "img", "iframe", "object", "form"} & {t for t, _ in page.tags}
    assert not [a for _, a in page.tags if {"src", "href", "onload", "onclick"} & set(a)]
    assert "@import" not in html
    outside = set(re.findall(r"https?://[^\"' <)]+", html)) - {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert outside == set()


def test_it_can_be_read_by_ear(page: Page) -> None:
    assert ("html", {"lang": "en"}) in page.tags
    pictures = [a for tag, a in page.tags if tag == "div" and a.get("role") == "img"]
    assert len(pictures) == 8  # four charts, light and dark
    assert all(len(a["aria-label"] or "") > 40 for a in pictures)
    assert all(a.get("scope") in ("col", "row") for tag, a in page.tags if tag == "th")
    assert [tag for tag, _ in page.tags].count("h1") == 1


@pytest.mark.pictures
def test_equal_input_gives_equal_bytes() -> None:
    once, again = (render_report(made_up_facts()) for _ in range(2))
    assert once == again
    assert once.count("<svg") == 8  # four charts, light and dark


def test_text_of_the_crm_cannot_become_markup() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    worklist = made_up_worklist().assign(lead_id=attack, reason_1=attack)
    quarantine = made_up_quarantine().assign(reason=attack, rule=attack)
    facts = made_up_facts(
        worklist=worklist, quarantine=quarantine, warnings=(attack,), notes=(attack,), name=attack
    )
    page = Page(render_report(facts))
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert attack in page.text


def test_of_a_lead_it_shows_neither_owner_nor_profile() -> None:
    worklist = made_up_worklist().assign(owner_id="carla", email="canary@example.org")
    text = render_report(made_up_facts(worklist=worklist))
    assert "carla" not in text
    assert "canary" not in text
    assert "15000" not in text


def test_a_day_without_open_leads_still_has_its_page() -> None:
    empty = made_up_worklist().iloc[:0]
    text = Page(render_report(made_up_facts(worklist=empty))).text
    assert "no open leads" in text


def test_missing_reasons_are_left_out() -> None:
    worklist = made_up_worklist().assign(reason_2=None, reason_3=float("nan"))
    text = Page(render_report(made_up_facts(worklist=worklist))).text
    assert "nan" not in text.lower().split()
    assert "None" not in text.split()
