"""Prometheus' text format, read by Prometheus' own parser."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from isrgen import __version__
from isrgen.edge.counters import Count
from isrgen.edge.store import Usage
from isrgen.server.metrics import FAMILIES, exposition

TOTALS = {count: 10 * count + 1 for count in Count}


def test_every_count_is_told_once() -> None:
    told = [count for family in FAMILIES for _, count in family.samples]
    assert sorted(told) == sorted(Count)


def test_prometheus_reads_every_sample_as_it_is_meant() -> None:
    families = list(text_string_to_metric_families(exposition("b1", TOTALS, Usage(7, 4096))))
    samples = {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}
    assert samples["isrgen_hits_total", ()] == TOTALS[Count.HIT]
    assert samples["isrgen_stale_total", ()] == TOTALS[Count.STALE]
    assert samples["isrgen_misses_total", ()] == TOTALS[Count.MISS]
    assert samples["isrgen_renders_total", ()] == TOTALS[Count.RENDERS]
    assert samples["isrgen_render_errors_total", ()] == TOTALS[Count.RENDER_ERRORS]
    assert samples["isrgen_render_seconds_total", ()] == TOTALS[Count.RENDER_MICROSECONDS] / 1e6
    assert samples["isrgen_response_bytes_total", ()] == TOTALS[Count.RESPONSE_BYTES]
    assert samples["isrgen_responses_total", ("5xx",)] == TOTALS[Count.STATUS_5XX]
    assert samples["isrgen_store_entries", ()] == 7
    assert samples["isrgen_store_bytes", ()] == 4096
    assert samples["isrgen_build_info", ("b1", __version__)] == 1


def test_every_family_has_help_and_a_type_and_a_name_with_its_unit() -> None:
    for family in text_string_to_metric_families(exposition("b1", TOTALS, Usage(7, 4096))):
        assert family.documentation.endswith((".", "1."))
        assert family.name.startswith("isrgen_")
        for sample in family.samples:
            counter = family.type == "counter"
            assert sample.name.endswith("_total") is counter, sample.name
    assert "isrgen_render_seconds_total" in {family.name for family in FAMILIES}


def test_lines_are_what_the_format_allows() -> None:
    text = exposition("b1", TOTALS, Usage(7, 4096))
    assert text.endswith("\n")
    for line in text.splitlines():
        assert re.fullmatch(
            r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.]+', line
        ), line


@pytest.mark.parametrize("build", ["", 'a"b', "a\\b", "a\nb", "é"])
def test_a_build_of_any_name_keeps_the_text_whole(build: str) -> None:
    families = {f.name: f for f in text_string_to_metric_families(exposition(build, TOTALS, None))}
    assert families["isrgen_build_info"].samples[0].labels["build"] == build


def test_large_sums_of_time_lose_nothing() -> None:
    totals = {**TOTALS, Count.RENDER_MICROSECONDS: 12_345_678_901_234_567}
    assert "\nisrgen_render_seconds_total 12345678901.234567\n" in exposition("b", totals, None)


def test_where_there_is_no_store_nothing_is_told_of_one() -> None:
    assert "store_entries" not in exposition("b", TOTALS, None)
