"""A store that is opened by a command, and does not do what it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from isrgen.cli.caches import Opened
from isrgen.errors import IsrgenError


def test_a_redis_that_is_not_there_is_told_with_its_reason_and_the_way_out(
    tmp_path: Path, free_port: int
) -> None:
    pytest.importorskip("redis")
    with pytest.raises(IsrgenError) as caught:
        Opened(f"redis://:secret@127.0.0.1:{free_port}/0", tmp_path).stats()
    place = f"127.0.0.1:{free_port}/0"
    assert str(caught.value) == (
        f"The store redis://***@{place} fails: Redis at {place}: Connection refused.\n"
        "  Does it run there, and are the address, the user and the password right?"
    )
