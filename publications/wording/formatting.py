"""How figures are written for people, each with its unit; one function a kind."""

import re
from datetime import UTC, datetime
from math import isnan

NO_VALUE = "\N{EN DASH}"
"""Shown where there is no figure."""
MINUS_SIGN = "\N{MINUS SIGN}"
NUMBER_AND_UNIT = re.compile(
    r"(?<=\d) (?=%|(?:points?|hours?|days?|weeks?|calls?|leads?|customers?|lists?|rows?|UTC)\b)"
)


def keep_units(text: str) -> str:
    r"""Put a space that does not break between each number and its unit.

    >>> keep_units("30 % of 399 leads, 2 of them new")
    '30\xa0% of 399\xa0leads, 2 of them new'
    """
    return NUMBER_AND_UNIT.sub("\N{NO-BREAK SPACE}", text)


def percent(share: float, digits: int = 0) -> str:
    """Write a share from 0 to 1 as a percentage.

    >>> percent(0.553), percent(0.0123, digits=1), percent(float("nan")) == NO_VALUE
    ('55 %', '1.2 %', True)
    """
    return NO_VALUE if isnan(share) else f"{share * 100:.{digits}f} %"


def percent_interval(low: float, high: float, digits: int = 0) -> str:
    """Write the two ends of an interval.

    >>> percent_interval(0.52, 0.58), percent_interval(0.521, 0.584, digits=1)
    ('52 to 58 %', '52.1 to 58.4 %')
    """
    if isnan(low) or isnan(high):
        return NO_VALUE
    return f"{low * 100:.{digits}f} to {high * 100:.{digits}f} %"


def points(difference: float) -> str:
    """Write a difference of two shares in percentage points, always with its sign.

    With one decimal: a difference of two rounded shares is often not the rounded difference.

    >>> points(0.142), points(-0.02) == f"{MINUS_SIGN}2.0 points", points(-0.0001)
    ('+14.2 points', True, '±0.0 points')
    """
    return NO_VALUE if isnan(difference) else f"{signed_points(difference)} points"


def points_interval(low: float, high: float) -> str:
    """Write the two ends of an interval of percentage points.

    >>> points_interval(0.1, 0.18)
    '+10.0 to +18.0 points'
    """
    if isnan(low) or isnan(high):
        return NO_VALUE
    return f"{signed_points(low)} to {signed_points(high)} points"


def signed_points(difference: float) -> str:
    """Write a difference of two shares in percentage points, without the unit.

    >>> signed_points(0.142), signed_points(0.0001)
    ('+14.2', '±0.0')
    """
    if isnan(difference):
        return NO_VALUE
    rounded = round(difference * 100, 1)
    return "±0.0" if rounded == 0 else f"{rounded:+.1f}".replace("-", MINUS_SIGN)


def count(number: int, one: str = "", many: str = "") -> str:
    """Write how many, with its noun where one is given.

    >>> count(4212, "lead", "leads"), count(1, "lead", "leads"), count(1282)
    ('4,212 leads', '1 lead', '1,282')
    """
    noun = one if number == 1 else many
    return f"{number:,} {noun}".strip()


def decimal(number: float, digits: int = 2) -> str:
    """Write a number with a fixed count of decimals.

    >>> decimal(0.4567), decimal(float("nan")) == NO_VALUE
    ('0.46', True)
    """
    return NO_VALUE if isnan(number) else f"{number:,.{digits}f}"


def day(instant: datetime | None) -> str:
    """Write the day of an aware instant, in UTC.

    >>> day(datetime(2012, 3, 4, 23, 0, tzinfo=UTC))
    '4 March 2012'
    """
    if instant is None or instant != instant:  # noqa: PLR0124  (a missing time stamp)
        return NO_VALUE
    utc = instant.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y}"


def minute(instant: datetime | None) -> str:
    """Write an aware instant to the minute, in UTC.

    >>> minute(datetime(2012, 3, 4, 23, 5, tzinfo=UTC))
    '4 March 2012, 23:05 UTC'
    """
    if instant is None or instant != instant:  # noqa: PLR0124  (a missing time stamp)
        return NO_VALUE
    return f"{day(instant)}, {instant.astimezone(UTC):%H:%M} UTC"
