"""Work spread over processes: the same results in the same order, whatever their number.

Children are forked, so that the loaded site is theirs without being copied; a
platform without fork works in this process.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_WORTH_FORKING: Final = 64
"""Fewer items than this are done sooner than a pool is started."""

_under_way: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []


def spread(work: Callable[[T], R], items: Iterable[T], jobs: int) -> list[R]:
    """``[work(item) for item in items]`` on up to ``jobs`` processes.

    ``work`` must not raise: an exception with values of its own may not survive the way back.
    """
    found = list(items)
    workers = min(jobs, len(found) // _WORTH_FORKING)
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return [work(item) for item in found]
    _under_way.append((work, found))
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            chunk = max(1, len(found) // (workers * 4))
            return list(pool.map(_one, range(len(found)), chunksize=chunk))
    finally:
        _under_way.pop()


def _one(index: int) -> Any:
    work, items = _under_way[-1]
    return work(items[index])
