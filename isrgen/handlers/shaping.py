"""How the headers that site code asked for reach the response that it made.

A ``Response`` of the site's own is never changed in place: it may stand at the
top of a module and be raised again for the next visitor.
"""

from __future__ import annotations

from isrgen.http.context import RenderContext
from isrgen.http.headers import Headers
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


def _apply(asked: list, headers: Headers) -> None:  # type: ignore[type-arg]
    for change in asked:
        if callable(change):
            change(headers)
            continue
        for name in change:
            for index, value in enumerate(change.getall(name)):
                headers.set(name, value) if index == 0 else headers.append(name, value)
