"""What a change of files purges, in real repositories of git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from isrgen import config
from isrgen.cli.changes import since
from isrgen.cli.revisions import revision
from isrgen.errors import IsrgenError

TEA = "---\ntitle: Tea\nmode: ssr\ncache: hourly\ntags: [hot]\n---\nTea.\n"
ISR = "---\ncache: hourly\n---\n{{ name }}\n"
LOADER = "def loader():\n    return {'name': 'x'}\n"

FILES = {
    "isrgen.toml": 'title = "T"\n[server]\ninclude = ["kept/list.txt"]\n',
    "kept/list.txt": "a\n",
    "notes.txt": "nothing of the site\n",
    "templates/page.html": "{{ content }}\n",
    "templates/shortcodes/note.html": "{{ content }}\n",
    "data/menu.toml": "a = 1\n",
    "data/teams/red.toml": "a = 1\n",
    "static/robots.txt": "x\n",
    "assets/site.css": "a {}\n",
    "content/index.md": "Home.\n",
    "content/blog/tea.md": TEA,
    "content/blog/pot.png": "not text",
    "content/blog/[slug]+ssr.html": ISR,
    "content/blog/[slug]+ssr.py": LOADER,
    "content/shop/[id]+ssr.py": f"template = 'page.html'\n{LOADER}",
    "content/cup+ssr.html": ISR,
    "content/cup+ssr.py": LOADER,
    "content/members/_middleware.py": "def middleware(request, next):\n    return next(request)\n",
    "content/members/list+ssr.html": ISR,
    "content/_lib/posts.py": "x = 1\n",
    "content/api/posts+api.py": "def GET(request):\n    return []\n",
}

Site = Callable[[Mapping[str, "str | None"]], dict[str, str]]


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(params=[".", "sites/one"], ids=["whole repository", "folder of one"])
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    root = tmp_path / "repository"
    site = root / request.param
    for name, text in FILES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return site


@pytest.fixture
def purged(repository: Path) -> Site:
    """Files that change, None for those that go -> what that purges, and because of which file."""

    def change(files: Mapping[str, str | None]) -> dict[str, str]:
        for name, text in files.items():
            if text is None:
                (repository / name).unlink()
            else:
                (repository / name).parent.mkdir(parents=True, exist_ok=True)
                (repository / name).write_text(text)
        found = since(config.load(repository), revision(repository, "HEAD"))
        return {each.purge.tag or each.purge.path: each.because for each in found}

    return change


def test_nothing_has_changed(purged: Site) -> None:
    assert purged({}) == {}
    assert purged({"notes.txt": "other"}) == {}


def test_a_page_purges_itself_its_collection_its_terms_and_all_lists(purged: Site) -> None:
    found = purged({"content/blog/tea.md": TEA + "More.\n"})
    assert set(found) == {
        "page:/blog/tea", "page:/blog/tea/", "page:content/blog/tea.md", "collection:blog", "term:tags/hot",
        "template:content/blog/tea.md", "site:pages",
    }  # fmt: skip
    assert set(found.values()) == {"content/blog/tea.md"}


def test_what_a_page_was_counts_as_well_as_what_it_is(purged: Site) -> None:
    found = purged({"content/blog/tea.md": TEA.replace("[hot]", "[cold]\npermalink: /drinks/tea/")})
    assert {"term:tags/hot", "term:tags/cold", "page:/blog/tea/", "page:/drinks/tea/"} <= set(found)


def test_a_page_that_is_gone_purges_what_it_was(purged: Site) -> None:
    assert {"page:/blog/tea/", "collection:blog", "term:tags/hot"} <= set(
        purged({"content/blog/tea.md": None})
    )


def test_a_new_page_that_nobody_committed_purges_its_absence(purged: Site) -> None:
    found = purged({"content/blog/cup.md": TEA})
    assert {"page:/blog/cup/", "page:/blog/cup", "collection:blog", "term:tags/hot"} <= set(found)


def test_a_draft_purges_where_it_was_out(purged: Site) -> None:
    assert "collection:blog" in purged({"content/blog/tea.md": TEA.replace("title", "draft: true\ntitle")})


def test_a_renamed_page_purges_both_places(purged: Site) -> None:
    found = purged({"content/blog/tea.md": None, "content/notes/tea.md": TEA})
    assert {"page:/blog/tea/", "page:/notes/tea/", "collection:blog", "collection:notes"} <= set(found)


@pytest.mark.parametrize(
    ("file", "tags"),
    [
        ("data/menu.toml", {"data:menu", "site:data"}),
        ("data/teams/red.toml", {"data:teams", "site:data"}),
        ("templates/page.html", {"template:templates/page.html"}),
        ("templates/shortcodes/note.html", {"template:templates/shortcodes/note.html"}),
        ("static/robots.txt", {"/robots.txt"}),
        ("content/blog/pot.png", {"/blog/pot.png"}),
    ],
)
def test_other_files_purge_what_read_them(purged: Site, file: str, tags: set[str]) -> None:
    assert set(purged({file: "changed = 2\n"})) == tags


@pytest.mark.parametrize(
    ("file", "tag"),
    [
        ("content/cup+ssr.py", "page:/cup/"),
        ("content/blog/[slug]+ssr.py", "template:content/blog/[slug]+ssr.html"),
        ("content/blog/[slug]+ssr.html", "template:content/blog/[slug]+ssr.html"),
        ("content/members/_middleware.py", "page:/members/list/"),
    ],
)
def test_python_purges_the_pages_that_it_makes(purged: Site, file: str, tag: str) -> None:
    found = purged({file: FILES[file] + "\n"})
    assert tag in found
    assert "all" not in found


@pytest.mark.parametrize(
    "file",
    [
        "content/_lib/posts.py", "content/_lib/new.py", "content/shop/[id]+ssr.py",
        "content/api/posts+api.py", "isrgen.toml", "assets/site.css", "kept/list.txt", "requirements.txt",
    ],
)  # fmt: skip
def test_what_cannot_be_told_page_by_page_purges_everything(purged: Site, file: str) -> None:
    changed = {file: FILES.get(file, "") + "\n", "content/index.md": "Other.\n"}
    found = purged(changed)
    if file == "content/api/posts+api.py":
        assert "page:/api/posts" in found
    else:
        assert found == {"all": file}


def test_a_page_that_cannot_be_read_is_no_reason_to_stop(purged: Site) -> None:
    found = purged({"content/blog/tea.md": "---\ntitle: [\n---\n", "data/menu.toml": "b = 2\n"})
    assert {"page:/blog/tea/", "data:menu"} <= set(found) or "all" in found


def test_names_with_spaces_and_accents_are_read_as_they_are(purged: Site) -> None:
    assert "page:/blog/caf%C3%A9/" in purged({"content/blog/café.md": TEA})


def test_any_revision_will_do(repository: Path) -> None:
    (repository / "data/menu.toml").write_text("a = 2\n")
    git(repository, "commit", "-q", "-a", "-m", "second")
    git(repository, "tag", "v2")
    loaded = config.load(repository)
    for name in ("HEAD~1", "HEAD^", git(repository, "rev-parse", "HEAD~1").strip()):
        assert {each.because for each in since(loaded, revision(repository, name))} == {"data/menu.toml"}
    assert since(loaded, revision(repository, "v2")) == []


@pytest.mark.parametrize(
    "name",
    ["nope", "", " ", "--help", "-h", "--output=x", "HEAD:content", "HEAD..HEAD", "HEAD --", "a b", "$(x)"],
)
def test_what_is_no_revision_is_told(repository: Path, name: str) -> None:
    before = sorted(path.name for path in repository.iterdir())
    with pytest.raises(IsrgenError, match="git knows no revision"):
        revision(repository, name)
    assert sorted(path.name for path in repository.iterdir()) == before


def test_a_site_outside_of_a_repository_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(IsrgenError, match="in no repository"):
        revision(tmp_path, "HEAD")


def test_without_git_the_message_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository / "nowhere"))
    with pytest.raises(IsrgenError, match="`git` cannot be run"):
        revision(repository, "HEAD")


def test_settings_of_git_that_run_programs_are_not_followed(repository: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {witness}\n")
    script.chmod(0o755)
    git(repository, "config", "diff.external", str(script))
    git(repository, "config", "core.fsmonitor", str(script))
    (repository / "data/menu.toml").write_text("a = 2\n")
    assert since(config.load(repository), revision(repository, "HEAD"))
    assert not witness.exists()
