"""A whole bundle, its problems and its notes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from isrgen.errors import IsrgenError
from isrgen.manifest import Manifest, OutputFile
from isrgen.routing.pattern import Pattern
from isrgen.targets.bundle import Bundle

WRONG = [
    ({"regoins": ["fra1"]}, "[targets.vercel] has no key called `regoins`.\n  Did you mean `regions`?"),
    ({"runtime": "python3.11"}, "`runtime` in [targets.vercel] is 'python3.11'"),
    ({"mode": "isr"}, '  Write one of: "prerender", "headers".'),
    ({"memory": "512"}, "a whole number from 128 to 10240"),
    ({"maxDuration": True}, "`maxDuration` in [targets.vercel] is True"),
    ({"regions": []}, "`regions` in [targets.vercel] is []"),
    ({"project": " "}, "`project` in [targets.vercel]"),
]


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_an_option_that_means_nothing_is_named_with_the_choices(
    options: dict[str, Any], told: str, manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    with pytest.raises(IsrgenError) as caught:
        emit(manifest, options)
    assert told in str(caught.value)


def test_all_problems_come_at_once(manifest: Manifest, emit: Callable[..., Bundle]) -> None:
    taken = OutputFile("__server/a.txt", "/__server/a.txt", "text/plain", '"x"', 1)
    with pytest.raises(IsrgenError) as caught:
        emit(replace(manifest, files=(*manifest.files, taken)), {"a": 1, "b": 2}, secret="short")
    assert len(caught.value.problems) == 4


def test_a_pattern_that_vercel_cannot_take_stops_the_deployment(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    long = replace(manifest.redirects[0], source=Pattern.parse("/" + "x" * 5000 + "/"))
    with pytest.raises(IsrgenError) as caught:
        emit(replace(manifest, redirects=(long,)))
    assert "4096 characters" in str(caught.value)


def test_the_same_build_gives_the_same_bundle(manifest: Manifest, emit: Callable[..., Bundle]) -> None:
    first, second = emit(manifest), emit(manifest)
    assert [(path, first.read(path)) for path in first] == [(path, second.read(path)) for path in second]


def test_a_site_that_is_all_static_has_no_function(
    manifests: dict[str, Manifest], emit: Callable[..., Bundle]
) -> None:
    bundle = emit(manifests["static"])
    assert not any(path.startswith("functions/") for path in bundle)


def test_a_route_that_cannot_be_kept_safely_is_noted_with_the_way_out(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    account, mine = emit(manifest).notes
    assert "/mine/ lists `bypass-cookies` and is not cached on Vercel: a page with `vary`" in mine
    assert "/account/ lists" in account
    assert "declare one under `cache`" in account
    assert len(emit(manifest, {"mode": "headers"}).notes) == 4


def test_a_bundle_with_a_token_keeps_itself_out_of_a_repository(
    manifest: Manifest, emit: Callable[..., Bundle]
) -> None:
    assert emit(manifest, secret="a-token-long-enough").read(".gitignore") == b"*\n"
    assert ".gitignore" not in emit(manifest)


def test_clean_urls_and_unguessable_types_are_overrides(
    manifests: dict[str, Manifest], emit: Callable[..., Bundle]
) -> None:
    html = "text/html; charset=utf-8"
    always = json.loads(emit(manifests["always"]).read("config.json"))["overrides"]
    assert always == {"CNAME": {"contentType": "application/octet-stream"}}
    never = json.loads(emit(manifests["never"]).read("config.json"))["overrides"]
    assert never["about.html"] == {"path": "about", "contentType": html}
    assert "index.html" not in never
    assert "404.html" not in never
