"""The access log: what a line says, and what the visitor cannot make of it."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from isrgen.errors import IsrgenError
from isrgen.server.access import AccessLog, as_json

MOMENT = 1_772_355_600.123456
HIT = "isrgen; hit; ttl=3540"


def line(path: str = "/blog/", query: str = "", **changed: Any) -> bytes:
    facts = {
        "method": "GET",
        "status": 200,
        "size": 8192,
        "seconds": 0.00004111,
        "cache": HIT,
        "client": "::1",
    }
    facts.update(changed)
    return as_json(
        (
            MOMENT,
            facts["method"],
            path,
            query,
            facts["status"],
            facts["size"],
            facts["seconds"],
            facts["cache"],
            facts["client"],
        )
    )


def note(opened: AccessLog, path: str) -> None:
    opened.note("GET", path, "", 200, 2, 0.001, HIT, "203.0.113.9")


def paths(file: Path) -> list[str]:
    return [json.loads(each)["path"] for each in file.read_text().splitlines()]


def test_a_line_says_who_asked_for_what_when_and_what_the_cache_did() -> None:
    assert json.loads(line(query="page=2")) == {
        "time": "2026-03-01T09:00:00.123Z",
        "method": "GET",
        "path": "/blog/?page=2",
        "status": 200,
        "bytes": 8192,
        "seconds": 0.000041,
        "cache": "hit",
        "client": "::1",
    }


@pytest.mark.parametrize(
    "evil", ['\n{"a":1}', "\r\n", '"', "\\", "\x00", "\u2028", "\x1b[31m", "\udcff", "é"]
)
def test_nothing_a_visitor_sends_breaks_out_of_its_line(evil: str) -> None:
    for written in (line(path=f"/{evil}"), line(query=evil), line(method=evil), line(client=evil)):
        assert written.count(b"\n") == 1
        assert written.endswith(b"}\n")
        assert written.isascii()
        assert set(json.loads(written)) == set(json.loads(line()))


def test_a_line_fits_into_one_write_to_a_pipe_however_long_the_address_is() -> None:
    written = line(path="/" + "é" * 8000, query='"' * 16000, method="X" * 500, client="c" * 500)
    assert len(written) <= 4096
    assert json.loads(written)["path"].endswith("...")


def test_queries_of_the_admin_endpoints_are_left_out_for_they_hold_tokens() -> None:
    for path in ("/_isrgen/draft", "//_isrgen/draft", "/%5Fisrgen/draft", "/blog/_isrgen/draft"):
        assert json.loads(line(path, "token=secret&to=/"))["path"] == path


def test_what_was_noted_is_in_the_file_when_the_log_is_closed(tmp_path: Path) -> None:
    opened = AccessLog(str(tmp_path / "access.log"))
    for number in range(500):
        note(opened, f"/{number}")
    opened.close()
    assert paths(tmp_path / "access.log") == [f"/{number}" for number in range(500)]


def test_two_processes_may_append_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text(line("/before").decode())
    logs = [AccessLog(str(file)), AccessLog(str(file))]
    for number in range(200):
        note(logs[number % 2], f"/{number}")
    for opened in logs:
        opened.close()
    assert sorted(paths(file)) == sorted(["/before", *(f"/{number}" for number in range(200))])


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path: Path) -> None:
    file, moved = tmp_path / "access.log", tmp_path / "access.log.1"
    opened = AccessLog(str(file))
    note(opened, "/first")
    opened.drain()
    file.rename(moved)
    opened.reopen()
    note(opened, "/second")
    opened.close()
    assert (paths(moved), paths(file)) == (["/first"], ["/second"])


def test_lines_beyond_the_bound_are_dropped_and_counted_and_nobody_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    opened = AccessLog(str(fifo), most=10)
    # Nobody reads: the pipe takes some 64 KB, the queue ten lines, and the rest goes.
    for number in range(5000):
        note(opened, f"/{number}")
    assert opened.dropped > 0
    draining = threading.Thread(target=_read_all, args=(reader,))
    draining.start()
    with caplog.at_level(logging.WARNING, "isrgen"):
        opened.close()
    draining.join(10)
    assert "lines of the access log were dropped: too many were waiting" in caplog.text


def _read_all(descriptor: int) -> None:
    os.set_blocking(descriptor, True)
    while os.read(descriptor, 65536):
        pass
    os.close(descriptor)


def test_a_file_that_takes_no_more_is_said_once_and_costs_nobody_an_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    opened = AccessLog("/dev/full")
    for _ in range(3):
        note(opened, "/")
    opened.drain()
    note(opened, "/")
    opened.close()
    assert opened.dropped == 4
    assert caplog.text.count("No space left on device") == 1


def test_a_file_that_cannot_be_opened_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match="cannot be written: No such file or directory"):
        AccessLog(str(tmp_path / "absent" / "access.log"))
