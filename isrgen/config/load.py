"""Find the configuration of a site and read it, key by key.

It lives in ``isrgen.toml`` or under ``[tool.isrgen]``; a site needs neither.
"""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from isrgen.caching.policy import PRESETS, Lifetime
from isrgen.config.cache import read_cache, read_lifetime
from isrgen.config.headers import read_headers
from isrgen.config.model import Config, MarkdownConfig, RedirectRule, Rule
from isrgen.config.redirects import read_target
from isrgen.config.table import Document, Table
from isrgen.config.toml import parse_toml
from isrgen.errors import IsrgenError, Problem
from isrgen.http.response import REDIRECTS
from isrgen.routing.globs import Glob
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Mode

MODES: Final = {"ssg": Mode.SSG, "ssr": Mode.SSR}
SLASHES: Final = {"always": True, "never": False}

KEYS: Final = (
    "title",
    "base_url",
    "language",
    "default_mode",
    "trailing_slash",
    "not_found_ttl",
    "render_timeout",
    "strict",
    "rules",
    "redirects",
    "markdown",
    "cache",
    "check",
    "server",
    "targets",
    "extra",
)


def load(root: Path) -> Config:
    """The configuration of the site in ``root``; raises IsrgenError with every problem in it."""
    config, problems = read(root)
    if problems:
        raise IsrgenError(problems)
    return config


def read(root: Path) -> tuple[Config, tuple[Problem, ...]]:
    """The configuration as far as it can be read, and what is wrong with it."""
    if not root.is_dir():
        return Config(root), (Problem(f"There is no folder {root}.", "Name another with --site DIR."),)
    problems: list[Problem] = []
    table = _find(root, problems)
    if table is None:
        return Config(root), tuple(problems)
    config = read_table(root, table[0], table[1])
    return config, tuple(problems)


def _find(root: Path, problems: list[Problem]) -> tuple[str, Table] | None:
    own, shared = (root / name for name in ("isrgen.toml", "pyproject.toml"))
    own_table = _open(own, problems) if own.is_file() else None
    if own.is_file() and not _has_tool_table(shared):
        return ("isrgen.toml", own_table) if own_table else None
    if not shared.is_file():
        return None
    whole = _open(shared, problems)
    tool = whole.table("tool") if whole else None
    shared_table = tool.table("isrgen") if tool else None
    if own.is_file():
        message = "The site is configured twice: in isrgen.toml and in pyproject.toml, under [tool.isrgen]."
        hint = "Keep one of the two and remove the other."
        problems.append(Problem(message, hint, "isrgen.toml"))
        return ("isrgen.toml", own_table) if own_table else None
    return ("pyproject.toml", shared_table) if shared_table else None


def _has_tool_table(file: Path) -> bool:
    """Whether a pyproject.toml that may not be ours to judge speaks of isrgen."""
    try:
        return "isrgen" in tomllib.loads(file.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError):
        return False


def _open(file: Path, problems: list[Problem]) -> Table | None:
    try:
        document: Document = parse_toml(file.read_text("utf-8"), file.name)
    except OSError as error:
        problems.append(Problem(f"This file cannot be read: {error.strerror}.", "", file.name))
    except UnicodeDecodeError:
        problems.append(Problem("This file is not UTF-8.", "Save it as UTF-8.", file.name))
    except IsrgenError as error:
        problems.extend(error.problems)
    else:
        return Table(document, problems)
    return None


def read_table(root: Path, file: str, table: Table) -> Config:
    """The configuration that a table holds; its problems go where the table puts them."""
    table.unknown(KEYS, "Keys of your own go under [extra].")
    presets = _presets(table)
    server = table.table("server") or Table(Document("", {}, lambda _: None), [])
    server.unknown(("trusted_proxies", "include"))
    mode = table.choice("default_mode", MODES)
    slash = table.choice("trailing_slash", SLASHES)
    extra = table.table("extra")
    return Config(
        root=root,
        file=file,
        title=table.text("title"),
        base_url=_base_url(table),
        language=table.text("language", "en"),
        default_mode=mode or Mode.SSG,
        trailing_slash=True if slash is None else slash,
        not_found_ttl=table.duration("not_found_ttl", 60),
        render_timeout=_timeout(table),
        strict=table.flag("strict", False),
        rules=tuple(rule for inner in table.tables("rules") if (rule := _rule(inner, presets))),
        redirects=tuple(found for inner in table.tables("redirects") if (found := _redirect(inner))),
        markdown=_markdown(table),
        presets=presets,
        trusted_proxies=_proxies(server),
        include=_include(server),
        ignored_links=_ignored_links(table),
        targets=_targets(table),
        extra=extra.data if extra else {},
    )


