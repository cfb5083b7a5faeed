"""A built site as Vercel's Build Output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from isrgen.errors import Problem
from isrgen.http.context import Purge
from isrgen.manifest import Manifest
from isrgen.targets.bundle import Bundle
from isrgen.targets.options import Option, number, one_of, option_problems, text, words
from isrgen.targets.routes import redirect_rules
from isrgen.targets.target import Capabilities, Credentials, Options, Report, raise_problems
from isrgen.targets.vercel import purge, upload, vendor
from isrgen.targets.vercel.functions import (
    RUNTIMES,
    add_prerenders,
    add_server,
    as_json,
    secret_too_short,
)
from isrgen.targets.vercel.plan import PRERENDER, SERVER, Planned, plan
from isrgen.targets.vercel.table import MAX_SOURCE, config_json

OPTIONS: Final[dict[str, Option]] = {
    "project": text("the project's name"),
    "runtime": one_of(*RUNTIMES),
    "mode": one_of("prerender", "headers"),
    "regions": words('a list of regions, such as ["fra1"]'),
    "memory": number(128, 10240),
    "maxDuration": number(1, 900),
}


class Vercel:
    """The target ``vercel``."""

    name = "vercel"
    folder = ".vercel/output"
    capabilities = Capabilities(
        stale_while_revalidate=True,
        stale_if_error=False,
        purge_by_tag=True,
        soft_purge=True,
        vary=True,
        bypass_cookies=True,
        on_demand=True,
    )

    def problems(self, manifest: Manifest, options: Options) -> list[Problem]:
        """Unknown options, names that collide with our outputs, expressions that are too long."""
        wrong = option_problems(self.name, options, OPTIONS)
        found = list(wrong)
        for file in manifest.files:
            if file.path.split("/")[0] in (PRERENDER, SERVER):
                found.append(
                    Problem(
                        f"static/{file.path} has the place of a function: "
                        f"/{PRERENDER} and /{SERVER} are ours on Vercel.",
                        "Give its folder another name.",
                        file=file.route or "",
                    )
                )
        if not wrong:
            found += _too_long(manifest, _plan(manifest, options))
        return found

    def emit(self, manifest: Manifest, dist: Path, options: Options, *, secret: str = "") -> Bundle:
        """Everything but ``_vendor``, which ``vendor`` adds."""
        found = self.problems(manifest, options)
        if secret_too_short(secret):
            found.append(
                Problem(
                    "The token is too short: what is made of it for Vercel could be guessed.",
                    "Give ISRGEN_TOKEN 16 characters or more.",
                )
            )
        raise_problems(found)
        planned = _plan(manifest, options)
        bundle = Bundle(notes=_notes(planned, options))
        bundle.text("config.json", as_json(config_json(manifest, planned)))
        if secret and planned:
            # A token is in these files: they must not end up in a repository.
            bundle.text(".gitignore", "*\n")
        for file in manifest.files:
            bundle.copy(f"static/{file.path}", dist / "static" / file.path)
        if planned:
            add_server(bundle, dist / "server", planned, options)
            add_prerenders(bundle, dist / "server", planned, secret)
        return bundle

    def vendor(self, manifest: Manifest, bundle: Bundle, options: Options, cache: Path) -> Bundle:
        """The packages of the function; none for a site that is all static."""
        if not _plan(manifest, options):
            return bundle
        python = str(options.get("runtime", RUNTIMES[0])).removeprefix("python")
        return bundle.merged(vendor.packages(manifest.requirements, python, cache))

    def upload(
        self, folder: Path, options: Options, credentials: Credentials, *, prod: bool, report: Report
    ) -> str:
        """Run Vercel's own command on the written files."""
        return upload.deploy(folder, options, credentials, prod=prod, report=report)

    def purge(
        self,
        site: Path,
        purges: Sequence[Purge],
        options: Options,
        credentials: Credentials,
        *,
        report: Report,
    ) -> None:
        """Ask Vercel's API, by tags."""
        purge.purge(site, purges, options, credentials, report)

    def next_command(self, options: Options, *, prod: bool) -> str:
        return "vercel deploy --prebuilt" + (" --prod" if prod else "")


def _plan(manifest: Manifest, options: Options) -> tuple[Planned, ...]:
    return plan(manifest, str(options.get("mode", "prerender")))


def _too_long(manifest: Manifest, planned: tuple[Planned, ...]) -> list[Problem]:
    """One expression for one URL or pattern must fit; alternations are split before."""
    routes = config_json(manifest, planned)["routes"]
    sources = {rule[0]: str(each.source) for each in manifest.redirects for rule in redirect_rules(each)}
    return [
        Problem(
            f"Vercel takes route expressions of {MAX_SOURCE} characters, and one has {len(route['src'])}: "
            f"{sources.get(route['src'], route['src'][:60] + '...')}.",
            "Shorten that pattern.",
        )
        for route in routes
        if len(route.get("src", "")) > MAX_SOURCE
    ]


def _notes(planned: tuple[Planned, ...], options: Options) -> tuple[str, ...]:
    """The routes that ask to be shared, and cannot be without breaking their promise to a cookie."""
    return tuple(
        f"{item.route.source}: {item.route.pattern} lists `bypass-cookies` and is not cached on Vercel: "
        f"{_why(item, options)}."
        for item in planned
        if item.private
    )


def _why(item: Planned, options: Options) -> str:
    if item.route.policy.vary:
        return (
            "a page with `vary` cannot be a prerender function, and only those can be passed by for a cookie"
        )
    if options.get("mode", "prerender") == "headers":
        return 'under mode = "headers" no page can be passed by for a cookie'
    return "only a declared lifetime makes it a prerender function; declare one under `cache` to have it kept"
