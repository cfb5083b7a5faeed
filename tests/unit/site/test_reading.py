"""Text files, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.site.reading import read_text


def test_line_ends_and_byte_order_marks_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert read_text(tmp_path, "a.md") == "a\nb\n"


@pytest.mark.parametrize(("raw", "line"), [(b"a\nb\xff", 2), (b"\xe9", 1), (b"a\n\nb\0", 3)])
def test_what_is_not_text_is_a_problem_with_its_line(tmp_path: Path, raw: bytes, line: int) -> None:
    (tmp_path / "a.md").write_bytes(raw)
    with pytest.raises(IsrgenError) as caught:
        read_text(tmp_path, "a.md")
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("a.md", line)]


def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(IsrgenError, match="cannot be read"):
        read_text(tmp_path, "a.md")
