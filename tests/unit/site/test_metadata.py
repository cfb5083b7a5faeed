"""Whatever stands in front matter or configuration is read, or is a problem."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isrgen.caching.policy import PRESETS
from isrgen.config.load import KEYS as CONFIG_KEYS
from isrgen.config.load import read_table
from isrgen.config.table import Document, Table
from isrgen.errors import Problem
from isrgen.site.metadata import KEYS, NO_LAYOUT, Metadata, read_metadata


def _hashable(value: object) -> bool:
    return not isinstance(value, (set, list, dict))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.just(time(9)),
    st.just(datetime(2026, 3, 1)),
    st.sampled_from(["hourly", "1h", "s-maxage=60", "/a/", "/[x]/", "ssr", "none", "http://[", b"\xff", {1}]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(SCALARS.filter(_hashable), inner, max_size=3)
    ),
    max_leaves=6,
)


def table_of(data: dict[str, Any]) -> tuple[Table, list[Problem]]:
    problems: list[Problem] = []
    return Table(Document("a.md", data, lambda path: 1), problems), problems


def read(data: dict[str, Any]) -> Metadata:
    return read_metadata(table_of(data)[0], PRESETS, None)


@given(st.dictionaries(st.sampled_from(sorted(KEYS)), VALUES, max_size=4))
def test_no_front_matter_raises(data: dict[str, Any]) -> None:
    table, problems = table_of(data)
    read_metadata(table, PRESETS, None)
    "".join(map(str, problems)).encode("utf-8", "backslashreplace")


@given(st.dictionaries(st.sampled_from(CONFIG_KEYS), VALUES, max_size=4))
def test_no_configuration_raises(data: dict[str, Any]) -> None:
    table, problems = table_of(data)
    read_table(Path(), "isrgen.toml", table)
    "".join(map(str, problems)).encode("utf-8", "backslashreplace")


def test_keys_of_isrgen_are_not_free() -> None:
    assert read({"title": "a", "cache": "hourly", "mode": "ssr", "author": "Ada"}).meta.extra == {
        "author": "Ada"
    }


@pytest.mark.parametrize("value", ["none", False, None])
def test_a_page_may_have_no_layout(value: object) -> None:
    assert read({"layout": value}).meta.layout == NO_LAYOUT
    assert read({}).meta.layout is None


def test_a_name_gives_the_date_only_where_the_front_matter_does_not() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    assert read_metadata(table_of({})[0], PRESETS, day.date()).meta.date == day
    assert read_metadata(table_of({"date": "2026-04-01"})[0], PRESETS, day.date()).meta.date != day


def test_a_page_that_expires_before_it_is_published_is_a_problem() -> None:
    table, problems = table_of({"publish_at": "2026-05-02", "expires_at": "2026-05-02"})
    read_metadata(table, PRESETS, None)
    assert len(problems) == 1
