"""Presets, tables and Cache-Control strings under ``cache``."""

from __future__ import annotations

from typing import Any

import pytest

from isrgen.caching.policy import PRESETS, CachePolicy, Lifetime
from isrgen.config.cache import read_cache, read_lifetime
from isrgen.config.table import Document, Table
from isrgen.errors import Problem


def read(value: Any) -> tuple[CachePolicy | None, list[Problem]]:
    problems: list[Problem] = []
    table = Table(Document("a.md", {"cache": value}, lambda _: 1), problems)
    return read_cache(table, "cache", PRESETS), problems


WRITTEN = [
    ("hourly", Lifetime(3600, 86400)),
    ("daily", Lifetime(86400, 604800)),
    ("frequent", Lifetime(300, 3600)),
    ("private", None),
    ("public, s-maxage=3600, stale-while-revalidate=86400", Lifetime(3600, 86400)),
    ("PUBLIC, S-MAXAGE=60", Lifetime(60)),
    ('public, max-age="60"', Lifetime(60)),
    ("max-age=10, s-maxage=20, stale-if-error=30", Lifetime(20, 0, 30)),
    ("public, s-maxage=60, stale-while-revalidate=60, must-revalidate", Lifetime(60)),
    ("private, no-store", None),
    ("no-store", None),
    ("no-cache, s-maxage=60", None),
    ("public", None),
    ({"s-maxage": "1h"}, Lifetime(3600)),
    ({"s-maxage": 90, "stale-while-revalidate": "2d", "stale-if-error": "1w"}, Lifetime(90, 172800, 604800)),
    ({"s-maxage": 0}, None),
    ({"s-maxage": 0, "stale-while-revalidate": 60}, Lifetime(0, 60)),
    ({"tags": ["a"]}, None),
]


@pytest.mark.parametrize(("value", "lifetime"), WRITTEN, ids=lambda value: str(value)[:50])
def test_a_lifetime_is_read_as_written(value: Any, lifetime: Lifetime | None) -> None:
    policy, problems = read(value)
    assert problems == []
    assert policy is not None
    assert policy.lifetime == lifetime


def test_a_table_may_hold_everything() -> None:
    policy, problems = read(
        {
            "s-maxage": "1h",
            "tags": ["blog", "post:{slug}"],
            "query": ["page"],
            "vary": ["Accept-Language"],
            "bypass-cookies": ["session"],
        }
    )
    assert problems == []
    assert policy == CachePolicy(
        Lifetime(3600), ("blog", "post:{slug}"), ("page",), ("Accept-Language",), ("session",)
    )


def test_bypass_cookies_may_be_declared_alone() -> None:
    assert read({"bypass-cookies": ["session"]}) == (CachePolicy(bypass_cookies=("session",)), [])


WRONG = [
    ("hourley", "hourly"),
    ("", "preset"),
    ("s-maxage=1h", "seconds"),
    ("s-maxage", "preset"),
    ("public, s-maxage", "seconds"),
    ("public, s-maxage=-1", "seconds"),
    ("public, smaxage=60", "s-maxage"),
    (60, "s-maxage"),
    (["hourly"], "s-maxage"),
    ({"max-age": 60}, "s-maxage"),
    ({"stale-while-revalidate": 60}, "s-maxage"),
    ({"s-maxage": "soon"}, "duration"),
    ({"s-maxage": -1}, "duration"),
    ({"s-maxage": True}, "duration"),
    ({"s_maxage": 60}, "s-maxage"),
    ({"tags": [""]}, "tag"),
    ({"tags": ["{"]}, "tag"),
    ({"tags": [{"a": 1}]}, "list of texts"),
    ({"vary": ["*"]}, "vary"),
    ({"vary": ["cookie"]}, "bypass-cookies"),
    ({"vary": ["X-Forwarded-Host"]}, "never part of a key"),
    ({"vary": ["Accept Language"]}, "request header"),
    ({"bypass-cookies": ["a=b"]}, "cookie"),
    ({"query": [""]}, "empty name"),
]


@pytest.mark.parametrize(("value", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_what_cannot_be_meant_is_a_problem_with_a_way_out(value: Any, said: str) -> None:
    _, problems = read(value)
    assert problems
    assert said in str(problems[0])
    assert problems[0].hint


def test_every_bad_directive_of_a_string_is_reported() -> None:
    assert len(read("pubic, s-maxage=1h")[1]) == 2


def test_a_preset_is_a_lifetime() -> None:
    problems: list[Problem] = []
    table = Table(Document("a", {"a": {"s-maxage": 1}, "b": "s-maxage=2", "c": 3}, lambda _: 1), problems)
    assert [read_lifetime(table, key) for key in "abc"] == [Lifetime(1), Lifetime(2), None]
    assert len(problems) == 1