def _base_url(table: Table) -> str:
    url = table.text("base_url", "http://127.0.0.1:8000")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        table.wrong("base_url", "the address of a site", "Write it as https://example.org.")
    return url.rstrip("/")


def _timeout(table: Table) -> float:
    value = table.data.get("render_timeout")
    if isinstance(value, float) and value > 0:
        return value
    seconds = table.duration("render_timeout", 10)
    if seconds == 0:
        table.report(
            "render_timeout", "`render_timeout` is 0: no page could be rendered in time.", "Write 10s."
        )
    return float(seconds)


def _presets(table: Table) -> dict[str, Lifetime | None]:
    presets = dict(PRESETS)
    cache = table.table("cache")
    if cache is None:
        return presets
    cache.unknown(("presets",), "Lifetimes belong in [[rules]] and in the pages; here only their names.")
    named = cache.table("presets")
    for name in named.data if named else ():
        presets[name] = read_lifetime(named, name) if named else None
    return presets


def _rule(table: Table, presets: dict[str, Lifetime | None]) -> Rule | None:
    table.unknown(("path", "mode", "cache", "headers"))
    rule = Rule(
        table.text("path"),
        table.choice("mode", MODES),
        read_cache(table, "cache", presets),
        read_headers(table),
    )
    if "path" not in table:
        table.report(None, "A rule has no `path`.", 'Say what it is for: path = "/blog/**".')
        return None
    try:
        Glob.parse(rule.path)
    except ValueError as error:
        table.report("path", f"The rule has a bad `path`: {error}.", 'Write it as "/blog/**" or "/blog/*/".')
        return None
    return rule


def _redirect(table: Table) -> RedirectRule | None:
    table.unknown(("from", "to", "status"))
    missing = [key for key in ("from", "to") if key not in table]
    for key in missing:
        table.report(None, f"A redirect has no `{key}`.", 'Write from = "/old/" and to = "/new/".')
    if missing:
        return None
    status = table.number("status", 308)
    if status not in REDIRECTS:
        table.wrong("status", "a redirect", f"Choose one of: {', '.join(map(str, REDIRECTS))}.")
    try:
        source = Pattern.parse(table.text("from"))
    except ValueError as error:
        table.report("from", f"The redirect has a bad `from`: {error}.", 'Write it as "/old/[slug]/".')
        return None
    to = read_target(table, "to", source.params)
    return RedirectRule(source, to, status, table.line_of("from")) if to is not None else None


def _markdown(table: Table) -> MarkdownConfig:
    inner = table.table("markdown")
    if inner is None:
        return MarkdownConfig()
    inner.unknown(("engine", "html", "typographer"))
    return MarkdownConfig(
        inner.text("engine", "markdown-it"), inner.flag("html", True), inner.flag("typographer", False)
    )


def _proxies(server: Table) -> tuple[str, ...]:
    proxies = server.texts("trusted_proxies")
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            hint = 'Write addresses or networks: ["10.0.0.1", "192.168.0.0/16"].'
            server.report("trusted_proxies", f'"{proxy}" is not an IP address.', hint)
    return proxies


def _include(server: Table) -> tuple[str, ...]:
    files = server.texts("include")
    for file in files:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or "\\" in file or not path.parts:
            hint = "Write a path inside the site, relative to it."
            server.report("include", f'"{file}" in `server.include` is outside the site.', hint)
    return files


def _ignored_links(table: Table) -> tuple[str, ...]:
    check = table.table("check")
    if check is None:
        return ()
    check.unknown(("ignore",))
    return check.texts("ignore")


def _targets(table: Table) -> dict[str, dict[str, Any]]:
    targets = table.table("targets")
    if targets is None:
        return {}
    found = {name: targets.table(name) for name in targets.data}
    return {name: inner.data for name, inner in found.items() if inner is not None}
