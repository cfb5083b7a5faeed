"""What every deploy target offers, and what it can be asked for.

A target compiles the manifest into files; it never reads the site. Everything
that a platform cannot do for a site is found by ``problems`` before a byte is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from isrgen.errors import IsrgenError, Problem
from isrgen.http.context import Purge
from isrgen.manifest import Manifest
from isrgen.targets.bundle import Bundle

Options = Mapping[str, Any]
"""``[targets.NAME]`` as it stands in the configuration."""

Report = Callable[[str], None]
"""Takes one line about what is under way."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the platform's cache does by itself, as far as its documentation and tools say.

    ``on_demand`` says that it runs the server too; the others have it elsewhere.
    """

    stale_while_revalidate: bool
    stale_if_error: bool
    purge_by_tag: bool
    soft_purge: bool
    vary: bool
    bypass_cookies: bool
    on_demand: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an upload needs and nobody may print.

    ``api`` is another address of the platform's API, for tests;
    ``environment`` is what the platform's own command is run with.
    """

    token: str = field(repr=False)
    api: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Target(Protocol):
    """One platform; ``targets.load`` finds it by its name.

    ``folder`` is where its files go, relative to the site, with ``/``.
    """

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def problems(self, manifest: Manifest, options: Options) -> list[Problem]:
        """Everything that stops this site from being deployed here."""
        ...

    def emit(self, manifest: Manifest, dist: Path, options: Options, *, secret: str = "") -> Bundle:
        """The platform's files for the build in ``dist``; raises IsrgenError with all problems.

        Reads ``dist``, writes nothing, needs no network, and gives the same
        bundle each time. ``secret`` is the site's admin token; what is made
        of it is in the bundle's secret files alone.
        """
        ...

    def vendor(self, manifest: Manifest, bundle: Bundle, options: Options, cache: Path) -> Bundle:
        """The bundle with the Python packages it runs with, for the platform and not for this machine.

        Fetches them with pip and keeps them below ``cache``. A target that
        carries no packages gives the bundle back.
        """
        ...

    def upload(
        self, folder: Path, options: Options, credentials: Credentials, *, prod: bool, report: Report
    ) -> str:
        """Hand the written files over; the address of the deployment. Raises IsrgenError."""
        ...

    def purge(
        self,
        site: Path,
        purges: Sequence[Purge],
        options: Options,
        credentials: Credentials,
        *,
        report: Report,
    ) -> None:
        """Purge the platform's own cache, soft or hard; raises IsrgenError where it did not happen.

        ``site`` is the site's folder. A target whose cache cannot be purged says so.
        """
        ...

    def next_command(self, options: Options, *, prod: bool) -> str:
        """What a person types to go on where there are no credentials."""
        ...


def raise_problems(problems: list[Problem]) -> None:
    """Raise them all as one IsrgenError, if there are any."""
    if problems:
        raise IsrgenError(problems)
