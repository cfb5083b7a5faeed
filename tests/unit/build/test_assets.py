"""Assets get names that change when, and only when, what they show changes."""

from pathlib import Path

import pytest

from isrgen.build.assets import fingerprint
from isrgen.errors import IsrgenError


def folder(tmp_path: Path, files: dict[str, bytes]) -> tuple[Path, tuple[str, ...]]:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path, tuple(sorted(files))


def test_the_name_carries_the_digest_of_the_bytes(tmp_path: Path) -> None:
    found = fingerprint(*folder(tmp_path, {"site.css": b"a{}", "js/app.js": b"1"}))
    # sha256("a{}") and sha256("1"), from sha256sum
    assert found["site.css"].path == "assets/site.5f546eb4.css"
    assert found["js/app.js"].url == "/assets/js/app.6b86b273.js"


@pytest.mark.parametrize(
    "reference",
    [
        "url(img/dot.png)",
        "url('img/dot.png')",
        'url( "./img/dot.png" )',
        "url(img/dot.png#x)",
        '@import "img/dot.png"',
    ],
)
def test_a_style_sheet_refers_to_hashed_names(tmp_path: Path, reference: str) -> None:
    found = fingerprint(*folder(tmp_path, {"site.css": reference.encode(), "img/dot.png": b"png"}))
    name = Path(found["img/dot.png"].path).name
    assert f"img/{name}".encode() in found["site.css"].content
    assert b"dot.png" not in found["site.css"].content


def test_a_change_of_an_image_changes_the_name_of_the_style_sheet_that_uses_it(tmp_path: Path) -> None:
    files = {"site.css": b"a{background:url(a.png)}", "a.png": b"1"}
    before = fingerprint(*folder(tmp_path, files))["site.css"].path
    after = fingerprint(*folder(tmp_path, {**files, "a.png": b"2"}))["site.css"].path
    assert before != after


@pytest.mark.parametrize(
    "reference", ["url(/static.png)", "url(data:image/png;base64,AA)", "url(https://e.org/x.png)", "url(#id)"]
)
def test_references_elsewhere_are_left_alone(tmp_path: Path, reference: str) -> None:
    content = f"a{{b:{reference}}}".encode()
    assert fingerprint(*folder(tmp_path, {"site.css": content}))["site.css"].content == content


def test_every_reference_that_leads_nowhere_is_reported_with_its_line(tmp_path: Path) -> None:
    files = {"a.css": b"\n\na{b:url(no.png)}", "b.css": b"@import 'b.css';"}
    with pytest.raises(IsrgenError) as caught:
        fingerprint(*folder(tmp_path, files))
    assert [problem.where for problem in caught.value.problems] == ["assets/a.css:3", "assets/b.css:1"]
