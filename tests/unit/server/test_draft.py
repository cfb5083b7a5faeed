"""The signed cookie, the paths it leads to, and a whole server in draft mode."""

from __future__ import annotations

import hmac
import logging
from typing import Any
from urllib.parse import quote

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.server.draft import COOKIE, LASTS, Drafts, local

TOKEN = "s3cret"
SECRET = "k" * 32
COUNTED = "count = 0\ndef loader():\n    global count\n    count += 1\n    return {'count': count}\n"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def cookie(value: str) -> str:
    return f"{COOKIE}={value}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_issued_holds_until_it_expires(clock: Clock) -> None:
    drafts = Drafts(SECRET, clock)
    value = drafts.issue()
    assert drafts.holds(cookie(value))
    clock.now += LASTS - 1
    assert drafts.holds(cookie(value))
    clock.now += 1
    assert not drafts.holds(cookie(value))


def test_the_value_is_its_expiry_and_the_hmac_of_that(clock: Clock) -> None:
    expiry, _, signature = Drafts(SECRET, clock).issue().partition(".")
    assert int(expiry) == clock.now + LASTS
    assert signature == hmac.digest(SECRET.encode(), f"{COOKIE}:{expiry}".encode(), "sha256").hex()


def test_nothing_but_what_was_issued_holds(clock: Clock) -> None:
    drafts = Drafts(SECRET, clock)
    expiry, _, signature = drafts.issue().partition(".")
    later = str(int(expiry) + 1)
    other = Drafts("another", clock).issue()
    forged = [
        "", ".", expiry, signature, f"{later}.{signature}", f"0{expiry}.{signature}",
        f"{expiry}.{signature}0", f"{expiry}.{signature.upper()}", f"{expiry}.{'0' * 64}", f"-1.{signature}",
        f"{expiry}..{signature}",
        f"{'9' * 400}.{signature}", f"{'٣' * 10}.{signature}", other, f"{expiry}.{signature} x", "é", "\x00",
    ]  # fmt: skip
    for value in forged:
        assert not drafts.holds(cookie(value)), value
    assert not drafts.holds(None)
    assert not drafts.holds(f"other={expiry}.{signature}")
    assert not drafts.holds(f"x{COOKIE}={expiry}.{signature}")


def test_it_is_found_among_other_cookies(clock: Clock) -> None:
    drafts = Drafts(SECRET, clock)
    value = drafts.issue()
    assert drafts.holds(f"a=1; {COOKIE}={value}; b=2")
    assert drafts.holds(f"a=1;{COOKIE}=forged;{COOKIE}={value}")


def test_ten_thousand_forged_cookies_are_not_all_tried(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = Drafts(SECRET, clock)
    tried = []
    monkeypatch.setattr(drafts, "_is_ours", lambda value: tried.append(value) or False)
    assert not drafts.holds("; ".join([cookie("x")] * 10_000))
    assert 0 < len(tried) < 10


def test_signatures_are_compared_in_constant_time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    compare = hmac.compare_digest
    monkeypatch.setattr(
        "isrgen.server.draft.hmac.compare_digest", lambda a, b: seen.append((len(a), len(b))) or compare(a, b)
    )
    assert not Drafts(SECRET, clock).holds(cookie(f"{int(clock.now) + 5}.{'a' * 64}"))
    assert seen == [(64, 64)]


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("/", "/"),
        ("/blog/tea/", "/blog/tea/"),
        ("/feed.xml", "/feed.xml"),
        ("/café/", "/caf%C3%A9/"),
        ("/caf%C3%A9/", "/caf%C3%A9/"),
        ("/a/?page=2&q=x%20y", "/a/?page=2&q=x%20y"),
        ("/a/?next=//evil.example", "/a/?next=//evil.example"),
        ("/a/#part", "/a/#part"),
        ("/a%2Fb/", "/a%2Fb/"),
        ("/@evil.example", "/@evil.example"),
        ("/a:b", "/a:b"),
    ],
)
def test_a_local_path_is_led_to(to: str, location: str) -> None:
    assert local(to) == location


ELSEWHERE = [
    "", "a", "evil.example", "https://evil.example/", "HTTPS://evil.example", "http:/evil.example",
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example",
    "javascript:alert(1)", "data:text/html,x", " //evil.example", "\t//evil.example", "/\t/evil.example",
    "/\n/evil.example", "/a\r\nSet-Cookie: x=1", "/a\x00", "/a\x7f", "/a\x85b", "/a\u2028b",
    "/ /evil.example", "/%0d%0aSet-Cookie:x", "/%5Cevil.example", "/%2F%2F/../evil", "/../evil", "/./a",
    "/a/../b", "/.//evil.example", "/a//b", "/%2e%2e/", "/%ff", "/%00", "?x", "#x", "/a\\b",
    "\ufeff//evil.example", "／／evil.example",
]  # fmt: skip


