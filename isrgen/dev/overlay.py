"""The page that stands in for every page while the site does not build."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from isrgen.errors import Problem

_AROUND: Final = 2
"""Lines of source shown before and after the one that is wrong."""

_STYLE: Final = """
:root { color-scheme: light dark; --red: #b3261e; --dim: #777 }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2.5rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem; color: var(--red) }
section { border-left: 4px solid var(--red); padding: .1rem 1rem; margin: 1.5rem 0 }
code, pre { font: .9rem/1.5 ui-monospace, monospace }
pre { overflow-x: auto; color: var(--dim) }
pre b { color: CanvasText }
"""


def page(problems: Sequence[Problem], root: Path, script: str) -> str:
    """An HTML page of ``problems``; ``script`` is the tag that reloads it."""
    number = len(problems)
    blocks = "".join(_block(problem, root) for problem in problems)
    count = "1 problem" if number == 1 else f"{number} problems"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{count} - isrgen dev</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>The site does not build: {count}</h1>{blocks}"
        f"<p>This page goes away by itself when they are mended.</p>{script}</body></html>"
    )


def _block(problem: Problem, root: Path) -> str:
    where = f"<code>{html.escape(problem.where)}</code>" if problem.file else ""
    hint = f"<p>{html.escape(problem.hint)}</p>" if problem.hint else ""
    return f"<section>{where}<p>{html.escape(problem.message)}</p>{hint}{_excerpt(problem, root)}</section>"


def _excerpt(problem: Problem, root: Path) -> str:
    """The lines around the place; nothing where the file cannot be shown."""
    if not problem.file or problem.line is None:
        return ""
    try:
        lines = (root / problem.file).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    first = max(1, problem.line - _AROUND)
    shown = []
    for number, line in enumerate(lines[first - 1 : problem.line + _AROUND], first):
        text = f"{number:5}  {html.escape(line)}"
        shown.append(f"<b>{text}</b>" if number == problem.line else text)
    return f"<pre>{chr(10).join(shown)}</pre>" if shown else ""
