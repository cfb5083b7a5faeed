"""What a site reads under names that stand nowhere in its code as they are sent."""

from __future__ import annotations

import pytest

from .conftest import Check, leak

PUBLIC = """
    from isrgen import Response
    from _lib.who import Current
    cache = "hourly"
    def loader():
        return Response(f"<p>{Current.user}</p>")
"""


@pytest.mark.parametrize(
    ("constants", "read"),
    [
        ("COOKIE = 'sid_v2'", "request.cookies.get(COOKIE)"),
        ("HEADER = 'X-Employee'", "request.headers.get(HEADER + '-No')"),
        ("NAMES = {'cookie': 'sid_v2'}", "request.cookies.get(NAMES['cookie'])"),
        ("QUERY = 'who' + 'ami'", "request.query.get(QUERY)"),
    ],
)
def test_a_name_that_is_made_up_or_held_in_a_constant_is_sent_once_it_was_read(
    check_site: Check, constants: str, read: str
) -> None:
    mine = f"""
        from isrgen import Response
        from _lib.who import *
        def loader(request):
            Current.user = {read} or Current.user
            return Response("x")
    """
    who = f"class Current:\n    user = None\n{constants}\n"
    told = leak(
        check_site(
            {"content/a+ssr.py": mine, "content/index+ssr.py": PUBLIC, "content/_lib/who.py": who}, leaks=True
        )
    )
    assert "/ is kept for everyone and holds what" in told
    assert "isrgen-check-" in told


def test_a_name_that_only_users_lead_to_is_sent_in_another_round(check_site: Check) -> None:
    mine = """
        from isrgen import Response
        from _lib.who import *
        def loader(request):
            if request.cookies.get(FIRST):
                Current.user = request.cookies.get(SECOND) or Current.user
            return Response("x")
    """
    who = "class Current:\n    user = None\nFIRST = 'is' + 'in'\nSECOND = 'sid' + '_v2'\n"
    files = {"content/a+ssr.py": mine, "content/index+ssr.py": PUBLIC, "content/_lib/who.py": who}
    assert "the cookie `sid_v2`" in leak(check_site(files, leaks=True))
