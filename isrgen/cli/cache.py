"""``isrgen cache``: what a store holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from isrgen.cli import console, table
from isrgen.cli.options import (
    debug_option,
    json_option,
    server_option,
    site_option,
    store_option,
    store_or_server,
)
from isrgen.errors import IsrgenError

if TYPE_CHECKING:
    from isrgen.cli.caches import Cache

COLOURS: Final = {
    "fresh": "green",
    "stale": "yellow",
    "invalidated": "yellow",
    "stale-if-error": "yellow",
    "stale-if-unreachable": "yellow",
    "expired": "red",
}

_HEADINGS: Final = ("KEY", "STATE", "AGE", "TTL", "SIZE", "VARIANT", "TAGS")

_HASHED: Final = "hash:"
"""What ``caching.invalidation`` puts before the digest of a tag that is not portable."""

_COUNTED: Final = (
    ("hits", "hits"),
    ("stale", "stale, sent at once"),
    ("misses", "misses"),
    ("bypasses", "past the cache"),
    ("collapsed", "waited for another's render"),
    ("renders", "renders"),
    ("render_errors", "failed renders"),
    ("refreshes", "refreshes"),
    ("refreshes_failed", "failed refreshes"),
    ("stale_if_error", "stale after an error"),
    ("purges", "purges"),
    ("store_errors", "store errors"),
)
"""What a server counts, in the words that are printed; it tells programs all it has."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@debug_option
def command() -> None:
    """What the edge store holds: the site's own, another by --store, a running server's by --server."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (debug_option, site_option, server_option, store_option):
        function = option(function)
    return function


@command.command("ls")
@click.argument("prefix", default="")
@json_option
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, metavar="N", help="At most N."
)
@_options
def ls(prefix: str, as_json: bool, limit: int, store: str | None, server: str | None, site: Path) -> None:
    """List what is stored, of keys that begin with PREFIX."""
    cache, base_url = _cache(store, server, site)
    found = cache.listing(_key(prefix, base_url) if prefix else "", limit)
    if as_json:
        console.write_json(found)
        return
    if not found["entries"]:
        console.say(
            f"Nothing is stored in {cache.name}" + (f" under {console.legible(prefix)}." if prefix else ".")
        )
        return
    table.show(_HEADINGS, [_row(entry) for entry in found["entries"]], keep=5, styles=COLOURS)
    if found["more"]:
        console.note(f"There are more than {limit}: --limit N shows more of them, PREFIX fewer.")


@command.command("show")
@click.argument("path")
@json_option
@_options
def show(path: str, as_json: bool, store: str | None, server: str | None, site: Path) -> None:
    """Show what is stored of one PATH.

    Each variant is told with its lifetime, tags and headers.
    """
    cache, base_url = _cache(store, server, site)
    found = next((found for key in _forms(path, base_url) if (found := cache.shown(key))), None)
    if found is None:
        raise _nothing(path, cache)
    if as_json:
        console.write_json(found)
        return
    for index, variant in enumerate(found["variants"]):
        if index:
            console.say()
        for line in described(variant):
            console.say(console.legible(line))


@command.command("rm")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_options
def rm(paths: tuple[str, ...], store: str | None, server: str | None, site: Path) -> None:
    """Remove what is stored of each PATH.

    All its variants go, and the next visitor waits for a render.
    """
    cache, base_url = _cache(store, server, site)
    missing = []
    for path in paths:
        removed = next((n for key in _forms(path, base_url) if (n := cache.removed(key))), 0)
        if removed:
            console.say(f"Removed {console.legible(path)} ({console.count(removed, 'variant')}).")
        else:
            missing.append(_nothing(path, cache))
    if missing:
        raise IsrgenError(problem for error in missing for problem in error.problems)


@command.command("stats")
@json_option
@_options
def stats(as_json: bool, store: str | None, server: str | None, site: Path) -> None:
    """Count what is stored.

    With --server, also what has happened since that server was started.
    """
    cache, _ = _cache(store, server, site)
    found = cache.stats()
    if as_json:
        console.write_json(found)
        return
    rows = [("responses stored", str(found["entries"])), ("bytes stored", console.size(found["bytes"]))]
    rows += [(words, str(found[name])) for name, words in _COUNTED if name in found]
    table.show((cache.name, ""), rows, keep=2)


def _cache(store: str | None, server: str | None, site: Path) -> tuple[Cache, str]:
    """The cache that is meant, and the URL of the site it is for."""
    from isrgen import config
    from isrgen.cli import caches

    store, server = store_or_server(store, server)
    loaded = config.load(site.resolve())
    return caches.find(loaded.root, store, server, os.environ.get("ISRGEN_TOKEN", "")), caches.site_url(
        loaded
    )


def _key(path: str, base_url: str) -> str:
    """A path or URL as keys spell it; the query stays, for it is part of a key."""
    from isrgen.caching.keys import canonical_path
    from isrgen.cli.caches import local

    found = local(path, base_url)
    return canonical_path(found) + "".join(found.partition("?")[1:])


def _forms(path: str, base_url: str) -> Iterator[str]:
    """The key as it was written, then with the other form of its last slash."""
    key = _key(path, base_url)
    plain, mark, query = key.partition("?")
    yield key
    if plain != "/":
        yield (plain.rstrip("/") if plain.endswith("/") else f"{plain}/") + mark + query


def _nothing(path: str, cache: Cache) -> IsrgenError:
    return IsrgenError(
        f"Nothing is stored of {console.legible(path)} in {cache.name}.",
        "`isrgen cache ls` lists what is, with its keys.",
    )


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    return (
        entry["key"],
        entry["state"],
        _seconds(entry["age"]),
        _seconds(entry["ttl"]),
        console.size(entry["size"]),
        _variant(entry) or "-",
        " ".join(_readable(entry["tags"])) or "-",
    )


def _readable(tags: Sequence[str]) -> Iterator[str]:
    """Without those that are no name for people; ``show`` tells them all.

    >>> list(_readable(["blog", "hash:ac63994e5da9732c81f73692f125dcd5", "page:/blog/"]))
    ['blog', 'page:/blog/', '(1 hashed)']
    """
    yield from (tag for tag in tags if not tag.startswith(_HASHED))
    hashed = sum(tag.startswith(_HASHED) for tag in tags)
    if hashed:
        yield f"({hashed} hashed)"


def _variant(entry: dict[str, Any]) -> str:
    """
    >>> _variant({"selecting": {"accept": "text/html", "accept-language": ""}})
    'accept: text/html, accept-language: -'
    """
    return ", ".join(f"{name}: {value or '-'}" for name, value in entry["selecting"].items())


def described(variant: dict[str, Any]) -> Iterator[str]:
    lifetime = variant["lifetime"]
    windows = [f"{_seconds(lifetime['fresh'])} fresh"]
    windows += [f"{_seconds(lifetime[name])} {name}" for name in list(lifetime)[1:] if lifetime[name]]
    facts = (
        ("key", variant["key"]),
        ("variant", _variant(variant)),
        ("status", str(variant["status"])),
        ("state", variant["state"]),
        ("age", _seconds(variant["age"])),
        ("ttl", _seconds(variant["ttl"])),
        ("lifetime", ", ".join(windows)),
        ("size", f"{console.size(variant['size'])}, body {console.size(variant['body_bytes'])}"),
        ("tags", " ".join(variant["tags"])),
        ("build", variant["build"]),
        # In front of another application, the one that is sent is the origin's own, among the headers.
        ("etag", variant["etag"] if variant["key"].startswith("/") else ""),
    )
    yield from (f"{name:<9} {value}" for name, value in facts if value)
    yield from (f"  {name}: {value}" for name, value in variant["headers"])


def _seconds(number: int) -> str:
    """
    >>> _seconds(40), _seconds(-90), _seconds(7260), _seconds(200_000)
    ('40s', '-1m30s', '2h1m', '2d7h')
    """
    sign, left = ("-" if number < 0 else ""), abs(number)
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, seconds in units:
        count, left = divmod(left, seconds)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return sign + "".join(parts[:2])
