"""The site at the repository's root: isrgen's documentation, and the guide's cases at work."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from isrgen.caching.policy import PRESETS
from isrgen.cli.group import COMMANDS, cli
from isrgen.routing.priority import PRIORITY
from isrgen.routing.strategy import AUTHORITY
from isrgen.site.page import FrontMatter

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "content" / "docs"
TOKEN = "a-token-for-tests"

DAY, WEEK = 86400, 604800
ROUTES = {
    "/": ("SSG", None),
    "/docs/strategies/": ("SSG", None),
    "/blog/": ("ISR", (300, 3600)),
    "/blog/{slug}/": ("ISR", (3600, WEEK)),
    "/dashboard/": ("ISR", (3600, DAY)),
    "/api/posts": ("API", None),
    "/examples/hourly/": ("ISR", (3600, DAY)),
    "/examples/daily/": ("ISR", (DAY, WEEK)),
    "/examples/frequent/": ("ISR", (300, 3600)),
    "/examples/private/": ("SSR", None),
    "/examples/from-code/": ("SSR", None),
    "/examples/stream/": ("SSR", None),
    "/glossary/{term}/": ("SSG", None),
}
MISSING = {"/blog/no-such-post/": 404}
"""Links that show a not-found page on purpose."""


def _copy(folder: Path) -> Path:
    leave = shutil.ignore_patterns("__pycache__")
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("content", "templates", "assets", "static", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    return folder


def _build(folder: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "isrgen.cli", "build", "--site", str(folder)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _copy(tmp_path_factory.mktemp("home") / "site")
    result = _build(folder)
    assert (result.returncode, result.stderr) == (0, "")
    return folder


@pytest.fixture
def server(built: Path, start: Any, tmp_path: Path) -> Any:
    return start(built, "--no-build", ISRGEN_HOME_DB=str(tmp_path / "home.db"), ISRGEN_TOKEN=TOKEN)


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_builds_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = _copy(tmp_path / "site")
    assert _build(again).returncode == 0
    assert _tree(again / "dist") == _tree(built / "dist")


def test_each_case_of_the_guide_has_its_strategy_and_lifetime(built: Path) -> None:
    manifest = json.loads((built / "dist/manifest.json").read_text())
    found = {}
    for route in manifest["routes"]:
        life = route["cache"]["lifetime"]
        window = (life["s-maxage"], life["stale-while-revalidate"]) if life else None
        found[route["pattern"]] = (route["strategy"], window)
    assert {pattern: found.get(pattern) for pattern in ROUTES} == ROUTES


def test_every_link_leads_somewhere(server: Any, crawl: Any, broken_anchors: Any) -> None:
    pages = crawl(server)
    assert {url: page.status for url, page in pages.items() if page.status != 200} == MISSING
    assert broken_anchors(pages) == []
    assert [complaint for page in pages.values() if page.text for complaint in page.complaints()] == []
    assert {f"/docs/{path.stem}/" for path in DOCS.glob("*.md") if path.stem != "index"} <= set(pages)


def test_a_page_weighs_little(built: Path) -> None:
    static = built / "dist/static"
    (css,) = static.glob("assets/site.*.css")
    assert css.stat().st_size < 12_000
    sizes = {page.parent.name: page.stat().st_size for page in static.rglob("index.html")}
    assert sizes.pop("isr-guide") < 21_000  # it holds every example
    assert sizes.pop("commands") < 21_000  # it holds every command
    assert {name: size for name, size in sizes.items() if size > 18_000} == {}


def test_a_post_is_rendered_once_and_then_kept_for_its_week(server: Any) -> None:
    first, second = server.get("/blog/nobody-waits/"), server.get("/blog/nobody-waits/")
    assert first.header("cache-status") == "isrgen; fwd=uri-miss; stored"
    assert second.header("cache-status").startswith("isrgen; hit; ttl=3")
    assert second.body == first.body
    assert second.header("cache-control") == "public, max-age=0, must-revalidate"
    assert second.header("cdn-cache-control") == "public, max-age=3600, stale-while-revalidate=604800"


def test_a_post_that_is_not_there_is_the_blogs_own_404(server: Any) -> None:
    reply = server.get("/blog/none/")
    assert reply.status == 404
    assert "<h1>No such post</h1>" in reply.text
    assert "<h1>Page not found</h1>" in server.get("/none/").text


def test_the_listing_keeps_one_page_for_each_tag(server: Any) -> None:
    listing, errors = server.get("/blog/").text, server.get("/blog/?tag=errors").text
    assert "nobody-waits" in listing
    assert "nobody-waits" not in errors
    assert "errors-are-not-pages" in errors


def test_each_preset_has_a_page_that_says_when_it_was_rendered(server: Any) -> None:
    for name, life in PRESETS.items():
        first, second = server.get(f"/examples/{name}/"), server.get(f"/examples/{name}/")
        assert re.search(r"<time datetime=\"\d{4}-\d\d-\d\dT", first.text), name
        if life is None:
            assert second.header("cache-control") == "private, no-store"
            continue
        window = f"max-age={life.fresh}, stale-while-revalidate={life.stale_while_revalidate}"
        assert second.header("cdn-cache-control") == f"public, {window}"
        assert "hit" in second.header("cache-status"), name


def test_the_dashboard_is_shared_until_somebody_signs_in(server: Any) -> None:
    shared = server.get("/dashboard/")
    assert "hit" in server.get("/dashboard/").header("cache-status")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    signed_in = server.request("POST", "/api/sign-in", form, b"user=Ada+%3Cb%3E")
    cookie, *attributes = signed_in.header("set-cookie").split("; ")
    assert (signed_in.status, signed_in.header("location")) == (303, "/dashboard/")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    mine = server.get("/dashboard/", {"Cookie": cookie})
    assert "<h1>Hello, Ada &lt;b&gt;</h1>" in mine.text
    assert mine.header("cache-control") == "private, no-store"
    assert server.get("/dashboard/").body == shared.body
    server.request("POST", "/api/sign-out", {**form, "Cookie": cookie})
    assert "Sign in" in server.get("/dashboard/", {"Cookie": cookie}).text


def test_another_site_cannot_sign_anybody_in(server: Any) -> None:
    for telling in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
        form = {"Content-Type": "application/x-www-form-urlencoded", **telling}
        reply = server.request("POST", "/api/sign-in", form, b"user=Ada")
        assert (reply.status, reply.header("set-cookie")) == (403, ""), telling


def test_a_new_post_is_seen_at_once_everywhere(server: Any) -> None:
    for path in ("/api/posts", "/blog/", "/blog/hello/"):
        assert "Hello" not in server.get(path).text
    body = json.dumps({"title": "Hello", "body": "First.\n\n    code"}).encode()
    added = server.request("POST", "/api/posts", {"Authorization": f"Bearer {TOKEN}"}, body)
    assert (added.status, added.header("location")) == (201, "/blog/hello/")
    assert "<pre><code>code</code></pre>" in server.get("/blog/hello/").text
    for path in ("/api/posts", "/blog/"):
        _until(server, path, "Hello")


def _until(server: Any, path: str, text: str) -> None:
    """The old page may be sent while the new one, started already, renders."""
    for _ in range(1000):
        if text in server.get(path).text:
            return
    raise AssertionError(f"{path} never showed {text!r}")


REFUSED = (
    # authorization, body -> status, words of the answer
    ("", b"{}", 401, "Authorization"),
    ("Bearer wrong", b"{}", 401, "Authorization"),
    (f"Bearer {TOKEN}", b"{", 400, "not JSON"),
    (f"Bearer {TOKEN}", b"\xff", 400, "not JSON"),
    (f"Bearer {TOKEN}", b"[]", 422, "JSON object"),
    (f"Bearer {TOKEN}", b'{"slug": "A B"}', 422, "title is missing"),
    (f"Bearer {TOKEN}", b'{"title": 1, "body": "x"}', 422, "title is not a string"),
    (f"Bearer {TOKEN}", b'{"title": "x", "body": "x", "slug": 7}', 422, "slug is not"),
    (f"Bearer {TOKEN}", b'{"title": "x", "body": "x", "slug": "nobody-waits"}', 409, "nobody-waits"),
)


def test_a_post_that_cannot_be_added_says_why(server: Any) -> None:
    for authorization, body, status, says in REFUSED:
        reply = server.request("POST", "/api/posts", {"Authorization": authorization}, body)
        assert (reply.status, says in reply.text) == (status, True), (body, reply.text)


def test_without_a_token_nothing_can_be_added(built: Path, start: Any, tmp_path: Path) -> None:
    server = start(built, "--no-build", ISRGEN_HOME_DB=str(tmp_path / "home.db"))
    reply = server.request("POST", "/api/posts", {"Authorization": "Bearer "}, b"{}")
    assert reply.status == 503
    assert "ISRGEN_TOKEN" in reply.text


def test_streams_arrive_whole(server: Any) -> None:
    assert server.get("/api/export").text.startswith("slug,title,date,tag,summary,body\r\n")
    assert server.get("/examples/stream/").text.endswith("</html>\n")


def _run(site: Path, code: str, **env: str) -> subprocess.Popen[str]:
    begin = (
        "import sys; from pathlib import Path; from isrgen.http.context import set_data_roots;"
        "sys.path.insert(0, sys.argv[1] + '/content'); set_data_roots(Path(sys.argv[1]));"
    )
    line = [sys.executable, "-c", begin + code, str(site)]
    return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, text=True)


def test_processes_that_start_together_fill_one_database(built: Path, tmp_path: Path) -> None:
    code = "from _lib.posts import all_posts; print(len(all_posts()))"
    running = [_run(built, code, ISRGEN_HOME_DB=str(tmp_path / "new" / "home.db")) for _ in range(4)]
    assert [process.communicate(timeout=60)[0] for process in running] == ["6\n"] * 4


def test_the_database_lies_beside_the_build_state_or_in_the_temporary_folder(tmp_path: Path) -> None:
    code = "from _lib.database import location; print(location())"
    alone = _copy(tmp_path / "alone")
    found = Path(_run(alone, code, TMPDIR=str(tmp_path)).communicate(timeout=60)[0].strip())
    assert (found.name, found.parent.parent) == ("home.db", tmp_path)
    assert found.parent.stat().st_mode & 0o077 == 0
    (alone / ".isrgen").mkdir()
    found = Path(_run(alone, code, TMPDIR=str(tmp_path)).communicate(timeout=60)[0].strip())
    assert found == alone / ".isrgen" / "home.db"


def _plain(text: str) -> str:
    return text.replace("`", "")


def test_the_documentation_has_the_order_of_authority() -> None:
    text = _plain((DOCS / "strategies.md").read_text())
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", text, re.MULTILINE)
    expected = [(str(at), _plain(what).partition(", ")[0]) for at, (_, what) in enumerate(AUTHORITY, 1)]
    assert rows == expected


def test_the_documentation_has_the_order_of_match() -> None:
    text = _plain((DOCS / "files-and-routes.md").read_text())
    assert "\n".join(f"| {what} | {example} |" for _, what, example in PRIORITY) in text


def _commands_of(command: click.Command) -> list[click.Command]:
    return list(command.commands.values()) if isinstance(command, click.Group) else []


def test_the_documentation_has_every_command_and_option() -> None:
    parts = (DOCS / "commands.md").read_text().split("\n## isrgen ")
    documented = {part.split()[0]: set(re.findall(r"--[a-z][a-z-]*", part)) for part in parts[1:]}
    assert set(documented) == set(COMMANDS)
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        params = [*command.params, *(param for sub in _commands_of(command) for param in sub.params)]
        there = {option for param in params for option in [*param.opts, *param.secondary_opts]}
        there = {option for option in there if option.startswith("--")}
        assert documented[name] - there == set(), name
        assert there - {"--debug", "--help", "--site", "--out"} - documented[name] == set(), name


def test_the_documentation_has_every_front_matter_key() -> None:
    table = (DOCS / "front-matter.md").read_text().partition("## Keys")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`([a-z_]+)`", table))
    ours = {field.name for field in fields(FrontMatter)} - {"extra", "template"}
    assert ours - documented == set()


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_the_documentations_python_is_python(page: str) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE):
        ast.parse(block)
