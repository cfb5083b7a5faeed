"""API routes: a function per method."""

from __future__ import annotations

from typing import Any

import pytest

from isrgen.caching.policy import CachePolicy, Lifetime

GUIDE = """
import json
from isrgen import Response

async def fetch_posts():
    return [{"title": "Tea"}]

async def GET(request):
    posts = await fetch_posts()
    return Response(json.dumps(posts), headers={
        "Content-Type": "application/json",
        "Cache-Control": "public, s-maxage=300, stale-while-revalidate=3600",
    })
"""


def test_the_guides_api_route_is_shared_for_as_long_as_it_says(kit: Any, ask: Any) -> None:
    kit.api("/api/posts", GUIDE)
    answer = ask("/api/posts")
    assert (answer.body, answer.headers["Content-Type"]) == (b'[{"title": "Tea"}]', "application/json")
    assert answer.shared.lifetime == Lifetime(300, 3600)


@pytest.mark.parametrize(
    ("value", "body", "media"),
    [
        ("'a'", b"a", "text/html; charset=utf-8"),
        ("{'a': 1}", b'{"a":1}', "application/json"),
        ("[1]", b"[1]", "application/json"),
        ("b'x'", b"x", "application/octet-stream"),
    ],
)
def test_what_may_be_a_body_may_be_returned(kit: Any, ask: Any, value: str, body: bytes, media: str) -> None:
    kit.api("/x", f"def GET():\n    return {value}\n")
    answer = ask("/x")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, body, media)


@pytest.mark.parametrize("value", ["None", "3", "object()"])
def test_anything_else_is_a_500_that_names_the_function(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    kit.api("/x", f"def GET():\n    return {value}\n")
    assert ask("/x").status == 500
    assert "content/x+api.py:1: GET returned" in caplog.text


def test_head_falls_back_to_get_and_options_names_the_methods(kit: Any, ask: Any) -> None:
    kit.api("/x", "def GET(request):\n    return request.method\ndef POST():\n    return 'posted'\n")
    assert ask("/x", "HEAD").body == b"HEAD"
    options = ask("/x", "OPTIONS")
    assert (options.status, options.headers["Allow"], options.body) == (204, "GET, HEAD, POST, OPTIONS", b"")
    refused = ask("/x", "DELETE")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert ask("/x", "BREW").status == 405


def test_a_function_of_ones_own_answers_head_and_options(kit: Any, ask: Any) -> None:
    kit.api("/x", "def HEAD():\n    return ''\ndef OPTIONS():\n    return 'mine'\n")
    assert ask("/x", "OPTIONS").body == b"mine"
    assert ask("/x", "HEAD").status == 200
    assert ask("/x").headers["Allow"] == "HEAD, OPTIONS"


def test_a_post_is_never_shared_whatever_it_says(kit: Any, ask: Any) -> None:
    kit.api(
        "/x",
        "from isrgen import Response\ndef POST():\n"
        "    return Response('x', headers={'Cache-Control': 'public, s-maxage=60'})\n",
        CachePolicy(Lifetime(60)),
    )
    assert ask("/x", "POST").shared is None


def test_the_body_and_the_params_reach_the_function(kit: Any, ask: Any) -> None:
    kit.api(
        "/posts/[id]", "async def PUT(params, request):\n    return [params['id'], await request.json()]\n"
    )
    assert ask("/posts/7", "PUT", body=b'{"a": 1}').body == b'["7",{"a":1}]'


def test_an_api_routes_own_404_is_the_response_it_raises(kit: Any, ask: Any) -> None:
    kit.not_found("/", "the page {{ message }}")
    kit.api("/a", "from isrgen import Response\ndef GET():\n    raise Response({'error': 'no'}, 404)\n")
    kit.api("/b", "from isrgen import not_found\ndef GET():\n    return not_found('tea')\n")
    assert ask("/a").body == b'{"error":"no"}'
    assert (ask("/b").status, ask("/b").body) == (404, b"the page tea")


JSON = """
async def POST(request):
    return {"got": await request.json()}
"""
CAREFUL = """
import json
from isrgen import Response

async def POST(request):
    try:
        return {"got": await request.json()}
    except json.JSONDecodeError as error:
        return Response({"error": error.msg}, 422)
"""
FORM = "async def POST(request):\n    return dict(await request.form())\n"


@pytest.mark.parametrize(
    ("module", "body", "said"),
    [
        (JSON, b"", "The body is empty, and has to be JSON."),
        (
            JSON,
            b"{",
            "The body is not JSON: Expecting property name enclosed in double quotes, at line 1, column 2.",
        ),
        (JSON, b"\xff", "The body is not JSON: it is not UTF-8."),
        (JSON, b"[" * 100_000, "The body is not JSON: it is nested too deeply."),
        (FORM, b"a=1", "The body is application/x, not a form."),
    ],
)
def test_a_body_that_the_code_cannot_read_is_the_clients_mistake(
    kit: Any, ask: Any, caplog: pytest.LogCaptureFixture, module: str, body: bytes, said: str
) -> None:
    kit.api("/x", module)
    answer = ask("/x", "POST", body=body, headers=[("content-type", "application/x")])
    assert (answer.status, answer.body.decode(), answer.shared) == (400, f"{said}\n", None)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert caplog.records == []


def test_code_that_catches_it_says_what_it_likes(kit: Any, ask: Any) -> None:
    kit.api("/x", CAREFUL)
    assert ask("/x", "POST", body=b"[1]").body == b'{"got":[1]}'
    refused = ask("/x", "POST", body=b"[1")
    assert (refused.status, refused.body) == (422, b'{"error":"Expecting \',\' delimiter"}')


def test_a_value_error_of_the_codes_own_is_still_a_500(kit: Any, ask: Any) -> None:
    kit.api("/x", "import json\ndef POST():\n    return json.loads('{')\n")
    assert ask("/x", "POST").status == 500
