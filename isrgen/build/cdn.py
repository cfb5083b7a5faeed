"""``cdn.json``: the CDN's half of the manifest in neutral words, for wiring one by hand."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from isrgen.caching.policy import DRAFT_COOKIE
from isrgen.manifest import Manifest, Route
from isrgen.routing.strategy import Strategy

_BRACKETS: Final = re.compile(r"\[(?:\.\.\.)?(\w+)\]")


def cdn_json(manifest: Manifest) -> str:
    """Deterministic JSON: redirects, then files, then routes, in the order in which they apply."""
    document: dict[str, Any] = {
        "schema": 1,
        "build": manifest.build,
        "trailing_slash": "always" if manifest.trailing_slash else "never",
        "redirects": [
            {
                "from": str(redirect.source),
                "to": _BRACKETS.sub(r"{\1}", redirect.to),
                "status": redirect.status,
            }
            for redirect in manifest.redirects
        ],
        "static": {
            "folder": "static",
            "immutable": sorted(file.url for file in manifest.files if file.immutable),
            "not_found": {page.prefix: page.file for page in manifest.not_found},
        },
        "headers": [{"path": rule.path, "headers": dict(rule.headers)} for rule in manifest.header_rules],
        "routes": [_route(route) for route in manifest.routes if route.strategy is not Strategy.SSG],
        "never_cached": {
            "methods": "all but GET and HEAD",
            "request_headers": ["Authorization"],
            "request_cookies": [DRAFT_COOKIE],
            "responses": ["5xx", "Set-Cookie", "Cache-Control: private", "Cache-Control: no-store"],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _route(route: Route) -> dict[str, Any]:
    policy, lifetime = route.policy, route.policy.lifetime
    return {
        "pattern": str(route.pattern),
        "params": list(route.pattern.params),
        "strategy": route.strategy.value,
        "methods": list(route.methods) or ["GET", "HEAD"],
        "cache": None
        if lifetime is None
        else {
            "s-maxage": lifetime.fresh,
            "stale-while-revalidate": lifetime.stale_while_revalidate,
            "stale-if-error": lifetime.stale_if_error,
        },
        "key": {"path": True, "query": list(policy.query), "headers": list(policy.vary)},
        "bypass": {"cookies": list(policy.bypass_cookies), "headers": ["Authorization"]},
        "tags": list(policy.tags),
        "headers": dict(route.headers),
    }
