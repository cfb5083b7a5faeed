"""Vercel's own tools on what we emit.

Its parser and its route schema, its Python runtime as the platform starts it,
and its command line against an API of ours on loopback. Node modules are
installed on demand, once, into the user's cache folder.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from isrgen import targets
from isrgen.errors import IsrgenError
from isrgen.targets.target import Credentials

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECRET = "a-token-long-enough"
PLATFORM_TOKEN = "platformtoken1234"

SITE = {
    "isrgen.toml": (
        '[[redirects]]\nfrom = "/old/[slug]/"\nto = "/blog/[slug]/"\n[targets.vercel]\nproject = "x"\n'
    ),
    "content/index.md": "# Home\n",
    "content/docs/index.md": "# Docs\n",
    "content/docs/+not-found.md": "# No such document\n",
    "content/blog/[slug]+ssr.html": (
        "---\ncache:\n  s-maxage: 1h\n  stale-while-revalidate: 1d\n  query: [page]\n"
        "  bypass-cookies: [session]\n---\n"
        "<p>{{ params.slug }} page={{ page_number }} session={{ session }}</p>\n"
    ),
    "content/blog/[slug]+ssr.py": (
        "async def loader(params, request):\n"
        "    return {'page_number': request.query.get('page', ''),\n"
        "            'session': request.cookies.get('session', 'nobody')}\n"
    ),
    "content/guides/[name]+ssr.html": "---\ncache: hourly\n---\n<p>guide {{ params.name }}</p>\n",
    "content/guides/[name]+ssr.py": "def static_params():\n    return [{'name': 'tea'}, {'name': 'milk'}]\n",
    "content/soon+ssr.html": "---\ncache: hourly\n---\n<p>soon</p>\n",
    "content/live+ssr.html": "<p>live {{ request.query.get('a', '') }}</p>\n",
    "content/api/echo+api.py": (
        "cache = {'s-maxage': 60}\n"
        "def GET(request):\n    return {'method': 'GET'}\n"
        "async def POST(request):\n    return {'body': await request.text()}\n"
    ),
}


# --- tools ---------------------------------------------------------------------------------------


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "isrgen-tests"


@pytest.fixture(scope="session")
def node_modules(require: Callable[..., str]) -> Path:
    """Vercel's packages, installed once for this package.json."""
    require("node")
    npm = require("npm")
    package = (HERE / "node" / "package.json").read_bytes()
    folder = _cache() / f"node-{hashlib.sha256(package).hexdigest()[:12]}"
    done = folder / "installed"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(package)
        line = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        made = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode == 0:
            done.touch()
    require("vercel", folder / "node_modules" / ".bin" / "vercel" if done.exists() else None)
    return folder / "node_modules"


@pytest.fixture(scope="session")
def python(require: Callable[..., str]) -> str:
    """A Python that vercel-runtime runs on."""
    names = [f"python3.{minor}" for minor in (12, 13, 14)]
    managed = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[2-9]*/bin/python3"))
    found = next((name for name in [*names, *map(str, managed)] if _new_enough(name)), None)
    return require("vercel-runtime", found)


