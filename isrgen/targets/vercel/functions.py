"""The functions of a deployment: one Python function, and a prerender beside it per kept route.

A prerender is a symbolic link to the one function with a configuration next
to it; the file that starts the function, and the table its adapter reads, are
written here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from isrgen.caching.policy import Lifetime
from isrgen.manifest import Seed
from isrgen.targets.bundle import Bundle
from isrgen.targets.routes import canonical
from isrgen.targets.vercel.plan import SERVER, Planned
from isrgen.targets.vercel.table import PATH

FOLDER: Final = f"functions/{SERVER}.func"
VENDOR: Final = "_vendor"
RUNTIMES: Final = ("python3.12", "python3.13", "python3.14")
"""What ``vercel-runtime`` runs on."""

_CALLER: Final = "vc__handler__python"
_ENTRY: Final = "isrgen_vercel"
_SHORTEST_SECRET: Final = 16

_TRAMPOLINE: Final = '''\
"""Started by the platform: hands the application to vercel-runtime."""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
os.environ.update(
    __VC_HANDLER_MODULE_NAME="{entry}",
    __VC_HANDLER_ENTRYPOINT="{entry}.py",
    __VC_HANDLER_ENTRYPOINT_ABS=os.path.join(_here, "{entry}.py"),
    __VC_HANDLER_VENDOR_DIR="{vendor}",
    __VC_HANDLER_VARIABLE_NAME="app",
)
for _folder in (os.path.join(_here, "{vendor}"), _here):
    if _folder in sys.path:
        sys.path.remove(_folder)
    sys.path.insert(0, _folder)

from vercel_runtime.vc_init import vc_handler
'''

_APPLICATION: Final = '''\
"""The site behind Vercel: `app` is an ASGI application."""

import json
import os
from pathlib import Path

os.environ["ISRGEN_BEHIND"] = "vercel"

from app import app as _site
from isrgen_adapter import Adapter

_adapter = Adapter(_site, json.loads(Path(__file__).with_name("isrgen_table.json").read_text("utf-8")))


async def app(scope, receive, send):
    await _adapter(scope, receive, send)
'''


def add_server(bundle: Bundle, server: Path, planned: Sequence[Planned], options: Mapping[str, Any]) -> None:
    """The plain function: the emitted server, the adapter, and what starts them."""
    for path in sorted(server.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            bundle.copy(f"{FOLDER}/{path.relative_to(server).as_posix()}", path)
    bundle.text(f"{FOLDER}/.vc-config.json", as_json(_vc_config(options)))
    bundle.text(f"{FOLDER}/{_CALLER}.py", _TRAMPOLINE.format(entry=_ENTRY, vendor=VENDOR))
    bundle.text(f"{FOLDER}/{_ENTRY}.py", _APPLICATION)
    adapter = files("isrgen.targets.vercel").joinpath("adapter.py").read_text("utf-8")
    bundle.text(f"{FOLDER}/isrgen_adapter.py", adapter)
    bundle.text(f"{FOLDER}/isrgen_table.json", as_json(adapter_table(planned)))


def _vc_config(options: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: options[key] for key in ("regions", "memory", "maxDuration") if key in options}
    return {
        "handler": f"{_CALLER}.vc_handler",
        "runtime": options.get("runtime", RUNTIMES[0]),
        "architecture": "x86_64",
        "environment": {"PYTHONPATH": VENDOR, "PYTHONDONTWRITEBYTECODE": "1"},
        "supportsResponseStreaming": True,
        **own,
    }


def adapter_table(planned: Sequence[Planned]) -> dict[str, Any]:
    """What the adapter has to know of the routes, in match order."""
    return {
        "routes": [
            {
                "path": canonical(item.route.pattern),
                "function": item.function,
                "query": list(item.route.policy.query),
                "private": item.private,
            }
            for item in planned
        ]
    }


def add_prerenders(bundle: Bundle, server: Path, planned: Sequence[Planned], secret: str) -> None:
    """A link and a configuration for each kept route."""
    token = bypass_token(secret)
    for item in planned:
        lifetime = item.route.policy.lifetime
        if not item.function or lifetime is None:
            continue
        for name, seed in ({item.function: None} | dict(item.ahead)).items():
            bundle.link(f"functions/{name}.func", "../" * name.count("/") + f"{SERVER}.func")
            config = _prerender_config(item, lifetime)
            if seed is not None:
                fallback = f"{name}.prerender-fallback{_suffix(seed)}"
                bundle.copy(f"functions/{fallback}", server / seed.file)
                config |= _from_seed(seed, fallback.rsplit("/", 1)[-1])
                # What it shows may be bound to change before the route's lifetime is over.
                config |= _lifetimes(min(lifetime, seed.lifetime, key=lambda each: each.fresh))
            if token:
                config["bypassToken"] = token
            place = f"functions/{name}.prerender-config.json"
            bundle.text(place, as_json(config), secret=bool(token))


def _prerender_config(item: Planned, lifetime: Lifetime) -> dict[str, Any]:
    return {
        **_lifetimes(lifetime),
        "allowQuery": [PATH, *sorted(item.route.policy.query)],
        "passQuery": True,
        "exposeErrBody": True,
        "sourcePath": item.route.pattern.written.rstrip("/") or "/",
        "fallback": None,
    }


def _lifetimes(lifetime: Lifetime) -> dict[str, int]:
    """Vercel counts both from the render: ``staleExpiration`` is fresh and stale together."""
    fresh = max(lifetime.fresh, 1)
    return {"expiration": fresh, "staleExpiration": fresh + lifetime.stale_while_revalidate}


def _from_seed(seed: Seed, file: str) -> dict[str, Any]:
    content_type = next(
        (value for name, value in seed.headers if name.lower() == "content-type"), "text/html"
    )
    hidden = ("cache-control", "set-cookie", "etag", "age", "cdn-cache-control", "vercel-cdn-cache-control")
    return {
        "fallback": {"fsPath": file, "contentType": content_type},
        "initialStatus": seed.status,
        "initialHeaders": {name: value for name, value in seed.headers if name.lower() not in hidden},
    }


def _suffix(seed: Seed) -> str:
    kinds = {name.lower(): value.split(";")[0].strip() for name, value in seed.headers}
    return {"application/json": ".json", "text/plain": ".txt"}.get(kinds.get("content-type", ""), ".html")


def bypass_token(secret: str) -> str:
    """The token with which Vercel renders a kept page anew, made from the site's admin token.

    It stands in the emitted configuration, so it is never the admin token
    itself, and whoever reads it learns nothing of that. Without an admin
    token there is none: a fixed one would let anybody revalidate.
    """
    if not secret:
        return ""
    return hmac.new(secret.encode(), b"isrgen vercel bypassToken 1", hashlib.sha256).hexdigest()


def secret_too_short(secret: str) -> bool:
    """Could somebody guess it from the token made of it?"""
    return 0 < len(secret) < _SHORTEST_SECRET


def as_json(value: object) -> str:
    """Deterministic JSON for people and platforms."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