@pytest.mark.parametrize("to", ELSEWHERE)
def test_whatever_else_is_refused(to: str) -> None:
    assert local(to) is None


@pytest.fixture
def server(kit: Any, drive: Any) -> Any:
    policy = CachePolicy(Lifetime(3600, 86400), tags=("blog",))
    kit.page("/a/", "{{ count }} {{ request.draft }}", COUNTED, policy)
    kit.file("plain.txt", b"plain", content_type="text/plain")
    return drive(token=TOKEN, draft_secret=SECRET)


def enter(server: Any, **headers: str) -> str:
    reply = server.get(f"/_isrgen/draft?token={TOKEN}&to=/a/", headers)
    return str(reply["Set-Cookie"]).partition(";")[0]


def test_the_endpoint_sets_the_cookie_and_leads_on(server: Any) -> None:
    reply = server.get(f"/_isrgen/draft?token={TOKEN}&to=/a/%3Fx=1")
    assert (reply.status, reply["Location"], reply.body) == (302, "/a/?x=1", b"")
    name, *facts = reply["Set-Cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert facts == ["Path=/", f"Max-Age={LASTS}", "HttpOnly", "SameSite=Lax"]
    assert reply["Cache-Control"] == "private, no-store"
    assert reply["Referrer-Policy"] == "no-referrer"
    assert TOKEN not in str(reply.headers)


@pytest.mark.parametrize("to", ELSEWHERE)
def test_the_endpoint_leads_nowhere_else(server: Any, to: str) -> None:
    reply = server.get(f"/_isrgen/draft?token={TOKEN}&to={quote(to, safe='')}")
    assert reply.status == 400
    assert "Location" not in reply
    assert "Set-Cookie" not in reply


def test_without_a_path_it_leads_to_the_front_page(server: Any) -> None:
    assert server.get(f"/_isrgen/draft?token={TOKEN}")["Location"] == "/"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "token=",
        "token=wrong",
        "token=s3cret2",
        "to=/a/",
        "off=1",
        "token=wrong&off=1",
        "token=wrong&token=s3cret",
    ],
)
def test_a_wrong_token_is_a_401_that_sets_nothing(server: Any, query: str) -> None:
    reply = server.get(f"/_isrgen/draft?{query}")
    assert (reply.status, "Set-Cookie" in reply, "Location" in reply) == (401, False, False)


def test_the_token_of_the_header_is_not_that_of_the_query(server: Any) -> None:
    assert server.get("/_isrgen/draft?to=/a/", {"Authorization": f"Bearer {TOKEN}"}).status == 401