def _new_enough(name: str) -> bool:
    try:
        check = "import sys; sys.exit(sys.version_info < (3, 12))"
        return subprocess.run([name, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _version(python: str) -> str:
    line = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


def _deploy(site: Path, **env: str) -> Path:
    """Run the real command; the output folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ISRGEN_", "VERCEL_"))}
    line = [sys.executable, "-m", "isrgen.cli", "deploy", "--target", "vercel", "--site", str(site)]
    done = subprocess.run(line, env=clean | env, capture_output=True, text=True, check=False)
    if "cannot be fetched" in done.stderr:
        pytest.skip(f"no package index: {done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
    return site / ".vercel" / "output"


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory, python: str) -> Path:
    """A small site of every kind, deployed without credentials, for the Python that is here."""
    site = tmp_path_factory.mktemp("vercel") / "site"
    for name, text in SITE.items():
        place = site / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    with (site / "isrgen.toml").open("a") as config:
        config.write(f'runtime = "python{_version(python)}"\n')
    return _deploy(site, ISRGEN_TOKEN=SECRET)


# --- the parser and the schema -------------------------------------------------------------------


def _check(node_modules: Path, output: Path) -> dict[str, Any]:
    line = ["node", str(HERE / "node" / "check_output.cjs"), str(output)]
    env = {**os.environ, "NODE_PATH": str(node_modules)}
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_vercels_parser_and_schema_take_the_output(node_modules: Path, output: Path) -> None:
    found = _check(node_modules, output)
    assert (found["errors"], found["warnings"]) == ([], [])
    assert found["outputs"]["__server"]["type"] == "Lambda"
    blog = found["outputs"]["_isr/blog__slug"]
    assert (blog["type"], blog["expiration"], blog["staleExpiration"]) == ("Prerender", 3600, 90000)
    assert blog["allowQuery"] == ["__isr_path", "page"]
    assert [found["outputs"][f"_isr/guides__name{end}"]["hasFallback"] for end in ("", "/tea")] == [
        False,
        True,
    ]
    assert blog["handler"] == "vc__handler__python.vc_handler"
    assert len(blog["bypassToken"]) >= 32


@pytest.mark.parametrize("name", ["blog", "guide", "minimal", "modes", "nested-not-found", "trailing-never"])
def test_vercels_parser_and_schema_take_our_sites(name: str, node_modules: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", str(ROOT / "tests" / "sites" / name), str(tmp_path / "site")], check=True)
    found = _check(node_modules, _deploy(tmp_path / "site"))
    assert (found["errors"], found["warnings"]) == ([], [])


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "tests/golden/vercel").iterdir()))
def test_vercels_schema_takes_the_golden_tables(name: str, node_modules: Path, tmp_path: Path) -> None:
    config = ROOT / "tests/golden/vercel" / name / "expected" / "config.json"
    (tmp_path / "config.json").write_bytes(config.read_bytes())
    (tmp_path / "static").mkdir()
    (tmp_path / "functions").mkdir()
    assert _check(node_modules, tmp_path)["errors"] == []


def test_the_check_itself_finds_a_mistake(node_modules: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"version": 3, "routes": [{"src": "(", "unknown": 1}]}')
    (tmp_path / "static").mkdir()
    (tmp_path / "functions").mkdir()
    assert len(_check(node_modules, tmp_path)["errors"]) == 2


# --- the Python runtime --------------------------------------------------------------------------


class Function:
    """The emitted function, started as the platform starts it: over a unix socket."""

    def __init__(self, folder: Path, python: str, place: Path) -> None:
        self.kinds: list[str] = []
        self.news = threading.Condition()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(place / "ipc.sock"))
        listener.listen(1)
        listener.settimeout(60)
        config = json.loads((folder / ".vc-config.json").read_text())
        module, _, name = config["handler"].partition(".")
        env = {"PATH": "/usr/bin:/bin", "VERCEL_IPC_PATH": str(place / "ipc.sock"), **config["environment"]}
        line = [python, "-c", f"from {module} import {name}"]
        self.log = (place / "function.log").open("w+")
        self.process = subprocess.Popen(line, cwd=folder, env=env, stdout=self.log, stderr=self.log)
        self.connection, _ = listener.accept()
        listener.close()
        self.messages = _messages(self.connection)
        for message in self.messages:
            self._note(message)
            if message["type"] in ("server-started", "unrecoverable-error"):
                break
        self.port = message["payload"]["httpPort"]
        self.thread = threading.Thread(target=lambda: [self._note(each) for each in self.messages])
        self.thread.start()

    def _note(self, message: dict[str, Any]) -> None:
        with self.news:
            self.kinds.append(message["type"])
            self.news.notify_all()

    def heard(self, kind: str) -> bool:
        """Wait until the platform was sent such a message."""
        with self.news:
            return self.news.wait_for(lambda: kind in self.kinds, 30)

    def ask(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: str | None = None
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.thread.join(20)
        self.connection.close()
        self.log.close()


def _messages(connection: socket.socket) -> Iterator[dict[str, Any]]:
    pending = b""
    while data := connection.recv(65536):
        pending += data
        while b"\0" in pending:
            line, _, pending = pending.partition(b"\0")
            yield json.loads(line)


@pytest.fixture(scope="session")
def function(output: Path, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    running = Function(output / "functions" / "__server.func", python, tmp_path_factory.mktemp("ipc"))
    yield running
    running.stop()


def test_the_platforms_runtime_starts_the_function_and_hears_of_each_request(function: Function) -> None:
    assert function.ask("/_vercel/ping")[0] == 200
    assert function.ask("/live/")[0] == 200
    assert function.kinds[0] == "server-started"
    assert function.heard("handler-started")
    assert function.heard("end")


VISITOR = {"Cookie": "session=ann", "Accept-Language": "de", "Host": "example.org"}

# what the platform asks; what the page says
INVOKED = [
    ("/_isr/blog__slug?__isr_path=%2Fblog%2Ftea%2F&page=2", "tea page=2 session=nobody"),
    ("/blog/tea/?__isr_path=%2Fblog%2Ftea%2F&page=2&utm=1", "tea page=2 session=nobody"),
    ("/blog/tea/?__isr_path=%2Fblog%2Ftea%2F&__isr_bypass=1", "tea page= session=ann"),
    ("/__server?__isr_path=%2Fblog%2Ftea%2F&__isr_bypass=1&page=3", "tea page=3 session=ann"),
    ("/live/?__isr_path=%2Flive%2F&a=5", "live 5"),
    ("/__server?__isr_path=%2Flive%2F&a=6", "live 6"),
]


@pytest.mark.parametrize(("target", "expected"), INVOKED)
def test_an_invocation_renders_the_visitors_page(target: str, expected: str, function: Function) -> None:
    status, _, body = function.ask(target, VISITOR)
    assert (status, expected in body) == (200, True), body


def test_the_path_comes_from_the_header_that_the_platform_sets(function: Function) -> None:
    header = {"x-now-route-matches": "1=%2Fblog%2Fmilk%2F&__isr_path=%2Fblog%2Fmilk%2F&slug=milk"}
    assert "milk page=" in function.ask("/_isr/blog__slug", header)[2]


def test_a_kept_page_names_its_lifetime_for_vercel_and_a_bypassed_one_is_private(function: Function) -> None:
    kept = function.ask("/_isr/blog__slug?__isr_path=/blog/tea/")[1]
    assert kept["vercel-cdn-cache-control"] == "public, max-age=3600, stale-while-revalidate=86400"
    assert "path:/blog/tea/" in kept["vercel-cache-tag"]
    passed = function.ask("/__server?__isr_path=/blog/tea/&__isr_bypass=1", VISITOR)[1]
    assert passed["cache-control"] == "private, no-store"
    assert "vercel-cdn-cache-control" not in passed


def test_an_internal_path_of_another_route_is_a_400_that_is_not_kept(function: Function) -> None:
    status, headers, _ = function.ask("/_isr/blog__slug?__isr_path=/live/")
    assert (status, headers["cache-control"]) == (400, "private, no-store")


def test_methods_reach_the_plain_function(function: Function) -> None:
    assert json.loads(function.ask("/api/echo", method="POST", body="hello")[2]) == {"body": "hello"}
    status, headers, _ = function.ask("/blog/tea/", method="POST", body="x")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.fixture(scope="session")
def model() -> ModuleType:
    place = ROOT / "tests/unit/targets/vercel/routing_model.py"
    spec = importlib.util.spec_from_file_location("vercel_routing_model_live", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seen", ["the path of the output", "the path of the visitor"])
def test_from_the_route_table_to_the_page(
    seen: str, output: Path, function: Function, model: ModuleType
) -> None:
    static = {path.relative_to(output / "static").as_posix() for path in (output / "static").rglob("*.*")}
    allow = {}
    for path in (output / "functions").rglob("*.prerender-config.json"):
        name = path.relative_to(output / "functions").as_posix().removesuffix(".prerender-config.json")
        allow[name] = json.loads(path.read_text())["allowQuery"]
    assert allow.keys() >= {"_isr/guides__name/tea", "_isr/guides__name/milk"}
    edge = model.Edge(json.loads((output / "config.json").read_text()), {*static, *allow, "__server"}, allow)
    for path, cookies, expected in (
        ("/blog/tea/", (), "tea page=2 session=nobody"),
        ("/blog/caf%C3%A9/", (), "café page=2 session=nobody"),
        ("/blog/tea/", ("session",), "tea page=2 session=ann"),
        ("/soon/", (), "soon"),
        ("/guides/tea/", (), "guide tea"),
        ("/guides/water/", (), "guide water"),
        ("/live/", (), "live"),
    ):
        reached = edge.reach(model.Ask(path, query="page=2", cookies=cookies))
        shown = reached.path if seen == "the path of the output" else path
        query = "&".join(f"{name}={model.quoted(value)}" for name, value in reached.query)
        headers = {**VISITOR, "x-now-route-matches": reached.matches}
        assert expected in function.ask(f"{shown}?{query}", headers)[2]


def test_the_function_answers_an_event_too(output: Path, python: str) -> None:
    """Without the platform's socket, vercel-runtime gives a function of an event."""
    folder = output / "functions" / "__server.func"
    script = (
        "import json\nfrom vc__handler__python import vc_handler\n"
        "body = {'method': 'GET', 'path': '/_isr/blog__slug?__isr_path=%2Fblog%2Ftea%2F', 'headers': {}}\n"
        "print(json.dumps(vc_handler({'body': json.dumps(body)}, None)))\n"
    )
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "_vendor", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python, "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    body = answer["body"]
    if answer.get("encoding") == "base64":
        body = base64.b64decode(body).decode()
    assert (answer["statusCode"], "tea page=" in body) == (200, True)


# --- the command line ----------------------------------------------------------------------------


class Api:
    """As much of Vercel's API as a deployment calls; keeps the blobs and the last list of files."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.files: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.calls: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(*outer.get(self.path.split("?")[0], self.headers["authorization"] or ""))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                self._answer(*outer.post(self.path.split("?")[0], self.headers["x-now-digest"] or "", body))

            def _answer(self, status: int, body: Any) -> None:
                data = json.dumps(body).encode() if body is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # The command drops its connections when it is done.
        self.server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def get(self, path: str, authorization: str) -> tuple[int, Any]:
        self.calls.append(f"GET {path}")
        self.tokens.add(authorization)
        if authorization != f"Bearer {PLATFORM_TOKEN}":
            return 403, {"error": {"code": "forbidden", "message": "Not authorized", "invalidToken": True}}
        if path == "/v2/user":
            user = {"id": "u1", "username": "ann", "email": "ann@example.org", "version": "northstar"}
            return 200, {"user": {**user, "defaultTeamId": "team_1"}}
        if path.startswith("/teams/"):
            return 200, {"id": "team_1", "slug": "team", "name": "team"}
        if path.startswith("/v9/projects/"):
            return 200, {"id": "prj_1", "name": "site", "accountId": "team_1"}
        return (200, None) if "events" in path else (200, self.deployment())

    def post(self, path: str, digest: str, body: bytes) -> tuple[int, Any]:
        self.calls.append(f"POST {path}")
        if path == "/v2/files":
            assert hashlib.sha1(body).hexdigest() == digest
            self.blobs[digest] = body
            return 200, {"urls": []}
        self.files = json.loads(body)["files"]
        missing = sorted({file["sha"] for file in self.files} - set(self.blobs))
        if missing:
            return 400, {"error": {"code": "missing_files", "message": "Missing files", "missing": missing}}
        return 200, self.deployment()

    def deployment(self) -> dict[str, Any]:
        return {
            "id": "dpl_1",
            "url": "site-1.vercel.test",
            "readyState": "READY",
            "status": "READY",
            "alias": ["site.vercel.test"],
            "aliasAssigned": True,
            "projectId": "prj_1",
            "builds": [],
        }

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def api() -> Iterator[Api]:
    running = Api()
    yield running
    running.close()


@pytest.fixture
def upload(node_modules: Path, output: Path, api: Api, tmp_path: Path) -> Callable[[str], str]:
    def run(token: str) -> str:
        env = {
            "PATH": f"{node_modules / '.bin'}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "VERCEL_ORG_ID": "team_1",
            "VERCEL_PROJECT_ID": "prj_1",
            "CI": "1",
        }
        credentials = Credentials(token, api.url, env)
        return targets.load("vercel").upload(output, {}, credentials, prod=False, report=lambda line: None)

    return run


def _tree(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = path.readlink().as_posix().encode()
        elif path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def test_vercels_command_uploads_exactly_what_was_emitted(
    upload: Callable[[str], str], api: Api, output: Path
) -> None:
    assert "site-1.vercel.test" in upload(PLATFORM_TOKEN)
    sent = {
        file["file"].removeprefix(".vercel/output/"): (api.blobs[file["sha"]], file["mode"])
        for file in api.files
    }
    assert {path: data for path, (data, _) in sent.items()} == _tree(output)
    assert sent["functions/_isr/blog__slug.func"] == (b"../__server.func", 0o120777)
    assert api.tokens == {f"Bearer {PLATFORM_TOKEN}"}


def test_a_token_that_vercel_refuses_is_an_error_without_the_token(upload: Callable[[str], str]) -> None:
    with pytest.raises(IsrgenError) as caught:
        upload("awrongtoken9876")
    assert "`vercel deploy` failed" in str(caught.value)
    assert "awrongtoken9876" not in str(caught.value)
