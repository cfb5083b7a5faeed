"""What isrgen adds to markdown-it's rules: shortcodes, ``<!--more-->``, heading attributes, and lines.

markdown-it knows lines for blocks only; ``link_lines`` notes them for links
and images. Shortcodes become tokens that ``markdown_it`` turns into HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image, link

from isrgen.render.markdown.engine import PageHooks
from isrgen.render.shortcodes import OPENING, Call, Rows, pairs, read_tag

MORE: Final = re.compile(r"<!--\s*more\s*-->")
_HEADING_ATTRIBUTES: Final = re.compile(r"\s+\{[ \t]*([#.][\w-]+(?:[ \t]+[#.][\w-]+)*)[ \t]*\}$")
_INTERRUPTS: Final[RuleOptionsType] = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def add_rules(md: MarkdownIt) -> None:
    md.block.ruler.before("fence", "shortcode", _block, _INTERRUPTS)
    md.block.ruler.before("fence", "more", _more, _INTERRUPTS)
    md.inline.ruler.before("escape", "shortcode", _inline)
    md.inline.ruler.at("link", _with_line(link))
    md.inline.ruler.at("image", _with_line(image))
    md.core.ruler.at("inline", _parse_inlines)


def _parse_inlines(state: StateCore) -> None:
    """markdown-it's own step, but heading attributes are taken off and lines are known."""
    for index, token in enumerate(state.tokens):
        if token.type != "inline":
            continue
        if index and state.tokens[index - 1].type == "heading_open":
            found = _HEADING_ATTRIBUTES.search(token.content)
            if found:
                token.content = token.content[: found.start()]
                _attributes(state.tokens[index - 1].attrs, found[1].split())
        state.env["line"] = token.map[0] + 1 if token.map else state.env.get("line", 1)
        token.children = token.children or []
        state.md.inline.parse(token.content, state.md, state.env, token.children)


def _attributes(attrs: dict[str, Any], words: list[str]) -> None:
    for word in words:
        if word[0] == "#":
            attrs["id"] = word[1:]
        else:
            attrs["class"] = f"{attrs.get('class', '')} {word[1:]}".strip()


def _with_line(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    def with_line(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent:
            for token in state.tokens[count:]:
                if token.type in ("link_open", "image"):
                    token.meta["line"] = _line_of(
                        state, start, str(token.attrs.get("href", token.attrs.get("src")))
                    )
                    break
        return True

    return with_line


def _line_of(state: StateInline, start: int, target: str) -> int:
    """The line of a link; of its definition where it is a reference."""
    if state.src[state.pos - 1] == "]" and state.env.get("references"):
        if "definitions" not in state.env:
            known = state.env["references"].values()
            state.env["definitions"] = {ref["href"]: ref["map"][0] + 1 for ref in known if ref.get("map")}
        found = state.env["definitions"].get(target)
        if found is not None:
            return int(found)
    return _line_at(state, start)


def _line_at(state: StateInline, position: int) -> int:
    known = state.env.get("rows")
    if known is None or known[0] is not state.src:
        known = state.env["rows"] = (state.src, Rows(state.src))
    return int(state.env["line"]) + int(known[1].at(position))


def _pairs(state: StateInline | StateBlock) -> dict[int, tuple[int, int]]:
    """The pairs of the text at hand, found once for each text."""
    known: dict[str, dict[int, tuple[int, int]]] = state.env.setdefault("pairs", {})
    if state.src not in known:
        known[state.src] = pairs(state.src)
    return known[state.src]


def _inline(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith(OPENING, state.pos):
        return False
    start, limit = state.pos, state.posMax
    call = read_tag(state.src, start, _line_at(state, start))
    close = None if call.closing or call.alone or call.problem else _pairs(state).get(start)
    if call.end > limit or (close is not None and close[1] > limit):
        return False
    if silent:
        state.pos = close[1] if close else call.end
        return True
    if close is None:
        if not call.closing or call.name not in state.env.get("misplaced", ()):
            tell_alone(state.env["hooks"], call)
        state.push("shortcode", "", 0).meta = {"call": call}
        state.pos = call.end
        return True
    state.push("shortcode_open", "", 1).meta = {"call": call}
    state.pos, state.posMax = call.end, close[0]
    state.md.inline.tokenize(state)
    state.push("shortcode_close", "", -1)
    state.pos, state.posMax = close[1], limit
    return True


def _block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    start = state.bMarks[first] + state.tShift[first]
    if state.is_code_block(first) or not state.src.startswith(OPENING, start):
        return False
    call = read_tag(state.src, start, first + 1)
    last = _line_with(state, first, end, call.end)
    if last is None or state.src[call.end : state.eMarks[last]].strip():
        return False
    close = None if call.closing or call.alone or call.problem else _pairs(state).get(start)
    closing = _line_with(state, last, end, close[1]) if close else None
    if silent:
        return True
    if close is None or closing is None or closing == last or not _is_alone(state, closing, close):
        if close is not None and closing is not None:
            state.env["hooks"].problem(
                f"The closing tag of the shortcode {call.name!r} is not on a line of its own.",
                f"Put `{{{{< /{call.name} >}}}}` on its own line, as its opening tag is.",
                closing + 1,
            )
            state.env.setdefault("misplaced", set()).add(call.name)
            call = Call(call.name, call.args, call.line, call.end, alone=True)
        tell_alone(state.env["hooks"], call)
        token = state.push("shortcode", "", 0)
        token.meta, token.block = {"call": call}, True
        state.line = last + 1
        return True
    opened = state.push("shortcode_open", "", 1)
    opened.meta, opened.block, opened.map = {"call": call}, True, [first, closing]
    limit, parent = state.lineMax, state.parentType
    state.lineMax, state.parentType = closing, "shortcode"
    state.md.block.tokenize(state, last + 1, closing)
    state.lineMax, state.parentType = limit, parent
    state.push("shortcode_close", "", -1).block = True
    state.line = closing + 1
    return True


def _line_with(state: StateBlock, first: int, end: int, position: int) -> int | None:
    return next((line for line in range(first, end) if state.eMarks[line] >= position), None)


def _is_alone(state: StateBlock, line: int, tag: tuple[int, int]) -> bool:
    before = state.src[state.bMarks[line] + state.tShift[line] : tag[0]]
    return not before.strip() and not state.src[tag[1] : state.eMarks[line]].strip()


def tell_alone(hooks: PageHooks, call: Call) -> None:
    """Tell what is wrong with a tag that stands by itself."""
    if call.problem:
        hint = 'Write `{{< name key="value" >}}`; inside backticks it is plain text.'
        hooks.problem(call.problem, hint, call.line)
    elif call.closing:
        hooks.problem(
            f"`{{{{< /{call.name} >}}}}` closes a shortcode that is not open here.",
            f"Write `{{{{< {call.name} >}}}}` before it, in the same list, quote or paragraph.",
            call.line,
        )
    elif not call.alone and hooks.is_paired(call.name):
        hooks.problem(
            f"The shortcode {call.name!r} is not closed.",
            f"Write `{{{{< /{call.name} >}}}}` after its content, or `{{{{< {call.name} />}}}}` without any.",
            call.line,
        )


def _more(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    start = state.bMarks[first] + state.tShift[first]
    if state.is_code_block(first) or not state.src.startswith("<!--", start):
        return False
    if not MORE.fullmatch(state.src[start : state.eMarks[first]].strip()):
        return False
    if not silent:
        state.push("more", "", 0).block = True
        state.line = first + 1
    return True
