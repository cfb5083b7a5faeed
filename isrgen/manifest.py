"""The manifest: what a build promises, and the only thing that serve and deploy read.

Plain facts and JSON both ways; a file with another schema version is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.errors import IsrgenError
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy

SCHEMA: Final = 1

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One route in match order.

    ``source`` is the file that gave it, relative to the site; ``because`` the
    reason for its strategy, in words. ``page`` names its record in the content
    snapshot, ``module`` its Python file, ``middleware`` the modules around it,
    the outermost first. ``methods`` are an API route's own functions.
    ``static_params`` are the parameters known at build time; where
    ``dynamic_params`` is False, all others are a 404.
    """

    pattern: Pattern
    strategy: Strategy
    source: str
    because: str
    policy: CachePolicy = CachePolicy()
    page: str | None = None
    module: str | None = None
    middleware: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: Pairs = ()
    static_params: tuple[dict[str, Any], ...] = ()
    dynamic_params: bool = True


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file below ``static/``.

    ``path`` is relative to ``static/``, ``url`` its percent-encoded path on
    the site. ``immutable`` files carry their digest in their name.
    ``encodings`` names the precompressed copies beside it (``gzip`` is
    ``path + ".gz"``). ``route`` is the source of the page it was made from.
    """

    path: str
    url: str
    content_type: str
    etag: str
    size: int
    immutable: bool = False
    status: int = 200
    encodings: tuple[str, ...] = ()
    headers: Pairs = ()
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """``source`` and ``to`` are patterns; parameters of one are filled into the other."""

    source: Pattern
    to: str
    status: int = 308


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Headers for every response whose path matches a rule's glob (``*`` one segment, ``**`` any)."""

    path: str
    headers: Pairs


@dataclass(frozen=True, slots=True)
class NotFound:
    """A ``+not-found`` page: ``prefix`` is the URL path it serves, ``/`` for the whole site."""

    prefix: str
    page: str
    file: str


