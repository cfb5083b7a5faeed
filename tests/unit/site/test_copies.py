"""Where other files go."""

from __future__ import annotations

from collections.abc import Callable

from isrgen.site.model import Site

LoadSite = Callable[..., Site]


def test_other_files_go_to_the_folder_of_their_page(load_site: LoadSite) -> None:
    site = load_site(
        {
            "content/blog/2026-03-01-tea/index.md": "a",
            "content/blog/2026-03-01-tea/cup.jpg": b"\xff",
            "content/(x)/b.svg": "b",
            "content/moved/index.md": "---\npermalink: /new/place/\n---\n",
            "content/moved/c.svg": "c",
            "static/.well-known/security.txt": "d",
            "static/a.txt": "e",
            "assets/css/site.css": "f",
        }
    )
    assert {file.source: file.path for file in site.files} == {
        "static/.well-known/security.txt": ".well-known/security.txt",
        "static/a.txt": "a.txt",
        "content/(x)/b.svg": "b.svg",
        "content/blog/2026-03-01-tea/cup.jpg": "blog/tea/cup.jpg",
        "content/moved/c.svg": "new/place/c.svg",
    }
    assert site.assets == ("css/site.css",)
