"""What ``isrgen cache`` tells of what is stored."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.cli import cache
from isrgen.cli.run import main
from isrgen.edge.open import open_store


def variant(key: str) -> dict[str, Any]:
    return {
        "key": key,
        "selecting": {},
        "status": 200,
        "state": "fresh",
        "age": 1,
        "ttl": 59,
        "lifetime": {"fresh": 60, "stale-while-revalidate": 0, "stale-if-error": 0},
        "size": 2048,
        "body_bytes": 12,
        "tags": [],
        "build": "",
        "etag": '"of-the-store"',
        "headers": [["etag", '"of-the-origin"']],
    }


@pytest.mark.parametrize(("key", "told"), [("/tea/", True), ("http://shop.example/tea", False)])
def test_an_entity_tag_is_told_only_where_visitors_are_sent_it(key: str, told: bool) -> None:
    lines = list(cache.described(variant(key)))
    assert ('etag      "of-the-store"' in lines) is told
    assert '  etag: "of-the-origin"' in lines
    assert lines[0] == f"key       {key}"


HOSTILE = "\x1b]0;owned\x07\x9b31m\r\n\u202e"
"""A title for the terminal, a colour, a line of its own, words that run backwards."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in whose store everything that others write is hostile."""
    (tmp_path / "content").mkdir()
    (tmp_path / "isrgen.toml").write_text("")
    stored = Stored(
        200,
        (("X-Name", HOSTILE),),
        b"tea",
        f'"{HOSTILE}"',
        Lifetime(60),
        time.time(),
        selecting=(("accept-language", HOSTILE),),
        tags=(HOSTILE,),
        build=HOSTILE,
    )

    async def fill() -> None:
        store = open_store("disk:.isrgen/edge", root=tmp_path, shared=True)
        for key in ("/" + HOSTILE, "/tea/"):
            assert await store.put(key, stored, await store.epoch())
        await store.close()

    asyncio.run(fill())
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["ls"],
        ["ls", "--json"],
        ["ls", HOSTILE],
        ["show", "/tea/"],
        ["show", "--json", "/tea/"],
        ["rm", HOSTILE],
        ["show", HOSTILE + "\udc80"],
    ],
)
def test_nothing_that_others_wrote_reaches_a_terminal_raw(
    site: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["cache", *command, "--site", str(site)])
    told = capsys.readouterr()
    assert all(line.isprintable() for line in (told.out + told.err).split("\n"))


def test_programs_are_told_what_it_is(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "ls", "--json", "--site", str(site)]) == 0
    entry = json.loads(capsys.readouterr().out)["entries"][0]
    assert (entry["key"], entry["tags"]) == ("/" + HOSTILE, [HOSTILE])
