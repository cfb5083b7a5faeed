"""Which route a draft visitor gets in place of what everybody gets."""

from __future__ import annotations

import pytest

from isrgen.manifest import Manifest, Route
from isrgen.routing.pattern import Pattern
from isrgen.routing.priority import sort_key
from isrgen.routing.strategy import Strategy
from isrgen.server.previews import Previews


def route(pattern: str, strategy: Strategy = Strategy.SSG, **facts: object) -> Route:
    return Route(Pattern.parse(pattern), strategy, f"{pattern}{len(facts)}", "", **facts)  # type: ignore[arg-type]


ROUTES = (
    route("/plain/"),
    route("/coded/", module="content/coded.py"),
    route("/[slug]/", module="content/[slug].py"),
    route("/isr/", Strategy.ISR),
    route("/docs/[...path]/", Strategy.SSR),
)
HELD = (route("/held/", Strategy.SSR), route("/plain/", Strategy.SSR, page="draft"))


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("held", ""),
        ("plain", "draft"),
        ("coded", None),
        ("other", None),
        ("isr", None),
        ("docs/a", None),
        ("no/where", None),
    ],
)
def test_a_draft_goes_before_a_page_and_a_page_with_python_stays_what_it_is(
    path: str, page: str | None
) -> None:
    routes = tuple(sorted(ROUTES, key=lambda each: sort_key(each.pattern)))
    found = Previews(Manifest("", "", True, routes=routes, previews=HELD)).find(path.split("/"))
    assert (None if found is None else found[0].page or "") == page


def test_a_static_page_without_python_is_rendered_anew() -> None:
    found = Previews(Manifest("", "", True, routes=ROUTES)).find(["plain"])
    assert found is not None
    assert found[0].strategy is Strategy.SSR
