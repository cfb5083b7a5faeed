"""What is counted, as Prometheus reads it: its text format, version 0.0.4.

Each family is a row of ``FAMILIES``. Sums are over all workers, and seconds
are seconds: the cells count microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from isrgen import __version__
from isrgen.edge.counters import Count
from isrgen.edge.store import Usage

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: ``samples`` are labels and what is counted, ``unit`` divides it."""

    name: str
    help: str
    samples: tuple[tuple[str, Count], ...]
    unit: int = 1


def _plain(name: str, help_: str, count: Count, unit: int = 1) -> Family:
    return Family(name, help_, (("", count),), unit)


FAMILIES: Final = (
    _plain("isrgen_requests_total", "Requests that were answered.", Count.REQUESTS),
    Family(
        "isrgen_responses_total",
        "Responses, by the class of their status.",
        (
            ('{status="2xx"}', Count.STATUS_2XX),
            ('{status="3xx"}', Count.STATUS_3XX),
            ('{status="4xx"}', Count.STATUS_4XX),
            ('{status="5xx"}', Count.STATUS_5XX),
        ),
    ),
    _plain("isrgen_not_modified_total", "Responses that were 304.", Count.NOT_MODIFIED),
    _plain("isrgen_response_bytes_total", "Bytes of the bodies that were sent.", Count.RESPONSE_BYTES),
    _plain("isrgen_hits_total", "Requests answered with a fresh stored response.", Count.HIT),
    _plain("isrgen_stale_total", "Requests answered at once with a stale stored response.", Count.STALE),
    _plain("isrgen_misses_total", "Requests for which no stored response could be sent at once.", Count.MISS),
    _plain("isrgen_bypasses_total", "Requests that went past the cache.", Count.BYPASS),
    _plain("isrgen_collapsed_total", "Requests that got the result of another's render.", Count.COLLAPSED),
    _plain(
        "isrgen_stale_if_error_total",
        "Requests answered with a stale response because its render failed.",
        Count.STALE_IF_ERROR,
    ),
    _plain("isrgen_renders_total", "Renders, or requests to the origin.", Count.RENDERS),
    _plain("isrgen_render_seconds_total", "Seconds spent in them.", Count.RENDER_MICROSECONDS, 1_000_000),
    _plain("isrgen_render_errors_total", "Renders that failed.", Count.RENDER_ERRORS),
    _plain("isrgen_refreshes_total", "Renders behind the visitors' backs.", Count.REFRESHES),
    _plain(
        "isrgen_refreshes_failed_total",
        "Refreshes that failed and kept the old page.",
        Count.REFRESHES_FAILED,
    ),
    _plain("isrgen_renewed_total", "Renders that gave the bytes that were stored already.", Count.RENEWED),
    _plain("isrgen_purges_total", "Purges, by path or by tag.", Count.PURGES),
    _plain(
        "isrgen_store_errors_total", "Times that the store failed and was done without.", Count.STORE_ERRORS
    ),
)


def exposition(build: str, totals: Mapping[Count, int], usage: Usage | None) -> str:
    """The whole text. ``usage`` is None where there is no store."""
    lines = [*_counters(totals), *_gauges(usage), *_about(build)]
    return "\n".join(lines) + "\n"


def _counters(totals: Mapping[Count, int]) -> Iterator[str]:
    for family in FAMILIES:
        samples = [(labels, _number(totals[count], family.unit)) for labels, count in family.samples]
        yield from _family(family.name, "counter", family.help, samples)


def _gauges(usage: Usage | None) -> Iterator[str]:
    if usage is not None:
        entries, size = str(usage.entries), str(usage.bytes)
        yield from _family("isrgen_store_entries", "gauge", "Responses in the store.", [("", entries)])
        yield from _family("isrgen_store_bytes", "gauge", "Bytes that they take.", [("", size)])


def _about(build: str) -> Iterator[str]:
    labels = f'{{build="{_escaped(build)}",version="{_escaped(__version__)}"}}'
    yield from _family("isrgen_build_info", "gauge", "What is running; always 1.", [(labels, "1")])


def _family(name: str, kind: str, help_: str, samples: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{labels} {value}"


def _number(value: int, unit: int) -> str:
    """
    >>> _number(12, 1), _number(1_500_000, 1_000_000), _number(10**21, 1_000_000)
    ('12', '1.500000', '1000000000000000.000000')
    """
    return str(value) if unit == 1 else f"{value // unit}.{value % unit:0{len(str(unit)) - 1}d}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
