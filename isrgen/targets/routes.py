"""The route table, compiled: patterns, redirects and globs as regular expressions.

They match the path as it came, percent-encoded. No segment that a parameter
matches holds a control character or an encoded slash, written out or encoded:
a platform that decodes before it matches would otherwise let a visitor write
headers into a redirect, or climb out of a segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote, unquote

from isrgen.manifest import HeaderRule, Redirect
from isrgen.routing.pattern import Kind, Pattern
from isrgen.routing.urls import SAFE

SEGMENT: Final = r"(?:(?!%(?:2[Ff]|5[Cc]|[01][0-9A-Fa-f]|7[Ff]))[^/\\\x00-\x1f\x7f])+"
"""One segment that a parameter may match."""

ANY: Final = r"(?:(?!%(?:[01][0-9A-Fa-f]|7[Ff]))[^\x00-\x1f\x7f])*"
"""The rest of a path, whatever it is."""

_SPECIAL: Final = re.compile(r"[\\^$.|?*+()\[\]{}]")
_ENCODED: Final = re.compile(r"%([0-9A-F])([0-9A-F])")


def literal(text: str) -> str:
    """A decoded segment as a regular expression for its percent-encoded form.

    The digits of an escape match in either case (RFC 3986 section 2.1).

    >>> literal("v1.2"), literal("é")
    ('v1\\\\.2', '%[Cc]3%[Aa]9')
    """
    return encoded_literal(quote(text, safe=SAFE))


def literal_path(path: str) -> str:
    """A decoded path as a regular expression, whole or percent-encoded already."""
    return "/".join(literal(unquote(part)) for part in path.split("/"))


def encoded_literal(text: str) -> str:
    """A path that is percent-encoded already, as a regular expression."""
    return _ENCODED.sub(
        lambda found: "%" + _either_case(found[1]) + _either_case(found[2]), _SPECIAL.sub(r"\\\g<0>", text)
    )


def _either_case(digit: str) -> str:
    return f"[{digit}{digit.lower()}]" if digit.isalpha() else digit


def bare(pattern: Pattern, *, named: bool = False, grouped: bool = False) -> str:
    """The pattern without its last slash and without anchors.

    ``named`` makes a named group of each parameter, ``grouped`` a numbered one.

    >>> bare(Pattern.parse("/api/posts"))
    '/api/posts'
    """
    found = []
    for segment in pattern.segments:
        match segment.kind:
            case Kind.STATIC:
                found.append("/" + literal(segment.value))
            case Kind.PARAM:
                found.append("/" + _group(SEGMENT, segment.value, named=named, grouped=grouped))
            case Kind.REST:
                rest = f"{SEGMENT}(?:/{SEGMENT})*"
                found.append("(?:/" + _group(rest, segment.value, named=named, grouped=grouped) + ")?")
    return "".join(found)


def _group(inner: str, name: str, *, named: bool, grouped: bool) -> str:
    if named:
        return f"(?<{name}>{inner})"
    return f"({inner})" if grouped else f"(?:{inner})"


def canonical(pattern: Pattern, *, named: bool = False) -> str:
    """What matches the pattern's canonical paths, without anchors.

    A ``[...name]`` at the root matches ``/`` too, with or without slashes at the end.
    """
    stem = bare(pattern, named=named)
    if not pattern.segments:
        return "/"
    if pattern.slash:
        return f"{stem}/"
    return f"(?:{stem}|/)" if len(pattern.segments) == 1 and pattern.segments[0].kind is Kind.REST else stem


def union(alternatives: Iterable[str], limit: int) -> list[str]:
    """Alternatives joined by ``|``, in as many strings of at most ``limit`` characters as it takes.

    >>> union(["aa", "bb", "cc"], 5)
    ['aa|bb', 'cc']
    """
    found: list[str] = []
    for text in alternatives:
        if found and len(found[-1]) + 1 + len(text) <= limit:
            found[-1] += "|" + text
        else:
            found.append(text)
    return found


def redirect_rules(redirect: Redirect) -> list[tuple[str, str]]:
    """(anchored expression, location with ``$1 $2 ...``) of a redirect.

    A last slash is welcome and not needed. Where ``[...name]`` matches no
    segment, the slash before it goes with it: ``//`` could name another host.

    >>> redirect_rules(Redirect(Pattern.parse("/old/a/"), "/new/"))
    [('^/old/a/?$', '/new/')]
    """
    source, to = redirect.source, _location(redirect)
    if not source.segments or source.segments[-1].kind is not Kind.REST:
        return [("^" + bare(source, grouped=True) + "/?$", to)]
    number = f"${len(source.params)}"
    stem = bare(Pattern(source.segments[:-1], source.slash), grouped=True)
    return [
        (f"^{stem}/({SEGMENT}(?:/{SEGMENT})*)/?$", to),
        (f"^{stem}/?$", to.replace(f"/{number}", "").replace(number, "") or "/"),
    ]


def _location(redirect: Redirect) -> str:
    """The redirect's ``to`` with ``$1 $2 ...`` for its parameters.

    A digit right behind a parameter is percent-encoded, lest it become part
    of the number; so is a ``$`` of the text itself.
    """
    to = quote(redirect.to, safe="-._~!&'()*+,;=:@/?#%[]{}")
    for index, name in enumerate(redirect.source.params, start=1):
        for written in (f"[{name}]", "{" + name + "}", f"[...{name}]"):
            to = to.replace(written, f"${index}")
    if redirect.source.segments and redirect.source.segments[-1].kind is Kind.REST:
        to = to.replace("**", f"${len(redirect.source.params)}")
    return re.sub(r"(\$[1-9])(\d)", lambda found: f"{found[1]}%3{found[2]}", to)


def header_sources(rules: Sequence[HeaderRule]) -> list[tuple[str, HeaderRule]]:
    """(anchored expression, rule): a rule holds for the paths that no rule before it matches."""
    found, before = [], ""
    for rule in rules:
        source = _glob(rule.path)
        found.append((f"^{f'(?!(?:{before})$)' if before else ''}{source}$", rule))
        before += ("|" if before else "") + source
    return found


def _glob(glob: str) -> str:
    """``*`` is one segment, ``**`` any number; a slash at the end does not matter."""
    parts = {"**": f"(?:/{SEGMENT})*", "*": f"/{SEGMENT}"}
    return "".join(parts.get(part) or "/" + literal(part) for part in glob.split("/") if part) + "/?"
