"""What the fuzzing tests share: how hard they try, and texts that are nearly fields of HTTP.

The same examples are tried at every run, so that a failure is one of the
change at hand. ``ISRGEN_FUZZ=50 pytest tests/fuzz`` tries fifty times as many,
others at each run, and keeps what it found in ``.hypothesis``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from isrgen.edge.store import Store
from isrgen.edge.stores.disk import DiskStore

T = TypeVar("T")

TIMES = int(os.environ.get("ISRGEN_FUZZ", "0"))


def effort(examples: int, steps: int = 50) -> settings:
    """So many examples, of so many steps where there are any."""
    return settings(
        max_examples=examples * max(TIMES, 1),
        stateful_step_count=steps,
        deadline=None,
        derandomize=not TIMES,
        database=settings().database if TIMES else None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[phase for phase in Phase if phase is not Phase.explain],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


async def settled(work: Callable[[], Awaitable[T]]) -> T:
    """Do something, and then whatever it left to be done behind the visitors' backs."""
    done = await work()
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
    return done


class KeptOnDisk:
    """What a machine has besides where threads stand between its cache and the store."""

    pause = 0.0005

    def open_store(self) -> Store:
        self.folder = Path(tempfile.mkdtemp())
        return DiskStore(self.folder / "edge.db")

    def teardown(self) -> None:
        super().teardown()  # type: ignore[misc]
        shutil.rmtree(self.folder)


FUZZ = effort(100)

LONGEST = 400
"""Characters of a generated field: what is slow to read is slow already there."""

TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOKEN = st.text(TCHAR, min_size=1, max_size=12)
OWS = st.sampled_from(["", "", " ", "\t", "  ", " \t "])
QUOTED = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12
)
LATIN = st.text(st.characters(max_codepoint=0xFF), max_size=60)
FIELD_VALUE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60
)
DELTAS = st.one_of(
    st.integers(0, 100).map(str),
    st.sampled_from(["0", "00", "007", "2147483647", "2147483648", "4294967296", "99999999999", "9" * 40]),
)
BAD_DELTAS = st.sampled_from(
    ["", "-1", "+1", "1.0", "1e3", "0x10", "1 2", "٣", "²", "sixty", "1;", "1_000", "\xa01", "NaN"]
)


def quoted(text: str) -> str:
    """A quoted-string (RFC 9110 section 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def scribbled(draw: st.DrawFn, texts: st.SearchStrategy[str], alphabet: str) -> str:
    """A text of which a little was lost, doubled, or written over: valid, or nearly so."""
    text = draw(texts)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        until = draw(st.integers(at, min(len(text), at + 3)))
        text = text[:at] + draw(st.text(alphabet, max_size=2)) + text[until:]
    return text[:LONGEST]


@st.composite
def cased(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """The same text in some other case."""
    text = draw(texts)
    flips = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return "".join(c.swapcase() if flip and c.isascii() else c for c, flip in zip(text, flips, strict=True))
