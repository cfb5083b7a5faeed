"""What a visit hands to a render, and what of it may be shared."""

from __future__ import annotations

from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime

HOUR = Lifetime(3600, 86400)

# Two spellings that select the same stored response, so that no page may tell them apart.
SAME = [
    ("accept", "APPLICATION/JSON", "application/json"),
    ("accept", "application/json", "application/json;q=0.3"),
    ("accept-language", "de;q=0.5, en;q=0.1, en;q=1", "de, en;q=0.9"),
    (
        "accept-language",
        ", ".join(f"l{number}" for number in range(14)),
        ", ".join(f"l{n}" for n in range(12)),
    ),
    ("accept-language", "d e", "de"),
    ("accept-language", "", None),
    ("accept-language", "a," * 30_000, None),
    ("x-country", "", None),
    ("x-country", "  D \t E ", "D E"),
    ("x-country", "D" * 5000, None),
]


@pytest.mark.parametrize(("name", "first", "second"), SAME)
def test_unequal_raw_and_equal_normalised_headers_never_get_each_others_page(
    kit: Any, drive: Any, name: str, first: str, second: str | None
) -> None:
    """Whoever gets a page from the cache gets what a render for them would have made."""
    body = f"{{{{ request.headers.get('{name}', 'none') }}}}|{{{{ '{name}' in request.headers }}}}"
    kit.page("/a/", body, policy=CachePolicy(HOUR, vary=("X-Country",)))
    kit.page("/b/", body, policy=CachePolicy(HOUR, vary=("X-Country",)))
    server = drive()
    one: list[tuple[str, str]] = [(name, first)]
    two = [(name, second)] if second is not None else []
    shared = [server.request("GET", "/a/", one), server.request("GET", "/a/", two)]
    assert "hit" in shared[1]["Cache-Status"]
    assert server.request("GET", "/b/", two).text == shared[0].text == shared[1].text


def test_lines_of_one_field_are_one_value_for_the_key_and_for_the_page(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ request.headers.getall('Accept-Language') }}", policy=CachePolicy(HOUR))
    server = drive()
    two = server.request("GET", "/a/", [("accept-language", "DE"), ("accept-language", "en")])
    one = server.request("GET", "/a/", [("accept-language", "de, en")])
    assert (one.text, one["Vary"]) == (two.text, "Accept-Language")
    assert "hit" in one["Cache-Status"]


def test_a_regeneration_sees_the_values_that_the_visitor_saw(kit: Any, drive: Any) -> None:
    kit.page("/a/", "{{ request.headers['Accept-Language'] }}", policy=CachePolicy(HOUR))
    server = drive()
    headers = [("accept-language", "DE;q=0.3, en-GB;q=0.31")]
    first = server.request("GET", "/a/", headers)
    kit.clock.advance(7200)
    assert "revalidating" in server.request("GET", "/a/", headers)["Cache-Status"]
    again = server.request("GET", "/a/", headers)
    assert (again["Age"], again.text) == ("0", first.text)


def test_a_request_that_bypasses_and_a_post_see_headers_as_they_were_sent(kit: Any, drive: Any) -> None:
    policy = CachePolicy(HOUR, bypass_cookies=("session",))
    kit.page("/a/", "{{ request.headers.Accept }}", policy=policy)
    kit.api("/api", "def POST(request):\n    return request.headers['Accept']\n")
    server = drive()
    assert server.get("/a/", {"Accept": "Text/HTML", "Cookie": "session=1"}).text == "Text/HTML"
    assert server.request("POST", "/api", {"Accept": "Text/HTML"}).text == "Text/HTML"


def test_the_values_that_select_a_variant_are_worked_out_once_for_a_request(
    kit: Any, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty-four variants and a long header must not multiply."""
    import isrgen.caching.keys as keys

    kit.page("/a/", "{{ request.headers['X-Country'] }}", policy=CachePolicy(HOUR, vary=("X-Country",)))
    server = drive()
    for number in range(64):
        server.request("GET", "/a/", [("x-country", f"c{number}")])
    asked: list[str] = []
    plain = keys.normalise

    def counted(name: str, value: str) -> str:
        asked.append(name)
        return plain(name, value)

    monkeypatch.setattr(keys, "normalise", counted)
    assert "hit" in server.request("GET", "/a/", [("x-country", "c0")])["Cache-Status"]
    assert asked.count("x-country") == 1
