import threading
from pathlib import Path, PurePath

import pytest

from isrgen.dev.watch import Watcher, matters


@pytest.mark.parametrize(
    "path",
    ["content/a.md", "content/_lib/posts.py", "templates/page.html", "static", "isrgen.toml", "data/x.csv"],
)
def test_a_source_of_the_site_asks_for_a_build(path: str) -> None:
    assert matters(PurePath(path))


@pytest.mark.parametrize(
    "path",
    [
        "dist/static/index.html",
        ".isrgen/build.sqlite",
        ".git/index",
        ".venv/lib/a.py",
        "README.md",
        "content/__pycache__/a.cpython-311.pyc",
        "content/.#a.md",
        "content/a.md~",
        "content/.a.md.swp",
        "data/posts.db",
        "data/posts.db-wal",
        "data/posts.sqlite-journal",
        "",
    ],
)
def test_output_editors_leavings_and_databases_do_not(path: str) -> None:
    assert not matters(PurePath(path))


def test_a_saved_file_and_a_new_folder_are_seen(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    changed = threading.Semaphore(0)
    watcher = Watcher(tmp_path, changed.release)
    watcher.start()
    try:
        _until(changed, lambda n: (tmp_path / "content" / "a.md").write_text(str(n)))
        (tmp_path / "templates").mkdir()
        assert changed.acquire(timeout=20)
        _until(changed, lambda n: (tmp_path / "templates" / "page.html").write_text(str(n)))
    finally:
        watcher.close()


def _until(changed: threading.Semaphore, write) -> None:
    """Write again until it is seen: a watch begins some time after ``start``."""
    for number in range(40):
        write(number)
        if changed.acquire(timeout=0.5):
            while changed.acquire(timeout=0.5):
                pass
            return
    pytest.fail("no change was seen")
