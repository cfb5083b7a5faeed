"""Faults in words that can end a sentence."""

from __future__ import annotations

import asyncio
import socket

import pytest

from isrgen.edge.faults import reason


def _raised(url_host: str) -> BaseException:
    """What asyncio raises where nobody listens."""

    async def run() -> BaseException:
        with pytest.raises(OSError, match="Connect call failed") as caught:
            await asyncio.open_connection(url_host, 1)
        return caught.value

    return asyncio.run(run())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_refused_connection_is_told_without_numbers(host: str) -> None:
    assert reason(_raised(host)) == "Connection refused"


def test_several_attempts_are_told_as_one() -> None:
    said = (
        "Multiple exceptions: [Errno 111] Connect call failed ('::1', 1, 0, 0), "
        "[Errno 111] Connect call failed ('127.0.0.1', 1)"
    )
    assert reason(OSError(said)) == "Connection refused"


def test_a_name_that_nobody_knows_keeps_its_words() -> None:
    fault = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert reason(fault) == "Name or service not known"


def test_what_a_library_made_of_a_fault_is_told_by_its_cause() -> None:
    fault = RuntimeError("Error 111 connecting to 127.0.0.1:1. Connect call failed.")
    fault.__cause__ = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")
    assert reason(fault) == "Connection refused"


def test_what_has_no_words_is_told_by_its_name() -> None:
    assert reason(EOFError()) == "EOFError"
