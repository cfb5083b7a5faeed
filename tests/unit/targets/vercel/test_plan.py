"""Names of functions."""

from __future__ import annotations

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.manifest import Manifest, Route
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy
from isrgen.targets.vercel.plan import plan

ROUTES = [
    ("/", "_isr/index"),
    ("/a/[b]/", "_isr/a__b"),
    ("/a__b/", "_isr/a__b-2"),
    ("/A/b/", "_isr/A__b-3"),
    ("/v1.2/", "_isr/v1-2"),
    ("/é à/", "_isr/-"),
    ("/index/", "_isr/index-2"),
    ("/" + "x" * 300 + "/", "_isr/" + "x" * 80),
]


def test_function_names_have_no_dots_and_differ_where_case_does_not_count() -> None:
    policy = CachePolicy(Lifetime(60))
    routes = tuple(Route(Pattern.parse(text), Strategy.ISR, "", "", policy) for text, _ in ROUTES)
    planned = plan(Manifest("b", "https://example.org", True, routes), "prerender")
    assert [item.function for item in planned] == [name for _, name in ROUTES]


def test_a_lifetime_of_nothing_is_no_prerender() -> None:
    route = Route(Pattern.parse("/a/"), Strategy.ISR, "", "", CachePolicy(Lifetime(0, 60)))
    planned = plan(Manifest("b", "https://example.org", True, (route,)), "prerender")
    assert [item.function for item in planned] == [""]
