"""One visit to an on-demand route: the visitor's request, the clean one, and the exchange with the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode

from isrgen.caching.keys import Selecting, cache_key
from isrgen.caching.privacy import varying
from isrgen.caching.stored import HeaderPairs
from isrgen.edge.exchange import Exchange
from isrgen.handlers.renderer import Renderer
from isrgen.http.answer import Answer
from isrgen.http.request import Request, parse_cookies
from isrgen.manifest import Route
from isrgen.routing.strategy import Strategy
from isrgen.server.message import Incoming

Pairs = list[tuple[str, str]]

_SHARED: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a route. ``url`` is the canonical, percent-encoded path, ``path`` the decoded one.

    ``draft``: the visitor holds the signed cookie of draft mode.
    """

    incoming: Incoming
    route: Route
    params: Mapping[str, str | list[str]]
    url: str
    path: str
    client: str
    base_url: str
    body: bytes = b""
    draft: bool = False
    selecting: Selecting = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "selecting", Selecting(self.incoming.headers))

    @property
    def goes_to_edge(self) -> bool:
        """Whether a cache may know the answer; an API route's own HEAD is never a GET without its body."""
        route, method = self.route, self.incoming.method
        return method in _SHARED and not (method == "HEAD" and "HEAD" in route.methods)

    def request(self) -> Request:
        """The visitor's own request, every read of which is recorded."""
        bypass = self._bypass()
        listed = bool(self.route.policy.bypass_cookies)
        return Request(
            self._method,
            self.path,
            query_string=self.incoming.query,
            headers=self._headers(bypass),
            params=self.params,
            client=self.client,
            body=self.body,
            base_url=self.base_url,
            hide_cookies=listed and bypass not in ("cookie", "draft"),
            bypass=bypass,
            draft=bypass == "draft",
        )

    @property
    def changes_what_is_kept(self) -> bool:
        """Whether a success of this request makes the answers to GET, if any are kept, invalid."""
        return self.incoming.method not in _SHARED and "GET" in self.route.methods

    @property
    def key(self) -> str:
        """The cache key of this URL; "" when it is too long to have one."""
        return cache_key(self.url, self._listed(), self.route.policy)

    def exchange(self, renderer: Renderer) -> Exchange:
        """The same for the edge."""
        listed = self._listed()
        key = cache_key(self.url, listed, self.route.policy)

        async def visitor() -> Answer:
            return await renderer.answer(self.route, self.request())

        async def clean(headers: HeaderPairs) -> Answer:
            request = clean_request(self.route, self.params, self.path, listed, headers, self.base_url)
            return await renderer.answer(self.route, request)

        return Exchange(key, self._bypass(), self.selecting, visitor, clean)

    def _listed(self) -> Pairs:
        """Those parameters of the query that the route lists."""
        names, query = self.route.policy.query, self.incoming.query
        if not names or not query:
            return []
        return [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in names]

    @property
    def _method(self) -> str:
        """A page sees GET for HEAD, and so does an API route that has no HEAD of its own."""
        method = self.incoming.method
        if method == "HEAD" and (self.route.strategy is not Strategy.API or "HEAD" not in self.route.methods):
            return "GET"
        return method

    def _headers(self, bypass: str) -> Pairs:
        """What the render sees; of what may select a variant just the value that does.

        Two requests that select the same stored response would otherwise get
        each other's page, made of what only one of them said.
        """
        sent = self.incoming.headers
        if bypass or self.incoming.method not in _SHARED:
            return sent
        varied = self.selecting(tuple(varying(self.route.policy)))
        names = {name for name, _ in varied}
        return [pair for pair in sent if pair[0] not in names] + [pair for pair in varied if pair[1]]

    def _bypass(self) -> str:
        """Why the answer is for this visitor alone, or ""."""
        if self.draft:
            return "draft"
        listed = self.route.policy.bypass_cookies
        if listed:
            lines = (value for name, value in self.incoming.headers if name == "cookie")
            if any(name in listed for line in lines for name, _ in parse_cookies(line)):
                return "cookie"
        return "authorization" if self.incoming.get("authorization") is not None else ""


def clean_request(
    route: Route,
    params: Mapping[str, str | list[str]],
    path: str,
    query: Pairs,
    headers: HeaderPairs,
    base_url: str,
) -> Request:
    """A request that holds exactly the key and the varied headers, and nothing of any visitor."""
    return Request(
        "GET",
        path,
        query_string=urlencode(sorted(query, key=lambda pair: pair[0])),
        headers=[(name, value) for name, value in headers if value],
        params=params,
        base_url=base_url,
        hide_cookies=bool(route.policy.bypass_cookies),
    )
