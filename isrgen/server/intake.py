"""A request as the server in front tells it, made into one that may be sent on, or refused.

Refused is what two servers could read in two ways (request smuggling, RFC 9112
section 11.2), what would come round for ever, and what is larger than anybody
needs. Taken out is what concerns one connection only, and what claims another
address than the one in the cache's key: the answer to it would be kept under
the wrong name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from isrgen.http.hops import without_hops
from isrgen.routing.urls import SAFE
from isrgen.server.hosts import HOST, host_fault
from isrgen.server.limits import MOST_HEADER_BYTES, MOST_HEADERS, MOST_PATH, MOST_QUERY
from isrgen.server.message import Incoming, Pairs
from isrgen.server.proxies import Proxies

_TARGET: Final = re.compile(r"[\x21-\x7e]*")
_PORTS: Final = {"http": "80", "https": "443"}

OTHER_ADDRESS: Final = frozenset(
    {
        "front-end-https", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-host",
        "x-http-host-override", "x-original-host", "x-original-uri", "x-original-url", "x-rewrite-url",
        "x-scheme", "x-url-scheme",
    }
)  # fmt: skip
"""Fields by which frameworks let a request name another URL, scheme or client; beside ``X-Forwarded-*``."""

OTHER_METHOD: Final = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
"""Fields that turn a GET into something else; taken out of GET and HEAD only."""


class RefusedError(Exception):
    """The request is not sent on; ``message`` is for the visitor."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Intake:
    """What is known of a request before its body; ``final``: it goes no further (RFC 9110 section 7.6.2)."""

    method: str
    scheme: str
    host: str
    target: str
    headers: Pairs
    client: str
    has_body: bool
    final: bool


def take_in(scope: Mapping[str, Any], proxies: Proxies, via: str) -> Intake:
    """The facts of an ASGI scope; raises RefusedError. ``via`` is this proxy's own name."""
    method = scope["method"]
    if method == "CONNECT":
        raise RefusedError(501, "This server opens no tunnels.")
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    if len(headers) > MOST_HEADERS or sum(len(n) + len(v) for n, v in headers) > MOST_HEADER_BYTES:
        raise RefusedError(431)
    has_body = _has_body(method, headers, scope.get("http_version", "1.1"))
    target = _target(scope, method)
    scheme, host, client = _said(proxies, scope, headers, *_address(scope, headers))
    if any(_names(value, via) for name, value in headers if name == "via"):
        raise RefusedError(508, "This request came round to the server that sent it on.")
    headers, final = _counted_down(method, headers)
    sent = [pair for pair in without_hops(headers) if not _is_taken_out(pair[0], method)]
    return Intake(method, scheme, _normal(host, scheme), target, sent, client, has_body, final)


def _has_body(method: str, headers: Pairs, version: str) -> bool:
    """Whether a body follows; raises RefusedError where its end could be read in two ways.

    From HTTP/2 on nothing has to announce one, so there may always be one where it means something.
    """
    codings = [value.strip().lower() for name, value in headers if name == "transfer-encoding"]
    lengths = {value.strip() for name, value in headers if name == "content-length"}
    if codings and (lengths or not version.startswith("1.1")):
        raise RefusedError(400, "The end of this request is told in two ways.")
    if codings and codings != ["chunked"]:
        raise RefusedError(501, "This server takes no transfer coding but chunked.")
    if len(lengths) > 1 or any(not (length.isascii() and length.isdigit()) for length in lengths):
        raise RefusedError(400, "The length of this request is no number.")
    if not version.startswith("1") and not lengths:
        return method not in ("GET", "HEAD", "OPTIONS", "TRACE")
    return bool(codings) or any(length.strip("0") for length in lengths)


