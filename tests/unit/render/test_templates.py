"""Templates: the same from their sources and compiled ahead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.http.response import Response
from isrgen.render.templates import Templates, masked

Make = Callable[..., Templates]
FACTS = {"assets": {"site.css": "/assets/site.1a2b.css"}, "base_url": "https://example.org/docs"}


def from_sources(
    folder: Path, files: Mapping[str, str], bodies: Mapping[str, str], *, strict: bool = False
) -> Templates:
    for name, text in files.items():
        path = folder / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Templates.from_sources(folder / "templates", bodies, strict=strict, **FACTS)


def compiled(
    folder: Path, files: Mapping[str, str], bodies: Mapping[str, str], *, strict: bool = False
) -> Templates:
    from_sources(folder, files, bodies, strict=strict).compile(folder / "compiled")
    return Templates.from_compiled(folder / "compiled", strict=strict, **FACTS)


@pytest.fixture(params=[from_sources, compiled])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def make(
        files: Mapping[str, str], bodies: Mapping[str, str] | None = None, *, strict: bool = False
    ) -> Templates:
        return request.param(tmp_path, files, bodies or {}, strict=strict)

    return make


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{{ text }}", "&lt;b&gt;"),
        ("{{ text|safe }}", "<b>"),
        ("[{{ nothing }}{{ nothing.at.all }}]", "[]"),
        ("{% for x in nothing %}x{% endfor %}", ""),
        ('{{ asset("site.css") }}', "/docs/assets/site.1a2b.css"),
        ('{{ asset("site.css")|absolute }}', "https://example.org/docs/assets/site.1a2b.css"),
        ('{{ url("/x/") }} {{ url("https://e.org/") }} {{ url("#a") }}', "/docs/x/ https://e.org/ #a"),
        (
            '{{ "/x/"|absolute }} {{ "https://e.org/"|absolute }}',
            "https://example.org/docs/x/ https://e.org/",
        ),
        ('{{ day|date("%d %B %Y") }}', "01 March 2026"),
        ("{{ moment|isodate }}", "2026-03-01T12:30:00Z"),
        ("{% do seen.append(1) %}{{ seen }}", "[1]"),
        ("{{ {'a': '<'}|tojson }}", '{"a": "\\u003c"}'),
    ],
)
def test_a_template_prints(make, source, output):
    variables = {
        "text": "<b>",
        "day": date(2026, 3, 1),
        "moment": datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        "seen": [],
    }
    assert make({"page.html": source}).render("templates/page.html", variables) == output


def test_names_are_found_below_templates_with_or_without_the_prefix(make):
    templates = make(
        {
            "layout.html": '<{% block main %}{% endblock %}>{% include "partials/foot.html" %}',
            "partials/foot.html": '{% include "templates/partials/year.html" %}',
            "partials/year.html": "2026",
            "macros.html": "{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}",
        },
        {
            "content/blog/[slug]+ssr.html": '{% from "macros.html" import bold %}'
            '{% extends "layout.html" %}{% block main %}{{ bold("&") }}{% endblock %}'
        },
    )
    assert templates.render("content/blog/[slug]+ssr.html", {}) == "<<b>&amp;</b>>2026"
    assert templates.whole == {"content/blog/[slug]+ssr.html"}


FAILURES = [
    (
        "a\n{{ 1 // 0 }}",
        False,
        "page.html:2: The template failed: ZeroDivisionError: integer division or modulo by zero.",
    ),
    ("a\n\n{{ psot }}", True, "page.html:3: 'psot' is undefined.\n  Did you mean 'post'?"),
    (
        "{{ post.nope }}",
        True,
        "page.html:1: 'dict object' has no attribute 'nope'.\n  Set it, or ask with `is defined` first.",
    ),
    (
        "\n{% include name %}",
        False,
        "page.html:2: There is no template called 'partials/fot.html'.\n  Did you mean 'partials/foot.html'?",
    ),
    (
        "\n{{ asset(style) }}",
        False,
        "page.html:2: There is no file assets/sit.css.\n  Did you mean 'site.css'?",
    ),
    (
        "\n{{ nothing() }}",
        False,
        "page.html:2: 'nothing' is undefined.\n  Set it, or ask with `is defined` first.",
    ),
    (
        '{{ "yesterday"|date }}',
        False,
        "page.html:1: The template failed: ValueError: Invalid isoformat string: 'yesterday'.",
    ),
    (
        "{% for x in post %}\n{% include 'partials/fails.html' %}{% endfor %}",
        False,
        'partials/fails.html:2: The template failed: TypeError: can only concatenate str (not "int") to str.',
    ),
]


@pytest.mark.parametrize(("source", "strict", "message"), FAILURES)
def test_what_fails_in_a_template_is_told_with_its_line(make, source, strict, message):
    templates = make(
        {"page.html": source, "partials/foot.html": "", "partials/fails.html": "\n{{ 'a' + 1 }}"},
        strict=strict,
    )
    variables = {"post": {"title": "A"}, "name": "partials/fot.html", "style": "sit.css"}
    with pytest.raises(IsrgenError) as caught:
        templates.render("templates/page.html", variables)
    assert str(caught.value) == f"templates/{message}"


def test_lines_of_a_body_count_its_front_matter(make):
    templates = make({}, {"content/a.html": masked("<p>\n{{ 1 // 0 }}", 5)})
    with pytest.raises(IsrgenError, match=r"^content/a\.html:6: "):
        templates.render("content/a.html", {})


def test_a_masked_body_prints_no_line_of_its_own(make):
    assert make({}, {"content/a.html": masked("<p>", 5)}).render("content/a.html", {}) == "<p>"


def test_a_response_raised_by_what_a_template_calls_passes_through(make):
    def gone() -> None:
        raise Response("gone", 410)

    with pytest.raises(Response) as caught:
        make({"page.html": "{{ gone() }}"}).render("templates/page.html", {"gone": gone})
    assert caught.value.status == 410


def test_a_template_that_is_not_there_is_told(make):
    with pytest.raises(IsrgenError, match=r"There is no template called 'nope.html'"):
        make({"page.html": ""}).render("templates/nope.html", {})


def test_every_mistake_that_can_be_seen_is_told_at_once(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/binary.html").write_bytes(b"\xff\xfe")
    (tmp_path / "templates/.hidden").write_bytes(b"\xff")
    files = {
        "a.html": "\n{% if %}",
        "b.html": "{{ x|dtae }}",
        "c.html": '\n{% extends "layuot.html" %}',
        "d.html": '{{ asset("site.ccs") }}{% include "optional.html" ignore missing %}',
        "layout.html": "{% block x %}",
    }
    templates = from_sources(tmp_path, files, {"content/x.html": "\n\n{% endfor %}"})
    assert [str(problem) for problem in sorted(templates.check(), key=lambda each: each.file)] == [
        "content/x.html:3: Encountered unknown tag 'endfor'.",
        "templates/a.html:2: Expected an expression, got 'end of statement block'.",
        "templates/b.html:1: No filter named 'dtae'.\n  Did you mean 'date'?",
        "templates/binary.html: The template is not UTF-8.\n"
        "  Save it as UTF-8; files that are not templates belong in static/ or assets/.",
        "templates/c.html:2: There is no template called 'layuot.html'.\n  Did you mean 'layout.html'?",
        "templates/d.html:1: There is no file assets/site.ccs.\n  Did you mean 'site.css'?",
        "templates/layout.html:1: Unexpected end of template. Jinja was looking for"
        " the following tags: 'endblock'. The innermost block that needs to be closed is 'block'.",
    ]
    with pytest.raises(IsrgenError):
        templates.compile(tmp_path / "compiled")


def test_a_mistake_is_told_by_render_as_well(tmp_path):
    with pytest.raises(IsrgenError, match=r"templates/a\.html:2: Expected an expression"):
        from_sources(tmp_path, {"a.html": "\n{% if %}"}, {}).render("templates/a.html", {})


def test_compiled_templates_that_are_damaged_or_gone_are_told(tmp_path):
    with pytest.raises(IsrgenError, match="isrgen build"):
        Templates.from_compiled(tmp_path)


def test_rendering_compiled_templates_writes_nothing(tmp_path):
    templates = compiled(tmp_path, {"page.html": "x"}, {})
    before = sorted(tmp_path.rglob("*"))
    templates.render("templates/page.html", {})
    assert sorted(tmp_path.rglob("*")) == before


def test_free_names_are_seen_through_includes(tmp_path):
    templates = from_sources(
        tmp_path,
        {"a.html": '{{ x }}{% include "b.html" %}', "b.html": '{{ content }}{% include "a.html" %}'},
        {},
    )
    assert templates.free_names("templates/a.html") == {"x", "content"}


COMPILE = """
import sys
from pathlib import Path
from isrgen.render.templates import Templates
bodies = {
    "templates/%s.html" % name: '''
{%% from "m.html" import a, b, c, d, e with context %%}
{%% set x, y, z = 1, 2, 3 %%}{%% set ns = namespace(p=1, q=2) %%}
{%% macro one(k, l="m", n={"o": 1, "p": 2}) %%}
{{ caller() }}{{ varargs }}{{ kwargs }}{{ u }}{{ v }}{%% endmacro %%}
{%% for i in items if i is defined and i is not none %%}{{ i|upper|lower|date }}{{ loop.index }}{{ x }}{{ y }}
{%% if i %%}{%% set q = i %%}{%% elif z %%}{%% set r = i %%}{%% else %%}{%% set s = i %%}{%% endif %%}
{{ q }}{{ r }}{{ s }}
{%% endfor %%}{%% block main scoped %%}{{ super }}{{ page.title|default("x") }}{%% endblock %%}
''' % () for name in "abcdefgh"
}
bodies["templates/m.html"] = "".join("{%% macro %s() %%}{%% endmacro %%}" % name for name in "abcde")
Templates.from_sources(None, bodies).compile(Path(sys.argv[1]))
"""


def test_compiled_templates_are_the_same_bytes_whatever_the_hash_seed(tmp_path):
    made = []
    for seed in ("0", "1", "4242"):
        folder = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", COMPILE, str(folder)], check=True, env=environment)
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert len(made[0]) == 10
    assert made[0] == made[1] == made[2]
