"""One check of a built site, from its files to a ``Report``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from isrgen.check.addresses import Addresses
from isrgen.check.external import Fate, Limits, ask_all
from isrgen.check.leaks import LeakTest, find_leaks
from isrgen.check.links import Broken, Links
from isrgen.check.pages import MOST_OF_ONE_ROUTE, Page, Pages, Walk
from isrgen.check.places import Places
from isrgen.check.report import Report
from isrgen.check.target import Target, Targets, can_be_read
from isrgen.check.visitor import Cast, cast
from isrgen.check.visits import visited
from isrgen.check.vocabulary import Vocabulary, read_vocabulary
from isrgen.errors import IsrgenError, Problem
from isrgen.manifest import Manifest, Route

_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be checked besides the site's own links.

    ``paths`` are addresses of on-demand pages that no link leads to; ``ignored`` are links to pass
    over. ``proxies`` are as ``urllib`` has them, for links to other sites.
    """

    leaks: bool = False
    external: bool = False
    paths: tuple[str, ...] = ()
    proxies: Mapping[str, str] | None = None
    limits: Limits = Limits()
    ignored: tuple[str, ...] = ()


async def check(
    manifest: Manifest,
    out: Path,
    site: Path,
    wanted: Wanted = Wanted(),
    *,
    now: float,
    config: str = "",
    report: Callable[[str], None] = lambda step: None,
) -> Report:
    """Check what was built into ``out``; raises IsrgenError for ``paths`` that no on-demand route has.

    ``config`` names the site's configuration file. ``now`` is the time for all that is rendered.
    """
    addresses = Addresses(manifest.base_url)
    named = _named(manifest, wanted.paths)
    vocabulary, people = _vocabulary(manifest, site), partial(_cast, manifest)
    anonymous = people(vocabulary).anonymous
    done = Report()
    async with visited(out / "server", site, edge=False, clock=lambda: now) as visits:
        walk = Walk(manifest, out / "static", addresses, visits, anonymous)
        pages = await walk.run(named, report)
        report("Checking links")
        links = Links(manifest, pages, addresses, visits, anonymous, wanted.ignored)
        broken = await links.broken()
    places = Places(site, manifest.base_url, config)
    done.pages, done.links = len(pages.all), links.checked
    done.problems += _told(broken, places)
    done.problems += _failed(pages)
    done.warnings += _private(pages)
    if wanted.external:
        await _ask_others(done, links.external, places, wanted, report)
    if wanted.leaks:
        targets = list(pages.targets.values())
        done.leaks = await find_leaks(
            out / "server", site, vocabulary, people, targets, now=now, report=report
        )
        _add_leaks(done, done.leaks)
        done.unchecked += [*_unchecked(manifest, pages), *done.leaks.partly]
    done.warnings = list(dict.fromkeys(done.warnings))
    if manifest.strict:
        done.strictly()
    return done


def _named(manifest: Manifest, paths: Iterable[str]) -> list[Target]:
    targets, found, problems = Targets(manifest), [], []
    for path in paths:
        target = targets.find(path)
        if target is None or not can_be_read(target.route):
            hint = "`isrgen routes` lists what there is; pages made by the build are always checked."
            problems.append(Problem(f"No on-demand route has the address {path!r}.", hint))
        else:
            found.append(target)
    if problems:
        raise IsrgenError(problems)
    return found


def _vocabulary(manifest: Manifest, site: Path) -> Vocabulary:
    policies = [route.policy for route in manifest.routes]
    return read_vocabulary(
        site,
        (name for policy in policies for name in policy.bypass_cookies),
        (name for policy in policies for name in policy.vary),
    )


def _cast(manifest: Manifest, vocabulary: Vocabulary) -> Cast:
    return cast(manifest.base_url, vocabulary, manifest.trusted_proxies)


def _told(broken: Iterable[Broken], places: Places) -> list[Problem]:
    """One problem for each place that a wrong reference is written in, however many pages show it."""
    found: dict[tuple[str, int | None, str, str], list[Page]] = {}
    for one in broken:
        file, line = places.find(one.page.source, one.reference.target)
        found.setdefault((file, line, one.message, one.hint), []).append(one.page)
    return [
        Problem(message, "\n".join(filter(None, (hint, _on(pages, file)))), file=file, line=line)
        for (file, line, message, hint), pages in found.items()
    ]


def _on(pages: Sequence[Page], file: str) -> str:
    """Where it shows, if the file does not say that already."""
    urls = sorted({page.url for page in pages})
    if len(urls) == 1 and (pages[0].source == file or not pages[0].is_html):
        return ""
    more = len(urls) - _MOST_NAMED
    named = ", ".join(urls[:_MOST_NAMED])
    return f"It is on {named}{f' and {more} more' if more > 0 else ''}."


def _failed(pages: Pages) -> list[Problem]:
    """On-demand pages that could not be rendered for somebody who sends nothing."""
    found: dict[str, Problem] = {}
    for url, seen in pages.seen.items():
        source = pages.targets[url].route.source
        if seen.failure is not None:
            found.setdefault(source, seen.failure)
        elif seen.status >= 500:
            found.setdefault(source, Problem(f"{url} is answered with {seen.status}.", file=source))
    return list(found.values())


def _private(pages: Pages) -> list[Problem]:
    """What makes pages private that ask to be shared, as far as somebody who sends nothing sees it."""
    return [warning for seen in pages.seen.values() for one in seen.renders for warning in one.warnings]


async def _ask_others(
    done: Report,
    external: Mapping[str, Sequence[Page]],
    places: Places,
    wanted: Wanted,
    report: Callable[[str], None],
) -> None:
    """Ask the other sites; a link of which nothing is known is a warning."""
    replies = await asyncio.to_thread(
        ask_all, external, proxies=wanted.proxies or {}, limits=wanted.limits, report=report
    )
    done.external = len(replies)
    for reply in replies:
        if reply.fate is Fate.THERE:
            continue
        pages = external[reply.url]
        file, line = places.find(pages[0].source, reply.url)
        hint = _on(pages, file)
        if reply.fate is Fate.GONE:
            message = f"The link {reply.url!r} leads nowhere: {reply.why}."
            done.problems.append(Problem(message, hint, file=file, line=line))
        else:
            message = f"The link {reply.url!r} could not be checked: {reply.why}."
            done.warnings.append(Problem(message, hint, file=file, line=line))


def _add_leaks(done: Report, test: LeakTest) -> None:
    done.problems += test.leaks
    done.warnings += [*test.private, *test.unsteady]
    known = {(problem.file, problem.message) for problem in done.problems}
    done.warnings += [problem for problem in test.failed if (problem.file, problem.message) not in known]


def _unchecked(manifest: Manifest, pages: Pages) -> list[Problem]:
    """Routes of which no page was compared, and those of which some were not."""
    visited = {target.route.source for target in pages.targets.values()}
    found = []
    for route in manifest.routes:
        if not can_be_read(route):
            continue
        if route.source not in visited:
            found.append(_unknown(route))
        elif left := pages.left_out[route.source]:
            message = f"{route.pattern.written}: {left} of its pages, after the first {MOST_OF_ONE_ROUTE}."
            found.append(Problem(message, "Name one that differs with --path.", file=route.source))
    return found


def _unknown(route: Route) -> Problem:
    pattern = route.pattern.written
    hint = f"Name one as `--path {pattern}`, its parameters filled in, or list some in `static_params`."
    return Problem(f"{pattern}: no page of it is known.", hint, file=route.source)
