"""Who visits: each with values that nobody else sends."""

from __future__ import annotations

from isrgen.caching.privacy import Read, What
from isrgen.check.visitor import Cast, Secret, Visitor, cast
from isrgen.check.vocabulary import Vocabulary

CAST = cast("https://example.org", Vocabulary(("sid",), ("x-plan", "cookie", "host"), ("page",)))


def header(visitor: Visitor, name: str) -> list[str]:
    return [value for key, value in visitor.headers if key == name]


def everyone(people: Cast) -> list[Visitor]:
    return list(people.everyone)


def test_every_secret_is_in_what_its_visitor_sends() -> None:
    for visitor in everyone(CAST):
        sent = f"{visitor.headers} {visitor.query} {visitor.peer}"
        for secret in visitor.secrets:
            assert secret.value in sent, (visitor.name, secret)


def test_nobody_sends_the_secret_of_another_person() -> None:
    for visitor in (
        CAST.anonymous,
        CAST.german,
        CAST.user_a,
        CAST.user_b,
        CAST.host,
        CAST.device,
        CAST.query,
    ):
        for other in (CAST.user_a, CAST.user_b, CAST.host, CAST.device, CAST.query):
            if other is not visitor:
                assert not {secret.value for secret in visitor.secrets} & {s.value for s in other.secrets}


def test_no_header_is_sent_twice() -> None:
    for visitor in everyone(CAST):
        names = [name for name, _ in visitor.headers]
        assert len(names) == len(set(names)), visitor.name


def test_users_send_what_the_code_mentions_and_what_the_server_needs_stays() -> None:
    assert "sid=isrgen-check-a-sid" in header(CAST.user_a, "cookie")[0]
    assert header(CAST.user_b, "x-plan") == ["isrgen-check-b-x-plan"]
    assert header(CAST.user_a, "host") == ["example.org"]
    assert dict(CAST.query.query)["page"] == "isrgen-check-query-page"


def test_only_those_with_a_token_send_authorization() -> None:
    with_token = [visitor.name for visitor in everyone(CAST) if header(visitor, "authorization")]
    assert with_token == ["user A with Authorization", "user B with Authorization"]
    assert CAST.token_a.person == CAST.user_a.person != CAST.token_b.person


def test_whoever_tells_of_another_host_is_a_proxy_that_is_believed_where_there_is_one() -> None:
    assert CAST.host.peer == CAST.anonymous.peer
    assert cast("https://example.org", Vocabulary(), ["10.1.0.0/16"]).host.peer == "10.1.0.0"


def test_a_read_hands_out_a_secret_if_it_is_of_that_part_or_of_more() -> None:
    cookie = Secret("x", What.COOKIE, "sid")
    for read in (
        Read(What.COOKIE, "sid"),
        Read(What.ALL_COOKIES),
        Read(What.ALL_HEADERS),
        Read(What.HEADER, "cookie"),
    ):
        assert cookie.is_read_by(read)
    for read in (Read(What.COOKIE, "theme"), Read(What.CLIENT), Read(What.HEADER, "host")):
        assert not cookie.is_read_by(read)
    assert Secret("x", What.QUERY, "q").is_read_by(Read(What.ALL_QUERY))
    assert Secret("x", What.CLIENT).is_read_by(Read(What.CLIENT))