def _target(scope: Mapping[str, Any], method: str) -> str:
    """The raw path and query; servers that decode paths get theirs quoted again."""
    raw = scope.get("raw_path")
    path = quote(scope["path"], safe=f"/{SAFE}") if raw is None else raw.partition(b"?")[0].decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    if len(path) > MOST_PATH or len(query) > MOST_QUERY:
        raise RefusedError(414)
    target = f"{path}?{query}" if query else path
    if not _TARGET.fullmatch(target) or not (path.startswith("/") or (path == "*" and method == "OPTIONS")):
        raise RefusedError(400, "This is no address.")
    return target


def _address(scope: Mapping[str, Any], headers: Pairs) -> tuple[str, str]:
    """Scheme and authority; only HTTP/1.0 may leave the latter out (RFC 9112 section 3.2)."""
    scheme = "https" if scope.get("scheme") == "https" else "http"
    hosts = [value.strip() for name, value in headers if name == "host"]
    fault = host_fault(scope.get("http_version", ""), hosts)
    if fault:
        raise RefusedError(400, fault)
    if hosts not in ([], [""]):
        return scheme, hosts[0]
    server = scope.get("server") or ("localhost", None)
    name = f"[{server[0]}]" if ":" in server[0] else server[0]
    return scheme, f"{name}:{server[1]}" if server[1] else name


def _said(
    proxies: Proxies, scope: Mapping[str, Any], headers: Pairs, scheme: str, host: str
) -> tuple[str, str, str]:
    """Scheme, authority and client as a trusted proxy tells them, else as they are."""
    peer = (scope.get("client") or ("",))[0]
    known = {name for name, _ in headers if name.startswith("x-forwarded-")}
    if not known:
        return scheme, host, peer
    own = (("x-forwarded-proto", scheme), ("x-forwarded-host", host))
    told = [*headers, *(pair for pair in own if pair[0] not in known)]
    incoming = Incoming(scope["method"], "/", None, "", told, peer, _nothing)
    scheme, _, host = (proxies.origin(incoming) or f"{scheme}://{host}").partition("://")
    return scheme, host, proxies.client(incoming)


async def _nothing(most: int) -> bytes:
    return b""


def _normal(host: str, scheme: str) -> str:
    """Lower case, without a port that goes without saying (RFC 3986 section 6.2.3).

    >>> _normal("Shop.Example:80", "http"), _normal("shop.example:80", "https"), _normal("a:", "http")
    ('shop.example', 'shop.example:80', 'a')
    """
    found = HOST.fullmatch(host)
    if found is None:
        raise RefusedError(400, "This request names no host.")
    name, port = found["name"].lower(), found["port"]
    return name if not port or port.lstrip("0") == _PORTS[scheme] else f"{name}:{port}"


def _names(value: str, via: str) -> bool:
    """Whether one of the proxies in a ``Via`` is ``via``.

    >>> _names("1.1 cdn, 1.1 me (isrgen)", "me"), _names("1.1 me-too", "me")
    (True, False)
    """
    return any(via in hop.split()[1:2] for hop in value.split(","))


def _counted_down(method: str, headers: Pairs) -> tuple[Pairs, bool]:
    """``Max-Forwards`` less one, and whether it was used up (RFC 9110 section 7.6.2)."""
    if method not in ("TRACE", "OPTIONS"):
        return headers, False
    said = next((value for name, value in headers if name == "max-forwards"), "")
    if not (said.isascii() and said.isdigit()):
        return headers, False
    left = min(int(said.lstrip("0")[:9] or 0), 255)
    others = [pair for pair in headers if pair[0] != "max-forwards"]
    return ([*others, ("max-forwards", str(left - 1))], False) if left else (others, True)


def _is_taken_out(name: str, method: str) -> bool:
    """Also where the name is spelt with ``_``: WSGI, and what is made like it, takes that for the same."""
    name = name.replace("_", "-")
    if name.startswith(("x-forwarded-", "x-isrgen-")) or name in ("forwarded", "x-real-ip", "host"):
        return True
    return name in OTHER_ADDRESS or (name in OTHER_METHOD and method in ("GET", "HEAD"))
