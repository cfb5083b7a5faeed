import errno
import socket

import pytest

from isrgen.cli.listen import Address, Reservation, joined, refusal
from isrgen.errors import IsrgenError


def test_port_zero_takes_a_free_port_and_names_it() -> None:
    reservation = Reservation("127.0.0.1", 0)
    try:
        assert reservation.address.port > 0
        assert reservation.address.url == f"http://127.0.0.1:{reservation.address.port}/"
    finally:
        reservation.close()


def test_a_reserved_port_takes_no_connection_and_is_refused_to_the_next() -> None:
    reservation = Reservation("127.0.0.1", 0)
    port = reservation.address.port
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        with pytest.raises(IsrgenError, match=f"Port {port} on 127.0.0.1 is in use"):
            Reservation("127.0.0.1", port)
    finally:
        reservation.close()


def test_a_port_that_another_program_shares_is_in_use_all_the_same() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(IsrgenError, match="is in use") as caught:
            Reservation("127.0.0.1", other.getsockname()[1])
    assert "--port" in caught.value.problems[0].hint


def test_localhost_is_resolved_and_an_unknown_host_is_named() -> None:
    reservation = Reservation("localhost", 0)
    reservation.close()
    assert reservation.address.host in ("127.0.0.1", "::1")
    with pytest.raises(IsrgenError, match=r"There is no host called 'no\.such\.host\.invalid'"):
        Reservation("no.such.host.invalid", 0)


def test_an_address_of_another_machine_is_told_apart() -> None:
    with pytest.raises(IsrgenError, match=r"192\.0\.2\.1 is not an address of this machine"):
        Reservation("192.0.2.1", 8000)


def test_a_privileged_port_names_the_port_and_the_way_out() -> None:
    message, hint = refusal("127.0.0.1", 80, OSError(errno.EACCES, "Permission denied"))
    assert "Port 80 is privileged" in message
    assert "1024" in hint


def test_any_other_refusal_gives_the_systems_own_words() -> None:
    assert "No buffer" in refusal("127.0.0.1", 80, OSError(errno.ENOBUFS, "No buffer space"))[0]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (Address("0.0.0.0", 80, socket.AF_INET), "http://127.0.0.1:80/"),
        (Address("::", 80, socket.AF_INET6), "http://[::1]:80/"),
        (Address("::1", 8000, socket.AF_INET6), "http://[::1]:8000/"),
    ],
)
def test_the_url_is_one_that_opens_on_this_machine(address: Address, url: str) -> None:
    assert address.url == url


class Buried:
    """A worker that another thread has heard to be gone, and that is not yet known to be."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def is_alive(self) -> bool:
        self.looks -= 1
        return self.looks >= 0


def test_a_worker_is_waited_for_until_it_is_known_to_be_gone() -> None:
    worker = Buried(3)
    joined(worker, 60)
    assert not worker.is_alive()


def test_a_worker_that_does_not_end_is_waited_for_no_longer_than_that() -> None:
    worker = Buried(10**9)
    joined(worker, 0.02)
    assert worker.is_alive()
