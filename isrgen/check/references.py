"""What a page or a style sheet refers to, and the anchors that it offers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_URL: Final = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]+))\s*\)""", re.I)
_IMPORT: Final = re.compile(r"""@import\s+(?:"([^"]*)"|'([^']*)')""", re.I)
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.S)
_REFRESH: Final = re.compile(r"""^\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)""", re.I)
_NOT_FETCHED: Final = frozenset({"dns-prefetch", "preconnect"})
_IMAGES: Final = frozenset({"og:image", "og:image:url", "twitter:image", "twitter:image:src"})

# element -> (attribute, what it leads to)
_ATTRIBUTES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "a": (("href", "link"),),
    "area": (("href", "link"),),
    "audio": (("src", "file"),),
    "blockquote": (("cite", "link"),),
    "del": (("cite", "link"),),
    "embed": (("src", "file"),),
    "form": (("action", "form"),),
    "iframe": (("src", "frame"),),
    "image": (("href", "image"), ("xlink:href", "image")),
    "img": (("src", "image"),),
    "input": (("src", "image"), ("formaction", "form")),
    "button": (("formaction", "form"),),
    "ins": (("cite", "link"),),
    "object": (("data", "file"),),
    "q": (("cite", "link"),),
    "script": (("src", "script"),),
    "source": (("src", "file"),),
    "track": (("src", "file"),),
    "use": (("href", "image"), ("xlink:href", "image")),
    "video": (("src", "file"), ("poster", "image")),
}
_SETS: Final = (("img", "srcset"), ("source", "srcset"), ("link", "imagesrcset"))


@dataclass(frozen=True, slots=True)
class Reference:
    """``target`` is as it stands there; ``kind`` says in one word what it should lead to."""

    target: str
    kind: str = "link"


@dataclass(frozen=True, slots=True)
class Document:
    """One HTML page: each reference once, the anchors in it, and where its relative links start from."""

    references: tuple[Reference, ...] = ()
    anchors: frozenset[str] = frozenset()
    base: str = ""


def read_html(text: str) -> Document:
    """The document that a browser would see.

    >>> read_html('<h1 id="top"><a href="/a/">A</a> <img srcset="a.png 1x, b.png 2x">').references
    (Reference(target='/a/', kind='link'), Reference(target='a.png', kind='image'), \
Reference(target='b.png', kind='image'))
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Document(tuple(dict.fromkeys(reader.references)), frozenset(reader.anchors), reader.base)


def read_css(text: str) -> tuple[Reference, ...]:
    """What a style sheet loads; ``data:`` URLs may hold anything and are left out by whoever resolves.

    >>> [each.target for each in read_css('@import "a.css"; b { background: url(c.png) } /* url(d) */')]
    ['a.css', 'c.png']
    """
    plain = _COMMENT.sub("", text)
    imports = [Reference(one or other, "style sheet") for one, other in _IMPORT.findall(plain)]
    files = [Reference(next(filter(None, found), ""), "file") for found in _URL.findall(plain)]
    return tuple(dict.fromkeys(reference for reference in (*imports, *files) if reference.target))


def _candidates(text: str) -> Iterator[str]:
    """The URLs of a ``srcset``: separated by commas, which may also stand in a URL, followed by a width.

    >>> list(_candidates("a.png, b,c.png 2x,\\n /d.png 300w"))
    ['a.png', 'b,c.png', '/d.png']
    """
    rest = text
    while rest := rest.lstrip(" \t\r\n\f,"):
        url, _, rest = re.sub(r"[\t\r\n\f]", " ", rest).partition(" ")
        if url.endswith(","):
            yield url.rstrip(",")
            continue
        yield url
        rest = rest.partition(",")[2]


@dataclass
class _Reader(HTMLParser):
    references: list[Reference] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    base: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._style = ""
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: (value or "").strip() for name, value in reversed(attrs)}
        self._take_anchors(tag, given)
        if tag == "base" and not self.base:
            self.base = given.get("href", "")
        for name, kind in _ATTRIBUTES.get(tag, ()):
            if name in given and (given[name] or kind in ("image", "script")):
                self.references.append(Reference(given[name], kind))
        if tag == "link":
            self._take_link(given)
        if tag == "meta":
            self._take_meta(given)
        for element, name in _SETS:
            if tag == element and name in given:
                self.references.extend(Reference(url, "image") for url in _candidates(given[name]))
        if "url(" in given.get("style", ""):
            self.references.extend(read_css(given["style"]))
        self._in_style = tag == "style"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._in_style = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self.references.extend(read_css(self._style))
            self._style, self._in_style = "", False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._style += data

    def _take_anchors(self, tag: str, given: dict[str, str]) -> None:
        if given.get("id"):
            self.anchors.add(given["id"])
        if tag == "a" and given.get("name"):
            self.anchors.add(given["name"])

    def _take_link(self, given: dict[str, str]) -> None:
        relations = set(given.get("rel", "").lower().split())
        if not given.get("href") or relations & _NOT_FETCHED:
            return
        kind = "style sheet" if "stylesheet" in relations else "icon" if "icon" in relations else "link"
        self.references.append(Reference(given["href"], kind))

    def _take_meta(self, given: dict[str, str]) -> None:
        content = given.get("content", "")
        if given.get("http-equiv", "").lower() == "refresh" and (found := _REFRESH.match(content)):
            self.references.append(Reference(found[1].strip(), "link"))
        elif (given.get("property") or given.get("name", "")).lower() in _IMAGES and content:
            self.references.append(Reference(content, "image"))
