"""One command from start to exit code.

0 done, 1 the site (or the machine) has a problem and it was told, 2 the
command line was wrong. A traceback is printed only under ``--debug``.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Final

import click

from isrgen.cli import console
from isrgen.cli.group import cli
from isrgen.cli.options import Session
from isrgen.errors import IsrgenError

INTERRUPTED: Final = 128 + signal.SIGINT
TERMINATED: Final = 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` name and return its exit code."""
    session = Session()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(arguments, session)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        return _tell(error, session.debug)
    return code if isinstance(code, int) else 0


def _run(arguments: Sequence[str] | None, session: Session) -> object:
    """What the command returns; under ``--json`` the problems of a site are a result like any other."""
    try:
        return cli.main(arguments, prog_name="isrgen", standalone_mode=False, obj=session)
    except IsrgenError as error:
        if not session.as_json:
            raise
        if session.debug:
            traceback.print_exception(error)
        console.write_json({"problems": [console.as_data(problem) for problem in error.problems]})
        return 1


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _tell(error: BaseException, debug: bool) -> int:
    """Say what went wrong, once; the exit code it comes to."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return error.exit_code
        case BrokenPipeError():
            # Whoever read our output went away (`isrgen routes | head`); the last flush must not fail too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
    if debug:
        traceback.print_exception(error)
    match error:
        case IsrgenError():
            console.problems(error.problems)
        case OSError(filename=name, strerror=reason) if name:
            console.note(f"{os.fsdecode(name)}: {reason}.")
            console.note("  --debug shows where this happened.")
        case _:
            console.note(f"isrgen itself failed: {type(error).__name__}: {error}".rstrip(": "))
            console.note(
                "  This is a mistake of ours, not of your site. --debug prints the traceback to report."
            )
    return 1
