"""From a URL to a store, and what is said of one that is wrong."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from isrgen.edge.open import open_store, without_password
from isrgen.edge.redis.place import place_of
from isrgen.errors import IsrgenError


@pytest.mark.parametrize("url", ["redsi://me:secret@h", "tea", "", "//me:secret@h/", "redsi://:sec/secret@h"])
def test_a_url_that_names_nothing_is_told_the_choices_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(IsrgenError) as told:
        open_store(url, root=tmp_path, shared=False)
    assert "Choose one of: disk:PATH, memory:, redis://HOST:PORT/DB." in str(told.value)
    assert "secret" not in str(told.value)


def test_memory_is_for_one_process_and_takes_no_path(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match="cannot be shared"):
        open_store("memory:", root=tmp_path, shared=True)
    with pytest.raises(IsrgenError, match="takes nothing after the colon"):
        open_store("memory:tea", root=tmp_path, shared=False)
    with pytest.raises(IsrgenError, match="needs the path of a file"):
        open_store("disk:", root=tmp_path, shared=False)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("notes", "notes is no store of isrgen."),
        (".", "is a folder."),
        ("notes/edge", "notes/edge is below a file."),
        ("loop", "loop is a link that leads nowhere."),
        ("x" * 300, "is too long a name."),
        ("a\0b", "has a NUL in it."),
    ],
)
def test_a_path_at_which_no_store_can_be_is_told_before_anything_is_made(
    tmp_path: Path, place: str, said: str
) -> None:
    (tmp_path / "notes").write_text("precious")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(IsrgenError) as told:
        open_store(f"disk:{place}", root=tmp_path, shared=False)
    assert len(told.value.problems) == 1
    assert said in str(told.value)
    assert (tmp_path / "notes").read_text() == "precious"
    assert {file.name for file in tmp_path.iterdir()} == {"notes", "loop"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", {"host": "h", "port": 6379, "db": 0}),
        ("redis://h:7000/3", {"host": "h", "port": 7000, "db": 3}),
        ("redis://[::1]:7000/", {"host": "::1", "port": 7000, "db": 0}),
        ("redis://me:p%40ss@h", {"host": "h", "port": 6379, "db": 0, "username": "me", "password": "p@ss"}),
        ("redis://:pass@h", {"host": "h", "port": 6379, "db": 0, "password": "pass"}),
        (
            f"rediss://h?ssl_ca_certs={__file__}",
            {"host": "h", "port": 6379, "db": 0, "ssl": True, "ssl_ca_certs": __file__},
        ),
        ("redis+unix:///run/redis.sock?db=2", {"unix_socket_path": "/run/redis.sock", "db": 2}),
    ],
)
def test_a_url_of_redis_names_its_place(url: str, expected: dict[str, Any]) -> None:
    scheme, _, rest = url.partition(":")
    place = place_of(scheme, rest)
    assert place.options == expected
    assert (place.prefix, place.timeout) == ("isrgen", 0.25)
    assert "p@ss" not in place.name


def test_a_url_of_redis_may_name_a_prefix_and_a_timeout() -> None:
    place = place_of("redis", "//h?prefix=shop:1&timeout=1.5")
    assert (place.prefix, place.timeout) == ("shop:1", 1.5)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("redis:", "it names no host"),
        ("redis:///0", "it names no host"),
        ("redis://:secret@h:port/0", "its port is no number"),
        ("redis://:secret@h:99999/0", "its port is no number"),
        ("redis://:secret@h/tea", "its database is no number"),
        ("redis://:secret@h/0?timeout=soon", "timeout is a number"),
        ("redis://:secret@h/0?timeout=0", "timeout is a number"),
        ("redis://:secret@h/0?timeout=nan", "timeout is a number"),
        ("redis://:secret@h/0?prefix=a b", "prefix is made of"),
        ("redis://:secret@h/0?colour=red&tea=1", "there is no option colour, tea"),
        ("redis://h/0?ssl_ca_certs=x", "there is no option ssl_ca_certs"),
        ("rediss://:secret@h/0?ssl_ca_certs=/nowhere", "ssl_ca_certs names no file: /nowhere"),
        ("redis://[::1/0", "Invalid IPv6 URL"),
        ("redis+unix://", "it names no socket"),
    ],
)
def test_a_url_of_redis_that_is_wrong_is_one_message_without_the_password(
    tmp_path: Path, url: str, what: str
) -> None:
    with pytest.raises(IsrgenError) as told:
        open_store(url, root=tmp_path, shared=True)
    assert len(told.value.problems) == 1
    assert what in str(told.value)
    assert "redis://[USER:PASSWORD@]HOST[:PORT][/DB]" in str(told.value)
    assert "secret" not in str(told.value)


def test_without_the_package_redis_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(IsrgenError, match=r"pip install 'isrgen\[redis\]'"):
        open_store("redis://h", root=tmp_path, shared=True)


def test_a_password_is_never_shown() -> None:
    assert without_password("redis://me:se@cret@h/0") == "redis://***@h/0"
    assert without_password("disk:.isrgen/edge") == "disk:.isrgen/edge"
