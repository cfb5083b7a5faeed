from pathlib import Path

from isrgen.dev.overlay import page
from isrgen.errors import Problem


def test_a_problem_is_shown_with_its_place_its_hint_and_the_lines_around_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one\ntwo\n<three>\nfour\nfive\nsix\n")
    text = page([Problem("Not a date.", "Write it so.", "a.md", 3)], tmp_path, "<script></script>")
    assert "a.md:3" in text
    assert "Not a date." in text
    assert "Write it so." in text
    assert "<b>    3  &lt;three&gt;</b>" in text
    assert "five" in text
    assert "six" not in text
    assert text.endswith("<script></script></body></html>")


def test_messages_are_escaped(tmp_path: Path) -> None:
    text = page([Problem("`<b>` is wrong")], tmp_path, "")
    assert "`&lt;b&gt;` is wrong" in text


def test_a_file_that_cannot_be_read_costs_only_the_excerpt(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    text = page(
        [Problem("Not UTF-8.", file="a.md", line=1), Problem("Gone.", file="b.md", line=1)], tmp_path, ""
    )
    assert "2 problems" in text
    assert "<pre>" not in text
