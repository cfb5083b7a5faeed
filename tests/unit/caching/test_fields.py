"""The cache fields, per reader."""

from __future__ import annotations

import pytest

from isrgen.caching.fields import DIALECTS, private_fields, shared_fields, without_cache_fields
from isrgen.caching.policy import Lifetime

LONG = Lifetime(3600, 86400, 7)
BROWSERS = ("Cache-Control", "public, max-age=0, must-revalidate")
WINDOWS = "stale-while-revalidate=86400, stale-if-error=7"


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (None, [BROWSERS, ("CDN-Cache-Control", f"public, max-age=3600, {WINDOWS}")]),
        ("generic", [("Cache-Control", f"public, s-maxage=3600, {WINDOWS}")]),
        (
            "vercel",
            [
                BROWSERS,
                ("Vercel-CDN-Cache-Control", "public, max-age=3600, stale-while-revalidate=86400"),
                ("Vercel-Cache-Tag", "all,path:/a/,t,u"),
            ],
        ),
        (
            "cloudfront",
            [
                ("Cache-Control", f"public, max-age=0, s-maxage=3600, {WINDOWS}"),
                ("Cache-Tag", "all,path:/a/,t,u"),
            ],
        ),
        (
            "fastly",
            [
                BROWSERS,
                ("Surrogate-Control", f"max-age=3600, {WINDOWS}"),
                ("Surrogate-Key", "all path:/a/ t u"),
            ],
        ),
        (
            "cloudflare",
            [
                BROWSERS,
                ("Cloudflare-CDN-Cache-Control", f"public, max-age=3600, {WINDOWS}"),
                ("Cache-Tag", "all,path:/a/,t,u"),
            ],
        ),
        (
            "varnish",
            [("Cache-Control", f"public, s-maxage=3600, {WINDOWS}"), ("xkey", "all path:/a/ t u")],
        ),
        ("nginx", [("Cache-Control", f"public, s-maxage=3600, {WINDOWS}")]),
    ],
)
def test_each_reader_is_told_in_its_own_words(behind: str | None, expected: list[tuple[str, str]]) -> None:
    assert list(shared_fields(LONG, behind=behind, tags=("t", "u"), path="/a/")) == expected


def test_a_window_that_is_not_there_is_not_mentioned() -> None:
    assert shared_fields(Lifetime(60))[1] == ("CDN-Cache-Control", "public, max-age=60")


def test_vary_is_written_once_and_in_order() -> None:
    fields = shared_fields(Lifetime(60), vary=("x-theme", "accept-language", "X-Theme"))
    assert fields[-1] == ("Vary", "Accept-Language, X-Theme")


def test_private_is_one_field_and_nothing_else() -> None:
    assert private_fields() == (("Cache-Control", "private, no-store"),)


def test_what_a_sites_code_set_is_removed_for_every_reader() -> None:
    written = [name for behind in DIALECTS for name, _ in shared_fields(LONG, behind=behind, tags=("t",))]
    others = ["Expires", "Pragma", "Age", "Cache-Status"]
    pairs = [(name, "x") for name in [*written, *others]] + [("Content-Type", "text/html")]
    assert without_cache_fields(pairs) == (("Content-Type", "text/html"),)
