"""Which of the site's own lines is to answer for an exception.

Frames of the runtime and of libraries help nobody who writes a site: problems
name the last line of the site's own code, and logs show its frames alone.
"""

from __future__ import annotations

import linecache
import os
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isrgen.errors import IsrgenError, Problem
from isrgen.routing.strategy import METHODS

_OWN: Final = ("content", "templates")
_MOST_FRAMES: Final = 30

# the function of the site's that was called -> its name in a sentence
_CALLED: Final = {
    "loader": "The loader",
    "middleware": "The middleware",
    "static_params": "`static_params`",
    "<module>": "Importing this file",
    **{method: f"`{method}`" for method in METHODS},
}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ANSWERS: Final = frozenset({"loader", "middleware", *METHODS})

_MEND: Final = "Mend it there."
_ANSWER: Final = "Mend it there, or catch it and answer otherwise, as with `raise not_found()`."
_SHARED: Final = (
    "`from _lib.posts import ...` reads `content/_lib/posts.py`: write that file, or correct the name."
)
_PACKAGE: Final = (
    "Put code that pages share into content/_lib (`from _lib.posts import ...`);"
    " name a package in requirements.txt, and install it."
)


@dataclass(frozen=True, slots=True)
class _Frame:
    """One of the site's own lines on the way to an exception."""

    file: str
    line: int
    function: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


def relative(file: str, root: Path) -> str:
    """A file's name relative to the site, with ``/``; empty for a file that is not the site's own."""
    try:
        inside = Path(file).relative_to(root)
    except ValueError:
        return ""
    return inside.as_posix() if inside.parts and inside.parts[0] in _OWN else ""


def problem_of(error: BaseException, root: Path, doing: str, file: str = "", page: str = "") -> Problem:
    """The problem that an exception of the site's code is: what, the line that raised it, and the way out.

    ``doing`` is what raised it where no function of a known name did;
    ``file`` is named where no frame is the site's own. ``page`` is the path
    of the one page of many that was made.
    """
    if isinstance(error, IsrgenError):
        return error.problems[0]
    if isinstance(error, SyntaxError) and error.filename and relative(error.filename, root):
        return Problem(
            f"This is not Python: {error.msg}.",
            "Mend it there, or just before.",
            file=relative(error.filename, root),
            line=error.lineno,
            column=error.offset,
        )
    frames = list(_own_frames(error, root))
    called = next((frame for frame in reversed(frames) if frame.function in _CALLED), None)
    last = frames[-1] if frames else None
    subject = doing if called is None else _CALLED[called.function]
    hints = [_way_out(error, "" if called is None else called.function)]
    if called is not None and last is not None and called is not last:
        hints.append(f"{subject} called it in {called.where}.")
    if page:
        hints.append(f"The page was {page}.")
    message = f"{subject} raised {_what(error, root)}"
    hint = "\n".join(hints)
    if last is None:
        return Problem(message, hint, file=file)
    return Problem(message, hint, file=last.file, line=last.line)


def trimmed(error: BaseException, root: Path) -> str:
    """The traceback as the site's author needs it: only their frames, then the exception."""
    lines = []
    for frame in list(_own_frames(error, root))[-_MOST_FRAMES:]:
        lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
        source = linecache.getline(str(root / frame.file), frame.line).strip()
        if source:
            lines.append(f"    {source}")
    own = [str(error)] if isinstance(error, IsrgenError) else traceback.format_exception_only(error)
    return "\n".join([*lines, *(f"  {printable(line.rstrip())}" for line in own)])


def printable(text: str) -> str:
    r"""Text that may hold what a visitor sent: it begins no line of a log, and a terminal does nothing of it.

    >>> printable("no such tag: x\x1b[2J\n12:00:00 INFO all is well")
    'no such tag: x\\x1b[2J\n  12:00:00 INFO all is well'
    """
    escaped = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
    return escaped.replace("\n", "\n  ")


def _what(error: BaseException, root: Path) -> str:
    """The exception as a sentence ends with it; the machine's folders are left out."""
    text = str(error).replace(f"{root}{os.sep}", "").rstrip()
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return what if what.endswith((".", "!", "?")) else f"{what}."


def _way_out(error: BaseException, function: str) -> str:
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    is_relative = isinstance(error, ImportError) and "relative import" in str(error)
    if missing.startswith("_") or is_relative:
        return _SHARED
    if missing:
        return _PACKAGE
    return _ANSWER if function in _ANSWERS else _MEND


def _own_frames(error: BaseException, root: Path) -> Iterator[_Frame]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = relative(frame.f_code.co_filename, root)
        if name:
            yield _Frame(name, line, frame.f_code.co_name)
