"""What HTML and CSS refer to."""

from __future__ import annotations

import pytest

from isrgen.check.references import Reference, read_css, read_html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href=" /a/?x=1&amp;y=2 ">', ["link /a/?x=1&y=2"]),
        ('<area href="/a/">', ["link /a/"]),
        ("<a name=x>", []),
        ('<img src="">', ["image "]),
        ('<img srcset="a.png, b,c.png 2x,\nd.png 300w">', ["image a.png", "image b,c.png", "image d.png"]),
        ('<source src="a.mp3">', ["file a.mp3"]),
        ('<video poster="a.jpg" src="a.mp4">', ["file a.mp4", "image a.jpg"]),
        ('<script src="/a.js"></script>', ["script /a.js"]),
        ('<script>"<a href=no>"</script>', []),
        ('<link rel="stylesheet" href="a.css">', ["style sheet a.css"]),
        ('<link rel="shortcut icon" href="a.ico">', ["icon a.ico"]),
        ('<link rel="canonical" href="/a/">', ["link /a/"]),
        ('<link rel="preconnect" href="https://x.example">', []),
        (
            '<link rel="preload" as="image" imagesrcset="a.png 1x" href="b.png">',
            ["link b.png", "image a.png"],
        ),
        ('<meta http-equiv="refresh" content="0; url=/a/">', ["link /a/"]),
        ('<meta property="og:image" content="/a.png">', ["image /a.png"]),
        ('<meta name="description" content="/a.png">', []),
        ('<form action="/api/x"><button formaction="/api/y">', ["form /api/x", "form /api/y"]),
        ('<iframe src="/a/">', ["frame /a/"]),
        ('<object data="/a.pdf">', ["file /a.pdf"]),
        ('<svg><use xlink:href="/i.svg#a"/><image href="/b.png"/></svg>', ["image /i.svg#a", "image /b.png"]),
        ("<p style=\"background: url('a.png')\">", ["file a.png"]),
        ("<style>p { background: url(a.png) }</style><p>url(b.png)", ["file a.png"]),
        ("<!-- <a href=no> -->", []),
        ('<a href="/a/"><a href="/a/">', ["link /a/"]),
    ],
)
def test_an_element_refers_to_what_a_browser_would_load_or_go_to(html: str, expected: list[str]) -> None:
    assert [f"{each.kind} {each.target}" for each in read_html(html).references] == expected


def test_anchors_are_ids_and_names_of_links() -> None:
    document = read_html('<h1 id="a"></h1><a name="b"></a><input name="c"><p id="">')
    assert document.anchors == {"a", "b"}


def test_the_first_base_counts() -> None:
    assert read_html('<base href="/a/"><base href="/b/">').base == "/a/"


def test_style_sheets_load_files_and_other_style_sheets() -> None:
    text = """/* url(no.png) */ @import "a.css"; @import url('b.css');
    @font-face { src: url( "c.woff2" ) format("woff2"), url(d.woff) } p { filter: url(#f) }"""
    assert [each.target for each in read_css(text)] == ["a.css", "b.css", "c.woff2", "d.woff", "#f"]


def test_html_that_is_broken_off_is_read_as_far_as_it_goes() -> None:
    assert read_html('<a href="/a/"><img src="/b.png').references[0] == Reference("/a/", "link")
