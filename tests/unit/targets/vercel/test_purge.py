"""Vercel's API on loopback: it keeps what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from isrgen import targets
from isrgen.caching.invalidation import cdn_tags
from isrgen.errors import IsrgenError
from isrgen.http.context import Purge
from isrgen.targets.target import Credentials
from isrgen.targets.vercel.purge import tags_of

TOKEN = "a-token-of-vercel"


class FakeApi:
    """Answers ``status`` and ``body``; ``got`` holds path, token and tags of each request."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.got: list[tuple[str, str, list[str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.got.append((self.path, self.headers["Authorization"], sent["tags"]))
                self.send_response(api.status)
                self.send_header("Content-Length", str(len(api.body)))
                self.end_headers()
                self.wfile.write(api.body)

            def log_message(self, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    made = FakeApi()
    yield made
    made.server.shutdown()
    made.server.server_close()


def purge(
    api: FakeApi, site: Path, *purges: Purge, project: str | None = "tea", **environment: str
) -> list[str]:
    told: list[str] = []
    credentials = Credentials(TOKEN, api=api.url, environment=environment)
    options = {"project": project} if project else {}
    targets.load("vercel").purge(site, purges, options, credentials, report=told.append)
    return told


def test_a_soft_purge_marks_stale_and_a_hard_one_deletes(api: FakeApi, tmp_path: Path) -> None:
    told = purge(api, tmp_path, Purge(tag="all"), Purge(tag="all", hard=True))
    base = "/v1/edge-cache"
    assert api.got == [
        (f"{base}/invalidate-by-tags?projectIdOrName=tea", f"Bearer {TOKEN}", ["all"]),
        (f"{base}/dangerously-delete-by-tags?projectIdOrName=tea", f"Bearer {TOKEN}", ["all"]),
    ]
    assert told == ["Vercel: marked as stale by 1 tag", "Vercel: deleted by 1 tag"]


@pytest.mark.parametrize("named", [Purge(tag="Blog"), Purge(path="/blog/café"), Purge(tag="page:/blog/tea/")])
def test_what_a_page_has_at_the_cdn_is_what_is_purged(named: Purge) -> None:
    """A page with few tags, and one with so many that they share buckets."""
    path = "/blog/caf%C3%A9/"
    for many in (0, 200):
        page = cdn_tags([*(f"t{n}" for n in range(many)), "blog", "page:/blog/tea/"], path)
        assert set(tags_of([named])) & set(page)


def test_sixteen_tags_go_at_a_time(api: FakeApi, tmp_path: Path) -> None:
    purge(api, tmp_path, *(Purge(tag=f"t{number}") for number in range(40)))
    sent = [tags for _, _, tags in api.got]
    assert all(len(tags) <= 16 for tags in sent)
    assert {f"t{number}" for number in range(40)} <= {tag for tags in sent for tag in tags}
    flat = [tag for tags in sent for tag in tags]
    assert len(flat) == len(set(flat))


def test_the_project_comes_from_the_environment_the_link_or_the_configuration(
    api: FakeApi, tmp_path: Path
) -> None:
    purge(api, tmp_path, Purge(tag="all"))
    link = tmp_path / ".vercel" / "project.json"
    link.parent.mkdir()
    link.write_text('{"projectId": "prj_1", "orgId": "team_1"}')
    purge(api, tmp_path, Purge(tag="all"))
    link.write_text('{"projectId": "prj_1", "orgId": "user1"}')
    purge(api, tmp_path, Purge(tag="all"))
    purge(api, tmp_path, Purge(tag="all"), VERCEL_PROJECT_ID="prj_2", VERCEL_ORG_ID="team_2")
    assert [path.partition("?")[2] for path, _, _ in api.got] == [
        "projectIdOrName=tea",
        "projectIdOrName=prj_1&teamId=team_1",
        "projectIdOrName=prj_1",
        "projectIdOrName=prj_2&teamId=team_2",
    ]


def test_without_a_project_nothing_is_asked(api: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match="which of your projects"):
        purge(api, tmp_path, Purge(tag="all"), project=None)
    assert api.got == []


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "VERCEL_TOKEN"), (403, "VERCEL_TOKEN"), (404, "project"), (429, "Wait"), (500, "again")],
)
def test_what_vercel_refuses_is_told_with_its_reason_and_without_the_token(
    api: FakeApi, tmp_path: Path, status: int, hint: str
) -> None:
    api.status, api.body = status, json.dumps({"error": {"message": f"no, {TOKEN}"}}).encode()
    with pytest.raises(IsrgenError) as caught:
        purge(api, tmp_path, Purge(tag="all"))
    said = str(caught.value)
    assert said.startswith(f"Vercel did not purge: it answered {status} (no, ***).")
    assert hint in said
    assert TOKEN not in said


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": null}'])
def test_an_answer_that_is_no_reason_is_no_second_mistake(api: FakeApi, tmp_path: Path, body: bytes) -> None:
    api.status, api.body = 502, body
    with pytest.raises(IsrgenError, match=r"it answered 502\."):
        purge(api, tmp_path, Purge(tag="all"))


def test_an_api_that_cannot_be_reached_is_told(tmp_path: Path, free_port: int) -> None:
    credentials = Credentials(TOKEN, api=f"http://127.0.0.1:{free_port}")
    with pytest.raises(IsrgenError, match="could not be asked"):
        targets.load("vercel").purge(
            tmp_path, [Purge(tag="all")], {"project": "x"}, credentials, report=lambda line: None
        )
