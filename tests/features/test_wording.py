import re

import numpy as np
import pandas as pd
import pytest

from features.catalog import build_catalog, list_topics
from features.list_policy import ListPolicy
from features.matrix import build_matrix
from features.snapshots import build_scoring_snapshots
from features.vocabulary import ProfileTerm, Vocabulary, learn_vocabulary
from features.wording import build_sentences
from tests.features.conftest import Loan
from tests.features.frames import build_activities, build_leads, build_snapshots, parse_instant

VOCABULARY = Vocabulary(
    ("offer_returned", "after_offer_call", "SMS"),
    (
        ProfileTerm("amount_requested", "number"),
        ProfileTerm("source", "category", ("partner",)),
        ProfileTerm("newsletter", "yes_no"),
        ProfileTerm("lease_end", "date"),
    ),
)
CATALOG = build_catalog(VOCABULARY)
LEADS = build_leads(
    ["2012-01-01T14:30", "2012-01-20"],  # a Sunday and a Friday
    amount_requested=[15000.0, np.nan],
    source=pd.Series(["partner", None], dtype="str"),
    newsletter=pd.array([True, None], dtype="boolean"),
    lease_end=pd.to_datetime(["2012-03-01", None], utc=True),
)
OFFER = (0, "2012-01-28T12:00", "offer_returned", "inbound", "ann")
CALLS = [
    (0, f"2012-01-{day}T22:00", "after_offer_call", "outbound", rep)
    for day, rep in (("29", "ann"), ("30", "bob"), ("31", "bob"))
]
ACTIVITIES = build_activities([OFFER, *CALLS])


def format_sentence(topic: str, lead: int = 0, as_of: str = "2012-02-01") -> str:
    X = build_matrix(build_snapshots([(lead, as_of)]), LEADS, ACTIVITIES, VOCABULARY)
    return str(build_sentences(np.array([[topic]], dtype=object), X, CATALOG)[0, 0])


@pytest.mark.parametrize(
    ("topic", "worked", "untouched"),
    [
        ("offer_returned", "Offer returned 3 days ago", "No offer returned yet"),
        (
            "after_offer_call",
            "After offer call 3 times, last 2 hours ago",
            "No after offer call yet",
        ),
        ("sms", "No SMS yet", "No SMS yet"),
        ("other_type", "No other kind of activity yet", "No other kind of activity yet"),
        ("inbound", "Inbound activity 3 days ago", "No inbound activity yet"),
        (
            "outbound",
            "3 outbound activities in 7 days, last 2 hours ago",
            "No outbound activity yet",
        ),
        (
            "last_activities",
            "Last two activities: after offer call, then after offer call",
            "No activity yet",
        ),
        (
            "last_inbound_type",
            "Last inbound activity: offer returned",
            "No inbound activity yet",
        ),
        (
            "last_outbound_type",
            "Last outbound activity: after offer call",
            "No outbound activity yet",
        ),
        ("active_days", "Active on 4 of the last 30 days", "No activity in the last 30 days"),
        (
            "pace",
            "No activity in the 30 days before the last 7",
            "No activity in the 30 days before the last 7",
        ),
        ("reps", "2 reps involved so far", "No rep recorded so far"),
        (
            "first_response",
            "First contact 28 days after creation",
            "Not contacted yet, created 12 days ago",
        ),
        (
            "whose_turn",
            "3 outbound activities, no inbound since",
            "No inbound or outbound activity yet",
        ),
        ("age", "Open for 30 days", "Open for 12 days"),
        (
            "created",
            "Created on a Sunday between 14:00 and 15:00 UTC",
            "Created on a Friday between 00:00 and 01:00 UTC",
        ),
        ("listed", "Listed on a Wednesday", "Listed on a Wednesday"),
        ("profile: amount_requested", "Amount requested: 15,000", "Amount requested unknown"),
        ("profile: source", "Source: partner", "Source unknown"),
        ("profile: newsletter", "Newsletter: yes", "Newsletter unknown"),
        ("profile: lease_end", "Lease end: in 29 days", "Lease end unknown"),
    ],
)
def test_a_sentence_states_the_fact(topic: str, worked: str, untouched: str) -> None:
    assert format_sentence(topic, lead=0) == worked
    assert format_sentence(topic, lead=1) == untouched


@pytest.mark.parametrize(
    ("as_of", "sentence"),
    [
        ("2012-01-28T12:59", "Offer returned less than an hour ago"),
        ("2012-01-28T13:00", "Offer returned 1 hour ago"),
        ("2012-01-28T17:00", "Offer returned 5 hours ago"),
        ("2012-01-29T11:59", "Offer returned 23 hours ago"),
        ("2012-01-29T12:00", "Offer returned 1 day ago"),
        ("2012-01-30T11:59", "Offer returned 1 day ago"),
        ("2012-01-30T12:00", "Offer returned 2 days ago"),
    ],
)
def test_ages_are_whole_hours_below_a_day_and_whole_days_above(as_of: str, sentence: str) -> None:
    assert format_sentence("offer_returned", as_of=as_of) == sentence


