"""The content snapshot: written by the build, read by the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from isrgen.errors import IsrgenError
from isrgen.site.entry import Entry, Heading
from isrgen.site.snapshot import Facts, Snapshot
from isrgen.site.view import SiteView

FULL = Entry(
    source="content/blog/é.md",
    url="/blog/%C3%A9/",
    title="Tea\u2028 & cups",
    description="D",
    date=datetime(2026, 3, 1, tzinfo=UTC),
    updated=datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=2))),
    publish_at=datetime(2026, 3, 1, 6, tzinfo=UTC),
    expires_at=datetime(2027, 3, 1, tzinfo=UTC),
    draft=True,
    tags=("a", "b"),
    weight=3,
    section="blog",
    sitemap=False,
    listed=False,
    extra={
        "colours": ["red"],
        "when": date(2026, 1, 1),
        "at": time(9, 0),
        "deep": {1: {"$date": "no"}, "z": None},
    },
    summary="<p>s</p>",
    toc=(Heading("x", "X", 2, (Heading("y", "Y", 3),)),),
    words=12,
    template="content/blog/é.md",
    layout="post.html",
    content="<p>é</p>\r\n",
)


def snapshot() -> Snapshot:
    entries = (
        FULL,
        Entry("content/a.md", url="/a/", content=""),
        Entry("content/b.html", template="content/b.html"),
    )
    return Snapshot(
        Facts("Teas", "https://example.org", "en", {"author": "Ann", "since": date(2020, 1, 1)}, future=True),
        {each.source: each for each in entries},
        {"menu": [{"url": "/", "z": 1, "a": 1.5}], "rows": [[1, True, None]]},
        {"site.css": "/assets/site.1a2b.css"},
    )


def flat(entry: Entry) -> dict[str, Any]:
    facts = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    return facts | {"content": None if entry.content is None else str(entry.content)}


def test_everything_survives_a_round_through_files(tmp_path):
    written = snapshot()
    written.write(tmp_path)
    found = Snapshot.read(tmp_path)
    assert (found.facts, found.data, found.assets) == (written.facts, written.data, written.assets)
    assert [flat(each) for each in found.entries.values()] == [
        flat(written.entries[source]) for source in sorted(written.entries)
    ]


def test_keys_keep_the_order_in_which_people_wrote_them(tmp_path):
    snapshot().write(tmp_path)
    assert list(Snapshot.read(tmp_path).data["menu"][0]) == ["url", "z", "a"]


def test_a_snapshot_that_was_read_is_written_as_the_same_bytes(tmp_path):
    snapshot().write(tmp_path / "one")
    Snapshot.read(tmp_path / "one").write(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_the_order_of_entries_and_assets_does_not_show(tmp_path):
    one = snapshot()
    one.write(tmp_path / "one")
    turned = Snapshot(one.facts, dict(reversed(one.entries.items())), one.data, one.assets)
    turned.write(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_bytes_do_not_depend_on_the_hash_seed(tmp_path):
    code = (
        "import sys; from pathlib import Path; from isrgen.site.snapshot import Snapshot;"
        "from isrgen.site.entry import Entry;"
        "Snapshot(entries={n: Entry(n, extra={'s': {'x', 'y', 'z', 'w'}}, content=n) for n in 'cab'})"
        ".write(Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / seed)], check=True, env=environment)
    assert files(tmp_path / "1") == files(tmp_path / "2")


def test_bodies_are_read_when_a_page_shows_them(tmp_path):
    snapshot().write(tmp_path)
    found = Snapshot.read(tmp_path)
    for body in (tmp_path / "bodies").iterdir():
        body.unlink()
    page = SiteView(found, 0.0).current(FULL.source)
    assert page.title == FULL.title
    with pytest.raises(IsrgenError, match="isrgen build"):
        _ = page.content


def test_equal_bodies_are_one_file(tmp_path):
    Snapshot(entries={name: Entry(name, content="<p>") for name in ("a", "b")}).write(tmp_path)
    assert len(list((tmp_path / "bodies").iterdir())) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"schema": 1}',
        '{"schema": 1, "site": {"nope": 1}, "entries": [], "data": {}, "assets": {}}',
    ],
)
def test_a_damaged_snapshot_is_told(tmp_path, text):
    (tmp_path / "snapshot.json").write_text(text)
    with pytest.raises(IsrgenError, match=r"snapshot\.json cannot be read.*\n.*isrgen build"):
        Snapshot.read(tmp_path)


def test_another_schema_is_refused(tmp_path):
    snapshot().write(tmp_path)
    file = tmp_path / "snapshot.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": 99}))
    with pytest.raises(IsrgenError, match="has schema 99; this isrgen reads 1"):
        Snapshot.read(tmp_path)


def test_a_missing_snapshot_is_told(tmp_path):
    with pytest.raises(IsrgenError, match="isrgen build"):
        Snapshot.read(tmp_path)


def test_what_templates_and_loaders_get_is_read_only_when_it_was_built_and_when_it_was_read(tmp_path):
    snapshot().write(tmp_path)
    for found in (snapshot(), Snapshot.read(tmp_path)):
        page = SiteView(found, 0.0).current(FULL.source)
        site = SiteView(found, 0.0)
        for change in (
            lambda site=site: site.data["menu"][0].update(visitor=1),
            lambda site=site: site.data["rows"].append(1),
            lambda site=site: site.extra.update(visitor=1),
            lambda page=page: page.colours.append("visitor"),
            lambda page=page: page.extra.clear(),
            lambda page=page: page.deep.update(visitor=1),
        ):
            with pytest.raises(TypeError, match="shared by every visitor"):
                change()
        assert found.data == snapshot().data
