"""Read a text file of a site, or say why it cannot be one."""

from __future__ import annotations

from pathlib import Path

from isrgen.errors import IsrgenError, Problem


def read_text(root: Path, source: str) -> str:
    """The text of ``source`` with ``\\n`` line ends and no byte order mark; raises IsrgenError."""
    try:
        with (root / source).open("rb") as stream:
            raw = stream.read()
    except OSError as error:
        hint = "Check its permissions, or prefix its name with _ to leave it out."
        raise IsrgenError(Problem(f"This file cannot be read: {error.strerror}.", hint, source)) from error
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        hint = "Put files that are not text into static/."
        raise IsrgenError(Problem("This file holds binary data.", hint, source, line))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"This file is not UTF-8: byte 0x{raw[error.start]:02x} cannot stand there."
        raise IsrgenError(Problem(message, "Save it as UTF-8.", source, line)) from error
    return text.replace("\r\n", "\n") if "\r" in text else text