@pytest.mark.parametrize(
    ("topic", "as_of", "sentence"),
    [
        ("inbound", "2012-03-09", "No inbound activity for 40 days"),
        ("activity", "2012-02-08", "No activity for 7 days"),
        ("pace", "2012-02-20", "No activity in the last 7 days, some in the 30 days before"),
        ("pace", "2012-02-05", "More active in the last 7 days than in the 30 before"),
        ("reps", "2012-01-30", "1 rep involved so far"),
        ("reps", "2012-02-29", "2 reps involved so far, 1 of them in the last 30 days"),
        ("reps", "2012-05-01", "2 reps involved so far, none in the last 30 days"),
        ("whose_turn", "2012-01-29", "1 inbound activity, no outbound since"),
        ("last_activities", "2012-01-29", "Only activity so far: offer returned"),
        ("profile: lease_end", "2012-03-03", "Lease end: 2 days ago"),
        ("after_offer_call", "2012-01-31", "After offer call twice, last "),
    ],
)
def test_a_sentence_follows_time(topic: str, as_of: str, sentence: str) -> None:
    assert format_sentence(topic, as_of=as_of).startswith(sentence)


def matrix(**columns: float) -> pd.DataFrame:
    zeros = dict.fromkeys((f.name for f in CATALOG), 0.0) | columns
    return pd.DataFrame([zeros], dtype=np.float32)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0"),
        (100, "100"),
        (1234.5, "1,234.5"),
        (0.1, "0.1"),
        (-2500, "-2,500"),
        (16777216, "16,777,216"),
    ],
)
def test_numbers_have_separators_and_no_spurious_digits(amount: float, words: str) -> None:
    X = matrix(amount_requested=amount)
    topic = np.array([["profile: amount_requested"]], dtype=object)
    assert build_sentences(topic, X, CATALOG)[0, 0] == f"Amount requested: {words}"


def test_rare_values_are_named_as_such() -> None:
    topic = np.array([["profile: source", "last_activities"]], dtype=object)
    X = matrix(source=1, last_type=1, second_last_type=2)
    assert build_sentences(topic, X, CATALOG)[0].tolist() == [
        "Source: a rare value",
        "Last two activities: offer returned, then other activity",
    ]


def test_every_row_gets_its_own_sentences_in_place(loan: Loan) -> None:
    as_of = parse_instant("2012-01-14")
    vocabulary = learn_vocabulary(*loan, until=as_of)
    catalog = build_catalog(vocabulary)
    rows = build_scoring_snapshots(loan.leads, as_of=as_of, policy=ListPolicy())
    X = build_matrix(rows, loan.leads, loan.activities, vocabulary)
    names = np.array(sorted(set(list_topics(catalog))), dtype=object)
    asked = np.random.default_rng(1).choice(names, (len(X), 3))
    together = build_sentences(asked, X, catalog)
    for i in range(0, len(X), 60):
        alone = build_sentences(asked[i : i + 1], X.iloc[i : i + 1], catalog)
        assert together[i].tolist() == alone[0].tolist()
    for sentence in together.ravel():
        assert re.fullmatch(r"[A-Z\d][^_%]*[^ .]", sentence), sentence


def test_no_rows_need_no_sentences() -> None:
    nothing = np.empty((0, 3), dtype=object)
    assert build_sentences(nothing, matrix().iloc[:0], CATALOG).shape == (0, 3)


@pytest.mark.parametrize(
    ("pace", "words"),
    [(0.5, "Less active"), (0.8, "As active"), (1.25, "As active"), (3, "More active")],
)
def test_pace_is_written_without_a_ratio(pace: float, words: str) -> None:
    topic = np.array([["pace"]], dtype=object)
    assert str(build_sentences(topic, matrix(pace_7d=pace), CATALOG)[0, 0]).startswith(words)


def test_reasons_about_offers_agree_with_the_activities(loan: Loan) -> None:
    as_of = parse_instant("2012-01-14")
    vocabulary = learn_vocabulary(*loan, until=as_of)
    rows = build_scoring_snapshots(loan.leads, as_of=as_of, policy=ListPolicy()).head(200)
    X = build_matrix(rows, loan.leads, loan.activities, vocabulary)
    asked = np.full((len(X), 1), "offer_sent", dtype=object)
    offers = loan.activities.query("type == 'offer_sent' and occurred_at < @as_of")
    for lead, sentence in zip(
        rows["lead"], build_sentences(asked, X, build_catalog(vocabulary))[:, 0], strict=True
    ):
        ages = (as_of - offers.loc[offers["lead"] == lead, "occurred_at"]).sort_values()
        if ages.empty:
            assert sentence == "No offer sent yet"
            continue
        days, hours = ages.iloc[0].days, ages.iloc[0].seconds // 3600
        n, unit = (days, "day") if days else (hours, "hour")
        assert sentence.endswith(f"{n} {unit}{'s' * (n != 1)} ago")
        month = int((ages <= pd.Timedelta(days=30)).sum())
        assert ("times" in sentence or "twice" in sentence) == (month > 1)
