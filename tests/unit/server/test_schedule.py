"""A page changes at its minute: nothing that lists it, or misses it, is sent older past that moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.manifest import Seed
from isrgen.site.entry import Entry

LONG = CachePolicy(Lifetime(3600, 86400, 86400))
NOW = 1_000_000.0
MOMENT = NOW + 600


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def entry(name: str, moment: str, **facts: Any) -> Entry:
    """A post that appears or goes at ``MOMENT``; ``moment`` is ``publish_at``, ``date`` or ``expires_at``."""
    more = {"section": "blog", "tags": ("green",), "title": name.title()} | facts
    return Entry(f"content/blog/{name}.md", f"/blog/{name}/", **{moment: at(MOMENT)}, **more)


SHOWN = {
    "all pages": "{{ site.pages | map(attribute='title') | join }}",
    "a collection": "{{ site.collections.blog | map(attribute='title') | join }}",
    "a filtered list": "{% for p in site.pages if p.title == 'Tea' %}{{ p.title }}{% endfor %}",
    "the first of a list": "{{ (site.collections.blog | first).title }}",
    "a count": "{{ 'Tea' * (site.collections.blog | length) }}",
    "a term": "{{ site.taxonomies.tags.green | map(attribute='title') | join }}",
    "the terms": "{{ 'Tea' if 'green' in site.taxonomies.tags | list }}",
    "whether there is a term": "{{ 'Tea' if site.taxonomies.tags.green }}",
    "a page by its URL": "{{ (site.page('/blog/tea/')).title }}",
    "a page by its file": "{{ (site.page('content/blog/tea.md')).title }}",
    "the next page": "{{ site.page('/blog/old/').next.title }}",
}


@pytest.mark.parametrize("moment", ["publish_at", "date", "expires_at"])
@pytest.mark.parametrize("body", SHOWN.values(), ids=SHOWN)
def test_a_page_appears_and_goes_at_its_minute_wherever_it_is_shown(
    kit: Any, drive: Any, body: str, moment: str
) -> None:
    tea = entry("tea", moment, **({} if moment == "date" else {"date": at(NOW - 5000)}))
    kit.entries[tea.source] = tea
    if "old" in body:
        old = Entry("content/blog/old.md", "/blog/old/", "", section="blog", date=at(NOW - 9000))
        kit.entries[old.source] = old
    kit.page("/a/", body, policy=LONG)
    server = drive()
    before, after = ("Tea", "") if moment == "expires_at" else ("", "Tea")
    assert server.get("/a/").text == before
    kit.clock.now = MOMENT - 1
    reply = server.get("/a/")
    assert reply.text == before
    assert "hit" in reply["Cache-Status"]
    kit.clock.now = MOMENT
    reply = server.get("/a/")
    assert (reply.text, reply["Cache-Status"]) == (after, "isrgen; fwd=stale; stored")
    assert "max-age=3600, stale-while-revalidate=86400" in reply["CDN-Cache-Control"]


def test_a_feed_knows_of_the_minute_as_well(kit: Any, drive: Any) -> None:
    tea = entry("tea", "publish_at")
    kit.entries[tea.source] = tea
    kit.api("/feed", "def GET(site):\n    return [p.title for p in site.pages]\n", LONG)
    kit.page("/loaded/", "{{ n }}", "def loader(site):\n    return {'n': len(site.pages)}\n", LONG)
    server = drive()
    assert (server.get("/feed").text, server.get("/loaded/").text) == ('[""]', "1")
    kit.clock.now = MOMENT
    assert (server.get("/feed").text, server.get("/loaded/").text) == ('["","Tea"]', "2")


def test_the_404_of_a_scheduled_page_does_not_outlive_its_publication(kit: Any, drive: Any) -> None:
    kit.change(not_found_ttl=3600)
    facts = {"publish_at": at(MOMENT), "expires_at": at(MOMENT + 60)}
    kit.page("/tea/", "tea", policy=LONG, entry=facts)
    server = drive()
    assert server.get("/tea/").status == 404
    kit.clock.now = MOMENT - 1
    late = server.get("/tea/")
    assert (late.status, "hit" in late["Cache-Status"]) == (404, True)
    kit.clock.now = MOMENT
    assert server.get("/tea/").text == "tea"
    kit.clock.now = MOMENT + 59
    assert "hit" in server.get("/tea/")["Cache-Status"]
    kit.clock.now = MOMENT + 60
    assert server.get("/tea/").status == 404


def test_a_page_that_looked_for_a_scheduled_one_says_404_no_longer_than_it_is_true(
    kit: Any, drive: Any
) -> None:
    tea = entry("tea", "publish_at")
    kit.entries[tea.source] = tea
    module = """
    from isrgen import not_found
    def loader(params, site):
        if site.page(f"/blog/{params['slug']}/") is None:
            raise not_found()
    """
    kit.change(not_found_ttl=3600)
    kit.page("/show/[slug]/", "shown", module, LONG)
    server = drive()
    assert server.get("/show/tea/").status == 404
    kit.clock.now = MOMENT
    assert server.get("/show/tea/").status == 200


@pytest.mark.parametrize("behind", ["generic", "vercel", "cloudfront", "fastly", "cloudflare", "varnish"])
def test_a_cdn_is_told_of_nothing_past_the_minute(kit: Any, drive: Any, behind: str) -> None:
    tea = entry("tea", "publish_at")
    kit.entries[tea.source] = tea
    kit.page("/a/", "{{ site.pages | length }}", policy=LONG)
    server = drive(behind=behind, edge=False)
    kit.clock.now = MOMENT - 90.5
    headers = " ".join(value for _, value in server.get("/a/").headers)
    assert "max-age=90" in headers or "s-maxage=90" in headers
    assert "stale" not in headers


def test_a_longer_window_is_cut_where_the_lifetime_ends_before_the_minute(kit: Any, drive: Any) -> None:
    tea = entry("tea", "publish_at")
    kit.entries[tea.source] = tea
    kit.page("/a/", "{{ site.pages | length }}", policy=CachePolicy(Lifetime(60, 86400, 86400)))
    server = drive()
    first = server.get("/a/")
    assert "max-age=60, stale-while-revalidate=540, stale-if-error=540" in first["CDN-Cache-Control"]
    kit.clock.now = MOMENT - 1
    assert "revalidating" in server.get("/a/")["Cache-Status"]
    kit.clock.now = MOMENT
    assert server.get("/a/").text == "2"


def test_a_soft_purge_lets_nothing_be_sent_past_the_minute(kit: Any, drive: Any) -> None:
    tea = entry("tea", "publish_at")
    kit.entries[tea.source] = tea
    fails = "fail = []\ndef loader():\n    if fail:\n        raise OSError\n"
    kit.page("/a/", "{{ site.pages | length }}", fails, LONG)
    kit.api(
        "/purge", "from isrgen import revalidate_tag\ndef POST():\n    revalidate_tag('all')\n    return {}\n"
    )
    server = drive()
    server.get("/a/")
    server.app.renderer._parts.modules.load("content/a+ssr.py").fail.append(1)
    server.request("POST", "/purge")
    assert server.get("/a/").text == "1"
    kit.clock.now = MOMENT
    assert server.get("/a/").status == 500


def test_a_page_rendered_within_the_last_second_is_shared_by_all_who_wait(kit: Any, drive: Any) -> None:
    """Else each visitor at the minute itself would have a render of their own."""
    tea = entry("tea", "publish_at")
    kit.entries[tea.source] = tea
    count = "count = 0\ndef loader():\n    global count\n    count += 1\n    return {'count': count}\n"
    kit.page("/a/", "{{ site.pages | length }} {{ count }}", count, LONG)
    server = drive()

    async def crowd() -> set[str]:
        return {reply.text for reply in await asyncio.gather(*(server.send("GET", "/a/") for _ in range(20)))}

    kit.clock.now = MOMENT - 0.5
    assert server.run(crowd()) == {"1 1"}
    kit.clock.now = MOMENT
    assert server.run(crowd()) == {"2 2"}


def test_a_seed_is_not_sent_past_the_minute_that_it_was_rendered_before(kit: Any, drive: Any) -> None:
    kit.page("/a/", "rendered", policy=LONG)
    kit.page("/b/", "rendered", policy=LONG)
    kit.write("seeds/a.body", "seeded")
    kit.change(
        seeds=(
            Seed("/a/", "x", "seeds/a.body", 200, (), (), Lifetime(3600, 60), NOW + 30),
            Seed("/b/", "x", "seeds/a.body", 200, (), (), Lifetime(3600, 60), NOW),
        )
    )
    server = drive()
    first = server.get("/a/")
    assert (first.text, first["CDN-Cache-Control"]) == ("seeded", "public, max-age=30")
    assert server.get("/b/").text == "rendered"


def test_a_seed_that_no_visitor_saw_before_the_minute_is_never_sent(kit: Any, drive: Any) -> None:
    kit.page("/a/", "rendered", policy=LONG)
    kit.write("seeds/a.body", "seeded")
    kit.change(seeds=(Seed("/a/", "x", "seeds/a.body", 200, (), (), Lifetime(3600, 60), NOW + 30),))
    server = drive()
    server.run(server.app.start())
    kit.clock.now = NOW + 30
    assert server.get("/a/").text == "rendered"
