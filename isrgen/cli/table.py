"""Rows of cells in columns, of which none is ever folded.

Elsewhere than on a terminal every row is one line. On a terminal the columns
that do not fit stand on a second line of their row, indented and dim.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from isrgen.cli import console

if TYPE_CHECKING:
    from rich.text import Text

_GAP: Final = "  "
_NONE: Final[Mapping[str, str]] = {}


def show(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, keep: int, styles: Mapping[str, str] = _NONE
) -> None:
    """Print a table; the first ``keep`` columns stay side by side however narrow the terminal is.

    ``styles`` colours the cells that are one of its words. What a cell holds
    may be anybody's.
    """
    rows = [[console.legible(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(headings, rows, keep, styles)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in [headings, *rows]:
        console.say(_GAP.join(map(str.ljust, row, widths)).rstrip())


def fitting(widths: Sequence[int], available: int) -> int:
    """How many of the first columns fit side by side.

    >>> fitting([10, 20, 30], 64), fitting([10, 20, 30], 63), fitting([10], 9)
    (3, 2, 0)
    """
    needed = -len(_GAP)
    for index, width in enumerate(widths):
        needed += len(_GAP) + width
        if needed > available:
            return index
    return len(widths)


def _draw(
    headings: Sequence[str], rows: Sequence[Sequence[str]], keep: int, styles: Mapping[str, str]
) -> None:
    from rich.cells import cell_len
    from rich.console import Console

    terminal = Console(highlight=False)
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    first = max(keep, fitting(widths, terminal.width))
    below = widths[first:]
    if fitting(below, terminal.width - len(_GAP)) < len(below):
        below = [0] * len(below)
    for index, row in enumerate([headings, *rows]):
        style = "bold" if index == 0 else ""
        terminal.print(_line(row[:first], widths[:first], styles), style=style, soft_wrap=True)
        if below:
            rest = _line(row[first:], below, _NONE)
            rest.pad_left(len(_GAP))
            terminal.print(rest, style=f"dim {style}", soft_wrap=True)


def _line(cells: Sequence[str], widths: Sequence[int], styles: Mapping[str, str]) -> Text:
    from rich.text import Text

    line = Text()
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        line.append(_GAP if index else "")
        text = Text(cell, style=styles.get(cell, ""))
        text.pad_right(max(0, width - text.cell_len))
        line.append_text(text)
    line.rstrip()
    return line
