"""The recorder: who read what of a request, until the judgment seals it."""

from __future__ import annotations

import sys
import sysconfig
from contextvars import ContextVar
from types import FrameType
from typing import Final, NoReturn

from isrgen.caching.privacy import Read, What

_MOST: Final = 200
_STDLIB: Final = sysconfig.get_path("stdlib")


class SealedError(RuntimeError):
    """The request was read after its response had been judged fit to share."""


_watching: ContextVar[Recorder | None] = ContextVar("isrgen_recorder", default=None)


class Recorder:
    """Collects reads; each distinct one once.

    ``where`` walks to the nearest frame that is the site's own: a Python file
    or, for a compiled template, the template's line. Code may keep a request
    and look at it while another one is answered: that is a read of the render
    under way (``watch``) as well, unless the request was made by that render.
    """

    __slots__ = ("_home", "_reads", "_sealed")

    def __init__(self) -> None:
        self._home = _watching.get()
        self._reads: dict[tuple[What, str], Read] = {}
        self._sealed = False

    def record(self, what: What, name: str = "") -> None:
        """Note a read; raises SealedError after ``seal``."""
        if self._sealed:
            raise SealedError("the request was read after its response was judged; read it before you answer")
        self._note(what, name)
        self.touch()

    def touch(self) -> None:
        """Note a read of what is harmless to the request's own response, but not to another's."""
        watching = _watching.get()
        if watching is not None and watching is not self and watching is not self._home:
            watching._note(What.ANOTHER_REQUEST, "")

    def _note(self, what: What, name: str) -> None:
        key = (what, name)
        if key not in self._reads and len(self._reads) < _MOST:
            file, line = where()
            self._reads[key] = Read(what, name, file, line)
        elif key not in self._reads:
            self._reads[(What.ALL_HEADERS, "")] = Read(What.ALL_HEADERS)

    @property
    def reads(self) -> tuple[Read, ...]:
        return tuple(self._reads.values())

    def __copy__(self) -> Recorder:
        """A copied request records its reads where the original does."""
        return self

    def __deepcopy__(self, memo: object) -> Recorder:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "what records the reads of a request cannot be pickled: a copy would record elsewhere"
        )

    def seal(self) -> None:
        self._sealed = True


def watch(recorder: Recorder | None) -> None:
    """From now on, in this task or thread, a response is made to the request with this recorder."""
    _watching.set(recorder)


def _is_library(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    file = frame.f_code.co_filename
    return module.startswith("isrgen.") or file.startswith(("<", _STDLIB)) or "/site-packages/" in file


def where() -> tuple[str, int]:
    """The nearest line of the site's own code among the callers."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None and getattr(template, "name", None):
            return f"{template.name}", int(template.get_corresponding_lineno(frame.f_lineno))
        if not _is_library(frame):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return "", 0
