"""Functions and prerenders: what their configurations say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from isrgen.manifest import Manifest
from isrgen.targets.bundle import Bundle, Content, Link
from isrgen.targets.vercel.functions import bypass_token

SECRET = "a-token-long-enough"


def _config(bundle: Bundle, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle.read(f"functions/_isr/{name}.prerender-config.json"))
    return found


def test_a_prerender_counts_its_stale_time_from_the_render(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    assert _config(emit(manifest), "blog__slug") == {
        "expiration": 3600,
        "staleExpiration": 3600 + 86400,
        "allowQuery": ["__isr_path", "page"],
        "passQuery": True,
        "exposeErrBody": True,
        "sourcePath": "/blog/[slug]",
        "fallback": None,
    }


def test_a_prerender_is_a_link_to_the_one_function(manifest: Manifest, emit: Callable[..., Bundle]) -> None:
    assert emit(manifest)["functions/_isr/docs__path.func"] == Link("../__server.func")


def test_a_page_rendered_ahead_is_the_fallback_of_its_own_prerender(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    bundle = emit(manifest)
    config = _config(bundle, "news")
    assert config["fallback"]["fsPath"] == "news.prerender-fallback.html"
    assert config["initialStatus"] == 200
    assert bundle.read("functions/_isr/news.prerender-fallback.html") == b"/news/"


def test_each_page_rendered_ahead_has_a_prerender_that_answers_nothing_else(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    bundle = emit(manifest)
    assert bundle["functions/_isr/guides__name/tea.func"] == Link("../../__server.func")
    assert _config(bundle, "guides__name/tea")["fallback"]["fsPath"] == "tea.prerender-fallback.html"
    assert bundle.read("functions/_isr/guides__name/tea.prerender-fallback.html") == b"/guides/tea/"
    assert _config(bundle, "guides__name")["fallback"] is None


def test_a_page_with_a_declared_query_has_no_fallback(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    assert not any("blog__slug/" in path for path in emit(manifest))


def test_without_an_admin_token_nobody_can_revalidate(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    assert all(
        "bypassToken" not in json.loads(emit(manifest).read(path)) for path in _configs(emit(manifest))
    )


def test_the_bypass_token_is_long_made_from_the_admin_token_and_only_in_secret_files(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    bundle = emit(manifest, secret=SECRET)
    token = _config(bundle, "news")["bypassToken"]
    assert len(token) >= 32
    assert token == bypass_token(SECRET) != bypass_token(SECRET + "x")
    for path in bundle:
        if token.encode() in bundle.read(path):
            entry = bundle[path]
            assert isinstance(entry, Content)
            assert entry.secret
        assert SECRET.encode() not in bundle.read(path)


def _configs(bundle: Bundle) -> list[str]:
    return [path for path in bundle if path.endswith(".prerender-config.json")]


@pytest.mark.parametrize("mode", ["headers", "prerender"])
def test_no_route_that_varies_is_a_prerender_and_in_header_mode_none_is(
    mode: str, manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    names = {path.split("/")[2].split(".")[0] for path in _configs(emit(manifest, {"mode": mode}))}
    assert names == (
        {"blog__slug", "docs__path", "guides__name", "news", "api__posts"} if mode == "prerender" else set()
    )


def test_the_function_holds_the_server_and_what_starts_it(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    bundle = emit(manifest, {"runtime": "python3.13", "regions": ["fra1"], "memory": 512, "maxDuration": 30})
    config = json.loads(bundle.read("functions/__server.func/.vc-config.json"))
    assert config["handler"] == "vc__handler__python.vc_handler"
    assert (config["runtime"], config["regions"]) == ("python3.13", ["fra1"])
    assert (config["memory"], config["maxDuration"]) == (512, 30)
    for name in (
        "vc__handler__python.py",
        "isrgen_vercel.py",
        "isrgen_adapter.py",
        "app.py",
        "manifest.json",
    ):
        assert f"functions/__server.func/{name}" in bundle
    assert not any("__pycache__" in path for path in bundle)


def test_every_python_file_of_ours_in_the_function_compiles(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    bundle = emit(manifest)
    for path in bundle:
        if path.endswith(".py"):
            compile(bundle.read(path), path, "exec")
