"""Who the visitor is, when proxies stand between: only trusted ones are believed."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from isrgen.errors import IsrgenError
from isrgen.server.hosts import HOST
from isrgen.server.message import Incoming

_FORWARDED: Final = ("forwarded", "x-real-ip")
_FORWARDING: Final = ("x-forwarded-", *_FORWARDED)
"""What stands in the name of each forwarding field, and perhaps in others."""


class Proxies:
    """The ``trusted_proxies`` of a site: addresses and networks."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks = []
        for text in (trusted,) if isinstance(trusted, str) else trusted:
            try:
                self._networks.append(ip_network(text, strict=False))
            except ValueError as error:
                raise IsrgenError(
                    f"`trusted_proxies` has {text!r}, which is not an address.",
                    "Write addresses or networks, as in 10.0.0.0/8.",
                ) from error

    def client(self, incoming: Incoming) -> str:
        """The visitor's address: the last one in X-Forwarded-For that is no trusted proxy's.

        What an untrusted peer says in forwarding fields is taken out of the request.
        """
        if not self._trusts(incoming.peer):
            names = incoming.names()
            if any(part in names for part in _FORWARDING):
                incoming.headers = [pair for pair in incoming.headers if not _is_forwarding(pair[0])]
            return incoming.peer
        return self.address(incoming.peer, incoming.get("x-forwarded-for") or "")

    def address(self, peer: str, forwarded_for: str) -> str:
        """The same, from what X-Forwarded-For says."""
        if not self._trusts(peer):
            return peer
        said = forwarded_for.split(",")
        client = peer
        for hop in reversed([part.strip() for part in said if part.strip()]):
            address = _address(hop)
            if address is None:
                break
            client = str(address)
            if not self._trusts(client):
                break
        return client

    def origin(self, incoming: Incoming) -> str:
        """``https://host`` as the nearest proxy tells it, if that is trusted; empty where none does.

        Some proxies add to what a visitor sent (Apache's): what stands before the last comma is anybody's.
        """
        if not self._trusts(incoming.peer):
            return ""
        host = _last(incoming.get("x-forwarded-host") or "")
        scheme = _last(incoming.get("x-forwarded-proto") or "https").lower()
        if scheme not in ("http", "https") or not HOST.fullmatch(host):
            return ""
        return f"{scheme}://{host}"

    def is_secure(self, incoming: Incoming) -> bool:
        """Whether the visitor came by https: by the connection, or as a trusted proxy tells it."""
        said = incoming.get("x-forwarded-proto") if self._trusts(incoming.peer) else None
        return _last(said or incoming.scheme).lower() == "https"

    def _trusts(self, text: str) -> bool:
        if not self._networks:
            return False
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _last(field: str) -> str:
    return field.rpartition(",")[2].strip()


def _is_forwarding(name: str) -> bool:
    return name.startswith("x-forwarded-") or name in _FORWARDED


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without its zone, which means something to one machine only; any text at all may stand there.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address
