"""What a build keeps for draft visitors, and that nobody else gets any of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from isrgen import config
from isrgen.build import build
from isrgen.manifest import Manifest
from isrgen.site.snapshot import Snapshot
from isrgen.site.view import SiteView

MakeSite = Callable[[Mapping[str, "str | bytes"]], Path]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LAYOUT = "{% for p in site.pages %}{{ p.title }} {% endfor %}|{{ content }}"
FILES = {
    "templates/page.html": LAYOUT,
    "content/index.md": "# Home",
    "content/blog/tea.md": "---\ntitle: Tea\n---\ntext",
    "content/blog/secret.md": "---\ntitle: Secret\ndraft: true\ntags: [hush]\n---\nwhisper",
    "content/blog/soon.md": "---\ntitle: Soon\ndate: 2026-07-01\n---\nscheduled text",
    "content/blog/later+ssr.md": "---\ntitle: Later\ndate: 2026-07-01\ncache: hourly\n---\nlater text",
    "content/blog/gone.md": "---\ntitle: Gone\ndraft: true\nexpires_at: 2026-01-01\n---\nexpired text",
    "content/drafted+ssr.html": "---\ntitle: Loaded\ndraft: true\n---\n{{ n }}",
    "content/drafted+ssr.py": "from _lib.n import n\ndef loader():\n    return {'n': n}\n",
    "content/_lib/n.py": "n = 1\n",
}


def run(site: Path, **options: object) -> Manifest:
    given = {"out": site / "dist", "now": NOW, "jobs": 1, **options}
    return build(config.load(site), **given).manifest  # type: ignore[arg-type]


def everything(folder: Path) -> str:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz")
    return "\n".join(f"{path.relative_to(folder)}\n{path.read_text(errors='replace')}" for path in files)


def test_drafts_and_static_pages_to_come_have_routes_for_draft_visitors_alone(make_site: MakeSite) -> None:
    site = make_site(FILES)
    manifest = run(site)
    assert [str(route.pattern) for route in manifest.previews] == [
        "/blog/secret/",
        "/blog/soon/",
        "/drafted/",
    ]
    assert {str(route.pattern) for route in manifest.routes} == {"/", "/blog/tea/", "/blog/later/"}
    assert {route.strategy.value for route in manifest.previews} == {"SSR"}
    assert (site / "dist/server/content/drafted+ssr.py").is_file()
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_nothing_of_them_is_among_the_files_nor_in_what_a_cdn_is_told(make_site: MakeSite) -> None:
    site = make_site(FILES)
    run(site)
    told = everything(site / "dist/static") + (site / "dist/cdn.json").read_text()
    for word in ("Secret", "secret", "hush", "Soon", "soon", "scheduled", "whisper", "drafted", "Gone"):
        assert word not in told


def test_the_snapshot_hides_them_from_every_visitor_at_every_time(make_site: MakeSite) -> None:
    site = make_site(FILES)
    run(site)
    snapshot = Snapshot.read(site / "dist/server")
    far = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    public = SiteView(snapshot, far)
    assert {page.title for page in public.pages} == {"", "Tea", "Later"}
    assert (public.page("/blog/soon/"), public.page("/blog/secret/"), list(public.taxonomies["tags"])) == (
        *(None, None),
        [],
    )
    draft = SiteView(snapshot, NOW.timestamp(), drafts=True, future=True)
    assert {page.title for page in draft.pages} == {"", "Tea", "Later", "Soon", "Secret", "Loaded"}
    found = draft.page("/blog/soon/")
    assert found is not None
    assert "scheduled text" in found.content
    assert found.draft is False


def test_what_is_wrong_in_a_draft_is_told_when_drafts_are_built(make_site: MakeSite) -> None:
    """A draft may be half-written: no other page waits for it, and it is left out where it cannot be made."""
    site = make_site(
        {
            **FILES,
            "content/blog/links.md": "---\ntitle: Links\ndraft: true\n---\n[there](nowhere.md)",
            "content/blog/code.md": "---\ntitle: Code\ndraft: true\n---\n{{< nothing >}}",
            "content/broken.html": "---\ntitle: Broken\ndraft: true\n---\n{% if %}",
            "content/lost.html": "---\ntitle: Lost\ndraft: true\n---\n{% include 'nowhere.html' %}",
        }
    )
    patterns = {str(route.pattern) for route in run(site).previews}
    assert "/blog/links/" in patterns
    assert not {"/broken/", "/lost/"} & patterns


def test_a_build_with_drafts_holds_nothing_back_but_what_is_to_come(make_site: MakeSite) -> None:
    site = make_site(FILES)
    assert [route.source for route in run(site, drafts=True).previews] == ["content/blog/soon.md"]
    assert run(site, drafts=True, future=True).previews == ()


def test_a_link_from_a_page_to_the_heading_of_one_to_come_is_as_good_as_before(make_site: MakeSite) -> None:
    site = make_site({**FILES, "content/a.md": "[soon](blog/soon.md#nowhere)"})
    run(site)
    assert "blog/soon" in (site / "dist/static/a/index.html").read_text()