def test_wrong_tokens_are_bounded_and_then_the_right_one_is_not_told_from_them(server: Any, kit: Any) -> None:
    statuses = [server.get("/_isrgen/draft?token=wrong").status for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    reply = server.get(f"/_isrgen/draft?token={TOKEN}")
    assert (reply.status, reply["Retry-After"], "Set-Cookie" in reply) == (429, "2", False)
    kit.clock.advance(2)
    assert server.get(f"/_isrgen/draft?token={TOKEN}").status == 302


def test_another_method_is_a_405(server: Any) -> None:
    reply = server.request("POST", f"/_isrgen/draft?token={TOKEN}")
    assert (reply.status, reply["Allow"]) == (405, "GET, HEAD")
    assert server.request("HEAD", f"/_isrgen/draft?token={TOKEN}").status == 302


@pytest.mark.parametrize(
    "settings", [{"token": TOKEN}, {"draft_secret": SECRET}, {"token": TOKEN, "draft_secret": " "}]
)
def test_without_a_token_or_a_secret_there_is_no_draft_mode(
    kit: Any, drive: Any, settings: dict[str, str]
) -> None:
    kit.page("/a/", "{{ request.draft }}", policy=CachePolicy(Lifetime(3600)))
    server = drive(**settings)
    assert server.get(f"/_isrgen/draft?token={TOKEN}&to=/a/").status == 404
    forged = Drafts(SECRET, kit.clock).issue()
    assert server.get("/a/", {"Cookie": cookie(forged)}).text == "False"


def test_a_draft_visitor_neither_reads_nor_writes_the_cache(server: Any) -> None:
    ours = {"Cookie": enter(server)}
    first = server.get("/a/", ours)
    assert (first.text, first["Cache-Status"]) == ("1 True", "isrgen; fwd=bypass; detail=draft")
    assert first["Cache-Control"] == "private, no-store"
    assert server.run(server.app._edge.store.usage()).entries == 0
    assert server.get("/a/").text == "2 False"
    assert [server.get("/a/").text for _ in range(3)] == ["2 False"] * 3
    assert server.get("/a/", ours).text == "3 True"
    assert server.get("/a/", ours).text == "4 True"
    again = server.get("/a/")
    assert (again.text, "hit" in again["Cache-Status"]) == ("2 False", True)


def test_a_draft_visitor_is_told_apart_from_the_others_who_wait(server: Any) -> None:
    import asyncio

    ours = {"Cookie": enter(server)}

    async def crowd() -> list[str]:
        asked = [server.send("GET", "/a/", ours if number % 2 else None) for number in range(20)]
        return [reply.text.partition(" ")[2] for reply in await asyncio.gather(*asked)]

    assert server.run(crowd()) == ["False", "True"] * 10


@pytest.mark.parametrize("also", [{"Authorization": "Basic x"}, {}])
def test_draft_is_why_it_goes_past_the_cache_whatever_else_is_there(
    kit: Any, drive: Any, also: dict[str, str]
) -> None:
    policy = CachePolicy(Lifetime(3600), bypass_cookies=("session",))
    kit.page("/a/", "{{ request.draft }} {{ request.cookies.get('session', '-') }}", policy=policy)
    server = drive(token=TOKEN, draft_secret=SECRET)
    reply = server.get("/a/", {"Cookie": f"session=me; {enter(server)}", **also})
    assert (reply.text, reply["Cache-Status"]) == ("True me", "isrgen; fwd=bypass; detail=draft")
    assert server.get("/a/").text == "False -"


@pytest.mark.parametrize("value", ["1", "9999999999." + "0" * 64, "expired"])
def test_a_forged_or_expired_cookie_changes_nothing(server: Any, kit: Any, value: str) -> None:
    if value == "expired":
        value = enter(server).partition("=")[2]
        kit.clock.advance(LASTS)
    assert server.get("/a/").text == "1 False"
    reply = server.get("/a/", {"Cookie": cookie(value)})
    assert (reply.text, "hit" in reply["Cache-Status"]) == ("1 False", True)


def test_behind_a_cdn_a_draft_is_private_all_the_same(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ request.draft }}", policy=CachePolicy(Lifetime(3600)))
    server = drive(token=TOKEN, draft_secret=SECRET, edge=False, behind="fastly")
    reply = server.get("/a/", {"Cookie": enter(server)})
    assert (reply.text, reply["Cache-Control"], "Surrogate-Control" in reply) == (
        "True",
        "private, no-store",
        False,
    )
    assert "Surrogate-Control" in server.get("/a/")


def test_files_are_sent_as_they_are(server: Any) -> None:
    assert server.get("/plain.txt", {"Cookie": enter(server)}).text == "plain"


def test_off_ends_it(server: Any) -> None:
    ours = {"Cookie": enter(server)}
    for query, headers in ((f"token={TOKEN}&off=1&to=/a/", {}), ("off=1&to=/a/", ours)):
        reply = server.get(f"/_isrgen/draft?{query}", headers)
        assert (reply.status, reply["Location"]) == (302, "/a/")
        assert reply["Set-Cookie"].startswith(f"{COOKIE}=; Path=/; Max-Age=0;")


def test_off_leads_nowhere_else_either(server: Any) -> None:
    ours = {"Cookie": enter(server)}
    assert server.get("/_isrgen/draft?off=1&to=//evil.example", ours).status == 400


def test_off_with_a_wrong_token_is_a_401_for_draft_visitors_too(server: Any) -> None:
    assert server.get("/_isrgen/draft?off=1&token=wrong", {"Cookie": enter(server)}).status == 401


@pytest.mark.parametrize(
    ("peer", "proto", "secure"),
    [("10.0.0.1", "https", True), ("10.0.0.1", "http", False), ("203.0.113.9", "https", False)],
)
def test_the_cookie_is_secure_where_the_visitor_came_by_https(
    kit: Any, drive: Any, peer: str, proto: str, secure: bool
) -> None:
    kit.change(trusted_proxies=("10.0.0.0/8",))
    server = drive(token=TOKEN, draft_secret=SECRET)
    reply = server.get(f"/_isrgen/draft?token={TOKEN}", {"X-Forwarded-Proto": proto}, peer=peer)
    assert reply["Set-Cookie"].endswith("; Secure") is secure


def test_neither_token_nor_cookie_is_ever_logged(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    value = enter(server).partition("=")[2]
    server.get("/a/", {"Cookie": cookie(value)})
    server.get(f"/_isrgen/draft?token={TOKEN}&to=//evil.example")
    server.get(f"/_isrgen/draft?token={TOKEN}x&to=/")
    assert TOKEN not in caplog.text
    assert value not in caplog.text
