"""Pages become routes in the order of match, and files with the names that web servers expect."""

import pytest

from isrgen.build.plan import not_found_of, routes_of
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy
from isrgen.site.page import Kind, Page


def page(pattern: str, kind: Kind = Kind.MARKDOWN) -> Page:
    return Page(f"content{pattern}.md", kind, Pattern.parse(pattern), "", Strategy.SSR, "a test")


def test_routes_stand_in_the_order_of_match() -> None:
    pages = [page("/b/[...x]/"), page("/b/[x]/"), page("/[y]/"), page("/b/c/")]
    assert [str(route.pattern) for route in routes_of(pages)] == ["/b/c/", "/b/{x}/", "/b/**", "/{y}/"]


def test_an_api_route_has_no_page_in_the_snapshot() -> None:
    api, tea = routes_of([page("/api/", Kind.API), page("/tea/")])
    assert (api.page, tea.page) == (None, "content/tea/.md")


@pytest.mark.parametrize(
    ("prefix", "file"), [("/", "404.html"), ("/blog/", "blog/404.html"), ("/a/b/", "a/b/404.html")]
)
def test_a_not_found_page_lies_beside_what_it_serves(prefix: str, file: str) -> None:
    found = Page("s", Kind.MARKDOWN, Pattern.parse("/"), "", Strategy.SSG, "", not_found=prefix)
    assert not_found_of(found).file == file
