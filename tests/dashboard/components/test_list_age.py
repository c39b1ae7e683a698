"""The age of a list in words."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.components.list_age import compute_list_age

AS_OF = datetime(2012, 3, 14, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "words", "level"),
    [
        (timedelta(minutes=59), "less than an hour", "fresh"),
        (timedelta(hours=1), "1 hour", "fresh"),
        (timedelta(hours=23, minutes=59), "23 hours", "fresh"),
        (timedelta(days=1), "1 day", "fresh"),
        (timedelta(days=1, seconds=1), "1 day", "amber"),
        (timedelta(days=3), "3 days", "amber"),
        (timedelta(days=3, seconds=1), "3 days", "red"),
        (timedelta(days=364), "364 days", "red"),
        (timedelta(days=366), "more than 1 year", "red"),
        (timedelta(days=14 * 366), "more than 14 years", "red"),
        (timedelta(hours=-5), "less than an hour", "fresh"),
    ],
)
def test_a_list_grows_old(age: timedelta, words: str, level: str) -> None:
    found = compute_list_age(AS_OF, AS_OF + age)
    assert (found.words, found.level) == (words, level)
