"""What the server is told to put up with."""

import resource

from granian.constants import HTTPModes

from isrgen.cli.limits import granian_limits
from isrgen.server.limits import MOST_HEADER_BYTES


def test_silent_and_slow_connections_are_closed_and_only_one_protocol_is_waited_for() -> None:
    limits = granian_limits()
    assert limits["http"] is HTTPModes.http1
    assert limits["http1_settings"].header_read_timeout == 20_000
    assert MOST_HEADER_BYTES < limits["http1_settings"].max_buffer_size < 2 * MOST_HEADER_BYTES


def test_as_many_connections_are_held_as_there_are_descriptors_for_and_some_are_left() -> None:
    held = granian_limits()["backpressure"]
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert held >= 128
    assert held == 128 or soft == resource.RLIM_INFINITY or held <= soft - 256