@dataclass(frozen=True, slots=True)
class Seed:
    """An ISR page rendered ahead: ``path`` is its URL path, ``file`` lies below ``server/``.

    Past ``until``, Unix time, it shows what it should not, or lacks what it should show.
    """

    path: str
    route: str
    file: str
    status: int
    headers: Pairs
    tags: tuple[str, ...]
    lifetime: Lifetime
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a server or a target needs to know of a built site.

    ``build`` is a digest of what was built; times are seconds. ``redirects``
    come before files, files before routes. ``previews`` are routes for draft
    visitors alone: of drafts, and of static pages that are not out yet.
    """

    build: str
    base_url: str
    trailing_slash: bool
    routes: tuple[Route, ...] = ()
    files: tuple[OutputFile, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    header_rules: tuple[HeaderRule, ...] = ()
    not_found: tuple[NotFound, ...] = ()
    seeds: tuple[Seed, ...] = ()
    not_found_ttl: int = 60
    render_timeout: float = 10.0
    strict: bool = False
    trusted_proxies: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    previews: tuple[Route, ...] = ()

    def to_json(self) -> str:
        """Deterministic JSON, with a newline at the end."""
        return json.dumps(_encode(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest back; raises IsrgenError for another schema or a damaged file."""
        try:
            data = json.loads(text)
            if data.get("schema") != SCHEMA:
                raise IsrgenError(
                    f"The manifest has schema {data.get('schema')!r}; this isrgen reads {SCHEMA}.",
                    "Build the site again with `isrgen build`.",
                )
            return _decode(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IsrgenError(
                f"The manifest cannot be read: {error}.", "Build the site again with `isrgen build`."
            ) from error


def _lifetime(value: Lifetime | None) -> dict[str, int] | None:
    if value is None:
        return None
    return {
        "s-maxage": value.fresh,
        "stale-while-revalidate": value.stale_while_revalidate,
        "stale-if-error": value.stale_if_error,
    }


def _read_lifetime(data: dict[str, int] | None) -> Lifetime | None:
    if data is None:
        return None
    return Lifetime(data["s-maxage"], data["stale-while-revalidate"], data["stale-if-error"])


def _policy(value: CachePolicy) -> dict[str, Any]:
    return {
        "lifetime": _lifetime(value.lifetime),
        "tags": list(value.tags),
        "query": list(value.query),
        "vary": list(value.vary),
        "bypass-cookies": list(value.bypass_cookies),
    }


def _read_policy(data: dict[str, Any]) -> CachePolicy:
    return CachePolicy(
        _read_lifetime(data["lifetime"]),
        tuple(data["tags"]),
        tuple(data["query"]),
        tuple(data["vary"]),
        tuple(data["bypass-cookies"]),
    )


def _pattern(value: Pattern) -> dict[str, Any]:
    return {"pattern": str(value), "params": list(value.params), "slash": value.slash}


def _read_pattern(data: dict[str, Any]) -> Pattern:
    rest = data["params"][-1] if data["params"] else "path"
    return Pattern(Pattern.parse(data["pattern"], rest).segments, data["slash"])


def _pairs(data: list[list[str]]) -> Pairs:
    return tuple((name, value) for name, value in data)


def _route(route: Route) -> dict[str, Any]:
    return {
        **_pattern(route.pattern),
        "strategy": route.strategy.value,
        "source": route.source,
        "because": route.because,
        "cache": _policy(route.policy),
        "page": route.page,
        "module": route.module,
        "middleware": list(route.middleware),
        "methods": list(route.methods),
        "headers": route.headers,
        "static_params": list(route.static_params),
        "dynamic_params": route.dynamic_params,
    }


def _read_route(route: dict[str, Any]) -> Route:
    return Route(
        pattern=_read_pattern(route),
        strategy=Strategy(route["strategy"]),
        source=route["source"],
        because=route["because"],
        policy=_read_policy(route["cache"]),
        page=route["page"],
        module=route["module"],
        middleware=tuple(route["middleware"]),
        methods=tuple(route["methods"]),
        headers=_pairs(route["headers"]),
        static_params=tuple(route["static_params"]),
        dynamic_params=route["dynamic_params"],
    )


def _encode(manifest: Manifest) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "build": manifest.build,
        "base_url": manifest.base_url,
        "trailing_slash": "always" if manifest.trailing_slash else "never",
        "not_found_ttl": manifest.not_found_ttl,
        "render_timeout": manifest.render_timeout,
        "strict": manifest.strict,
        "trusted_proxies": list(manifest.trusted_proxies),
        "requirements": list(manifest.requirements),
        "routes": list(map(_route, manifest.routes)),
        "previews": list(map(_route, manifest.previews)),
        "files": [
            {
                "path": file.path,
                "url": file.url,
                "content_type": file.content_type,
                "etag": file.etag,
                "size": file.size,
                "immutable": file.immutable,
                "status": file.status,
                "encodings": list(file.encodings),
                "headers": file.headers,
                "route": file.route,
            }
            for file in manifest.files
        ],
        "redirects": [{**_pattern(r.source), "to": r.to, "status": r.status} for r in manifest.redirects],
        "header_rules": [{"path": rule.path, "headers": rule.headers} for rule in manifest.header_rules],
        "not_found": [{"prefix": n.prefix, "page": n.page, "file": n.file} for n in manifest.not_found],
        "seeds": [
            {
                "path": seed.path,
                "route": seed.route,
                "file": seed.file,
                "status": seed.status,
                "headers": seed.headers,
                "tags": list(seed.tags),
                "lifetime": _lifetime(seed.lifetime),
                "until": seed.until,
            }
            for seed in manifest.seeds
        ],
    }


def _decode(data: dict[str, Any]) -> Manifest:
    return Manifest(
        build=data["build"],
        base_url=data["base_url"],
        trailing_slash=data["trailing_slash"] == "always",
        not_found_ttl=data["not_found_ttl"],
        render_timeout=data["render_timeout"],
        strict=data["strict"],
        trusted_proxies=tuple(data["trusted_proxies"]),
        requirements=tuple(data["requirements"]),
        routes=tuple(map(_read_route, data["routes"])),
        previews=tuple(map(_read_route, data.get("previews", ()))),
        files=tuple(
            OutputFile(
                path=file["path"],
                url=file["url"],
                content_type=file["content_type"],
                etag=file["etag"],
                size=file["size"],
                immutable=file["immutable"],
                status=file["status"],
                encodings=tuple(file["encodings"]),
                headers=_pairs(file["headers"]),
                route=file["route"],
            )
            for file in data["files"]
        ),
        redirects=tuple(Redirect(_read_pattern(r), r["to"], r["status"]) for r in data["redirects"]),
        header_rules=tuple(HeaderRule(r["path"], _pairs(r["headers"])) for r in data["header_rules"]),
        not_found=tuple(NotFound(n["prefix"], n["page"], n["file"]) for n in data["not_found"]),
        seeds=tuple(
            Seed(
                path=seed["path"],
                route=seed["route"],
                file=seed["file"],
                status=seed["status"],
                headers=_pairs(seed["headers"]),
                tags=tuple(seed["tags"]),
                lifetime=_read_lifetime(seed["lifetime"]) or Lifetime(0),
                until=seed.get("until"),
            )
            for seed in data["seeds"]
        ),
    )
