"""A whole build: what lands in ``dist/``, and that a build without problems is the only one that lands."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isrgen import config
from isrgen.build import BuildResult, build
from isrgen.build.output import tree_digest
from isrgen.errors import IsrgenError
from isrgen.manifest import Manifest
from isrgen.site.snapshot import Snapshot

MakeSite = Callable[[Mapping[str, "str | bytes"]], Path]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LAYOUT = "<!doctype html><title>{{ page.title }}</title>{{ content }}"


def run(site: Path, **options: object) -> BuildResult:
    given = {"out": site / "dist", "now": NOW, "jobs": 1, **options}
    return build(config.load(site), **given)  # type: ignore[arg-type]


def output(site: Path) -> list[str]:
    static = site / "dist" / "static"
    files = (path for path in static.rglob("*") if path.is_file() and path.suffix != ".gz")
    return sorted(path.relative_to(static).as_posix() for path in files)


def test_every_static_page_becomes_a_file_and_every_other_file_is_copied(make_site: MakeSite) -> None:
    site = make_site(
        {
            "templates/page.html": LAYOUT,
            "content/index.md": "# Home",
            "content/tea/index.md": "![](leaf.png)",
            "content/tea/leaf.png": b"png",
            "content/blog/[slug]+ssr.html": "{{ params.slug }}",
            "static/robots.txt": "User-agent: *",
            "assets/site.css": "a{}",
        }
    )
    result = run(site)
    assert output(site) == [
        "404.html",
        "assets/site.5f546eb4.css",
        "index.html",
        "robots.txt",
        "sitemap.xml",
        "tea/index.html",
        "tea/leaf.png",
    ]
    assert result.made == 7


def test_trailing_slash_never_writes_about_html(make_site: MakeSite) -> None:
    files = {"isrgen.toml": 'trailing_slash = "never"', "content/index.md": "a", "content/tea/green.md": "b"}
    site = make_site({**files, "templates/page.html": LAYOUT})
    run(site)
    assert "tea/green.html" in output(site)
    urls = {file.path: file.url for file in read_manifest(site).files}
    assert (urls["tea/green.html"], urls["index.html"]) == ("/tea/green", "/")


def read_manifest(site: Path) -> Manifest:
    return Manifest.from_json((site / "dist" / "manifest.json").read_text())


def test_static_params_give_one_page_each(make_site: MakeSite) -> None:
    module = 'def static_params():\n    return [{"slug": "green"}, {"slug": "thé noir"}]\n'
    site = make_site(
        {"content/tea/[slug]+ssg.html": "{{ params.slug }}", "content/tea/[slug]+ssg.py": module}
    )
    run(site)
    assert "tea/green/index.html" in output(site)
    assert (site / "dist/static/tea/thé noir/index.html").read_text() == "thé noir"
    assert "/tea/th%C3%A9%20noir/" in {file.url for file in read_manifest(site).files}


def test_a_loader_runs_at_build_time_for_a_static_page(make_site: MakeSite) -> None:
    loader = "async def loader(site):\n    return {'count': len(site.pages)}\n"
    site = make_site({"content/a.html": "{{ count }}", "content/a.py": loader, "content/b.md": "b"})
    run(site)
    assert (site / "dist/static/a/index.html").read_text() == "2"


def test_isr_pages_with_static_params_are_seeded(make_site: MakeSite) -> None:
    front = "---\ncache: hourly\n---\n"
    module = 'def static_params():\n    return [{"slug": "green"}]\n'
    site = make_site(
        {"content/tea/[slug]+ssr.html": front + "{{ params.slug }}", "content/tea/[slug]+ssr.py": module}
    )
    run(site)
    (seed,) = read_manifest(site).seeds
    assert (seed.path, seed.lifetime.fresh) == ("/tea/green/", 3600)
    assert (site / "dist/server" / seed.file).read_text() == "green"


def test_a_seed_is_tagged_and_ends_with_the_minute_of_what_it_lists_whenever_it_was_built(
    make_site: MakeSite,
) -> None:
    front = "---\ncache: {s-maxage: 1d, tags: [own]}\n---\n"
    module = 'def static_params():\n    return [{"slug": "green"}]\n'
    site = make_site(
        {
            "content/tea/[slug]+ssr.html": front + "{{ site.pages | length }}{{ data.menu }}",
            "content/tea/[slug]+ssr.py": module,
            "content/soon+ssr.md": "---\npublish_at: 2026-06-01T18:00:00Z\n---\nsoon",
            "data/menu.json": "[1]",
            "templates/page.html": LAYOUT,
        }
    )
    run(site)
    (seed,) = read_manifest(site).seeds
    assert (seed.lifetime.fresh, seed.until) == (86400, datetime(2026, 6, 1, 18, tzinfo=UTC).timestamp())
    assert seed.tags[:2] == ("own", "page:/tea/green/")
    assert {"site:pages", "data:menu", "template:templates/page.html"} < set(seed.tags)
    first = tree_digest(site / "dist")
    run(site, now=datetime(2026, 6, 1, 15, tzinfo=UTC))
    assert tree_digest(site / "dist") == first


def test_a_page_is_tagged_with_what_its_shortcodes_read(make_site: MakeSite) -> None:
    site = make_site(
        {
            "content/a+ssr.md": "{{< menu >}}",
            "content/b+ssr.md": "plain",
            "templates/shortcodes/menu.html": "{{ data.menu }}",
            "data/menu.json": "[1]",
        }
    )
    run(site)
    entries = Snapshot.read(site / "dist/server").entries
    read = ("page:/a/", "data:menu", "template:templates/shortcodes/menu.html")
    assert (entries["content/a+ssr.md"].inputs, entries["content/b+ssr.md"].inputs) == (read, ())


def test_a_page_that_varies_is_not_seeded_for_every_language_at_once(make_site: MakeSite) -> None:
    module = 'def static_params():\n    return [{"slug": "green"}]\n'
    body = "---\ncache: hourly\n---\n{{ request.headers.get('Accept-Language') }}"
    site = make_site({"content/[slug]+ssr.html": body, "content/[slug]+ssr.py": module})
    run(site)
    assert read_manifest(site).seeds == ()


def test_a_not_found_page_that_cannot_be_rendered_is_a_problem(make_site: MakeSite) -> None:
    site = make_site({"content/+not-found.html": "\n{{ 1 / 0 }}", "content/a.md": "a"})
    with pytest.raises(IsrgenError, match=r"content/\+not-found\.html:2: .*division by zero"):
        run(site)


SITE: dict[str, str | bytes] = {
    "isrgen.toml": 'title = "Tea"\n[extra]\nb = 1\na = 2\n',
    "templates/page.html": LAYOUT + "{% for p in site.pages %}{{ p.url }}{% endfor %}{{ asset('a.css') }}",
    "assets/a.css": "a{}",
    "content/index.md": "# Home\n\n[tea](tea.md#brew)\n",
    "content/tea.md": "---\ntags: [b, a]\n---\n# Tea\n\n## Brew\n\n```python\nx = 1\n```\n" + "Tea. " * 300,
    "content/blog/[slug]+ssr.html": "{% set a = 1 %}{% set b = 2 %}{{ a }}{{ b }}{{ params.slug }}",
    "content/api/x+api.py": "def GET():\n    return {}\n",
    "data/teas.yaml": "b: 1\na: [1, 2]\n",
}


def test_two_builds_of_one_tree_give_the_same_bytes(make_site: MakeSite) -> None:
    site = make_site(SITE)
    digests = set()
    for seed in ("0", "1", "2"):
        command = [sys.executable, "-m", "isrgen.cli", "build", "--clean", "--site", str(site)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        digests.add(tree_digest(site / "dist"))
    assert len(digests) == 1


def test_a_build_with_known_markdown_gives_the_same_bytes_as_a_clean_one(make_site: MakeSite) -> None:
    site = make_site(SITE)
    run(site)
    first = tree_digest(site / "dist")
    run(site)
    assert tree_digest(site / "dist") == first


def test_known_markdown_is_not_rendered_again_unless_the_build_is_clean(make_site: MakeSite) -> None:
    site = make_site(SITE)
    run(site)
    with sqlite3.connect(site / ".isrgen/build.sqlite") as database:
        database.execute("UPDATE markup SET value = replace(value, 'Tea. Tea.', 'From before.')")
    database.close()
    page = site / "dist/static/tea/index.html"
    run(site)
    assert "From before." in page.read_text()
    run(site, clean=True)
    assert "From before." not in page.read_text()


def test_what_was_made_and_what_stayed_the_same_is_counted(make_site: MakeSite) -> None:
    site = make_site({"content/a.md": "a", "content/b.md": "b", "templates/page.html": LAYOUT})
    made = run(site)
    (site / "content/a.md").write_text("other")
    again = run(site)
    assert ((made.made, made.reused), (again.made, again.reused)) == ((4, 0), (1, 3))


def test_future_pages_come_early_and_expired_ones_stay_away(make_site: MakeSite) -> None:
    site = make_site(
        {
            "content/a.md": "---\ndate: 2026-12-24\n---\na",
            "content/b.md": "---\nexpires_at: 2026-05-01\n---\nb",
            "content/c.md": "---\npublish_at: 2026-05-01\ndate: 2026-12-24\n---\nc",
        }
    )
    run(site)
    assert "c/index.html" in output(site)
    run(site, future=True)
    assert output(site) == ["404.html", "a/index.html", "c/index.html", "sitemap.xml"]


def test_a_template_that_a_module_names_has_an_empty_content_under_strict(make_site: MakeSite) -> None:
    module = 'template = "page.html"\ndef loader():\n    return {}\n'
    site = make_site({"content/a.py": module, "templates/page.html": "<p>{{ content }}</p>"})
    run(site, strict=True)
    assert (site / "dist/static/a/index.html").read_text() == "<p></p>"


def test_a_changed_heading_elsewhere_is_seen_by_the_page_that_links_to_it(make_site: MakeSite) -> None:
    site = make_site(SITE)
    run(site)
    (site / "content/tea.md").write_text("# Tea\n\n## Steep\n")
    with pytest.raises(IsrgenError, match=r"content/index\.md:3"):
        run(site)


def test_many_jobs_give_the_same_bytes_as_one(make_site: MakeSite) -> None:
    pages = {f"content/p{number}.md": f"# {number}\n\n[home](index.md)" for number in range(150)}
    site = make_site({**SITE, **pages})
    run(site, clean=True)
    first = tree_digest(site / "dist")
    run(site, clean=True, jobs=2)
    assert tree_digest(site / "dist") == first


def test_a_failed_build_leaves_the_last_good_output_as_it_was(make_site: MakeSite) -> None:
    site = make_site(SITE)
    run(site)
    before = tree_digest(site / "dist")
    (site / "content/bad.py").write_text("def loader():\n    raise ValueError('no tea')\n")
    (site / "content/bad.html").write_text("x")
    with pytest.raises(IsrgenError, match=r"content/bad\.py:2: .*no tea"):
        run(site)
    assert tree_digest(site / "dist") == before


def test_all_problems_of_a_build_are_told_in_one_run(make_site: MakeSite) -> None:
    site = make_site(
        {
            "templates/page.html": "{{ content }}{% if %}",
            "assets/a.css": "a{b:url(no.png)}",
            "content/a.md": "[x](nowhere.md)",
            "content/b.md": "a\n\n{{< nothing >}}",
        }
    )
    with pytest.raises(IsrgenError) as caught:
        run(site)
    assert [problem.where for problem in caught.value.problems] == [
        "assets/a.css:1",
        "content/a.md:1",
        "content/b.md:3",
        "templates/page.html:1",
    ]


def test_mistakes_in_files_links_anchors_and_loaders_are_told_together(make_site: MakeSite) -> None:
    site = make_site(
        {
            "content/a.md": "---\ndate: someday\n---\na",
            "content/b.md": "[a](a.md) [no](no.md) [c](c.md#no)",
            "content/c.md": "c",
            "content/d.html": "d",
            "content/d.py": "def loader():\n    return 1 / 0\n",
            "content/lost.py": "x = 1\n",
        }
    )
    with pytest.raises(IsrgenError) as caught:
        run(site)
    assert [(problem.where, problem.message.split()[-1]) for problem in caught.value.problems] == [
        ("content/a.md:2", "date."),
        ("content/b.md:1", "nowhere."),
        ("content/b.md:1", "content/c.md."),
        ("content/d.py:2", "zero."),
        ("content/lost.py", "name."),
    ]


@pytest.mark.parametrize("option", ["drafts", "future"])
def test_drafts_and_unpublished_bodies_never_reach_the_output_unless_asked(
    make_site: MakeSite, option: str
) -> None:
    line = {"drafts": "draft: true", "future": "publish_at: 2026-07-01"}[option]
    site = make_site({"content/a.md": "a", "content/b.md": f"---\n{line}\n---\nsecret tea"})
    run(site)
    assert not any(b"secret tea" in p.read_bytes() for p in (site / "dist/static").rglob("*") if p.is_file())
    run(site, **{option: True})
    assert "b/index.html" in output(site)


def test_the_build_says_when_a_static_page_next_appears_or_goes(make_site: MakeSite) -> None:
    site = make_site(
        {
            "content/a.md": "---\npublish_at: 2026-07-01T09:00:00Z\n---\na",
            "content/b.md": "---\nexpires_at: 2026-06-15\n---\nb",
            "content/c.md": "---\nexpires_at: 2026-05-01\n---\nc",
        }
    )
    assert run(site, future=True).next_build == datetime(2026, 6, 15, tzinfo=UTC)
    (site / "content/b.md").write_text("---\nexpires_at: 2026-07-15\n---\nb")
    assert run(site, future=True).next_build == datetime(2026, 7, 15, tzinfo=UTC)
    assert run(site).next_build == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert output(site) == ["404.html", "b/index.html", "sitemap.xml"]


def test_a_page_on_demand_that_static_pages_may_list_counts_for_the_next_build(make_site: MakeSite) -> None:
    later = "---\npublish_at: 2030-01-01\ncache: hourly\n---\nb"
    site = make_site({"content/a.md": "a", "content/b+ssr.md": later})
    assert run(site).next_build == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_static_page_that_reads_the_visitor_is_a_warning_and_an_error_under_strict(
    make_site: MakeSite,
) -> None:
    site = make_site({"content/a.html": "\n{{ request.cookies.get('theme') }}"})
    (warning,) = run(site).warnings
    assert str(warning).startswith("content/a.html:2: A static page reads the cookie 'theme'")
    with pytest.raises(IsrgenError, match="reads the cookie"):
        run(site, strict=True)


def test_the_cdn_file_says_for_each_route_what_a_cache_needs(make_site: MakeSite) -> None:
    cache = "{s-maxage: 1h, stale-while-revalidate: 1d, query: [page], bypass-cookies: [session]}"
    site = make_site({"content/blog+ssr.md": f"---\ncache: {cache}\n---\n", "content/index.md": ""})
    run(site)
    (route,) = json.loads((site / "dist/cdn.json").read_text())["routes"]
    assert route["cache"] == {"s-maxage": 3600, "stale-while-revalidate": 86400, "stale-if-error": 0}
    assert route["key"]["query"] == ["page"]
    assert route["bypass"] == {"cookies": ["session"], "headers": ["Authorization"]}


def test_a_header_rule_reaches_pages_and_files(make_site: MakeSite) -> None:
    rule = '[[rules]]\npath = "/docs/**"\nheaders = { X-Robots-Tag = "noindex" }\n'
    site = make_site(
        {"isrgen.toml": rule, "content/docs/a.md": "a", "content/docs/a.txt": b"x", "content/b.md": "b"}
    )
    run(site)
    headers = {file.path: dict(file.headers) for file in read_manifest(site).files}
    assert headers["docs/a/index.html"] == headers["docs/a.txt"] == {"X-Robots-Tag": "noindex"}
    assert headers["b/index.html"] == {}


def test_the_cdn_file_spells_parameters_one_way(make_site: MakeSite) -> None:
    rule = '[[redirects]]\nfrom = "/old/[slug]/"\nto = "/tea/[slug]/"\n'
    site = make_site({"isrgen.toml": rule, "content/tea/[slug]+ssr.html": ""})
    run(site)
    (redirect,) = json.loads((site / "dist/cdn.json").read_text())["redirects"]
    assert (redirect["from"], redirect["to"]) == ("/old/{slug}/", "/tea/{slug}/")


def test_files_named_in_the_configuration_go_to_the_server(make_site: MakeSite) -> None:
    site = make_site(
        {"isrgen.toml": '[server]\ninclude = ["data/tea.csv"]', "data/tea.csv": "a", "content/a.md": ""}
    )
    run(site)
    assert (site / "dist/server/files/data/tea.csv").read_text() == "a"
    (site / "data/tea.csv").unlink()
    with pytest.raises(IsrgenError, match=r"isrgen\.toml.*data/tea\.csv"):
        run(site)


def test_an_alias_may_leave_out_its_first_slash(make_site: MakeSite) -> None:
    site = make_site({"content/tea.md": "---\naliases: [2015/01/tea.html, /cha/]\n---\na"})
    run(site)
    sources = [str(redirect.source) for redirect in read_manifest(site).redirects]
    assert sorted(sources) == ["/2015/01/tea.html", "/cha/"]


def test_a_page_rendered_ahead_that_tells_visitors_apart_is_a_warning_and_an_error_under_strict(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    module = """
def static_params():
    return [{"slug": "green"}]

def loader(request):
    return {"who": request.cookies.get("session")}
"""
    site = make_site(
        {"content/[slug]+ssr.html": "---\ncache: hourly\n---\n{{ who }}", "content/[slug]+ssr.py": module}
    )
    run(site)
    (record,) = caplog.records
    assert "content/[slug]+ssr.py:6: This reads the cookie `session`" in record.getMessage()
    assert read_manifest(site).seeds == ()
    with pytest.raises(IsrgenError) as caught:
        run(site, strict=True)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("content/[slug]+ssr.py", 6)
    assert "bypass-cookies: [session]" in problem.hint
