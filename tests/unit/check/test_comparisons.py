"""Pages that differ and do not leak, and pages that leak in spite of what they do about it."""

from __future__ import annotations

from .conftest import Check, leak


def test_a_page_that_shows_the_time_is_compared_in_everything_else(check_site: Check) -> None:
    page = """
        import time
        from isrgen import Response
        from _lib.who import current
        cache = "hourly"
        def loader():
            return Response(f"<p>At {time.time_ns()} for {len(current)} users</p>")
    """
    quiet = check_site({"content/_lib/who.py": "current = []\n", "content/index+ssr.py": page}, leaks=True)
    assert quiet.problems == []
    assert quiet.warnings == []
    assert [one.message for one in quiet.unchecked] == ["/: what differs by itself."]
    loud = check_site(
        {
            "content/account+ssr.py": """
                from isrgen import Response
                from _lib.who import current
                def loader(request):
                    current[:] = [1] if request.cookies.get("session") else []
                    return Response("An account")
            """
        },
        leaks=True,
    )
    assert "is not the same for everyone" in leak(loud)


def test_a_page_that_is_made_of_chance_cannot_be_compared_and_is_searched(check_site: Check) -> None:
    page = """
        import itertools
        from isrgen import Response
        cache = "hourly"
        count = itertools.count(1)
        def loader():
            return Response("word " * next(count) + "{}")
    """
    files = {"content/index+ssr.py": page.replace("{}", "")}
    report = check_site(files, leaks=True)
    assert report.problems == []
    assert [one.message for one in report.warnings] == [
        "/ cannot be compared: it is not the same twice for one and the same visitor."
    ]
    files["isrgen.toml"] = "strict = true\n"
    assert [one.message for one in check_site(files, leaks=True).problems] == [report.warnings[0].message]


def test_a_page_that_a_read_makes_private_is_told_with_its_line_and_the_mend(check_site: Check) -> None:
    files = {
        "content/index+ssr.py": """
            from isrgen import Response
            cache = "hourly"
            def loader(request):
                return Response(request.cookies.get("theme", "light"))
        """
    }
    report = check_site(files, leaks=True)
    assert report.problems == []
    (warning,) = report.warnings
    assert (warning.where, warning.message) == (
        "content/index+ssr.py:4",
        "This reads the cookie `theme`, so the response is private although it asks to be shared.",
    )
    assert "bypass-cookies: [theme]" in warning.hint
    files["isrgen.toml"] = "strict = true\n"
    assert check_site(files, leaks=True).problems == [warning]


def test_variants_by_language_listed_headers_and_parameters_are_no_leaks(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = {"s-maxage": "1h", "vary": ["X-Company", "User-Agent"], "query": ["page", "q"]}
                def loader(request):
                    said = [request.headers.get(n, "") for n in ("accept-language", "x-company")]
                    said.append(request.headers.get("user-agent"))
                    return Response(f"{said} {request.query.get('page', '1')} {request.url}")
            """
        },
        leaks=True,
    )
    assert report.problems == []
    assert report.warnings == []


def test_a_variant_that_ignores_what_it_varies_on_leaks_all_the_same(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = {"s-maxage": "1h", "vary": ["X-Company"]}
                first = []
                def loader(request):
                    first.append(request.headers.get("x-company", "nobody"))
                    return Response(first[0])
            """
        },
        leaks=True,
    )
    assert "holds what user A sent: the header `x-company`" in leak(report)


def test_a_response_that_an_on_demand_page_shares_of_its_own_accord_is_compared(check_site: Check) -> None:
    report = check_site(
        {
            "content/_lib/who.py": "current = []\n",
            "content/account+ssr.py": """
                from isrgen import Response
                from _lib.who import current
                def loader(request):
                    current[:] = [request.cookies.get("session", "")]
                    return Response("An account")
            """,
            "content/index+ssr.py": """
                from isrgen import Response, set_response_headers
                from _lib.who import current
                def loader():
                    set_response_headers({"Cache-Control": "public, s-maxage=60"})
                    return Response(f"Hello {current}")
            """,
        },
        leaks=True,
    )
    assert leak(report).startswith("content/account+ssr.py:4: / is kept for everyone")


def test_a_shared_header_that_differs_is_a_leak_too(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                cache = {"s-maxage": "1h", "bypass-cookies": ["session"]}
                last = ["none"]
                def loader(request):
                    was, last[0] = last[0], request.cookies.get("session", "none")
                    return Response("Hello", headers={"X-Last": was})
            """
        },
        leaks=True,
    )
    told = leak(report)
    assert "-x-last: none" in told
    assert "+x-last: isrgen-check-a-session" in told
