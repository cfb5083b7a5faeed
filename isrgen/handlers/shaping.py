"""How the headers that site code asked for reach the response that it made.

A ``Response`` of the site's own is never changed in place: it may stand at the
top of a module and be raised again for the next visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from isrgen.errors import IsrgenError
from isrgen.handlers.calls import place_of
from isrgen.http.context import RenderContext
from isrgen.http.headers import Headers, HeadersLike
from isrgen.http.response import Response


def own(response: Response) -> Response:
    """A copy that may be changed."""
    return response.copy()


def settle(context: RenderContext, response: Response, *, rendered: bool) -> Response:
    """Apply what ``set_response_headers`` collected so far, and start collecting anew.

    On a page that was ``rendered`` they replace its headers. Beside a Response
    that names headers itself, those are the later word and stay.
    """
    if not context.headers:
        return response
    asked, context.headers[:] = list(context.headers), []
    if rendered:
        _apply(asked, response.headers)
        return response
    headers = Headers()
    _apply(asked, headers)
    for name in response.headers:
        if name != "set-cookie":
            headers.delete(name)
    for name, value in response.headers.pairs():
        headers.append(name, value)
    response.headers = headers
    return response


def checked(response: Response) -> Response:
    """A response as it came out of the site's code, where anything may have been assigned to it.

    Raises IsrgenError for a status or headers that no response can have.
    """
    if not isinstance(response.status, int) or not 200 <= response.status <= 599:
        raise IsrgenError(
            f"A response has the status {response.status!r}.", "Give it a number from 200 to 599."
        )
    try:
        response.headers = Headers(response.headers)
    except (ValueError, TypeError, AttributeError) as error:
        raise IsrgenError(f"A response has headers that cannot be sent: {error}.") from error
    return response


def _apply(asked: Sequence[HeadersLike | Callable[[Headers], object]], headers: Headers) -> None:
    for change in asked:
        if callable(change):
            change(headers)
            headers.place_vary(partial(place_of, change))
            continue
        replaced = Headers(change)
        for name in replaced:
            if name != "set-cookie":
                headers.delete(name)
        for name, value in replaced.pairs():
            headers.append(name, value)
