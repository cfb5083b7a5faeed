"""``EdgeCache`` around a Django application (its ASGI side), served by uvicorn."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import django
import pytest
from django import conf
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition
from django.views.decorators.vary import vary_on_headers

from isrgen import EdgeCache

TOKEN = "a-token-long-enough"
COUNTS: dict[str, int] = {}


def count(name: str) -> int:
    COUNTS[name] = COUNTS.get(name, 0) + 1
    return COUNTS[name]


@csrf_exempt
@cache_control(public=True, max_age=10, stale_while_revalidate=60)
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.method} {count('page')} {request.build_absolute_uri()}")


@cache_control(public=True, max_age=60)
@vary_on_headers("Accept-Language")
def spoken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.headers.get('Accept-Language')} {count('spoken')}")


@cache_control(public=True, max_age=60)
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{get_token(request)} {count('form')}")


@cache_control(public=True, max_age=60)
def basket(request: HttpRequest) -> HttpResponse:
    request.session["seen"] = count("basket")
    return HttpResponse(str(request.session["seen"]))


@never_cache
def account(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(count("account")))


def silent(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(count("silent")))


@condition(etag_func=lambda request: '"v1"')
@cache_control(public=True, max_age=10)
def tagged(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(count("tagged")))


async def chunks() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b"x" * 65536


async def some() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


async def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(chunks())


@cache_control(public=True, max_age=60)
def streamed_and_kept(request: HttpRequest) -> StreamingHttpResponse:
    count("streamed")
    return StreamingHttpResponse(some())


@csrf_exempt
def upload(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"size": len(request.body), "secure": request.is_secure()})


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError(count("broken"))


urlpatterns = [
    path("page/", page),
    path("spoken/", spoken),
    path("form/", form),
    path("basket/", basket),
    path("account/", account),
    path("silent/", silent),
    path("tagged/", tagged),
    path("streamed/", streamed),
    path("kept/", streamed_and_kept),
    path("upload/", upload),
    path("broken/", broken),
]


@pytest.fixture(scope="module")
def application() -> Any:
    conf.settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "shop.example"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="only for this test",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        USE_X_FORWARDED_HOST=True,
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        LOGGING_CONFIG=None,
    )
    django.setup()
    return get_asgi_application()


@pytest.fixture
def served(application: Any, serve_app: Callable[..., Any]) -> Any:
    COUNTS.clear()
    return serve_app(lambda clock: EdgeCache(application, token=TOKEN, clock=clock))


def test_a_miss_a_hit_a_stale_page_and_a_fresh_one(served: Any) -> None:
    first, second = served.get("/page/"), served.get("/page/")
    assert first.text == second.text
    assert "stored" in first.cache
    assert "isrgen; hit" in second.cache
    served.clock.moved = 15
    assert served.get("/page/").text.startswith("GET 1 ")
    assert served.until("/page/", lambda response: response.text.startswith("GET 2 "))


def test_variants_lie_side_by_side(served: Any) -> None:
    asked = [served.get("/spoken/", accept_language=language).text for language in ("de", "en", "de")]
    assert asked == ["de 1", "en 2", "de 1"]


@pytest.mark.parametrize("name", ["form", "basket", "account", "silent"])
def test_sessions_csrf_tokens_and_what_says_nothing_are_never_shared(served: Any, name: str) -> None:
    """A token or a session comes with a cookie, and a page that sets one is for one visitor."""
    assert len({served.get(f"/{name}/").text for _ in range(3)}) == 3
    assert COUNTS[name] == 3


def test_post_invalidates(served: Any) -> None:
    served.get("/page/")
    assert served.ask("POST", "/page/").text.startswith("POST 2 ")
    assert served.get("/page/").text.startswith("GET 3 ")


def test_a_stale_page_is_validated_and_not_made_again(served: Any) -> None:
    assert served.get("/tagged/").text == "1"
    served.clock.moved = 30
    again = served.get("/tagged/")
    assert (again.status, again.text, COUNTS["tagged"]) == (200, "1", 1)
    assert "isrgen; hit" in served.get("/tagged/").cache


def test_a_visitor_who_has_the_page_gets_a_304_and_head_has_no_body(served: Any) -> None:
    served.get("/tagged/")
    again = served.get("/tagged/", if_none_match='"v1"')
    assert (again.status, again.body) == (304, b"")
    assert served.ask("HEAD", "/tagged/").body == b""
    assert COUNTS["tagged"] == 1


def test_streams_are_passed_on_and_kept_where_they_ask_for_it(served: Any) -> None:
    assert len(served.get("/streamed/").body) == 100 * 65536
    assert [served.get("/kept/").text for _ in range(2)] == ["ab", "ab"]
    assert COUNTS["streamed"] == 1


def test_bodies_are_uploaded(served: Any) -> None:
    body = b"x" * 2_000_000
    assert json.loads(served.ask("POST", "/upload/", body=body).text)["size"] == len(body)


def test_a_forwarded_host_or_scheme_poisons_nothing(served: Any) -> None:
    evil = {"x-forwarded-host": "shop.example", "x-forwarded-proto": "https"}
    told = served.ask("GET", "/page/", evil).text
    assert told == f"GET 1 http://127.0.0.1:{served.port}/page/"
    assert served.get("/page/").text == told


def test_a_trusted_proxy_says_scheme_and_host(application: Any, serve_app: Callable[..., Any]) -> None:
    COUNTS.clear()
    served = serve_app(lambda clock: EdgeCache(application, trusted_proxies=["127.0.0.1"], clock=clock))
    said = {"x-forwarded-host": "shop.example", "x-forwarded-proto": "https"}
    assert served.ask("GET", "/page/", said).text == "GET 1 https://shop.example/page/"
    assert served.get("/page/").text == f"GET 2 http://127.0.0.1:{served.port}/page/"


def test_a_failure_is_told_and_not_kept(served: Any) -> None:
    assert [served.get("/broken/").status for _ in range(2)] == [500, 500]
    assert COUNTS["broken"] == 2


def test_a_purge_reaches_the_page(served: Any) -> None:
    served.get("/page/")
    order = json.dumps({"paths": ["/page/"], "hard": True})
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert served.ask("POST", "/_isrgen/revalidate", headers, order).status == 200
    assert served.get("/page/").text.startswith("GET 2 ")


def test_django_has_no_lifespan_and_the_cache_is_closed_all_the_same(served: Any) -> None:
    assert served.get("/page/").status == 200
    served.stop()
    assert not served.thread.is_alive()
