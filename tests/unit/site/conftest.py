"""A site from a few files, loaded at a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from isrgen.errors import IsrgenError, Problem
from isrgen.site.load import open_site
from isrgen.site.model import Site

NOW = datetime(2026, 6, 1, tzinfo=UTC)

LoadSite = Callable[..., Site]


@pytest.fixture
def load_site(make_site: Callable[[Mapping[str, str | bytes]], Path]) -> LoadSite:
    """Files -> the site they make."""

    def load(files: Mapping[str, str | bytes], **options: Any) -> Site:
        return open_site(make_site(files), now=options.pop("now", NOW), **options)

    return load


@pytest.fixture
def problems_of(load_site: LoadSite) -> Callable[..., tuple[Problem, ...]]:
    """Files -> the problems of the site they make."""

    def find(files: Mapping[str, str | bytes], **options: Any) -> tuple[Problem, ...]:
        with pytest.raises(IsrgenError) as caught:
            load_site(files, **options)
        return caught.value.problems

    return find
