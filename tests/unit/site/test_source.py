"""Finding files."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.site.load import open_site
from isrgen.site.model import Site

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def routes(site: Site) -> dict[str, str]:
    return {str(page.pattern): page.source for page in site.pages}


def test_links_that_stay_in_the_site_are_followed(make_site: Callable[..., Path]) -> None:
    root = make_site({"shared/a.md": "# A", "content/index.md": ""})
    (root / "content/a.md").symlink_to("../shared/a.md")
    (root / "content/more").symlink_to("../shared", target_is_directory=True)
    assert list(routes(open_site(root, now=NOW))) == ["/", "/a/", "/more/a/"]


def test_a_pipe_is_not_opened(make_site: Callable[..., Path]) -> None:
    root = make_site({"content/index.md": ""})
    os.mkfifo(root / "content/pipe.md")
    with pytest.raises(IsrgenError, match=r"content/pipe\.md: It is neither a file nor a folder"):
        open_site(root, now=NOW)


def test_a_name_that_is_not_utf_8_is_a_problem(make_site: Callable[..., Path]) -> None:
    root = make_site({"content/index.md": ""})
    (Path(os.fsdecode(os.fsencode(root) + b"/content/caf\xe9.md"))).write_text("a")
    with pytest.raises(IsrgenError, match="name is not UTF-8") as caught:
        open_site(root, now=NOW)
    str(caught.value).encode("utf-8")


def test_a_folder_of_the_site_that_is_a_link_out_of_it_is_a_problem(
    make_site: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_site({"content/index.md": ""})
    (tmp_path / "elsewhere").mkdir()
    (root / "static").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IsrgenError, match="static: This symbolic link leaves the site"):
        open_site(root, now=NOW)
