"""Which of the site's own lines is to answer for an exception.

Frames of the runtime and of libraries help nobody who writes a site: problems
name the last line of the site's own code, and logs show its frames alone.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from isrgen.errors import IsrgenError, Problem

_OWN: Final = ("content", "templates")
_MOST_FRAMES: Final = 30


def relative(file: str, root: Path) -> str:
    """A file's name relative to the site, with ``/``; empty for a file that is not the site's own."""
    try:
        inside = Path(file).relative_to(root)
    except ValueError:
        return ""
    return inside.as_posix() if inside.parts and inside.parts[0] in _OWN else ""


def problem_of(error: BaseException, root: Path, doing: str, file: str = "") -> Problem:
    """The problem that an exception of the site's code is: what, and the line that raised it.

    ``file`` is named where no frame is the site's own.
    """
    if isinstance(error, IsrgenError):
        return error.problems[0]
    if isinstance(error, SyntaxError) and error.filename and relative(error.filename, root):
        return Problem(
            f"this is not Python: {error.msg}", file=relative(error.filename, root), line=error.lineno
        )
    frames = list(_own_frames(error, root))
    where, line = frames[-1][:2] if frames else (file, None)
    text = str(error)
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Problem(f"{doing} raised {what}", file=where, line=line)


def trimmed(error: BaseException, root: Path) -> str:
    """The traceback as the site's author needs it: only their frames, then the exception."""
    lines = []
    for name, number, function in list(_own_frames(error, root))[-_MOST_FRAMES:]:
        lines.append(f'  File "{name}", line {number}, in {function}')
        source = linecache.getline(str(root / name), number).strip()
        if source:
            lines.append(f"    {source}")
    if isinstance(error, IsrgenError):
        lines.append(str(error))
    else:
        lines.extend(line.rstrip("\n") for line in traceback.format_exception_only(error))
    return "\n".join(lines)


def _own_frames(error: BaseException, root: Path) -> Iterator[tuple[str, int, str]]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = relative(frame.f_code.co_filename, root)
        if name:
            yield name, line, frame.f_code.co_name
