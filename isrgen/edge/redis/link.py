"""The line to a Redis server: quick to give up, and back by itself.

A Redis that hangs must cost no visitor more than the first moment. After one
call that got no answer every call fails at once, until a ping in the background
is answered. For a moment after that, purges go through and nothing is read:
whoever could not purge while Redis was away does so now, before what should be
gone is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from isrgen.edge.faults import reason
from isrgen.edge.redis.script import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

PROBE_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 1.0
"""For so long nothing is read after Redis came back; more than it takes to probe and to purge."""

_MOST_CALLS: Final = 16
_BYTES_PER_SECOND: Final = 4 * 1024 * 1024
"""What a line is trusted to carry, beyond the time for any answer."""
_TICKS: Final = 5


class AwayError(ConnectionError):
    """Redis does not answer, or did not until a moment ago."""


class RefusedError(RuntimeError):
    """Redis answers, and does not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where Redis is: ``options`` are those of redis-py's client; ``name`` is fit for a log."""

    name: str
    options: dict[str, Any]
    prefix: str
    timeout: float


class Link:
    """Calls of scripts; at most ``_MOST_CALLS`` at a time."""

    def __init__(self, place: Place, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._monotonic = monotonic
        self._client: Redis | None = None
        self._slots = asyncio.Semaphore(_MOST_CALLS)
        self._probe: asyncio.Task[None] | None = None
        self._reads_from = 0.0

    def key(self, kind: str, name: bytes = b"") -> bytes:
        """A key below our prefix."""
        return f"{self._place.prefix}:{kind}".encode() + name

    async def read(self, script: Script, keys: Sequence[bytes], *args: Any, size: int = 0) -> Any:
        """Call a script whose answer may be shown to visitors; ``size`` bytes are expected back."""
        if self._monotonic() < self._reads_from:
            raise AwayError(f"Redis at {self._place.name} came back a moment ago")
        return await self.call(script, keys, *args, size=size)

    async def call(self, script: Script, keys: Sequence[bytes], *args: Any, size: int = 0) -> Any:
        """Call a script; raises AwayError when Redis does not answer, RefusedError when it will not."""
        async with self._slots:
            if self._probe is not None:
                raise AwayError(f"Redis at {self._place.name} is away")
            sent = sum(len(one) for one in args if isinstance(one, bytes))
            return await self._guarded(
                lambda: self._evaluate(script, keys, args), extra=(size + sent) / _BYTES_PER_SECOND
            )

    async def close(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _evaluate(self, script: Script, keys: Sequence[bytes], args: Sequence[Any]) -> Any:
        from redis.exceptions import NoScriptError

        try:
            return await self._command("EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self._command("EVAL", script.text, len(keys), *keys, *args)

    async def _guarded(self, work: Callable[[], Awaitable[T]], extra: float = 0.0) -> T:
        from redis.exceptions import ConnectionError as RedisConnectionError
        from redis.exceptions import RedisError
        from redis.exceptions import TimeoutError as RedisTimeoutError

        try:
            return await _within(self._place.timeout + extra, work)
        except (OSError, RedisConnectionError, RedisTimeoutError) as fault:
            self._go_away()
            said = reason(fault) if str(fault) else "no answer in time"
            raise AwayError(f"Redis at {self._place.name}: {said}") from fault
        except RedisError as fault:
            raise RefusedError(f"Redis at {self._place.name}: {reason(fault)}") from fault

    def _open(self) -> Redis:
        if self._client is None:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            self._client = Redis(
                **self._place.options,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=None,
                socket_connect_timeout=None,
            )
        return self._client

    def _go_away(self) -> None:
        if self._probe is None:
            self._probe = asyncio.get_running_loop().create_task(self._wait_for_return())

    async def _wait_for_return(self) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            pause = PROBE_SECONDS
            try:
                await _within(self._place.timeout, lambda: self._command("PING"))
            except Exception:  # noqa: S112
                continue
            self._reads_from = self._monotonic() + GRACE_SECONDS
            self._probe = None
            return

    async def _command(self, *words: Any) -> Any:
        return await self._open().execute_command(*words)  # type: ignore[no-untyped-call]


async def _within(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """Do something within a time in which the loop runs: a loop that was held up has not waited for Redis."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:

        def tick(left: int) -> None:
            if left:
                timer[0] = loop.call_later(seconds / _TICKS, tick, left - 1)
            else:
                limit.reschedule(loop.time())

        timer = [loop.call_later(seconds / _TICKS, tick, _TICKS - 1)]
        try:
            return await work()
        finally:
            timer[0].cancel()
