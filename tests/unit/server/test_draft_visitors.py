"""Draft mode through the whole server: who is in it sees what is not out, and nobody else ever does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.routing.strategy import Strategy
from isrgen.server.draft import COOKIE, Drafts
from isrgen.site.entry import Entry

HOUR = CachePolicy(Lifetime(3600, 86400))
LIST = "{{ site.pages | map(attribute='title') | sort | join }}"
SECRET = "of the drafts"


@pytest.fixture
def site(kit: Any, drive: Any) -> tuple[Any, dict[str, str]]:
    """A server, and the headers of a draft visitor."""
    soon = datetime.fromtimestamp(kit.clock.now + 600, UTC)
    static = {"strategy": Strategy.SSG}
    kit.page("/list/", LIST, policy=HOUR, entry={"title": "L"})
    kit.page("/soon/", "soon", policy=HOUR, entry={"title": "S", "publish_at": soon})
    kit.page("/static/", LIST, entry={"title": "F"}, **static)
    kit.page("/coded/", LIST, "def loader():\n    return {}\n", entry={"title": "C"}, **static)
    for name in ("static", "coded"):
        kit.file(f"{name}/index.html", b"built", f"/{name}/")
    held = kit.page("/held/", "held", entry={"title": "H", "held": True}, strategy=Strategy.SSR)
    draft = kit.page("/draft/", LIST, entry={"title": "D", "draft": True}, strategy=Strategy.SSR)
    kit.routes.remove(held)
    kit.routes.remove(draft)
    better = replace(
        draft, pattern=kit.routes[0].pattern, source="content/better.html", page="content/better.html"
    )
    kit.entries["content/better.html"] = Entry(
        "content/better.html", "/list/", "B", draft=True, template="content/better.html"
    )
    kit.bodies["content/better.html"] = "better"
    kit.change(previews=(held, draft, better))
    server = drive(draft_secret=SECRET, token="t")
    return server, {"Cookie": f"theme=dark; {COOKIE}={Drafts(SECRET, kit.clock).issue()}"}


PAGES = {
    "/soon/": "soon",
    "/held/": "held",
    "/draft/": "BCDFHLS",
    "/static/": "BCDFHLS",
    "/coded/": "built",
    "/list/": "better",
}


@pytest.mark.parametrize(("path", "expected"), PAGES.items())
def test_a_draft_visitor_sees_what_is_not_out_at_its_own_address_and_in_lists(
    site: Any, path: str, expected: str
) -> None:
    server, draft = site
    for _ in range(2):
        reply = server.get(path, draft)
        assert (reply.status, reply.text) == (200, expected)
        if path != "/coded/":
            assert reply["Cache-Control"] == "private, no-store"
            assert reply["Cache-Status"] == "isrgen; fwd=bypass; detail=draft"


def test_nobody_else_sees_any_of_it_before_or_after_a_draft_visitor(kit: Any, site: Any) -> None:
    server, draft = site
    expired = {"Cookie": draft["Cookie"]}
    for seconds in (0, 0, 13 * 3600):
        kit.clock.advance(seconds)
        for visitor in (None, {"Cookie": f"{COOKIE}=9999999999.{'0' * 64}"}, *([expired] if seconds else [])):
            assert [server.get(path, visitor).status for path in ("/held/", "/draft/")] == [404, 404]
            assert server.get("/static/", visitor).text == "built"
            assert server.get("/list/", visitor).text == ("CFLS" if seconds else "CFL")
            assert server.get("/soon/", visitor).status == (200 if seconds else 404)
        if not seconds:
            for path in PAGES:
                server.get(path, draft)


def test_what_a_draft_visitor_asks_for_leaves_the_cache_as_it_is(site: Any) -> None:
    server, draft = site
    server.get("/list/")
    for path in PAGES:
        server.get(path, draft)
    store = server.app._edge.store
    assert [len(server.run(store.get(path))) for path in PAGES] == [0, 0, 0, 0, 0, 1]
    assert "hit" in server.get("/list/")["Cache-Status"]


def test_the_other_form_of_a_drafts_address_leads_to_it_for_a_draft_visitor_alone(site: Any) -> None:
    server, draft = site
    assert server.get("/draft", draft)["Location"] == "/draft/"
    assert server.get("/draft").status == 404


def test_a_draft_visitor_keeps_their_session_on_a_route_that_lists_it(kit: Any, drive: Any) -> None:
    policy = CachePolicy(Lifetime(3600), bypass_cookies=("session",))
    kit.page("/me/", "{{ request.cookies.session }} {{ request.draft }}", policy=policy)
    server = drive(draft_secret=SECRET, token="t")
    cookie = f"session=alice; {COOKIE}={Drafts(SECRET, kit.clock).issue()}"
    assert server.get("/me/", {"Cookie": cookie}).text == "alice True"
    assert server.get("/me/", {"Cookie": "session=bob"}).text == "bob False"
