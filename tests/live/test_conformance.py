"""The public conformance suite for HTTP caches, cache-tests.fyi, on ``isrgen edge``.

The suite's own origin, our edge before it, the suite's own client. Every test
that the suite calls ``required`` passes, but those that no edge should pass,
each with its reason; and none of those does pass, so that the table stays true.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "cache_tests"
DOCS = Path(__file__).parents[2] / "content" / "docs" / "conformance.md"
PATIENCE = 30.0

_AGE = "RFC 9111 section 5.1: the first member of Age counts, and what is no number is ignored"
_HANGS_UP = "the origin hangs up, so no answer can carry the count by which the test knows that it is new"
_COOKIE = "a response with Set-Cookie is for one visitor, whatever it says of caching"
_SURROGATE = "CDN-Cache-Control (RFC 9213) is the standard; Surrogate-Control is for who announces it"

REFUSED: dict[str, str] = {
    "304-etag-update-response-ETag": (
        "RFC 9111 section 4.3.4: a 304 with another ETag is about another response, so the whole is asked for"
    ),
    "304-etag-update-response-Set-Cookie": _COOKIE,
    "age-parse-dup-0": _AGE,
    "age-parse-dup-0-twoline": _AGE,
    "age-parse-dup-old": _AGE,
    "age-parse-float": _AGE,
    "age-parse-negative": _AGE,
    "age-parse-nonnumeric": _AGE,
    "age-parse-numeric-parameter": _AGE,
    "age-parse-parameter": _AGE,
    "age-parse-prefix-twoline": _AGE,
    "headers-store-Set-Cookie": _COOKIE,
    "headers-store-Transfer-Encoding": (
        "RFC 9112 section 6.1: where a body in an unknown transfer coding ends is not known; it is a 502"
    ),
    "stale-close-must-revalidate": _HANGS_UP,
    "stale-close-no-cache": _HANGS_UP,
    "stale-close-proxy-revalidate": _HANGS_UP,
    "stale-close-s-maxage=2": _HANGS_UP,
    "surrogate-fresh-cc-nostore": _SURROGATE,
    "surrogate-max-age-0-expires": _SURROGATE,
    "surrogate-max-age-long-cc-max-age": _SURROGATE,
    "surrogate-no-store-cc-fresh": _SURROGATE,
}
"""Test -> why an edge should not pass it."""

PASSED = {"required": 144, "optimal": 60, "check": 22}
"""How many tests of each kind pass; the suite has 165, 95 and 90."""


@pytest.fixture(scope="module")
def suite(require: Callable[..., str]) -> Path:
    """The suite's folder, installed once for this package.json."""
    require("node")
    npm = require("npm")
    package = (HERE / "package.json").read_bytes()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "isrgen-tests" / f"cache-tests-{hashlib.sha256(package).hexdigest()[:12]}"
    done = folder / "installed"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", folder)
        line = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        if subprocess.run(line, cwd=folder, capture_output=True, check=False).returncode == 0:
            done.touch()
    found = folder / "node_modules" / "http-cache-tests"
    require("http-cache-tests", found if done.exists() else None)
    return found


@pytest.fixture(scope="module")
def origin(
    suite: Path, require: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The suite's own server."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    told = {
        "npm_config_protocol": "http",
        "npm_config_port": str(port),
        "npm_config_pidfile": str(tmp_path_factory.mktemp("suite") / "pid"),
    }
    process = subprocess.Popen(
        [require("node"), "server/server.mjs"],
        cwd=suite,
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def results(
    suite: Path, origin: str, run_edge: Callable[..., Any], require: Callable[..., str]
) -> dict[str, Any]:
    """What the suite's client found: id -> kind, name, result (True, or what went wrong).

    What fails is tried once more: the suite counts seconds between two requests,
    and a machine that is busy may let one too many pass.
    """
    base = run_edge(origin).url.rstrip("/")

    def run(*names: str) -> dict[str, Any]:
        done = subprocess.run(
            [require("node"), "--no-warnings", str(HERE / "run.mjs"), str(suite), base, *names],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    found = run()
    again = run(*(name for name, test in found.items() if test["result"] is not True))
    found.update({name: test for name, test in again.items() if test["result"] is True})
    if os.environ.get("ISRGEN_CONFORMANCE"):
        Path(os.environ["ISRGEN_CONFORMANCE"]).write_text(json.dumps(found, indent=1))
    return found


def passed(results: dict[str, Any]) -> Counter[str]:
    return Counter(test["kind"] for test in results.values() if test["result"] is True)


def test_every_required_test_passes_but_those_that_are_refused(results: dict[str, Any]) -> None:
    failed = {
        name: test["result"]
        for name, test in results.items()
        if test["kind"] == "required" and test["result"] is not True and name not in REFUSED
    }
    assert failed == {}


def test_what_is_refused_is_in_the_suite_and_does_not_pass(results: dict[str, Any]) -> None:
    assert [name for name in REFUSED if results[name]["result"] is True] == []


def test_as_many_tests_pass_as_the_documentation_says(results: dict[str, Any]) -> None:
    assert dict(passed(results)) == PASSED
    total = Counter(test["kind"] for test in results.values())
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+ of \d+) \|", DOCS.read_text(), re.MULTILINE))
    assert rows == {kind: f"{PASSED[kind]} of {total[kind]}" for kind in PASSED}


def test_the_documentation_names_every_refused_test_and_no_other() -> None:
    table = DOCS.read_text().partition("## Refused on purpose")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)) == set(REFUSED)
