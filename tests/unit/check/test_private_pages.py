"""A page that would like to be kept and is private: told by every check, not only by the test for leaks."""

from __future__ import annotations

import pytest

from .conftest import Check

FILES = {
    "content/me+ssr.html": "---\ncache: hourly\n---\nHello",
    "content/me+ssr.py": "def loader(request):\n    return {'who': request.cookies.get('session')}\n",
}
SAID = (
    "This reads the cookie `session`, so the response is private although it asks to be shared.",
    "content/me+ssr.py",
    2,
)


@pytest.mark.parametrize("leaks", [False, True])
def test_a_read_that_makes_a_page_private_is_told_once(check_site: Check, leaks: bool) -> None:
    report = check_site(FILES, leaks=leaks)
    assert [(one.message, one.file, one.line) for one in report.warnings] == [SAID]
    assert report.problems == []


def test_where_warnings_are_errors_it_is_one(check_site: Check) -> None:
    report = check_site(FILES | {"isrgen.toml": "strict = true"})
    assert [(one.message, one.file, one.line) for one in report.problems] == [SAID]
