"""The names that a site's code asks a request for."""

from __future__ import annotations

from pathlib import Path

from isrgen.check.vocabulary import Vocabulary, read_vocabulary


def test_names_are_found_in_python_and_in_templates(tmp_path: Path) -> None:
    (tmp_path / "content" / "_lib").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "content" / "_lib" / "a.py").write_text(
        'request.cookies.get("sid")\nrequest.headers["X-Company"]\nq = request.query.getall("tag")\n'
    )
    (tmp_path / "templates" / "page.html").write_text("{{ request.cookies.theme }}{{ request.query['p'] }}")
    (tmp_path / "content" / "picture.png").write_bytes(b'cookies["no"]')
    assert read_vocabulary(tmp_path, ["session", "sid"], ["X-Plan"]) == Vocabulary(
        cookies=("session", "sid", "theme"), headers=("x-plan", "x-company"), query=("tag", "p")
    )


def test_a_site_without_code_has_none(tmp_path: Path) -> None:
    assert read_vocabulary(tmp_path) == Vocabulary()
