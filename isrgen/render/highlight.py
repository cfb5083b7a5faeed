"""Code with its syntax in spans; Pygments is imported when the first code block asks for it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LONGEST: Final = 200_000
"""Longer code is left plain: some of Pygments' lexers slow down with the square of the length."""


def highlight(code: str, language: str) -> str | None:
    """HTML with Pygments' classes, or None for a language that it does not know."""
    lexer = _lexer(language.lower()) if language and len(code) <= _LONGEST else None
    if lexer is None:
        return None
    from pygments import highlight as render

    return str(render(code, lexer, _formatter()))


@cache
def _formatter() -> Any:
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(nowrap=True)


@cache
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
