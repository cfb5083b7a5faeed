"""The engine ``markdown-it``: CommonMark, and what people expect beside it.

Text is parsed once. The tokens are then completed (heading ids, links),
shortcodes are turned into HTML from the inside out, and the rest is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_block_plugin, attrs_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from isrgen.render.highlight import highlight
from isrgen.render.markdown._markdown_it_rules import MORE, add_rules, tell_alone
from isrgen.render.markdown.engine import Options, PageHooks, Rendered
from isrgen.render.shortcodes import OPENING, Rows, pairs, read_tag
from isrgen.render.toc import Ids, Title

_DEEPEST: Final = 50
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:['’.-]\w+)*")
_TEXT: Final = frozenset({"text", "code_inline"})
_RAW_TEXT: Final = re.compile(r"\s*<(?:!--|pre\b|script\b|style\b|textarea\b)", re.IGNORECASE)


class Engine:
    """One configured parser for each set of options, made when it is first wanted."""

    def render(self, text: str, options: Options, hooks: PageHooks) -> Rendered:
        md = _parser(options)
        env: dict[str, Any] = {"hooks": hooks}
        tokens = md.parse(text, env)
        titles = _complete(tokens, hooks)
        words = sum(len(_WORD.findall(part)) for part in _texts(tokens))
        page = _Page(md, env, hooks)
        expanded = page.expand(tokens)
        return Rendered(page.html(expanded), page.summary(expanded), titles, words)


@cache
def _parser(options: Options) -> MarkdownIt:
    md = MarkdownIt(
        "commonmark",
        {"html": options.html, "typographer": options.typographer, "maxNesting": _DEEPEST, "xhtmlOut": False},
    )
    md.enable(["table", "strikethrough"])
    if options.typographer:
        md.enable(["replacements", "smartquotes"])
    md.use(footnote_plugin).use(deflist_plugin).use(tasklists_plugin)
    md.use(attrs_plugin, spans=True).use(attrs_block_plugin)
    add_rules(md)
    md.add_render_rule("fence", _fence)
    md.add_render_rule("more", lambda *_: "")
    return md


def _fence(_: object, tokens: Sequence[Token], index: int, __: object, ___: object) -> str:
    token = tokens[index]
    language = (token.info.split() or [""])[0]
    language = language.split(",")[0].strip("{}.")
    code = highlight(token.content, language)
    token.attrs["class"] = f"highlight {token.attrs.get('class', '')}".strip()
    attrs = "".join(f' {name}="{escape(str(value))}"' for name, value in token.attrs.items())
    kind = f' class="language-{escape(language)}"' if language else ""
    inner = escape(token.content, quote=False) if code is None else code
    return f"<pre{attrs}><code{kind}>{inner}</code></pre>\n"


def _complete(tokens: Sequence[Token], hooks: PageHooks) -> tuple[Title, ...]:
    """Give headings their ids and links their URLs; the headings, in order."""
    headings = [(each, tokens[at + 1]) for at, each in enumerate(tokens) if each.type == "heading_open"]
    ids = Ids(str(opened.attrs["id"]) for opened, _ in headings if opened.attrs.get("id"))
    titles = []
    for opened, inline in headings:
        text = " ".join("".join(_texts([inline])).split())
        name = str(opened.attrs.get("id") or ids.give(text))
        opened.attrs["id"] = name
        titles.append(Title(int(opened.tag[1]), name, text))
        anchor = Token("html_inline", "", 0, content=_anchor(name), meta={"anchor": True})
        inline.children = [*(inline.children or ()), anchor]
    for token in tokens:
        for child in token.children or ():
            _link(child, hooks)
    return tuple(titles)


def _anchor(name: str) -> str:
    return f' <a class="anchor" href="#{escape(name)}" aria-hidden="true" tabindex="-1">#</a>'


def _link(token: Token, hooks: PageHooks) -> None:
    key = {"link_open": "href", "image": "src"}.get(token.type)
    if key is not None and "line" in token.meta:
        token.attrs[key] = hooks.link(str(token.attrs.get(key, "")), token.meta["line"])


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    """The text of inline tokens, without code blocks and HTML."""
    for token in tokens:
        if token.type in ("inline", "image"):
            yield from _texts(token.children or ())
        elif token.type in ("text", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "


class _Page:
    """One text on its way to HTML."""

    def __init__(self, md: MarkdownIt, env: dict[str, Any], hooks: PageHooks) -> None:
        self._md = md
        self._env = env
        self._hooks = hooks

    def html(self, tokens: Sequence[Token]) -> str:
        return str(self._md.renderer.render(tokens, self._md.options, self._env))

    def expand(self, tokens: Sequence[Token], line: int | None = None) -> list[Token]:
        """The tokens with every shortcode made HTML, the inner ones first.

        ``line`` is the line of a paragraph whose inline tokens these are.
        """
        found: list[Token] = []
        outer: list[tuple[Token, list[Token]]] = []
        for index, token in enumerate(tokens):
            if token.type == "inline" and token.children:
                if tokens[index - 1].type == "paragraph_open" and _is_only_shortcodes(token.children):
                    tokens[index - 1].hidden = tokens[index + 1].hidden = True
                token.children = self.expand(token.children, token.map[0] + 1 if token.map else 1)
            elif token.type in ("html_block", "html_inline") and OPENING in token.content:
                token.content = self._raw(token, line or (token.map[0] + 1 if token.map else 1))
            if token.type == "shortcode_open":
                outer.append((token, found))
                found = []
            elif token.type == "shortcode_close":
                content = self.html(found)
                opened, found = outer.pop()
                found.append(self._made(opened, content))
            else:
                found.append(self._made(token, None) if token.type == "shortcode" else token)
        return found

    def _made(self, token: Token, content: str | None) -> Token:
        call = token.meta["call"]
        html = "" if call.problem or call.closing else self._hooks.shortcode(call, content)
        html += "\n" if token.block else ""
        return Token("html_block" if token.block else "html_inline", "", 0, content=html, level=token.level)

    def _raw(self, token: Token, line: int) -> str:
        """Shortcodes in raw HTML; what they enclose is HTML as well."""
        if token.type == "html_block" and _RAW_TEXT.match(token.content):
            return token.content
        rows, closes = Rows(token.content), pairs(token.content)

        def replaced(start: int, end: int) -> str:
            parts = []
            while (at := token.content.find(OPENING, start, end)) >= 0:
                call = read_tag(token.content, at, line + rows.at(at))
                close = None if call.problem else closes.get(at)
                content = replaced(call.end, close[0]) if close else None
                if close is None:
                    tell_alone(self._hooks, call)
                parts.append(token.content[start:at])
                parts.append("" if call.problem or call.closing else self._hooks.shortcode(call, content))
                start = close[1] if close else call.end
            return "".join(parts) + token.content[start:end]

        return replaced(0, len(token.content))

    def summary(self, tokens: Sequence[Token]) -> str:
        """What stands before ``<!--more-->``, else the first paragraph; without ids and footnotes."""
        return self.html([_bare(token) for token in _beginning(tokens)]).strip()


def _beginning(tokens: Sequence[Token]) -> Sequence[Token]:
    for index, token in enumerate(tokens):
        if token.type == "more":
            return tokens[:index]
        for at, child in enumerate(token.children or ()):
            if child.type == "html_inline" and child.level == 0 and MORE.fullmatch(child.content):
                cut = token.copy(children=(token.children or [])[:at])
                return [*tokens[:index], cut, *tokens[index + 1 : index + 2]]
    for index, token in enumerate(tokens):
        if token.type != "paragraph_open" or token.level:
            continue
        if any(each.type in _TEXT and each.content.strip() for each in tokens[index + 1].children or ()):
            return tokens[index : index + 3]
    return ()


def _bare(token: Token) -> Token:
    if token.type == "heading_open":
        return token.copy(attrs={name: value for name, value in token.attrs.items() if name != "id"})
    if token.type == "inline":
        kept = [
            each
            for each in token.children or ()
            if each.type != "footnote_ref" and not each.meta.get("anchor")
        ]
        return token.copy(children=kept)
    return token


def _is_only_shortcodes(tokens: Sequence[Token]) -> bool:
    depth, seen = 0, False
    for token in tokens:
        if token.type.startswith("shortcode"):
            depth, seen = depth + token.nesting, True
        elif depth == 0 and token.type != "softbreak" and (token.type != "text" or token.content.strip()):
            return False
    return seen
