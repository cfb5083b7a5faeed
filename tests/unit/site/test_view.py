"""What templates see of a site at one moment."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from jinja2 import Environment

from isrgen.site.entry import Entry, Heading
from isrgen.site.snapshot import Facts, Snapshot
from isrgen.site.view import SiteView


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def at(number: int) -> float:
    return day(number).timestamp()


def post(name: str, number: int | None = None, **more: Any) -> Entry:
    date = None if number is None else day(number)
    facts = {"title": name.title(), "section": "blog", "date": date, "url": f"/blog/{name}/"} | more
    return Entry(f"content/blog/{name}.md", **facts)


ENTRIES = (
    Entry("content/index.md", url="/", title="Home"),
    Entry("content/blog/index.md", url="/blog/", title="Blog", section="blog"),
    post("old", 1, tags=("tea", "cups")),
    post("new", 5, tags=("tea",), extra={"colour": "red", "title": "never this"}),
    post("same", 5, weight=-1),
    post("secret", 2, draft=True, tags=("hush",)),
    post("coming", 20, tags=("soon",)),
    post("later", 3, publish_at=day(15)),
    post("ended", 4, expires_at=day(8)),
    post("ending", 4, expires_at=day(12)),
    Entry("content/blog/[slug]+ssr.html", section="blog", title="Any"),
    Entry("content/+not-found.md", url="/404", listed=False),
    Entry("content/docs/b.md", url="/docs/b/", title="B", section="docs", weight=2),
    Entry("content/docs/a.md", url="/docs/a/", title="A", section="docs", weight=2),
    Entry("content/docs/first.md", url="/docs/first/", title="Z", section="docs", weight=1),
)


def view(now: float = at(10), *, facts: Facts | None = None, **more: Any) -> SiteView:
    facts = facts or Facts("Teas", "https://example.org", "en", {"author": "Ann"})
    return SiteView(Snapshot(facts, {each.source: each for each in ENTRIES}, {"menu": [1]}), now, **more)


def titles(pages: Any) -> str:
    return " ".join(page.title for page in pages)


def test_pages_are_the_newest_first_then_by_weight_and_title():
    assert titles(view().pages) == "Same New Ending Old Blog Home Z A B"


def test_a_collection_is_a_folder_without_its_index_page():
    site = view()
    assert list(site.collections) == ["blog", "docs"]
    assert titles(site.collections["blog"]) == "Same New Ending Old"
    assert titles(site.collections["docs"]) == "Z A B"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2, "Old"),
        (6, "Same New Ended Ending Old"),
        (10, "Same New Ending Old"),
        (30, "Coming Same New Later Old"),
    ],
)
def test_drafts_and_what_is_not_out_at_the_moment_are_hidden(number, expected):
    assert titles(view(at(number)).collections["blog"]) == expected


def test_drafts_and_the_future_show_on_request():
    shown = "Coming Same New Ending Later Secret Old"
    assert titles(view(drafts=True, future=True).collections["blog"]) == shown
    assert titles(view(facts=Facts(drafts=True, future=True)).collections["blog"]) == shown
    assert "Secret" not in titles(view(future=True).pages)


def test_terms_of_hidden_pages_are_hidden_too():
    tags = view().taxonomies["tags"]
    assert list(tags) == ["cups", "tea"]
    assert len(tags) == 2
    assert titles(tags["tea"]) == "New Old"
    assert "soon" not in tags
    assert "hush" not in tags
    assert "soon" in view(at(21)).taxonomies["tags"]


def test_a_page_is_found_by_url_with_or_without_its_slash_and_by_source():
    site = view()
    for name in ("/blog/old/", "/blog/old", "content/blog/old.md"):
        page = site.page(name)
        assert page is not None
        assert page.title == "Old"
    assert site.page("/") == site.page("content/index.md")
    assert site.page("/nowhere/") is None


def test_a_hidden_page_is_not_found_but_is_there_while_it_is_rendered():
    site = view()
    assert site.page("/blog/secret/") is None
    assert site.page("/blog/coming/") is None
    assert site.current("content/blog/coming.md").title == "Coming"


def test_a_page_has_its_facts_and_its_other_keys():
    page = view().current("content/blog/new.md")
    assert (page.title, page.colour, page.extra["title"]) == ("New", "red", "never this")
    with pytest.raises(AttributeError, match=r"content/blog/new\.md has no 'nope'"):
        _ = page.nope


def test_the_site_has_its_facts_and_its_other_keys():
    site = view()
    assert (site.title, site.base_url, site.language, site.author, site.data) == (
        *("Teas", "https://example.org", "en", "Ann"),
        {"menu": [1]},
    )
    with pytest.raises(AttributeError, match="the site has no 'nope'"):
        _ = site.nope


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("content/blog/new.md", "Ending", "Same"),
        ("content/blog/old.md", None, "Ending"),
        ("content/blog/same.md", "New", None),
        ("content/docs/a.md", "Z", "B"),
        ("content/docs/first.md", None, "A"),
        ("content/docs/b.md", "A", None),
        ("content/blog/secret.md", None, None),
        ("content/index.md", None, None),
    ],
)
def test_neighbours_follow_time_for_dated_pages_and_weight_for_the_others(source, before, after):
    page = view().current(source)
    assert (page.prev and page.prev.title, page.next and page.next.title) == (before, after)


def test_dated_and_undated_pages_of_a_collection_are_not_neighbours():
    entries = (post("dated", 1), post("plain"))
    site = SiteView(Snapshot(entries={each.source: each for each in entries}), at(10))
    for entry in entries:
        page = site.current(entry.source)
        assert (page.prev, page.next) == (None, None)


READS = [
    (lambda site: None, None),
    (lambda site: site.title, None),
    (lambda site: site.pages, at(12)),
    (lambda site: site.collections["blog"], at(12)),
    (lambda site: site.collections["docs"], None),
    (lambda site: site.collections, None),
    (lambda site: list(site.taxonomies["tags"]), at(20)),
    (lambda site: site.taxonomies["tags"]["tea"], None),
    (lambda site: "soon" in site.taxonomies["tags"], at(20)),
    (lambda site: site.page("/blog/later/"), at(15)),
    (lambda site: site.page("/blog/ended/"), None),
    (lambda site: site.current("content/blog/ending.md"), at(12)),
    (lambda site: site.current("content/docs/a.md").next, None),
    (lambda site: site.current("content/blog/old.md").next, at(12)),
]


@pytest.mark.parametrize(("read", "expected"), READS)
def test_the_next_change_is_that_of_what_was_read(read, expected):
    site = view()
    read(site)
    assert site.next_change == expected


TAGS = [
    (lambda site: site.title, ()),
    (lambda site: site.collections["blog"], ("collection:blog",)),
    (lambda site: list(site.collections["blog"]), ("collection:blog",)),
    (lambda site: "nope" in site.collections, ("collection:nope",)),
    (lambda site: list(site.collections), ("site:pages",)),
    (lambda site: site.pages, ("site:pages", "collection:blog", "collection:docs")),
    (lambda site: site.taxonomies["tags"]["tea"], ("term:tags/tea",)),
    (lambda site: site.taxonomies["tags"].get("nope"), ("term:tags/nope",)),
    (lambda site: site.page("/blog/old"), ("page:/blog/old/",)),
    (lambda site: site.page("content/blog/old.md"), ("page:/blog/old/",)),
    (lambda site: site.page("/blog/coming/"), ("page:/blog/coming/",)),
    (lambda site: site.page("/blog/nope"), ("page:/blog/nope", "page:/blog/nope/")),
    (lambda site: site.page("content/nope.md"), ("page:content/nope.md",)),
    (lambda site: site.current("content/blog/[slug]+ssr.html"), ("page:content/blog/[slug]+ssr.html",)),
    (lambda site: site.current("content/index.md").next, ("page:/", "site:pages")),
    (lambda site: site.current("content/blog/old.md").next, ("page:/blog/old/", "collection:blog")),
    (lambda site: site.data["menu"], ("data:menu",)),
    (lambda site: site.data.get("nope"), ("data:nope",)),
    (lambda site: "menu" in site.data, ("data:menu",)),
    *(
        (read, ("site:data", "data:menu"))
        for read in (
            lambda site: list(site.data),
            lambda site: len(site.data),
            lambda site: bool(site.data),
            lambda site: site.data == {},
            lambda site: {**site.data},
            lambda site: dict(site.data),
            lambda site: site.data | {},
            lambda site: {} | site.data,
            lambda site: str(site.data),
            lambda site: f"{site.data}",
            lambda site: json.dumps(site.data),
            lambda site: deepcopy(site.data),
            lambda site: site.data.copy(),
            lambda site: list(reversed(site.data)),
            lambda site: [*site.data.items()],
            lambda site: [*site.data.values()],
        )
    ),
]


@pytest.mark.parametrize(("read", "expected"), TAGS)
def test_what_is_read_is_a_tag_and_so_is_what_is_not_there(read, expected):
    site = view()
    read(site)
    assert site.reads == expected


def test_a_list_of_a_thousand_pages_is_one_tag():
    entries = [post(f"p{number}", 1) for number in range(1000)]
    site = SiteView(Snapshot(entries={each.source: each for each in entries}), at(10))
    assert len([page.title for page in site.collections["blog"]]) == 1000
    assert site.reads == ("collection:blog",)


def test_what_the_text_of_a_page_was_made_from_counts_where_the_text_is_shown():
    made = post("made", 1, content="<p>x</p>", summary="x", inputs=("data:menu",))
    snapshot = Snapshot(entries={made.source: made})
    for read in ("content", "summary"):
        site = SiteView(snapshot, at(10))
        (page,) = site.collections["blog"]
        assert page.title == "Made"
        assert site.reads == ("collection:blog",)
        getattr(page, read)
        assert site.reads == ("collection:blog", "data:menu")


HELD = (
    post("public", 1, url="/blog/tea/"),
    post("better", 2, url="/blog/tea/", draft=True, tags=("hush",)),
    post("unbuilt", 1, held=True, publish_at=day(5)),
    Entry("content/plans/one.md", url="/plans/one/", title="Plan", section="plans", draft=True),
)


def test_no_look_up_finds_a_draft_for_a_visitor_and_each_finds_it_for_a_draft_visitor():
    snapshot = Snapshot(entries={each.source: each for each in HELD})
    public, draft = (SiteView(snapshot, at(10), drafts=shows, future=shows) for shows in (False, True))
    for site, expected in ((public, "Public"), (draft, "Better Public Unbuilt Plan")):
        assert titles(site.pages) == expected
        assert [*site.collections] == ["blog", "plans"][: 1 + (site is draft)]
        assert ("plans" in site.collections) is (site is draft)
        assert [*site.taxonomies["tags"]] == ["hush"][: site is draft]
        assert bool(site.page("/plans/one/")) is (site is draft)
        assert bool(site.page("/blog/unbuilt/")) is (site is draft)
        assert bool(site.page("content/blog/better.md")) is (site is draft)
        assert site.page("/blog/tea/").title == ("Better" if site is draft else "Public")
        assert [page.title for page in site.pages if page.next] == (
            ["Public", "Unbuilt"] if site is draft else []
        )
    assert not any("plans" in tag for tag in SiteView(snapshot, at(10)).reads)
    assert public.next_change is None


def test_views_of_one_snapshot_do_not_see_each_other_s_moment():
    snapshot = Snapshot(entries={each.source: each for each in ENTRIES})
    seen = [len(SiteView(snapshot, at(number)).pages) for number in (2, 30, 2, 10, 30)]
    assert seen[0] == seen[2]
    assert seen[1] == seen[4]
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{{ site.pages|length }}", "9"),
        ("{{ site.pages[:2]|map(attribute='title')|join(',') }}", "Same,New"),
        ("{{ (site.pages|last).title }}", "B"),
        ("{{ site.collections.blog[0].url }}", "/blog/same/"),
        ("{{ site.collections.nope }}{{ site.nope }}{{ site.pages[0].nope }}", ""),
        ("{% for page in site.pages if page.tags %}{{ page.title }} {% endfor %}", "New Old "),
        ("{{ site.pages|selectattr('colour', 'defined')|map(attribute='colour')|first }}", "red"),
        (
            "{% for tag, pages in site.taxonomies.tags.items() %}{{ tag }}{{ pages|length }} {% endfor %}",
            "cups1 tea2 ",
        ),
        ("{{ site.pages[0] == site.page('/blog/same/') }}", "True"),
    ],
)
def test_lists_of_pages_work_in_templates(source, output):
    assert Environment(autoescape=True).from_string(source).render(site=view()) == output


def test_what_is_html_already_is_not_escaped_again():
    entry = Entry(
        "content/a.md",
        url="/a/",
        title="A & B",
        content="<p>&amp;</p>",
        summary="<p>s</p>",
        toc=(Heading("x", "X & Y", 2, (Heading("z", "Z", 3),)),),
    )
    page = SiteView(Snapshot(entries={entry.source: entry}), 0).current(entry.source)
    source = "{{ page.title }} {{ page.content }} {{ page.summary }} {{ page.summary|striptags }}"
    template = Environment(autoescape=True).from_string(source)
    assert template.render(page=page) == "A &amp; B <p>&amp;</p> <p>s</p> s"
    assert Environment(autoescape=True).from_string("{{ page.toc }}").render(page=page) == (
        '<ul><li><a href="#x">X &amp; Y</a><ul><li><a href="#z">Z</a></li></ul></li></ul>'
    )
    assert [heading.id for heading in page.toc] == ["x"]


def test_a_large_site_makes_a_view_without_touching_its_pages():
    made = 0

    class Counting(dict[str, Entry]):
        def values(self) -> Any:
            nonlocal made
            made += 1
            return super().values()

    snapshot = Snapshot(entries={each.source: each for each in ENTRIES})
    object.__setattr__(snapshot, "entries", Counting(snapshot.entries))
    for now in range(100):
        _ = SiteView(snapshot, float(now)).pages
    assert made == 1
