"""What is said of a store that cannot be purged or looked into: one message, and no password."""

from __future__ import annotations

import errno
import importlib.util
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis_server import RedisServer

from isrgen.cli.run import main
from isrgen.edge import files
from isrgen.edge.files import Found

COMMANDS = (
    ("cache", "ls"),
    ("cache", "show", "/"),
    ("cache", "rm", "/"),
    ("cache", "stats"),
    ("purge", "/a/"),
    ("purge", "--all", "--hard"),
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ISRGEN_STORE", raising=False)
    (tmp_path / "content").mkdir()
    (tmp_path / "isrgen.toml").write_text("")
    return tmp_path


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where connections are taken and nothing is said."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def web_server() -> Iterator[int]:
    """A port where something else listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def told(site: Path, url: str, capsys: pytest.CaptureFixture[str], code: int = 1) -> set[str]:
    """What the commands say of it."""
    said = set()
    for command in COMMANDS:
        assert main([*command, "--store", url, "--site", str(site)]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert "secret" not in err
        assert "Traceback" not in err
        said.add(err)
    return said


WAY_OUT = "  Does it run there, and are the address, the user and the password right? A line that is slow"


def only(said: set[str], place: str, what: str) -> None:
    (message,) = said
    first, second = message.splitlines()
    assert first == f"The store redis://***@{place} fails: Redis at {place}: {what}."
    assert second.startswith(WAY_OUT)


def test_nobody_listens(site: Path, free_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"127.0.0.1:{free_port}/0"
    only(told(site, f"redis://:secret@{place}", capsys), place, "Connection refused")


def test_nobody_answers(site: Path, silent: int, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"127.0.0.1:{silent}/0"
    only(told(site, f"redis://:secret@{place}", capsys), place, "no answer in time")


def test_somebody_else_answers(site: Path, web_server: int, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"127.0.0.1:{web_server}/0"
    said = told(site, f"redis://:secret@{place}", capsys)
    only(said, place, "Protocol Error: b'HTTP/1.1 400 Bad Request'")


def test_the_password_is_wrong_or_missing(
    site: Path, own_redis: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    own_redis.options = ("requirepass right",)
    own_redis.start(password="right")
    place = f"127.0.0.1:{own_redis.port}/0"
    said = told(site, f"redis://:secret@{place}?timeout=10", capsys)
    assert len(said) == 1
    assert "invalid username-password pair" in said.pop()
    said = told(site, f"redis://{place}?timeout=10", capsys)
    assert len(said) == 1
    assert "Authentication required" in said.pop()


def test_the_server_does_not_speak_tls(
    site: Path, own_redis: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    own_redis.start()
    said = told(site, f"rediss://:secret@127.0.0.1:{own_redis.port}/0", capsys)
    assert len(said) == 1
    assert said.pop().startswith("The store rediss://***@127.0.0.1:")


def test_the_package_is_not_installed(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "redis" else found(name))
    for message in told(site, "redis://:secret@127.0.0.1/0", capsys, code=2):
        assert message.endswith(
            "A store on Redis needs the package redis, which is not installed.\n"
            "  Run: pip install 'isrgen[redis]'\n"
        )


def test_the_disk_fails(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(path: Path) -> Found:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "look", fail)
    (message,) = told(site, "disk:edge.db", capsys)
    assert message.splitlines() == [
        "The store at edge.db fails: Input/output error.",
        "  Is it there, and can it be written to?",
    ]
