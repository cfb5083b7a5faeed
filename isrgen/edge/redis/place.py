"""From a URL to where Redis is. What goes wrong here is told without the password."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from isrgen.edge.redis.link import Place
from isrgen.errors import IsrgenError

_HOW: Final = "Write redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, or redis+unix:///PATH?db=0"
_TIMEOUT: Final = "0.25"
_PREFIX: Final = re.compile(r"[A-Za-z0-9._:{}-]{1,64}")
_TLS_OPTIONS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def place_of(scheme: str, rest: str) -> Place:
    """The place that a URL names; raises IsrgenError, also when redis-py is not installed."""
    if importlib.util.find_spec("redis") is None:
        raise IsrgenError(
            "A store on Redis needs the package redis, which is not installed.",
            "Run: pip install 'isrgen[redis]'",
        )
    try:
        url = urlsplit(f"{scheme}:{rest}")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        options = {**_NETWORKS[scheme](url, query), **_credentials(url)}
        timeout = _seconds(query.pop("timeout", _TIMEOUT))
        prefix = query.pop("prefix", "isrgen")
        if not _PREFIX.fullmatch(prefix):
            raise ValueError("prefix is made of letters, digits and . _ : { } -")
        if query:
            raise ValueError(f"there is no option {', '.join(sorted(query))}")
    except ValueError as fault:
        raise IsrgenError(f"The URL of the Redis store is wrong: {fault}.", _HOW) from None
    name = options.get("unix_socket_path") or f"{options['host']}:{options['port']}"
    return Place(f"{name}/{options['db']}", options, prefix, timeout)


def _over_tcp(url: SplitResult, query: dict[str, str]) -> dict[str, Any]:
    if not url.hostname:
        raise ValueError("it names no host")
    try:
        port = url.port or 6379
    except ValueError:
        raise ValueError("its port is no number from 1 to 65535") from None
    return {"host": url.hostname, "port": port, "db": _database(url.path.strip("/"))}


def _over_tls(url: SplitResult, query: dict[str, str]) -> dict[str, Any]:
    files: dict[str, Any] = {name: query.pop(name) for name in _TLS_OPTIONS if name in query}
    for name, file in files.items():
        if not Path(file).is_file():
            raise ValueError(f"{name} names no file: {file}")
    return {**_over_tcp(url, query), **files, "ssl": True}


def _over_a_socket(url: SplitResult, query: dict[str, str]) -> dict[str, Any]:
    if not url.path.strip("/"):
        raise ValueError("it names no socket")
    return {"unix_socket_path": unquote(url.path), "db": _database(query.pop("db", ""))}


_NETWORKS: Final[dict[str, Callable[[SplitResult, dict[str, str]], dict[str, Any]]]] = {
    "redis": _over_tcp,
    "rediss": _over_tls,
    "redis+unix": _over_a_socket,
}


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?", text) or not 0.01 <= float(text) <= 60:
        raise ValueError("timeout is a number of seconds, from 0.01 to 60")
    return float(text)


def _database(text: str) -> int:
    if not re.fullmatch(r"[0-9]{0,4}", text):
        raise ValueError("its database is no number")
    return int(text or 0)


def _credentials(url: SplitResult) -> dict[str, Any]:
    named = {"username": url.username, "password": url.password}
    return {name: unquote(value) for name, value in named.items() if value}
