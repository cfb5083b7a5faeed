"""What names below ``content/`` say."""

from __future__ import annotations

from datetime import date

import pytest

from isrgen.routing.strategy import Mode
from isrgen.site.names import BadNameError, Name, parse_file, parse_folder, suffixless

FILES = [
    ("index", Name("")),
    ("index+ssr", Name("", Mode.SSR)),
    ("about", Name("about")),
    ("about+ssg", Name("about", Mode.SSG)),
    ("posts+api", Name("posts", Mode.API)),
    ("[slug]+ssr", Name("[slug]", Mode.SSR)),
    ("[...path]", Name("[...path]")),
    ("2026-03-01-tea", Name("tea", day=date(2026, 3, 1))),
    ("2026-03-01-tea+ssr", Name("tea", Mode.SSR, date(2026, 3, 1))),
    ("2026-03-01", Name("2026-03-01")),
    ("+not-found", Name("", not_found=True)),
    ("(draft)", Name("(draft)")),
]


@pytest.mark.parametrize(("stem", "name"), FILES)
def test_a_file_name_is_segment_mode_and_date(stem: str, name: Name) -> None:
    assert parse_file(stem) == name


FOLDERS = [
    ("blog", Name("blog")),
    ("(marketing)", Name("")),
    ("(members)+ssr", Name("", Mode.SSR)),
    ("dashboard+ssr", Name("dashboard", Mode.SSR)),
    ("2026-03-01-tea", Name("tea", day=date(2026, 3, 1))),
    ("[lang]", Name("[lang]")),
    ("index", Name("index")),
]


@pytest.mark.parametrize(("folder", "name"), FOLDERS)
def test_a_folder_name_may_be_a_group(folder: str, name: Name) -> None:
    assert parse_folder(folder) == name


BAD = [
    "about+",
    "about+srr",
    "about+SSR",
    "about+ssg+ssr",
    "+ssr",
    "c++",
    "a+not-found",
    "a[b]",
    "[a",
    "2026-02-30-a",
    "a\tb",
]


@pytest.mark.parametrize("stem", BAD)
def test_a_name_that_makes_no_route_is_refused_with_a_way_out(stem: str) -> None:
    with pytest.raises(BadNameError) as caught:
        parse_file(stem)
    assert caught.value.hint


def test_isr_is_explained_to_whoever_writes_it_as_a_suffix() -> None:
    with pytest.raises(BadNameError) as caught:
        parse_file("about+isr")
    assert caught.value.hint.startswith("An ISR page is +ssr with a lifetime")


SUFFIXED = [
    ("content/a.md", "content/a.md"),
    ("content/a+ssr.md", "content/a.md"),
    ("content/shop+ssr/[x]+ssg.html", "content/shop/[x].html"),
    ("content/photo+2.jpg", "content/photo+2.jpg"),
    ("content/+not-found.md", "content/+not-found.md"),
    ("content/c++/a.md", "content/c++/a.md"),
]


@pytest.mark.parametrize(("path", "bare"), SUFFIXED)
def test_a_link_may_leave_the_suffix_out(path: str, bare: str) -> None:
    assert suffixless(path) == bare
