"""Automatic tags: whatever a page read, a purge of it finds the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isrgen.caching.invalidation import portable
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.site.entry import Entry

HOUR = CachePolicy(Lifetime(3600, 86400))
PURGE = """
from isrgen import revalidate_path, revalidate_tag
async def POST(request):
    what = await request.json()
    if "tag" in what:
        revalidate_tag(what["tag"], hard=True)
    else:
        revalidate_path(what["path"], hard=True)
    return {}
"""

# what a page prints -> a purge that must find it, and one that must not
READS = [
    ("", {"tag": "page:/a/"}, {"tag": "page:/b/"}),
    ("", {"path": "/a/"}, {"path": "/b/"}),
    ("", {"path": "/a"}, {"path": "/"}),
    ("", {"tag": "template:content/a+ssr.html"}, {"tag": "template:content/b+ssr.html"}),
    ("", {"tag": "all"}, {"tag": "collection:blog"}),
    ("{{ site.collections.blog | length }}", {"tag": "collection:blog"}, {"tag": "page:/blog/tea/"}),
    ("{{ site.pages[:1] }}", {"tag": "collection:blog"}, {"tag": "collection:docs"}),
    ("{{ site.pages[:1] }}", {"tag": "site:pages"}, {"tag": "site:data"}),
    ("{{ site.collections.docs }}", {"tag": "collection:docs"}, {"tag": "collection:blog"}),
    ("{{ site.taxonomies.tags.tea }}", {"tag": "term:tags/tea"}, {"tag": "term:tags/cups"}),
    ("{{ site.taxonomies.tags.cups }}", {"tag": "term:tags/cups"}, {"tag": "term:tags/tea"}),
    ("{{ site.page('/blog/tea') }}", {"tag": "page:/blog/tea/"}, {"tag": "page:/blog/"}),
    ("{{ site.page('/blog/nope') }}", {"tag": "page:/blog/nope/"}, {"tag": "page:/blog/tea/"}),
    ("{{ site.page('content/x.md') }}", {"tag": "page:content/x.md"}, {"tag": "page:/x/"}),
    ("{{ site.page('/blog/tea/').next }}", {"tag": "collection:blog"}, {"tag": "site:data"}),
    ("{{ data.menu }}", {"tag": "data:menu"}, {"tag": "data:other"}),
    ("{{ site.data.menu }}", {"tag": "DATA:Menu"}, {"tag": "data:other"}),
    ("{{ data.nope }}", {"tag": "data:nope"}, {"tag": "data:menu"}),
    ("{{ data | length }}", {"tag": "site:data"}, {"tag": "site:pages"}),
    ("{% include 'content/part.html' %}", {"tag": "template:content/part.html"}, {"tag": "template:x"}),
]


@pytest.mark.parametrize(("body", "hits", "misses"), READS, ids=[str(row[:2]) for row in READS])
def test_a_purge_of_what_a_page_read_finds_the_page_and_another_does_not(
    kit: Any, drive: Any, body: str, hits: dict[str, str], misses: dict[str, str]
) -> None:
    tea = Entry("content/blog/tea.md", "/blog/tea/", "Tea", section="blog", tags=("tea",))
    kit.entries[tea.source] = tea
    kit.data["menu"] = [1]
    kit.bodies["content/part.html"] = "part"
    kit.page("/a/", f"a{body}", policy=HOUR)
    kit.api("/purge", PURGE)
    server = drive()

    def status_after(purge: dict[str, str]) -> str:
        server.get("/a/")
        assert "hit" in server.get("/a/")["Cache-Status"]
        assert server.request("POST", "/purge", body=json.dumps(purge).encode()).status == 200
        return str(server.get("/a/")["Cache-Status"])

    assert "hit" in status_after(misses)
    assert "miss" in status_after(hits)


def test_what_a_loader_and_an_api_route_read_counts_as_well(kit: Any, ask: Any) -> None:
    kit.page("/a/", "x", "def loader(site):\n    site.data.get('menu')\n    site.page('/gone/')\n", HOUR)
    kit.api("/feed", "def GET(site):\n    return [p.title for p in site.collections.get('blog', ())]\n", HOUR)
    own = ("page:/a/", "data:menu", "page:/gone", "page:/gone/", portable("template:content/a+ssr.html"))
    assert ask("/a/").shared.tags == own
    assert ask("/feed").shared.tags == ("page:/feed", "collection:blog")


def test_a_page_that_is_not_there_is_purged_by_its_name(kit: Any, ask: Any) -> None:
    kit.page(
        "/blog/[slug]/", "x", "from isrgen import not_found\ndef loader():\n    raise not_found()\n", HOUR
    )
    answer = ask("/blog/Café/")
    assert answer.status == 404
    assert ask("/blog/tea/").shared.tags[0] == "page:/blog/tea/"
    assert answer.shared.tags[0].startswith("hash:")


def test_a_page_that_reads_thousands_of_things_loses_none_of_its_tags(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{% for n in range(2000) %}{{ site.page('/p/%d/' % n) }}{% endfor %}", policy=HOUR)
    kit.page("/b/", "b", policy=HOUR)
    kit.api("/purge", PURGE)
    server = drive()
    for number in (0, 777, 1999):
        server.get("/a/"), server.get("/b/")
        server.request("POST", "/purge", body=b'{"tag": "page:/p/%d/"}' % number)
        assert "miss" in server.get("/a/")["Cache-Status"]
        assert "hit" in server.get("/b/")["Cache-Status"]


def test_a_cdn_gets_few_tags_and_each_purge_names_one_of_them(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{% for n in range(70) %}{{ site.page('/p/%d/' % n) }}{% endfor %}", policy=HOUR)
    server = drive(behind="fastly", edge=True)
    sent = server.get("/a/")["Surrogate-Key"].split()
    assert sent == ["all", "path:/a/", "page:/a/", "collection:p", portable("template:content/a+ssr.html")]


def test_tags_are_for_the_store_and_not_for_visitors(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ data.menu }}", policy=HOUR)
    assert not any("data:menu" in value for _, value in drive().get("/a/").headers)


def test_a_page_that_is_nobodys_but_its_visitors_costs_no_tags(kit: Any, ask: Any) -> None:
    kit.page("/a/", "{{ request.client }}{{ data.menu }}", policy=HOUR)
    assert ask("/a/").shared is None
