"""Dates as HTTP writes them: three forms, read to the letter (RFC 9110 section 5.6.7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_DAY: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY: Final = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_TIME: Final = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

_FORMS: Final = (
    re.compile(rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(rf"{_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)
"""IMF-fixdate, which is the one to write, and the two obsolete ones."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_date(text: str, now: float) -> int | None:
    """Unix time, or None for what is no date of HTTP's.

    ``now`` decides the century of a year with two digits: what would be more
    than fifty years ahead lies in the past.

    >>> parse_date("Sun, 06 Nov 1994 08:49:37 GMT", 0), parse_date("Sunday, 06-Nov-94 08:49:37 GMT", 784e6)
    (784111777, 784111777)
    >>> parse_date("Sun Nov  6 08:49:37 1994", 0), parse_date("0", 0)
    (784111777, None)
    """
    if len(text) > 40:
        return None
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _moment(found, now)
    return None


def http_date(moment: float) -> str:
    """Unix time as HTTP writes it (RFC 9110 section 5.6.7).

    >>> http_date(0)
    'Thu, 01 Jan 1970 00:00:00 GMT'
    """
    return formatdate(moment, usegmt=True)


def _moment(found: re.Match[str], now: float) -> int | None:
    month, day, hour = _MONTHS.index(found["month"]) + 1, int(found["day"]), int(found["hour"])
    minute, second = int(found["minute"]), int(found["second"])
    # A leap second is written as :60; in Unix time it is the next second.
    if second > 60:
        return None
    try:
        year = int(found["year"])
        moment = datetime(
            _century(year, now) if len(found["year"]) == 2 else year, month, day, hour, minute, tzinfo=UTC
        )
    except (ValueError, OverflowError):
        return None
    return int((moment - _EPOCH).total_seconds()) + second


def _century(digits: int, now: float) -> int:
    """The year that two digits mean: of those that end so, the last that is not fifty years ahead."""
    this = datetime.fromtimestamp(now, UTC).year
    year = this - this % 100 + digits
    if year > this + 50:
        return year - 100
    return year + 100 if year <= this - 50 else year
