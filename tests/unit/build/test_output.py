"""The output folder is swapped in whole, and never over somebody's files."""

import gzip
from pathlib import Path

import pytest

from isrgen.build.output import Files, check_out, staged, tree_digest, write_file
from isrgen.errors import IsrgenError
from isrgen.manifest import Manifest

MANIFEST = Manifest("build", "https://example.org", trailing_slash=True).to_json()


def build_that_breaks(root: Path, out: Path) -> None:
    with staged(root, out) as staging:
        (staging / "manifest.json").write_text("half")
        raise IsrgenError("broken")


def test_what_was_staged_takes_the_place_of_the_old_output(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    for version in (" ", "  "):
        with staged(tmp_path, out) as staging:
            (staging / "manifest.json").write_text(MANIFEST + version)
    assert (out / "manifest.json").read_text() == MANIFEST + "  "
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_a_build_that_fails_leaves_the_last_output_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    with staged(tmp_path, out) as staging:
        (staging / "manifest.json").write_text(MANIFEST)
    before = tree_digest(out)
    with pytest.raises(IsrgenError, match="broken"):
        build_that_breaks(tmp_path, out)
    assert tree_digest(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_an_output_that_a_crash_left_aside_comes_back(tmp_path: Path) -> None:
    aside = tmp_path / ".dist.previous"
    aside.mkdir()
    (aside / "manifest.json").write_text("last good")
    with pytest.raises(IsrgenError), staged(tmp_path, tmp_path / "dist"):
        raise IsrgenError("broken")
    assert (tmp_path / "dist" / "manifest.json").read_text() == "last good"


@pytest.mark.parametrize("name", [".", "..", "content", "static", ".git", ".isrgen"])
def test_the_site_itself_is_never_an_output_folder(tmp_path: Path, name: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    with pytest.raises(IsrgenError, match="would overwrite the site itself"):
        check_out(site, site / name)


def test_files_that_a_build_did_not_write_stay(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "site-1.0.whl").write_bytes(b"wheel")
    (out / "static.zip").write_bytes(b"zip")
    for _ in range(2):
        with staged(tmp_path, out) as staging:
            (staging / "manifest.json").write_text(MANIFEST)
            (staging / "static").mkdir()
    assert sorted(path.name for path in out.iterdir()) == [
        "manifest.json",
        "site-1.0.whl",
        "static",
        "static.zip",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


@pytest.mark.parametrize("manifest", [None, '{"name": "An app"}'])
def test_a_folder_of_somebody_s_own_with_our_names_is_refused(tmp_path: Path, manifest: str | None) -> None:
    (tmp_path / "app" / "static").mkdir(parents=True)
    if manifest is not None:
        (tmp_path / "app" / "manifest.json").write_text(manifest)
    with pytest.raises(IsrgenError, match=r"app/ holds (static|manifest\.json), which isrgen did not write"):
        check_out(tmp_path, tmp_path / "app")


def test_a_link_that_leads_out_of_the_site_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "dist").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IsrgenError, match=r"dist/ is a link that leads out of the site"):
        check_out(tmp_path / "site", tmp_path / "site" / "dist")


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("")
    with pytest.raises(IsrgenError, match="dist/ is a file"):
        check_out(tmp_path, tmp_path / "dist")


def test_an_output_folder_that_cannot_be_made_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(IsrgenError, match="file/dist/ cannot be written"),
        staged(tmp_path, tmp_path / "file" / "dist"),
    ):
        raise AssertionError("never reached")


def test_text_gets_a_gzip_copy_where_it_is_worth_it(tmp_path: Path) -> None:
    contents = {"a.html": b"tea " * 1000, "b.html": b"tea", "c.png": b"tea " * 1000}
    written = [write_file(tmp_path, path, f"/{path}", content) for path, content in contents.items()]
    assert [(file.path, file.encodings) for file in written] == [
        ("a.html", ("gzip",)),
        ("b.html", ()),
        ("c.png", ()),
    ]
    assert gzip.decompress((tmp_path / "a.html.gz").read_bytes()) == contents["a.html"]


def test_two_sources_of_one_file_are_a_problem_that_names_both(tmp_path: Path) -> None:
    files = Files()
    for source in ("content/a.md", "static/a.html"):
        files.add(write_file(tmp_path, "a.html", "/a.html", b""), source)
    assert [problem.message for problem in files.problems] == [
        "content/a.md and static/a.html both give /a.html."
    ]


def test_a_tree_digest_sees_names_and_bytes(tmp_path: Path) -> None:
    digests = set()
    for name, content in (("a", "1"), ("a", "2"), ("b", "2")):
        folder = tmp_path / f"{name}{content}"
        folder.mkdir()
        (folder / name).write_text(content)
        digests.add(tree_digest(folder))
    assert len(digests) == 3
