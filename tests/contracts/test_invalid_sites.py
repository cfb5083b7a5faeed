"""Every mistake in a site is answered with what, where, and the way out.

One folder below ``tests/sites/invalid`` shows one mistake and holds the exact
words in ``expected.txt``. Those with ``stage.txt`` load well; their mistake is
found by the build, or by the check of a site that builds well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from isrgen.errors import IsrgenError
from isrgen.site.load import open_site

SITES = Path(__file__).parents[1] / "sites" / "invalid"
ALL = sorted(site for site in SITES.iterdir() if site.is_dir())
AT_LOAD = [site for site in ALL if not (site / "stage.txt").exists()]
LATER = [site for site in ALL if (site / "stage.txt").exists()]
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("site", AT_LOAD, ids=lambda site: site.name)
def test_the_problems_of_a_site_read_exactly_as_expected(site: Path) -> None:
    with pytest.raises(IsrgenError) as caught:
        open_site(site, now=NOW)
    assert str(caught.value) + "\n" == (site / "expected.txt").read_text("utf-8")


@pytest.mark.parametrize("site", AT_LOAD, ids=lambda site: site.name)
def test_every_problem_has_a_way_out(site: Path) -> None:
    with pytest.raises(IsrgenError) as caught:
        open_site(site, now=NOW)
    for problem in caught.value.problems:
        assert problem.message.endswith(".")
        assert problem.hint


@pytest.mark.parametrize("site", LATER, ids=lambda site: site.name)
def test_a_mistake_that_only_a_later_step_can_find_does_not_stop_the_site_from_loading(site: Path) -> None:
    assert (site / "stage.txt").read_text("utf-8") in ("build\n", "check\n")
    open_site(site, now=NOW)


def test_there_are_many_kinds_of_mistake() -> None:
    assert len(AT_LOAD) >= 35
