"""Dates in templates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from jinja2 import Undefined

from isrgen.render.filters import format_date, iso_date, rfc822_date

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("value", [NOON, date(2026, 3, 1), "2026-03-01", "2026-03-01T12:00:00Z", 1772366400])
def test_anything_that_holds_a_day_can_be_formatted(value):
    assert format_date(value, "%d.%m.%Y") == "01.03.2026"


@pytest.mark.parametrize("value", [None, "", Undefined()])
def test_no_date_prints_nothing(value):
    assert (format_date(value), iso_date(value), rfc822_date(value)) == ("", "", "")


@pytest.mark.parametrize("value", [True, [], {}])
def test_what_is_no_date_is_an_error(value):
    with pytest.raises(TypeError):
        format_date(value)


def test_feeds_get_the_form_they_ask_for():
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert (iso_date(NOON), iso_date(east)) == ("2026-03-01T12:00:00Z", "2026-03-01T14:00:00+02:00")
    assert (iso_date(date(2026, 3, 1)), rfc822_date(NOON)) == (
        "2026-03-01T00:00:00Z",
        "Sun, 01 Mar 2026 12:00:00 +0000",
    )
