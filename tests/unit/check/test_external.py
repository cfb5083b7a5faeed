"""Links to other sites, asked of a real server on this machine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from isrgen.check.external import Fate, Limits, Reply, ask_all
from isrgen.check.report import Report

from .conftest import Check


class Site(BaseHTTPRequestHandler):
    """Paths say what is answered: ``/STATUS  /get-only/STATUS  /to/PATH  /hangs  /garbage``."""

    asked: Counter[tuple[str, str]]
    released: threading.Event

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_GET(self) -> None:
        self._answer("GET")

    def _answer(self, method: str) -> None:
        self.asked[method, self.path] += 1
        _, first, *rest = self.path.split("/")
        if first == "hangs":
            self.released.wait(30)
            return
        if first == "garbage":
            self.wfile.write(b"what?\r\n\r\n")
            return
        if first == "to":
            self.send_response(302)
            self.send_header("Location", "/" + "/".join(rest))
        elif first == "get-only":
            self.send_response(int(rest[0]) if method == "GET" else 405)
        else:
            self.send_response(int(first.partition("?")[0]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[str]:
    """The address of another site."""
    Site.asked, Site.released = Counter(), threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Site.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def ask(*urls: str, **limits: float) -> list[Reply]:
    return ask_all(urls, proxies={}, limits=Limits(**limits))


def test_a_page_that_is_there_is_asked_for_once_and_with_head(other: str) -> None:
    assert [reply.fate for reply in ask(f"{other}/200", f"{other}/200")] == [Fate.THERE]
    assert Site.asked == {("HEAD", "/200"): 1}


def test_a_server_that_does_not_like_head_is_asked_with_get(other: str) -> None:
    assert ask(f"{other}/get-only/200", f"{other}/get-only/404") == [
        Reply(f"{other}/get-only/200", Fate.THERE, "it is answered with 200"),
        Reply(f"{other}/get-only/404", Fate.GONE, "it is answered with 404"),
    ]


def test_redirects_are_followed_with_the_same_method(other: str) -> None:
    replies = ask(f"{other}/to/to/200", f"{other}/to/404")
    assert [reply.fate for reply in replies] == [Fate.THERE, Fate.GONE]
    assert Site.asked["HEAD", "/200"] == 1
    assert Site.asked["GET", "/200"] == 0


@pytest.mark.parametrize("status", [404, 410, 500])
def test_an_error_is_a_link_that_leads_nowhere(other: str, status: int) -> None:
    assert [reply.fate for reply in ask(f"{other}/{status}")] == [Fate.GONE]


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_server_that_refuses_us_says_nothing_of_its_page(other: str, status: int) -> None:
    (reply,) = ask(f"{other}/{status}")
    assert (reply.fate, reply.why) == (Fate.UNKNOWN, f"it is answered with {status}, perhaps to us alone")


def test_a_server_that_hangs_is_told_and_keeps_no_other_from_being_asked(other: str) -> None:
    hangs, there = ask(f"{other}/hangs", f"{other}/200", each=0.3)
    assert (hangs.fate, hangs.why) == (Fate.UNKNOWN, "there was no answer within 0 s")
    assert there.fate is Fate.THERE


def test_what_no_time_was_left_for_is_told(other: str) -> None:
    replies = ask(*(f"{other}/20{number}" for number in range(3)), all=0.0)
    assert {reply.why for reply in replies} == {"there was no time left to ask"}
    assert not Site.asked


def test_what_is_not_http_or_not_there_at_all_is_told(other: str) -> None:
    garbage, nobody = ask(f"{other}/garbage", "http://127.0.0.1:1/")
    assert (garbage.fate, nobody.fate) == (Fate.UNKNOWN, Fate.UNKNOWN)
    assert nobody.why == "Connection refused"


def test_an_address_with_spaces_and_accents_is_asked_for_in_ascii(other: str) -> None:
    assert [reply.fate for reply in ask(f"{other}/200?q=caf\u00e9 au lait")] == [Fate.THERE]
    assert Site.asked == {("HEAD", "/200?q=caf%C3%A9%20au%20lait"): 1}


def check_links(check_site: Check, other: str, **files: str) -> Report:
    page = f'<a href="{other}/404#x">Gone</a> <a href="{other}/200">There</a>\n<a href="{other}/403">No</a>'
    site = {"content/index.html": page, "content/about.html": page, **files}
    return check_site(site, external=True, proxies={})


def test_links_to_other_sites_are_told_with_their_place(check_site: Check, other: str) -> None:
    report = check_links(check_site, other)
    assert report.external == 3
    assert [str(problem) for problem in report.problems] == [
        f"content/about.html:1: The link '{other}/404' leads nowhere: it is answered with 404.\n"
        "  It is on /, /about/."
    ]
    assert [problem.message for problem in report.warnings] == [
        f"The link '{other}/403' could not be checked: it is answered with 403, perhaps to us alone."
    ]


def test_what_could_not_be_checked_is_a_problem_of_a_strict_site(check_site: Check, other: str) -> None:
    report = check_links(check_site, other, **{"isrgen.toml": "strict = true\n"})
    assert (len(report.problems), report.warnings) == (2, [])


def test_other_sites_are_left_alone_unless_they_are_wanted(check_site: Check, other: str) -> None:
    report = check_site({"content/index.html": f'<a href="{other}/404">Gone</a>'})
    assert report.problems == []
    assert not Site.asked
