"""Where ``isrgen purge`` and ``isrgen cache`` look, and in which order it purges here and at the CDN."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from isrgen.caching.policy import Lifetime
from isrgen.caching.stored import Stored
from isrgen.cli import caches
from isrgen.cli.caches import Opened, Remote, local
from isrgen.cli.run import main
from isrgen.cli.stores import ON_DISK
from isrgen.edge.open import open_store
from isrgen.edge.store import PurgeError
from isrgen.http.context import Purge
from isrgen.targets.vercel.emit import Vercel


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with one stored page, and the environment of nobody."""
    for name in ("ISRGEN_STORE", "ISRGEN_TOKEN", "VERCEL_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "content").mkdir()
    (tmp_path / "isrgen.toml").write_text(
        'base_url = "https://example.org"\n[targets.vercel]\nproject = "tea"\n'
    )

    async def fill() -> None:
        store = open_store(ON_DISK, root=tmp_path, shared=True)
        lifetime = Lifetime(3600, 60)
        stored = Stored(
            200, (("Content-Type", "text/html"),), b"tea", '"e"', lifetime, time.time(), tags=("blog",)
        )
        await store.put("/caf%C3%A9/", stored, await store.epoch())
        await store.close()

    asyncio.run(fill())
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Vercel would have been asked."""
    found: list[Any] = []

    def purge(self: Any, site: Path, purges: Any, options: Any, credentials: Any, *, report: Any) -> None:
        found.append((list(purges), dict(options), credentials.token))

    monkeypatch.setattr(Vercel, "purge", purge)
    return found


def states(site: Path) -> list[str]:
    return [entry["state"] for entry in Opened(ON_DISK, site).listing("", 10)["entries"]]


@pytest.mark.parametrize(
    "path",
    [
        "/café/",
        "/café",
        "café",
        "/caf%c3%a9/",
        "https://example.org/café/?a=1#b",
        "https://EXAMPLE.org/caf%C3%A9",
    ],
)
def test_a_path_is_purged_however_people_write_it(
    site: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["purge", path, "--site", str(site)]) == 0
    assert capsys.readouterr().out == "Made stale in disk:.isrgen/edge: 1 path.\n"
    assert states(site) == ["invalidated"]


def test_a_url_of_another_site_stays_one(site: Path) -> None:
    assert local("https://other.example/a/", "https://example.org") == "https://other.example/a/"
    assert local("http://example.org/a/", "https://example.org") == "http://example.org/a/"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (["--all"], "everything"),
        (["/a/", "/b/", "--tag", "blog"], "2 paths and 1 tag"),
        (["--tag", "Blog", "--tag", "Blog"], "1 tag"),
    ],
)
def test_it_says_what_it_did(
    site: Path, what: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["purge", *what, "--hard", "--site", str(site)]) == 0
    assert capsys.readouterr().out == f"Removed from disk:.isrgen/edge: {said}.\n"


def test_here_comes_before_the_cdn_and_both_are_told(
    site: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERCEL_TOKEN", "t")
    assert main(["purge", "--tag", "blog", "--target", "vercel", "--site", str(site)]) == 0
    assert asked == [([Purge(tag="blog")], {"project": "tea"}, "t")]
    assert states(site) == ["invalidated"]
    assert capsys.readouterr().out == (
        "Made stale in disk:.isrgen/edge: 1 tag.\nMade stale in vercel: 1 tag.\n"
    )


def test_the_cdn_alone_is_purged_where_there_is_no_store(
    site: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERCEL_TOKEN", "t")
    (site / ".isrgen/edge").unlink()
    assert main(["purge", "--all", "--hard", "--target", "vercel", "--site", str(site)]) == 0
    assert asked[0][0] == [Purge(tag="all", hard=True)]
    assert capsys.readouterr().out == "Removed from vercel: everything.\n"


def test_without_credentials_nothing_is_purged_at_all(
    site: Path, asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["purge", "--all", "--target", "vercel", "--site", str(site)]) == 1
    assert (asked, states(site)) == ([], ["fresh"])
    assert "VERCEL_TOKEN is not set" in capsys.readouterr().err


def test_a_cdn_is_not_purged_when_our_own_cache_could_not_be(
    site: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERCEL_TOKEN", "t")

    async def fail(*_: Any) -> None:
        raise PurgeError("the disk is away")

    monkeypatch.setattr(caches, "invalidate", fail)
    assert main(["purge", "--all", "--target", "vercel", "--site", str(site)]) == 1
    assert asked == []
    assert capsys.readouterr().err.startswith("The store disk:.isrgen/edge fails: the disk is away.\n")


def test_the_environment_names_a_store_and_a_server_goes_before_it(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], free_port: int
) -> None:
    monkeypatch.setenv("ISRGEN_STORE", "disk:elsewhere")
    assert main(["cache", "ls", "--site", str(site)]) == 1
    assert capsys.readouterr().err.startswith("There is no store at elsewhere.\n")
    monkeypatch.setenv("ISRGEN_TOKEN", "t")
    assert main(["cache", "ls", "--server", f"http://127.0.0.1:{free_port}", "--site", str(site)]) == 1
    assert "gives no answer" in capsys.readouterr().err


def test_a_password_of_a_store_is_not_shown(tmp_path: Path) -> None:
    assert Opened("redis://me:secret@host/0", tmp_path).name == "redis://***@host/0"


@pytest.mark.parametrize(
    "command",
    [
        ["serve", "--workers", "2"],
        ["serve"],
        ["edge", "--origin", "http://127.0.0.1:9"],
        ["purge", "--all", "--hard"],
        ["cache", "ls"],
        ["cache", "rm", "/"],
    ],
    ids=" ".join,
)
def test_a_file_that_is_no_store_is_refused_before_anything_else_and_left_alone(
    site: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "notes.md").write_text("precious")
    before = sorted(site.rglob("*"))
    monkeypatch.chdir(site)
    assert main([*command, "--store", "disk:notes.md"]) == 2
    told = capsys.readouterr().err
    assert f"{site / 'notes.md'} is no store of isrgen.\n  It stays as it is. Name a file that is not" in told
    assert (site / "notes.md").read_text() == "precious"
    assert sorted(site.rglob("*")) == before


def test_a_damaged_store_is_not_begun_anew_by_who_only_looks(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / ".isrgen" / "edge").write_bytes(b"x" * 5000)
    assert main(["cache", "ls", "--site", str(site)]) == 1
    assert capsys.readouterr().err.startswith("The store at .isrgen/edge is damaged.\n")
    assert (site / ".isrgen" / "edge").read_bytes() == b"x" * 5000


def test_rm_takes_several_paths_and_tells_which_were_not_there(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", "rm", "/nope/", "café", "--site", str(site)]) == 1
    told = capsys.readouterr()
    assert told.out == "Removed café (1 variant).\n"
    assert told.err.startswith("Nothing is stored of /nope/")
    assert states(site) == []


def test_a_long_list_says_that_there_is_more(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def fill() -> None:
        store = open_store(ON_DISK, root=site, shared=True)
        for number in range(3):
            await store.put(f"/{number}/", Stored(200, (), b"", "", Lifetime(1), 1.0), await store.epoch())
        await store.close()

    asyncio.run(fill())
    assert main(["cache", "ls", "--limit", "2", "--site", str(site)]) == 0
    told = capsys.readouterr()
    assert [line.split()[:2] for line in told.out.splitlines()] == [
        ["KEY", "STATE"],
        ["/0/", "expired"],
        ["/1/", "expired"],
    ]
    assert told.err.startswith("There are more than 2")
    assert main(["cache", "ls", "/caf", "--site", str(site)]) == 0
    assert "/caf%C3%A9/" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "asked"),
    [((), "http://127.0.0.1:8000/tea/"), (("content",), "/tea/"), (("isrgen.toml",), "/tea/")],
)
def test_a_url_is_that_of_the_site_only_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], asked: str
) -> None:
    for name in files:
        (tmp_path / name).touch() if "." in name else (tmp_path / name).mkdir()
    found: list[Any] = []
    monkeypatch.setenv("ISRGEN_TOKEN", "t")
    monkeypatch.setattr(Remote, "purge", lambda self, purges: found.extend(purges))
    arguments = ["--server", "http://127.0.0.1:9999", "--site", str(tmp_path)]
    assert main(["purge", "http://127.0.0.1:8000/tea/", *arguments]) == 0
    assert found == [Purge(path=asked)]
