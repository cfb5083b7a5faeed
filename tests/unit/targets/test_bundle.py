"""Files in memory, and a folder that is replaced whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.targets.bundle import Bundle, Content, Copy


def _bundle(source: Path) -> Bundle:
    source.write_text("copied")
    bundle = Bundle()
    bundle.text("b/a.txt", "text")
    bundle.text("secret.json", "{}", secret=True)
    bundle.copy("a.txt", source)
    bundle.link("b/link", "../a.txt")
    return bundle


def test_a_bundle_is_written_whole_and_what_was_there_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    folder.mkdir(parents=True)
    (folder / "old.txt").write_text("old")
    _bundle(tmp_path / "source").write(folder)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "a.txt",
        "b",
        "b/a.txt",
        "b/link",
        "secret.json",
    ]
    assert (folder / "b" / "link").is_symlink()
    assert (folder / "b" / "link").read_text() == "copied"
    assert (folder / "secret.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_a_failure_on_the_way_leaves_the_old_folder_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    bundle = Bundle({"a.txt": Copy(tmp_path / "not-there")})
    with pytest.raises(IsrgenError):
        bundle.write(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (folder / "old.txt").read_text() == "old"


def test_the_listing_has_sizes_and_shows_where_links_lead(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path / "source")
    assert bundle.listing() == [
        ("a.txt", 6),
        ("b/a.txt", 4),
        ("b/link -> ../a.txt", 8),
        ("secret.json", 2),
    ]
    assert bundle.size == 20


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../../b", "a\\b", "a\0"])
def test_a_path_outside_the_bundle_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path inside"):
        Bundle().text(path, "")


def test_one_path_cannot_hold_two_files() -> None:
    bundle = Bundle({"a": Content(b"")})
    with pytest.raises(ValueError, match="twice"):
        bundle.text("a", "")
    with pytest.raises(ValueError, match="twice"):
        bundle.merged({"a": Content(b"")})
