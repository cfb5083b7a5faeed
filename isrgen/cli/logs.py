"""Where log records go: stderr, one plain line each; those of a build are warnings of its site."""

from __future__ import annotations

import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from isrgen.errors import Problem

CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(message)s", "datefmt": "%H:%M:%S"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"},
    },
    "loggers": {
        "isrgen": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "_granian": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "granian.access": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
"""For ``logging.config``, and for granian, which configures logging anew in every worker."""


def configure() -> None:
    logging.config.dictConfig(CONFIG)


@contextmanager
def collected() -> Iterator[list[Problem]]:
    """What is logged from here on, as problems, instead of where it would go."""
    logger = logging.getLogger("isrgen")
    found = _Collector()
    handlers, propagate = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [found], False
    try:
        yield found.problems
    finally:
        logger.handlers, logger.propagate = handlers, propagate


class _Collector(logging.Handler):
    """A page's warnings are logged as the ``Problem`` that they are; anything else is one without a place."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.problems: list[Problem] = []

    def emit(self, record: logging.LogRecord) -> None:
        given = [value for value in record.args or () if isinstance(value, Problem)]
        self.problems.extend(given or [Problem(record.getMessage())])
