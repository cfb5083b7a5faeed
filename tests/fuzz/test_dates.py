"""Dates (RFC 9110 section 5.6.7): the three forms, and nothing that merely looks like one."""

from __future__ import annotations

from datetime import UTC, datetime

from fuzzing import FUZZ, scribbled
from hypothesis import assume, example, given
from hypothesis import strategies as st

from isrgen.caching.dates import http_date, parse_date

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def fixdate(moment: datetime) -> str:
    day, month = DAYS[moment.weekday()][:3], MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def rfc850(moment: datetime) -> str:
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02}-{month}-{moment.year % 100:02} {moment:%H:%M:%S} GMT"


def asctime(moment: datetime) -> str:
    day, month = DAYS[moment.weekday()][:3], MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year:04}"


@FUZZ
@given(MOMENTS)
def test_the_forms_that_tell_the_century_are_read(moment: datetime) -> None:
    for form in (fixdate, asctime):
        assert parse_date(form(moment), 0.0) == int(moment.timestamp())
    assert http_date(moment.timestamp()) == fixdate(moment)


@FUZZ
@given(MOMENTS, st.integers(1970, 9000))
def test_two_digits_are_a_year_that_is_not_fifty_years_ahead(moment: datetime, this: int) -> None:
    now = datetime(this, 6, 1, tzinfo=UTC).timestamp()
    assume((moment.month, moment.day) != (2, 29))
    found = parse_date(rfc850(moment), now)
    assert found is not None
    read = datetime.fromtimestamp(found, UTC)
    assert read.year % 100 == moment.year % 100
    assert this - 50 < read.year <= this + 50
    assert (read.month, read.day, read.time()) == (moment.month, moment.day, moment.time())


FORMS = st.builds(lambda form, moment: form(moment), st.sampled_from([fixdate, rfc850, asctime]), MOMENTS)


@FUZZ
@example("Sun, 06 Nov 1994 08:49:37 gmt")
@example("Sun, 6 Nov 1994 08:49:37 GMT")
@example("Sun, 06 Nov 1994 24:00:00 GMT")
@example("Sun, 31 Feb 1994 00:00:00 GMT")
@example("Sun, 06 Nov 1994 08:49:37 +0000")
@example("Sun, 06 Nov 1994 08:49:37 GMT\n")
@example("Sun Nov 06 08:49:37 1994")
@given(scribbled(FORMS, " ,:-0123456789GMTJanSuntueFebrday+\n\t٣"))
def test_what_is_read_is_a_date_to_the_letter(text: str) -> None:
    """Whatever is read is what one of the forms writes, but for the name of the day and a leap second."""
    found = parse_date(text, NOW.timestamp())
    if found is None:
        return
    read = datetime.fromtimestamp(found - text.count(":60"), UTC)
    written = {_dayless(form(read)) for form in (fixdate, rfc850, asctime)}
    told = _dayless(text.replace(":60", ":59"))
    # A single digit of the day is written with a blank before it, or with a zero.
    assert told in written | {_dayless(asctime(read)).replace("  ", " 0")}
    assert text.partition(" ")[0].strip(",") in {*DAYS, *(day[:3] for day in DAYS)}


def _dayless(text: str) -> str:
    return text.partition(" ")[2]
