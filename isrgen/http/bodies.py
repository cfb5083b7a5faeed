"""Bodies: how much of one is held at once, and those sent as JSON, with what is told of a bad one."""

from __future__ import annotations

import json
from typing import Any, Final

MOST_HELD: Final = 10 * 2**20
"""Bytes of one body, a client's or our own, that are put together in memory."""


class BadBodyError(ValueError):
    """A body is not what the site's code reads it as; where that does not catch it, the client gets a 400."""


class BadJSONError(BadBodyError, json.JSONDecodeError):
    """A body is not JSON; caught as ``json.JSONDecodeError`` as well."""

    def __init__(self, message: str, text: str = "", position: int = 0) -> None:
        json.JSONDecodeError.__init__(self, message, text, position)

    def __str__(self) -> str:
        if not self.doc:
            return self.msg
        return f"The body is not JSON: {self.msg}, at line {self.lineno}, column {self.colno}."


def parse_json(body: bytes) -> Any:
    """The value of a body; raises BadJSONError."""
    if not body.strip():
        raise BadJSONError("The body is empty, and has to be JSON.")
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise BadJSONError(error.msg, error.doc, error.pos) from error
    except UnicodeDecodeError as error:
        raise BadJSONError("The body is not JSON: it is not UTF-8.") from error
    except RecursionError as error:
        raise BadJSONError("The body is not JSON: it is nested too deeply.") from error
