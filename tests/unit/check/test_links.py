"""Links of whole sites; the words are those of ``tests/sites/invalid/check-*``."""

from __future__ import annotations

import pytest

from isrgen.check.addresses import Addresses
from isrgen.errors import IsrgenError

from .conftest import Check

LINK = "<a href='{}'>x</a>"


@pytest.mark.parametrize(
    "target",
    [
        "/", "#", "#top", "#TOP", "?x=1", "about/", "/about/", "/about", "/about/#us", "/about/?x#us",
        "https://example.org/about/", "//example.org/about/", "/files/a.txt", "/docs/intro/", "/old/",
        "/moved/tea/", "/blog/tea/", "/blog/tea", "/blog/tea/?page=2", "/api/posts", "/sitemap.xml",
        "/about/#:~:text=Us", "mailto:me@example.org", "tel:1", "javascript:void(0)", "data:text/plain,x", "https://elsewhere.example/",
        "/caf%C3%A9/", "/café/", "/now/#later",
    ],
)  # fmt: skip
def test_a_link_that_leads_somewhere_is_none_to_tell_of(check_site: Check, target: str) -> None:
    report = check_site(
        {
            "isrgen.toml": 'base_url = "https://example.org"\n[[redirects]]\nfrom = "/old/"\nto = "/about/"\n'
            '[[redirects]]\nfrom = "/moved/[slug]/"\nto = "/blog/[slug]/"\n',
            "content/index.html": LINK.format(target),
            "content/about.html": '<p id="us">',
            "content/café.html": "Café",
            "content/docs/intro.html": "Intro",
            "content/now+ssr.html": '<p id="later">',
            "content/blog/[slug]+ssr.html": "{{ params.slug }}",
            "content/api/posts+api.py": "def GET():\n    raise SystemError('never called')\n",
            "static/files/a.txt": "a",
        }
    )
    assert report.problems == []
    assert report.warnings == []


@pytest.mark.parametrize(
    "target",
    [
        "/abot/",
        "about.md",
        "../up/",
        "/api/none",
        "/blog/",
        "/files/",
        "http://example.org:80/x/",
        "/%00/",
        "//",
    ],
)
def test_a_link_that_leads_nowhere_is_told(check_site: Check, target: str) -> None:
    report = check_site(
        {
            "isrgen.toml": 'base_url = "http://example.org:80"\n',
            "content/index.html": LINK.format(target),
            "content/about.html": "About",
            "content/blog/[slug]+ssr.html": "{{ params.slug }}",
            "static/files/a.txt": "a",
        }
    )
    if target == "//":
        assert report.problems == []
        return
    assert [problem.where for problem in report.problems] == ["content/index.html:1"]


def test_what_many_pages_show_is_told_once_with_the_line_it_is_written_in(check_site: Check) -> None:
    report = check_site(
        {
            "templates/page.html": "<title>x</title>\n\n<a href='/nope/'>x</a>{{ content }}",
            **{f"content/p{number}.md": "Hello" for number in range(6)},
        }
    )
    (problem,) = report.problems
    assert problem.where == "templates/page.html:3"
    assert problem.hint == "It is on /p0/, /p1/, /p2/ and 3 more."


def test_links_of_pages_rendered_on_demand_are_followed_from_one_to_the_next(check_site: Check) -> None:
    report = check_site(
        {
            "content/index.html": LINK.format("/n/1/"),
            "content/n/[number]+ssr.html": "<a href='/n/{{ next }}/'>x</a>",
            "content/n/[number]+ssr.py": "from isrgen import not_found\n"
            "def loader(params):\n    if params['number'] == '4':\n        raise not_found()\n"
            "    return {'next': int(params['number']) + 1}\n",
        }
    )
    assert [problem.message for problem in report.problems] == ["The link '/n/4/' leads nowhere."]
    assert report.problems[0].where == "content/n/[number]+ssr.html"


def test_the_sitemap_names_pages_to_render(check_site: Check) -> None:
    report = check_site({"static/sitemap-more.xml": "<urlset><url><loc>/a/x/</loc></url></urlset>",
                         "content/a/[x]+ssr.html": LINK.format("/nope/")})  # fmt: skip
    assert [problem.message for problem in report.problems] == ["The link '/nope/' leads nowhere."]


def test_a_path_that_no_route_has_is_refused(check_site: Check) -> None:
    with pytest.raises(IsrgenError, match="No on-demand route has the address '/nope/'"):
        check_site({"content/index.html": "Hello"}, paths=("/nope/",))


@pytest.mark.parametrize(
    ("page", "target", "path", "leaves"),
    [
        ("/b/", "c/", "/b/c/", ""),
        ("/b/", "../../../c/", "", ""),
        ("/b/", "/docs/c/", "/c/", ""),
        ("/b/", "/docs", "/", ""),
        ("/b/", "/docsy/", "", "/docs/docsy/"),
        ("/b/", "/c/", "", "/docs/c/"),
        ("/b/", "https://A.example/docs/c/", "/c/", ""),
        ("/b/", "https://a.example/c/", "", ""),
        ("/b/", "http://a.example/docs/c/", "", ""),
        ("/b/", "http://[bad", "", ""),
    ],
)
def test_an_address_is_one_of_the_site_below_the_path_of_its_base_url(
    page: str, target: str, path: str, leaves: str
) -> None:
    found = Addresses("https://a.example/docs").resolve(page, target)
    assert found is not None
    assert (found.path, found.leaves) == (path, leaves)
