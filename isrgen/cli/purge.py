"""``isrgen purge``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isrgen.cli import console
from isrgen.cli.options import (
    blamed_on,
    debug_option,
    server_option,
    site_option,
    store_option,
    store_or_server,
)
from isrgen.errors import IsrgenError

if TYPE_CHECKING:
    from isrgen.cli.changes import Change
    from isrgen.config import Config
    from isrgen.http.context import Purge


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--tag", "tags", multiple=True, metavar="T", help="What carries this tag; may be given again.")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@click.option("--since", metavar="REV", help="What is made of files that changed since a revision of git.")
@click.option("--hard", is_flag=True, help="Remove pages instead of letting them be sent once more.")
@store_option
@server_option
@click.option("--target", "name", metavar="NAME", help="The CDN's copies too, such as vercel.")
@site_option
@debug_option
def command(
    paths: tuple[str, ...],
    tags: tuple[str, ...],
    everything: bool,
    since: str | None,
    hard: bool,
    store: str | None,
    server: str | None,
    name: str | None,
    site: Path,
) -> None:
    """Make kept pages stale: the next visitor gets the old page once more while a new one renders.

    PATH is a page with all its variants, written as a path or as its URL.
    Without --server and --store it is the site's store on disk that is purged.
    """
    from isrgen import config

    store, server = store_or_server(store, server)
    if not (paths or tags or everything or since):
        raise click.UsageError("Nothing is named to purge.\n  Name a PATH, --tag T, --since REV, or --all.")
    if not all(name.strip() for name in (*paths, *tags)):
        raise click.UsageError("A path and a tag have at least one character.")
    loaded = config.load(site.resolve())
    deploy = _at_the_cdn(name, loaded) if name else None
    changes = _changes(loaded, since) if since else []
    named = (*_named(paths, tags, everything, loaded, server), *(each.purge for each in changes))
    purges = [replace(purge, hard=hard) for purge in dict.fromkeys(named)]
    if not purges:
        console.say(f"Nothing that pages are made of has changed since {since}.")
        return
    if changes:
        _show(changes)
    # Our own cache first: what the CDN asks for next has to be new.
    _here(purges, loaded, store, server, needed=deploy is None)
    if deploy is not None:
        deploy(purges)
        console.say(_told(purges, str(name)))


def _named(
    paths: Sequence[str], tags: Sequence[str], everything: bool, config: Config, server: str | None
) -> list[Purge]:
    from isrgen.caching.invalidation import ALL
    from isrgen.cli.caches import local, site_url
    from isrgen.http.context import Purge

    found = [Purge(path=local(path, site_url(config), server or "")) for path in paths]
    return [*found, *map(_tagged, tags), *([_tagged(ALL)] if everything else [])]


def _tagged(tag: str) -> Purge:
    from isrgen.http.context import Purge

    return Purge(tag=tag)


def _changes(config: Config, since: str) -> list[Change]:
    from isrgen.cli import changes
    from isrgen.cli.revisions import revision

    return changes.since(config, revision(config.root, since))


def _show(changes: Sequence[Change]) -> None:
    from isrgen.cli import table

    rows = [(change.purge.tag or change.purge.path, change.because) for change in changes]
    table.show(("PURGED", "BECAUSE OF"), rows, keep=1)


def _here(
    purges: Sequence[Purge], config: Config, store: str | None, server: str | None, *, needed: bool
) -> None:
    """Purge the store or the server; without one, only where there need not be any."""
    from isrgen.cli import caches

    if store or server or needed or caches.exists(config.root):
        cache = caches.find(config.root, store, server, os.environ.get("ISRGEN_TOKEN", ""))
        cache.purge(purges)
        console.say(_told(purges, cache.name))


def _at_the_cdn(name: str, config: Config) -> Callable[[Sequence[Purge]], None]:
    """What purges a platform's own cache; tells first what stands in its way."""
    from isrgen import targets
    from isrgen.cli.deploying import TOKENS
    from isrgen.targets.target import Credentials

    with blamed_on("--target"):
        target = targets.load(name)
    variable = TOKENS.get(name, "")
    token = os.environ.get(variable, "")
    if not token:
        raise IsrgenError(
            f"{name} is purged with a token, and {variable} is not set.", "Set it, then try again."
        )
    credentials = Credentials(token, environment=dict(os.environ))
    options = config.targets.get(name, {})
    return lambda purges: target.purge(config.root, purges, options, credentials, report=console.note)


def _told(purges: Sequence[Purge], place: str) -> str:
    """
    >>> from isrgen.http.context import Purge
    >>> _told([Purge(path="/a/"), Purge(tag="b"), Purge(tag="c")], "disk:x")
    'Made stale in disk:x: 1 path and 2 tags.'
    """
    from isrgen.caching.invalidation import ALL

    paths = sum(1 for purge in purges if purge.path)
    tags = len(purges) - paths
    numbers = [console.count(paths, "path")] * bool(paths) + [console.count(tags, "tag")] * bool(tags)
    what = "everything" if any(purge.tag == ALL for purge in purges) else " and ".join(numbers)
    done = "Removed from" if purges[0].hard else "Made stale in"
    return f"{done} {place}: {what}."
