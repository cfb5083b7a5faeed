"""The servers that are compared: each in a folder of its own, on a free port of loopback, on one core.

A contestant is started with its page in its cache, and shown to answer hits
with the right bytes before anything is measured.
"""

from __future__ import annotations

import grp
import http.client
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SIZE = 8192
"""Bytes of the page that everybody sends."""

MARK = "A page to be measured."
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]

SITE = {
    "isrgen.toml": 'base_url = "http://127.0.0.1"\nrender_timeout = "30s"\n',
    "content/hit+ssr.html": "---\nlayout: none\ncache: {s-maxage: 1h}\n---\n{{ text }}",
    "content/stale+ssr.html": (
        "---\nlayout: none\ncache: {s-maxage: 1, stale-while-revalidate: 1h}\n---\n{{ text }}"
    ),
    "content/miss+ssr.html": "---\nlayout: none\ncache: {s-maxage: 1h}\n---\n{{ text }}",
    "content/page/[number]+ssr.html": "---\nlayout: none\ncache: {s-maxage: 1h}\n---\n{{ text }}",
}
TEXT = f"TEXT = {MARK!r}.ljust({SIZE}, '.')\n"
LOADERS = {
    "content/hit+ssr.py": TEXT + "def loader():\n    return {'text': TEXT}\n",
    "content/page/[number]+ssr.py": TEXT
    + "def loader(params):\n    return {'text': params['number'].ljust(9) + TEXT[9:]}\n",
    **{
        f"content/{name}+ssr.py": TEXT + "import asyncio, pathlib\n"
        f"SEEN = pathlib.Path({{seen!r}}) / {name!r}\n"
        "async def loader():\n    with SEEN.open('a') as file:\n        file.write('x')\n"
        "    await asyncio.sleep(1)\n    return {{'text': TEXT}}\n"
        for name in ("stale", "miss")
    },
}

NGINX = """
user {user} {group};
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; sendfile on; tcp_nopush on; default_type text/html;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=pages:10m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {origin}; proxy_cache pages; proxy_cache_valid 200 1h;
      proxy_ignore_headers Cache-Control Expires; add_header X-Cache $upstream_cache_status;
    }}
  }}
}}
"""

VCL = """
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{origin_port}"; }}
sub vcl_backend_response {{ set beresp.ttl = 1h; }}
sub vcl_deliver {{ if (obj.hits > 0) {{ set resp.http.X-Cache = "HIT"; }} }}
"""

NEXT_PAGE = """
export const revalidate = 3600;
export const dynamicParams = true;
export async function generateStaticParams() { return []; }
export default async function Page({ params }) {
  const { length } = await params;
  return <main dangerouslySetInnerHTML={{ __html: "MARK".padEnd(Number(length), ".") }} />;
}
"""
NEXT = {
    "package.json": '{"private": true, "scripts": {"build": "next build", "start": "next start"}}\n',
    "next.config.mjs": "export default { poweredByHeader: false };\n",
    "app/layout.js": (
        "export default function Layout({ children }) {\n"
        '  return <html lang="en"><body>{children}</body></html>;\n}\n'
    ),
}


@dataclass
class Server:
    """A running contestant: what to ask it for, and its processes, whose time is counted."""

    name: str
    port: int
    path: str
    process: subprocess.Popen[bytes]
    is_hit: Callable[[Mapping[str, str]], bool]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def check(self) -> int:
        """Ask until it is a hit with the right page; the body's size."""
        for _ in range(50):
            status, headers, body = get(self.port, self.path)
            if status != 200 or MARK.encode() not in body:
                raise SystemExit(f"{self.name} does not send the page: {status} {body[:200]!r}")
            if self.is_hit(headers):
                if not 0.85 * SIZE <= len(body) <= 1.15 * SIZE:
                    raise SystemExit(f"{self.name} sends {len(body)} bytes, not about {SIZE}.")
                return len(body)
            time.sleep(0.1)
        raise SystemExit(f"{self.name} does not answer from its cache: {dict(headers)}")


def get(port: int, path: str) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program on the servers' core, from the moment it listens; ended with everything it started."""
    core = SERVER_CORE
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        **options,  # type: ignore[call-overload]
    )
    try:
        _wait(process, port)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{process.args!r} does not listen on port {port}.")


@contextmanager
def isrgen(folder: Path, *arguments: str) -> Iterator[Server]:
    site = folder / "site"
    seen = folder / "seen"
    seen.mkdir(parents=True, exist_ok=True)
    loaders = {
        name: text.format(seen=str(seen)) if "{seen" in text else text for name, text in LOADERS.items()
    }
    write(site, SITE | loaders)
    port = free_port()
    command = [sys.executable, "-m", "isrgen.cli", "serve", "--site", str(site), "--port", str(port)]
    with running([*command, *arguments], port, env={**os.environ, "ISRGEN_TOKEN": "bench"}) as process:
        yield Server("isrgen", port, "/hit/", process, lambda h: "; hit" in h.get("cache-status", ""))


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """A dictionary behind the same server: what no cache in Python can pass."""
    port = free_port()
    with running([sys.executable, str(HERE / "bare.py"), str(port)], port) as process:
        yield Server("bare dictionary", port, "/hit/", process, lambda h: True)


@contextmanager
def nginx(folder: Path, origin: Server) -> Iterator[Server]:
    port = free_port()
    told = {"folder": folder, "port": port, "origin": origin.url.removesuffix("/hit/")}
    # Started by root it would become somebody who may not write here.
    told |= {"user": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}
    write(folder, {"nginx.conf": NGINX.format(**told)})
    command = [_tool("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")]
    with running(command, port) as process:
        yield Server("nginx", port, "/hit/", process, lambda h: h.get("x-cache") == "HIT")


@contextmanager
def varnish(folder: Path, origin: Server) -> Iterator[Server]:
    port = free_port()
    write(folder, {"default.vcl": VCL.format(origin_port=origin.port)})
    command = [_tool("varnishd"), "-j", "none", "-F", "-n", str(folder / "work"), "-a", f"127.0.0.1:{port}"]
    command += ["-f", str(folder / "default.vcl"), "-s", "malloc,64m", "-p", "thread_pools=1"]
    with running(command, port, stderr=subprocess.DEVNULL) as process:
        yield Server("varnish", port, "/hit/", process, lambda h: h.get("x-cache") == "HIT")


@contextmanager
def next_start(cache: Path) -> Iterator[Server]:
    """Installed and built once, below ``cache``; its page holds the text twice, once for its script."""
    page = NEXT_PAGE.replace("MARK", MARK)
    env = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "NODE_ENV": "production"}
    built = cache / ".next" / "built-for"
    if not built.is_file() or built.read_text() != page:
        write(cache, NEXT | {"app/p/[length]/page.js": page})
        npm, quiet = _tool("npm"), {"cwd": cache, "env": env, "stdout": subprocess.DEVNULL, "check": True}
        install = [npm, "install", "--no-audit", "--no-fund", "next", "react", "react-dom"]
        subprocess.run(install, **quiet)  # type: ignore[call-overload]
        subprocess.run([npm, "run", "build"], **quiet)  # type: ignore[call-overload]
        built.write_text(page)
    port = free_port()
    command = [_tool("node"), "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, cwd=cache, env=env) as process:
        # What else a page holds differs from one version to the next.
        length = 1000 + (SIZE - len(get(port, "/p/1000")[2])) // 2
        yield Server("next", port, f"/p/{length}", process, lambda h: h.get("x-nextjs-cache") == "HIT")


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed. --only leaves contestants out.")
    return found
