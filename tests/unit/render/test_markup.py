"""Markdown pages: every case in ``cases/*.txt``, and what a case cannot say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from isrgen.config import MarkdownConfig
from isrgen.errors import IsrgenError
from isrgen.render.markup import Markup, check_anchors
from isrgen.render.templates import Templates
from isrgen.site.page import FrontMatter

CASES = Path(__file__).parent / "cases"


def cases() -> list[object]:
    """Each case is ``### A sentence``, Markdown, ``>>>`` and its HTML, or ``!!!`` and its problems."""
    found = []
    for file in sorted(CASES.glob("*.txt")):
        for case in file.read_text("utf-8").split("### ")[1:]:
            name, _, rest = case.partition("\n")
            mark = "\n>>>\n" if "\n>>>\n" in rest else "\n!!!\n"
            text, _, expected = rest.partition(mark)
            found.append(pytest.param(text + "\n", mark.strip(), expected.strip(), id=f"{file.stem}: {name}"))
    return found


@pytest.mark.parametrize(("text", "mark", "expected"), cases())
def test_markdown_becomes_what_the_case_says(desk, text, mark, expected):
    try:
        found, got = desk.render(text).html, ">>>"
    except IsrgenError as error:
        found, got = str(error), "!!!"
    assert (got, found.strip()) == (mark, expected)


def test_the_table_of_contents_is_a_tree_without_the_page_s_own_title(desk):
    toc = desk.render("# Title\n## A *b*\n### C {{< kbd >}}x{{< /kbd >}}\n## D\n##### Deep\n").toc
    assert [(each.id, each.text, [child.text for child in each.children]) for each in toc] == [
        ("a-b", "A b", ["C x"]),
        ("d", "D", []),
    ]


def test_several_first_level_headings_are_part_of_the_table_of_contents(desk):
    assert [each.text for each in desk.render("# A\n# B\n").toc] == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("# T\n\n![x](x.jpg)\n\nFirst *one*.\n\nSecond.", "<p>First <em>one</em>.</p>"),
        ("One.\n\nTwo.\n\n<!-- more -->\n\nThree.", "<p>One.</p>\n<p>Two.</p>"),
        ("One <!--more--> two.", "<p>One </p>"),
        ("One[^1] [self](#x).\n\n## X\n\n[^1]: N", '<p>One <a href="/blog/a/#x">self</a>.</p>'),
        ("## Head\n\nText\n\n<!--more-->", "<h2>Head</h2>\n<p>Text</p>"),
        ("{{< kbd >}}x{{< /kbd >}} first", "<p><kbd>x</kbd> first</p>"),
        ("```\ncode\n```", ""),
        ("", ""),
    ],
)
def test_the_summary_is_what_stands_before_the_mark_or_the_first_paragraph(desk, text, summary):
    assert desk.render(text).summary == summary


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One *two* `three` don't well-known", 5),
        ("```\nnot counted\n```", 0),
        ("日本語 and more", 5),
        ("[a link](https://e.org) ![two words](x.jpg)", 4),
    ],
)
def test_words_are_counted_in_text_alone(desk, text, words):
    assert desk.render(text).words == words


def test_a_site_below_a_path_has_that_path_in_every_link(desk):
    desk.config = replace(desk.config, base_url="https://example.org/docs")
    html = desk.render("[t](2026-03-01-tea.md) [u](/blog/tea/) [e](https://e.org/) ![x](x.jpg)").html
    assert html == (
        '<p><a href="/docs/blog/tea/">t</a> <a href="/docs/blog/tea/">u</a> <a href="https://e.org/">e</a>'
        ' <img src="/docs/blog/x.jpg" alt="x"></p>\n'
    )


def test_anchors_are_judged_when_every_page_is_rendered(desk):
    one = desk.render(
        "[a](#brwe) [b](2026-03-01-tea.md#milk) [c](2026-03-01-tea.md#none) [d](#main) [e](#top)\n\n## Brew"
    )
    tea = Markup("", ids=("milk", "sugar"))
    layout = Templates.from_sources(None, {"templates/page.html": '<main id="main">'})
    problems = check_anchors({"content/blog/a.md": one, "content/blog/2026-03-01-tea.md": tea}, layout)
    assert [str(problem) for problem in problems] == [
        "content/blog/a.md:5: There is no anchor '#brwe' in this page.\n  Did you mean '#brew'?",
        "content/blog/a.md:5: There is no anchor '#none' in content/blog/2026-03-01-tea.md.\n"
        "  Its anchors are: #milk, #sugar.",
    ]


def test_an_anchor_of_any_script_is_found(desk):
    one = desk.render("[a](#żółta) [b](#fn1) [c](#raw)[^1]\n\n## Żółta\n\n<a name='raw'></a>\n\n[^1]: x")
    assert check_anchors({"content/blog/a.md": one}, desk.templates) == []


def test_a_result_survives_json(desk):
    found = desk.render("# A\n## B\n### C\n[x](2026-03-01-tea.md#y)\n\nText.")
    assert Markup.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_page_s_own_options_go_before_the_site_s(desk):
    assert desk.render('"<b>x</b>" ...').html == "<p>&quot;<b>x</b>&quot; ...</p>\n"
    own = FrontMatter(markdown={"html": False, "typographer": True})
    assert desk.render('"<b>x</b>" ...', meta=own).html == "<p>“&lt;b&gt;x&lt;/b&gt;” …</p>\n"


def test_wrong_options_are_all_told(desk):
    with pytest.raises(IsrgenError) as caught:
        desk.render("x", meta=FrontMatter(markdown={"htm": True, "typographer": "yes"}))
    assert [problem.message for problem in caught.value.problems] == [
        "`markdown.typographer` is neither true nor false.",
        "`markdown` has no key 'htm'.",
    ]


def test_an_unknown_engine_is_told_with_the_choices(desk):
    desk.config = replace(desk.config, markdown=MarkdownConfig(engine="markdwon"))
    with pytest.raises(IsrgenError, match="Choose one of: markdown-it"):
        desk.render("x")


@pytest.mark.parametrize(
    "text",
    [
        ">" * 5000,
        "".join("  " * depth + "- a\n" for depth in range(200)),
        "[" * 5000,
        "*a_" * 5000,
        "<a " * 5000,
        "x" * 300_000,
        "{{< note >}}\n" * 500 + "{{< /note >}}\n" * 500,
        "```python\n" + "'x" * 3000 + "\n```",
        "|" * 2000 + "\n" + "|-" * 2000 + "\n",
        "a\0b",
    ],
    ids=["quotes", "lists", "brackets", "emphasis", "tags", "line", "shortcodes", "code", "table", "nul"],
)
def test_pathological_text_is_rendered_all_the_same(desk, text):
    assert desk.render(text).html


@pytest.mark.parametrize("text", ["{{< " * 5000, "{{< note >}}" * 2000, '{{< note a="' * 2000])
def test_pathological_shortcodes_are_problems(desk, text):
    with pytest.raises(IsrgenError):
        desk.render(text)


def test_rendering_twice_gives_the_same(desk):
    text = "## A {.x .y}\n\n{{< note >}}\nx[^1]\n{{< /note >}}\n\n- [ ] t\n\n[^1]: n\n"
    assert desk.render(text) == desk.render(text)
