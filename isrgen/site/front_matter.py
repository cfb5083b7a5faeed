"""The metadata block on top of a file: YAML between ``---``, TOML between ``+++``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from isrgen.config.table import Document
from isrgen.config.toml import parse_toml
from isrgen.errors import IsrgenError, Problem
from isrgen.site.yaml import parse_yaml

_FENCE: Final = re.compile(r"(---|\+\+\+)[ \t]*\n")
_ENDS: Final = {
    "---": re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE),
}
_READERS: Final = {"---": parse_yaml, "+++": parse_toml}


@dataclass(frozen=True, slots=True)
class Split:
    """A file taken apart: ``body`` starts on line ``body_line``."""

    document: Document
    body: str
    body_line: int


def split_front_matter(text: str, source: str) -> Split:
    """Take the front matter off a text; raises IsrgenError with the exact line."""
    fence = _FENCE.match(text)
    if fence is None:
        return Split(Document(source, {}, lambda _: 1), text, 1)
    mark = fence[1]
    end = _ENDS[mark].search(text, fence.end())
    if end is None:
        message = f"The front matter begins with {mark} and never ends."
        raise IsrgenError(Problem(message, f"Close it with a line that holds only {mark}.", source, 1))
    document = _READERS[mark](text[fence.end() : end.start()], source, 2)
    body_line = text.count("\n", 0, end.end()) + 1
    return Split(document, text[end.end() :], body_line)
