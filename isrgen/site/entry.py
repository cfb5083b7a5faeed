"""One page's record in the snapshot: all that templates and the runtime know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from isrgen.errors import IsrgenError


class Body:
    """HTML in a file below ``bodies/``, read each time it is wanted and not kept."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        try:
            return self._path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise IsrgenError(
                f"The content file bodies/{self._path.name} cannot be read: {error}.",
                "Build the site again with `isrgen build`.",
            ) from error


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of a table of contents; ``text`` is plain text."""

    id: str
    text: str
    level: int
    children: tuple[Heading, ...] = ()

    def to_json(self) -> list[Any]:
        return [self.id, self.text, self.level, [child.to_json() for child in self.children]]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Heading:
        name, text, level, children = data
        return cls(name, text, level, tuple(cls.from_json(child) for child in children))


@dataclass(frozen=True, slots=True)
class Entry:
    """One page as the snapshot keeps it.

    ``url`` is empty for a page with parameters, which no list shows, as none
    shows a page that is not ``listed``. ``template`` is the name of its body
    template, ``content`` the HTML of its Markdown (a ``Body`` reads it when it
    is wanted), ``inputs`` the tags of what that was made from, ``layout`` the
    layout's name below ``templates/``. One that is ``held`` is for draft
    visitors alone, like a draft: the build made no page of it.
    """

    source: str
    url: str = ""
    title: str = ""
    description: str = ""
    date: datetime | None = None
    updated: datetime | None = None
    publish_at: datetime | None = None
    expires_at: datetime | None = None
    draft: bool = False
    tags: tuple[str, ...] = ()
    weight: int = 0
    section: str = ""
    sitemap: bool = True
    listed: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    summary: str = ""
    toc: tuple[Heading, ...] = ()
    words: int = 0
    template: str | None = None
    layout: str | None = None
    content: str | Body | None = None
    inputs: tuple[str, ...] = ()
    held: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether only a draft visitor may know of it, whatever the time."""
        return self.draft or self.held

    @property
    def appears(self) -> float | None:
        """Unix time of its publication: ``publish_at``, else ``date``."""
        since = self.publish_at or self.date
        return since.timestamp() if since is not None else None

    @property
    def disappears(self) -> float | None:
        return self.expires_at.timestamp() if self.expires_at is not None else None

    @property
    def changes(self) -> tuple[float, ...]:
        """The Unix times at which it appears or disappears; none for what is secret."""
        moments = () if self.is_secret else (self.appears, self.disappears)
        return tuple(moment for moment in moments if moment is not None)

    def is_visible(self, now: float, *, drafts: bool = False, future: bool = False) -> bool:
        """Whether it is published at ``now``; ``drafts`` and ``future`` show those as well."""
        if self.is_secret and not drafts:
            return False
        appears, disappears = self.appears, self.disappears
        return (future or appears is None or appears <= now) and (disappears is None or now < disappears)
