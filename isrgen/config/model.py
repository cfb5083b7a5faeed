"""The facts of a configuration, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isrgen.caching.policy import PRESETS, CachePolicy, Lifetime
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Mode


@dataclass(frozen=True, slots=True)
class Rule:
    """One of ``[[rules]]``: ``path`` is a glob on the route's pattern; None where a key is not set."""

    path: str
    mode: Mode | None = None
    cache: CachePolicy | None = None
    headers: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class RedirectRule:
    """One of ``[[redirects]]``; ``line`` is where it stands in the configuration."""

    source: Pattern
    to: str
    status: int = 308
    line: int | None = None


@dataclass(frozen=True, slots=True)
class MarkdownConfig:
    """``[markdown]``: ``html`` allows raw HTML, ``typographer`` makes quotes and dashes typographic."""

    engine: str = "markdown-it"
    html: bool = True
    typographer: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in ``isrgen.toml`` or ``[tool.isrgen]``, with its defaults.

    ``file`` is the configuration file's name relative to ``root``, empty where
    there is none. Times are seconds. ``ignored_links`` are what `isrgen check`
    passes over: addresses in which ``*`` stands for anything.
    """

    root: Path
    file: str = ""
    title: str = ""
    base_url: str = "http://127.0.0.1:8000"
    language: str = "en"
    default_mode: Mode = Mode.SSG
    trailing_slash: bool = True
    not_found_ttl: int = 60
    render_timeout: float = 10.0
    strict: bool = False
    rules: tuple[Rule, ...] = ()
    redirects: tuple[RedirectRule, ...] = ()
    markdown: MarkdownConfig = MarkdownConfig()
    presets: dict[str, Lifetime | None] = field(default_factory=lambda: dict(PRESETS))
    trusted_proxies: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    ignored_links: tuple[str, ...] = ()
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
