"""The request that loaders, API functions, middleware and templates see.

Every part that differs between visitors is handed out through a view that
records the read. What isrgen itself asks of a request are functions beside the
class: a template reaches every public name of an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NoReturn, TypeVar, overload
from urllib.parse import parse_qsl, quote, urlencode

from isrgen.caching.privacy import Read, What
from isrgen.http.bodies import parse_json
from isrgen.http.forms import Form, parse_form
from isrgen.http.reads import Recorder
from isrgen.routing.urls import SAFE

D = TypeVar("D")


class RecordedView(Mapping[str, str]):
    """A read-only mapping that records what is looked at.

    Iterating, printing or counting looks at everything. A header that stands
    more than once has its lines joined (RFC 9110 section 5.3); those of
    ``Cookie`` as RFC 9113 section 8.2.3 says.
    """

    __slots__ = ("_all", "_fold", "_items", "_note", "_one")

    def __init__(
        self,
        items: Sequence[tuple[str, str]],
        note: Callable[[What, str], None],
        one: What,
        everything: What,
        fold: bool = False,
    ) -> None:
        self._items = items
        self._note = note
        self._one = one
        self._all = everything
        self._fold = fold

    def getall(self, name: str) -> list[str]:
        """Every value of this name, in order."""
        wanted = name.lower() if self._fold else name
        self._note(self._one, wanted)
        return [value for key, value in self._items if (key.lower() if self._fold else key) == wanted]

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str | D) -> str | D: ...
    def get(self, name: str, default: object = None) -> object:
        values = self.getall(name)
        if not values:
            return default
        if not self._fold:
            return values[0]
        return ("; " if name.lower() == "cookie" else ", ").join(values)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.getall(name))

    def __iter__(self) -> Iterator[str]:
        self._note(self._all, "")
        return iter(dict.fromkeys(key.lower() if self._fold else key for key, _ in self._items))

    def __len__(self) -> int:
        self._note(self._all, "")
        return len({key.lower() if self._fold else key for key, _ in self._items})

    def __repr__(self) -> str:
        self._note(self._all, "")
        return repr(dict(self._items))

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        self._note(self._all, "")
        return isinstance(other, Mapping) and dict(self._items) == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> RecordedView:
        return self

    def __deepcopy__(self, memo: object) -> RecordedView:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("this view records what is read and cannot be pickled; pass on a dict() of it")


def parse_cookies(header: str) -> list[tuple[str, str]]:
    """Names and values of a ``Cookie`` header (RFC 6265 section 5.4), leniently.

    >>> parse_cookies("session=a; theme=dark; =x; odd")
    [('session', 'a'), ('theme', 'dark')]
    """
    found = []
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if name and equals:
            found.append((name.strip(), value.strip().strip('"')))
    return found


class Request:
    """One request.

    ``path`` is the decoded, canonical path, ``params`` what the route's
    pattern captured. Reading ``url`` counts as reading every query parameter,
    unless ``url_query`` or ``limit_url`` leave only what is part of a key. With
    ``hide_cookies`` there are none to see, nor any ``Cookie`` header, and
    reading them changes nothing. ``bypass`` says why this request is answered
    for its visitor alone: cookie, authorization, draft; it is empty for others.
    One in ``draft`` mode is always so: asking for that is no read.
    """

    __slots__ = (
        "_base_url", "_body", "_bypass", "_client", "_cookies", "_draft", "_headers", "_query", "_recorder",
        "_shows_cookies", "_url_query", "method", "params", "path",
    )  # fmt: skip

    def __init__(
        self,
        method: str = "GET",
        path: str = "/",
        *,
        query_string: str = "",
        headers: Sequence[tuple[str, str]] = (),
        params: Mapping[str, str | list[str]] | None = None,
        client: str = "",
        body: bytes = b"",
        base_url: str = "",
        url_query: Sequence[tuple[str, str]] | None = None,
        hide_cookies: bool = False,
        bypass: str = "",
        draft: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        # Its own lists too: whoever made this request makes others from the same params.
        self.params: dict[str, str | list[str]] = {
            name: value if isinstance(value, str) else list(value) for name, value in (params or {}).items()
        }
        self._recorder = Recorder()
        self._base_url = base_url.rstrip("/")
        self._body = body
        self._client = client
        self._url_query = url_query
        self._draft = draft
        self._bypass = bypass or ("draft" if draft else "")
        if hide_cookies:
            headers = [(name, value) for name, value in headers if name.lower() != "cookie"]
        cookies = [
            pair for name, value in headers if name.lower() == "cookie" for pair in parse_cookies(value)
        ]
        self._shows_cookies = bool(cookies)
        note = self._recorder.record

        def note_header(what: What, name: str) -> None:
            if name == "cookie":
                note_cookie(What.ALL_COOKIES, "")
            else:
                note(what, name)

        def note_cookie(what: What, name: str) -> None:
            if not hide_cookies:
                note(what, name)

        query = parse_qsl(query_string, keep_blank_values=True, max_num_fields=1000) if query_string else []
        self._headers = RecordedView(headers, note_header, What.HEADER, What.ALL_HEADERS, fold=True)
        self._cookies = RecordedView(cookies, note_cookie, What.COOKIE, What.ALL_COOKIES)
        self._query = RecordedView(query, note, What.QUERY, What.ALL_QUERY)

    @property
    def headers(self) -> RecordedView:
        return self._headers

    @property
    def cookies(self) -> RecordedView:
        return self._cookies

    @property
    def query(self) -> RecordedView:
        return self._query

    @property
    def draft(self) -> bool:
        """Whether the visitor is in draft mode, and sees what is not out yet."""
        return self._draft

    @property
    def client(self) -> str:
        """The visitor's address; reading it makes the response private."""
        self._recorder.record(What.CLIENT)
        return self._client

    @property
    def url(self) -> str:
        """The absolute URL: ``base_url``, the path, and the query."""
        pairs = self._url_query
        self._recorder.touch()
        if pairs is None:
            self._recorder.record(What.ALL_QUERY)
            pairs = self._query._items
        path = quote(self.path, safe=f"/{SAFE}")
        return f"{self._base_url}{path}" + (f"?{urlencode(pairs)}" if pairs else "")

    async def body(self) -> bytes:
        self._recorder.touch()
        return self._body

    async def text(self) -> str:
        """The body as UTF-8; bytes that are not are replaced."""
        return (await self.body()).decode("utf-8", "replace")

    async def json(self) -> Any:
        """The body as JSON; raises ValueError when it is not. Uncaught, that is a 400."""
        return parse_json(await self.body())

    async def form(self) -> Form:
        """The fields of a form, urlencoded or multipart; raises ValueError, too, for anything else."""
        return parse_form(self._headers.get("content-type", ""), await self.body())

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"

    def __copy__(self) -> Request:
        """A copy may have another path or other params; its reads are the original's."""
        made = object.__new__(Request)
        for name in Request.__slots__:
            setattr(made, name, getattr(self, name))
        made.params = deepcopy(self.params)
        return made

    def __deepcopy__(self, memo: object) -> Request:
        return self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a request cannot be pickled: what is read of it would not be known; pass on its values"
        )


def reads_of(request: Request) -> tuple[Read, ...]:
    """What was read of a request so far."""
    return request._recorder.reads


def recorder_of(request: Request) -> Recorder:
    """What notes the reads of a request."""
    return request._recorder


def seal(request: Request) -> None:
    """Make each further read an error."""
    request._recorder.seal()


def bypass_of(request: Request) -> str:
    """Why it is answered for its visitor alone, or ""."""
    return request._bypass


def shows_cookies(request: Request) -> bool:
    """Whether there are any that the site's code could see."""
    return request._shows_cookies


def limit_url(request: Request, names: Iterable[str]) -> None:
    """Let ``url`` show only these parameters, in the order of a key; reading it is harmless then."""
    listed = frozenset(names)
    shown = [pair for pair in request._query._items if pair[0] in listed]
    request._url_query = sorted(shown, key=lambda pair: pair[0])
