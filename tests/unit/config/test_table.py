"""Typed reads, and the problems they leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from isrgen.config.table import Document, Table, shown
from isrgen.errors import Problem


def table_of(data: dict[str, Any]) -> tuple[Table, list[Problem]]:
    problems: list[Problem] = []
    return Table(Document("a.md", data, lambda path: len(path)), problems), problems


MOMENTS = [
    (date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)),
    ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
    ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
    (datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 9, tzinfo=UTC)),
    ("2026-03-01T09:00:00+02:00", datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=2)))),
]


@pytest.mark.parametrize(("written", "moment"), MOMENTS, ids=str)
def test_a_date_is_an_aware_moment(written: object, moment: datetime) -> None:
    table, problems = table_of({"date": written})
    assert table.moment("date") == moment
    assert problems == []


@pytest.mark.parametrize("written", ["yesterday", 2026, True, ["2026-03-01"], "2026-02-30", ""])
def test_what_is_no_date_is_a_problem(written: object) -> None:
    table, problems = table_of({"date": written})
    assert table.moment("date") is None
    assert "which is not a date" in problems[0].message


READS = [
    ("text", 2026, "2026"),
    ("text", "a", "a"),
    ("text", None, ""),
    ("texts", "one", ("one",)),
    ("texts", ["a", 2026], ("a", "2026")),
    ("number", -5, -5),
    ("duration", "90s", 90),
]


@pytest.mark.parametrize(("kind", "written", "read"), READS, ids=str)
def test_a_value_is_read_as_it_is_meant(kind: str, written: object, read: object) -> None:
    table, problems = table_of({"key": written})
    assert getattr(table, kind)("key") == read
    assert problems == []


REFUSED = [
    ("text", True),
    ("text", ["a"]),
    ("texts", {"a": 1}),
    ("texts", [True]),
    ("number", "5"),
    ("number", True),
    ("duration", "soon"),
    ("table", "text"),
    ("tables", {"a": 1}),
    ("tables", [1]),
]


@pytest.mark.parametrize(("kind", "written"), REFUSED, ids=str)
def test_a_value_of_another_type_is_a_problem_with_a_way_out(kind: str, written: object) -> None:
    table, problems = table_of({"key": written})
    getattr(table, kind)("key")
    assert [problem.file for problem in problems] == ["a.md"]
    assert problems[0].hint


def test_an_inner_table_knows_its_place() -> None:
    table, problems = table_of({"outer": {"inner": {"key": "x"}}})
    outer = table.table("outer")
    inner = outer.table("inner") if outer else None
    assert inner is not None
    inner.number("key")
    assert problems[0].message.startswith("`outer.inner.key`")
    assert problems[0].line == 3


def test_an_unknown_key_is_named_with_its_neighbour() -> None:
    table, problems = table_of({"titel": 1})
    table.unknown(["title", "tags"])
    assert "`titel`" in problems[0].message
    assert "`title`" in problems[0].hint


def test_long_values_are_shown_short() -> None:
    assert len(shown("x" * 500)) == 60
    assert shown(date(2026, 1, 2)) == '"2026-01-02"'
