"""Orders from outside: purges in JSON, tags, and the cookie of draft mode."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fuzzing import FUZZ, LATIN, TOKEN, effort, scribbled
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from isrgen.caching.invalidation import MAX_TAGS, expand, portable, purge_tags
from isrgen.caching.received import Received, received
from isrgen.edge.driver import Edge
from isrgen.edge.open import open_store
from isrgen.edge.store import PurgeError
from isrgen.http.context import Purge
from isrgen.server.admin_gate import Gate, bearer
from isrgen.server.admin_orders import MOST_PURGES, purges
from isrgen.server.draft import COOKIE, LASTS, Drafts

NOW = 1_800_000_000.0
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
TEXTS = st.lists(
    ANY_TEXT | st.sampled_from(["/a/", "blog", "all", "\ud800", "/\ud800/", "/\x00"]), max_size=4
)
ORDERS = st.fixed_dictionaries({}, optional={"paths": TEXTS, "tags": TEXTS, "hard": st.booleans()})
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["paths", "tags", "hard", "x"]), inner)
    ),
    max_leaves=8,
)


def key_of(path: str) -> str | None:
    return path if path.startswith("/") else None


@FUZZ
@given(ORDERS)
def test_an_order_is_carried_out_to_the_letter_or_refused(order: dict[str, Any]) -> None:
    body = json.dumps(order).encode()
    paths, tags, hard = order.get("paths", []), order.get("tags", []), order.get("hard", False)
    is_good = bool(order.keys() & {"paths", "tags"}) and all([*paths, *tags]) and all(map(key_of, paths))
    if not is_good:
        with pytest.raises(ValueError, match=r"[a-z]"):
            purges(body, key_of)
        return
    expected = [
        *(Purge(path=path, hard=hard) for path in paths),
        *(Purge(tag=tag, hard=hard) for tag in tags),
    ]
    with suppress(ValueError):  # a text that is none, a lone surrogate, may be refused
        assert purges(body, key_of) == expected


@FUZZ
@example(b"[" * 100_000)
@example(b'{"tags":["a"],"hard":' + b"9" * 5000 + b"}")
@example(b"\xff\xfe{\x00}\x00")
@given(
    JSON.map(json.dumps).map(str.encode)
    | scribbled(ORDERS.map(json.dumps), '{}[]",:\\uD8').map(str.encode)
    | st.binary()
)
def test_no_order_does_more_than_raise_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        asked = purges(body, key_of)
        assert len(asked) <= MOST_PURGES
        assert all(one.path or one.tag for one in asked)


@pytest.mark.parametrize("url", ["memory:", "disk:edge"])
@settings(effort(25), suppress_health_check=list(HealthCheck))
@example(order={"paths": ["/\ud800"]})
@example(order={"tags": ["\ud800"]})
@given(order=ORDERS)
def test_what_is_not_refused_can_be_carried_out(url: str, tmp_path: Path, order: dict[str, Any]) -> None:
    async def run(asked: list[Purge]) -> None:
        edge = Edge(open_store(url, root=tmp_path, shared=False), clock=lambda: NOW)
        try:
            await edge.purge(asked)
        finally:
            await edge.close()

    try:
        asked = purges(json.dumps(order).encode(), key_of)
    except ValueError:
        return
    try:
        asyncio.run(run(asked))
    except PurgeError as error:
        pytest.fail(str(error))


TAGS = st.lists(ANY_TEXT | TOKEN | st.sampled_from(["blog", "Blog ", "all"]), max_size=6)


@FUZZ
@given(TAGS)
def test_every_tag_of_an_origin_can_be_purged(tags: list[str]) -> None:
    said = [tag.replace(",", "").encode("latin-1", "replace").decode("latin-1") for tag in tags]
    head = [("cache-control", "max-age=9"), ("cache-tag", ",".join(said))]
    leave = received(200, head, asked_at=NOW, now=NOW, authorized=False)
    assert isinstance(leave, Received)
    for tag in said:
        if tag.strip():
            assert set(purge_tags(portable(tag))) & {*leave.tags, "all"}
    assert all(re.fullmatch(r"[a-z0-9._:/-]{1,128}", tag) for tag in leave.tags)


@FUZZ
@given(st.integers(0, 3000), st.integers(0, 9))
def test_an_origin_with_many_tags_gets_few_and_each_can_be_purged(count: int, one: int) -> None:
    head = [("cache-control", "max-age=9"), ("cache-tag", ",".join(f"t{number}" for number in range(count)))]
    leave = received(200, head, asked_at=NOW, now=NOW, authorized=False)
    assert isinstance(leave, Received)
    assert len(leave.tags) <= MAX_TAGS
    if count:
        assert set(purge_tags(f"t{one * (count - 1) // 9}")) & set(leave.tags)


@FUZZ
@given(ANY_TEXT, st.dictionaries(st.sampled_from(["slug", "path"]), ANY_TEXT | st.just("{slug}{path}")))
def test_a_parameter_is_put_into_a_tag_as_it_is(text: str, params: dict[str, str]) -> None:
    plain = text.replace("{", "(")
    for name, value in params.items():
        assert expand(f"{plain}:{{{name}}}", params) == f"{plain}:{value}"


CLOCK = [NOW]
DRAFTS = Drafts("secret", lambda: CLOCK[0])


@FUZZ
@given(st.lists(LATIN, max_size=3), st.lists(LATIN, max_size=2), st.integers(-10, 2 * LASTS))
def test_a_draft_cookie_holds_in_any_company_until_it_expires(
    before: list[str], after: list[str], later: int
) -> None:
    CLOCK[0] = NOW
    issued = DRAFTS.issue()
    assert COOKIE not in "".join([*before, *after])
    CLOCK[0] = NOW + later
    assert DRAFTS.holds("; ".join([*before, f"{COOKIE}={issued}", *after])) == (later < LASTS)


@FUZZ
@given(
    scribbled(st.just(DRAFTS.issue()), "0123456789abcdefABCDEF. ;=٣"), st.sampled_from(["secret", "other"])
)
def test_a_draft_cookie_that_is_not_ours_never_holds(value: str, secret: str) -> None:
    CLOCK[0] = NOW
    holds = Drafts(secret, lambda: NOW).holds(f"{COOKIE}={value}")
    assert holds == (secret == "secret" and value.partition(";")[0].strip() == DRAFTS.issue())


@FUZZ
@given(LATIN, st.text(min_size=1, max_size=12).filter(str.strip))
def test_only_the_token_opens_the_gate(said: str, token: str) -> None:
    gate = Gate(token, lambda: NOW)
    sent = f"bEarer {token.strip()}".encode("utf-8", "replace").decode("latin-1")
    assert gate.admits(bearer(sent), "192.0.2.1") == (bearer(sent) == token.strip())
    if bearer(said) != token.strip():
        assert not gate.admits(bearer(said), "192.0.2.1")
