"""``isrgen routes``: every route in the order of match, with its strategy and the reason for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from isrgen.caching.policy import CachePolicy
from isrgen.cli import console, table
from isrgen.cli.options import debug_option, json_option, site_option

if TYPE_CHECKING:
    from isrgen.site.page import Page


COLOURS: Final = {"SSG": "green", "ISR": "cyan", "SSR": "yellow", "API": "magenta"}
"""Strategy -> its colour: static is green, at every request is yellow."""


@click.command
@json_option
@site_option
@debug_option
def command(as_json: bool, site: Path) -> None:
    """Show every route in the order of match; nothing is rendered."""
    from isrgen import config
    from isrgen.site.load import load

    loaded = load(config.load(site.resolve()), now=datetime.now(UTC))
    if as_json:
        console.write_json([as_data(page) for page in loaded.pages])
        return
    rows = [
        (str(page.pattern), page.strategy.value, lifetime_text(page.policy), page.source, page.because)
        for page in loaded.pages
    ]
    headings = ("ROUTE", "STRATEGY", "CACHE", "SOURCE", "BECAUSE")
    table.show(headings, rows, keep=3, styles=COLOURS)


def as_data(page: Page) -> dict[str, Any]:
    """A route for programs, as the contract has it."""
    return {
        "pattern": str(page.pattern),
        "strategy": page.strategy.value,
        "cache": cache_data(page.policy),
        "source": page.source,
        "because": page.because,
    }


def cache_data(policy: CachePolicy) -> dict[str, Any] | None:
    """What is declared under ``cache``, in the words of front matter; None where nothing is."""
    if policy == CachePolicy():
        return None
    lifetime = policy.lifetime
    return {
        "s-maxage": lifetime.fresh if lifetime else None,
        "stale-while-revalidate": lifetime.stale_while_revalidate if lifetime else None,
        "stale-if-error": lifetime.stale_if_error if lifetime else None,
        "tags": list(policy.tags),
        "query": list(policy.query),
        "vary": list(policy.vary),
        "bypass-cookies": list(policy.bypass_cookies),
    }


def lifetime_text(policy: CachePolicy) -> str:
    """
    >>> from isrgen.caching.policy import Lifetime
    >>> lifetime_text(CachePolicy(Lifetime(3600, 86400)))
    '3600s + 86400s stale'
    """
    if policy.lifetime is None:
        return "-"
    stale = policy.lifetime.stale_while_revalidate
    return f"{policy.lifetime.fresh}s" + (f" + {stale}s stale" if stale else "")
