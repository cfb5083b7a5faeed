"""``isrgen edge``: the edge cache alone, in front of any HTTP server."""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult

import click

from isrgen.cli import console
from isrgen.cli.options import access_log_option, blamed_on, debug_option, host_option, port_option
from isrgen.errors import IsrgenError

if TYPE_CHECKING:
    from isrgen.cli.listen import Address

_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")


@click.command
@click.option(
    "--origin", required=True, metavar="URL", help="The server to stand in front of: http://127.0.0.1:9000."
)
@host_option
@port_option
@click.option(
    "--store",
    envvar="ISRGEN_STORE",
    metavar="URL",
    default="memory:",
    show_default=True,
    help="memory:, disk:PATH or redis://HOST:PORT/DB.",
)
@click.option(
    "--origin-host", default="", metavar="NAME", help="The Host the origin is told (default: the visitor's)."
)
@click.option(
    "--trusted-proxy",
    "trusted",
    multiple=True,
    metavar="ADDRESS",
    help="An address or network that may say X-Forwarded-*; may be given again.",
)
@access_log_option
@debug_option
def command(
    origin: str,
    host: str,
    port: int,
    store: str,
    origin_host: str,
    trusted: tuple[str, ...],
    access_log: str,
) -> int:
    """Answer from the cache, and ask the origin for the rest.

    The origin's Cache-Control and CDN-Cache-Control decide what is kept.
    ISRGEN_STORE stands for --store; ISRGEN_TOKEN opens the admin endpoints
    below /_isrgen/.
    """
    from granian.constants import Interfaces

    from isrgen.cli import listen, logs
    from isrgen.cli.edge_worker import EdgeWorker
    from isrgen.cli.stores import tried
    from isrgen.edge.origins.http import parse_origin
    from isrgen.server.gateway import own_name
    from isrgen.server.proxies import Proxies

    with blamed_on("--origin"):
        parts = parse_origin(origin)
    with blamed_on("--origin-host"):
        _check_host(origin_host)
    with blamed_on("--trusted-proxy"):
        Proxies(trusted)
    url = tried(store, Path.cwd(), shared=False)
    reservation = listen.Reservation(host, port)
    if _is_here(parts, reservation.address):
        reservation.close()
        raise IsrgenError(
            f"The origin {origin} is the very address that this server would listen on.",
            "Name the application's own address, or listen elsewhere: --port 8080.",
        )
    logs.configure()
    worker = EdgeWorker(
        origin=origin,
        told_host=origin_host,
        folder=Path.cwd(),
        store=url,
        token=os.environ.get("ISRGEN_TOKEN", ""),
        trusted_proxies=trusted,
        via=own_name(),
        access=access_log,
    )
    return listen.run(
        reservation,
        worker,
        workers=1,
        interface=Interfaces.ASGI,
        ready=lambda address: console.say(f"Serving {address} in front of {origin} (Ctrl-C to stop)"),
    )


def _check_host(name: str) -> None:
    if name and not _HOST.fullmatch(name):
        raise IsrgenError(f"{name!r} is no host.", "Write a name and perhaps a port: app.example:8080.")


def _is_here(origin: SplitResult, address: Address) -> bool:
    """Whether the origin is the address that we listen on. Loops through other servers show in ``Via``."""
    if (origin.port or (443 if origin.scheme == "https" else 80)) != address.port:
        return False
    try:
        found = socket.getaddrinfo(origin.hostname, address.port, address.family, socket.SOCK_STREAM)
    except OSError:
        return False
    everywhere = address.near != address.host
    return any(where[0] == address.host or (everywhere and _is_ours(where)) for *_, where in found)


def _is_ours(where: tuple[object, ...]) -> bool:
    """Whether an address belongs to this machine: only then can something be bound to it."""
    family = socket.AF_INET6 if ":" in str(where[0]) else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((where[0], 0))
        return True
    return False
